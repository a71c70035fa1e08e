//! Go's date layouts: an example date stands for the format.

use std::fmt::Write as _;

use jiff::ZonedDateTime;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What a piece of the layout stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Year,
    ShortYear,
    Month(Width),
    MonthName,
    ShortMonthName,
    WeekdayName,
    ShortWeekdayName,
    Day(Width),
    YearDay,
    Hour24,
    Hour12(Width),
    Minute(Width),
    Second(Width),
    Half {
        upper: bool,
    },
    ZoneName,
    Offset {
        colon: bool,
        z: bool,
        hours_only: bool,
    },
    /// So many digits after the point; without trailing zeros if `trimmed`.
    Fraction {
        digits: usize,
        trimmed: bool,
    },
}

/// How a number below ten is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Plain,
    Blank,
    Zero,
}

/// Pieces by how they are written; longer ones before those they begin with.
const WRITTEN: [(&str, Piece<'static>); 32] = [
    ("January", Piece::MonthName),
    ("Jan", Piece::ShortMonthName),
    ("Monday", Piece::WeekdayName),
    ("Mon", Piece::ShortWeekdayName),
    ("MST", Piece::ZoneName),
    ("2006", Piece::Year),
    ("-07:00", Piece::Offset { colon: true, z: false, hours_only: false }),
    ("-0700", Piece::Offset { colon: false, z: false, hours_only: false }),
    ("-07", Piece::Offset { colon: false, z: false, hours_only: true }),
    ("Z07:00", Piece::Offset { colon: true, z: true, hours_only: false }),
    ("Z0700", Piece::Offset { colon: false, z: true, hours_only: false }),
    ("Z07", Piece::Offset { colon: false, z: true, hours_only: true }),
    ("002", Piece::YearDay),
    ("01", Piece::Month(Width::Zero)),
    ("02", Piece::Day(Width::Zero)),
    ("03", Piece::Hour12(Width::Zero)),
    ("04", Piece::Minute(Width::Zero)),
    ("05", Piece::Second(Width::Zero)),
    ("06", Piece::ShortYear),
    ("15", Piece::Hour24),
    ("_2006", Piece::Text("_")),
    ("_2", Piece::Day(Width::Blank)),
    ("PM", Piece::Half { upper: true }),
    ("pm", Piece::Half { upper: false }),
    ("1", Piece::Month(Width::Plain)),
    ("2", Piece::Day(Width::Plain)),
    ("3", Piece::Hour12(Width::Plain)),
    ("4", Piece::Minute(Width::Plain)),
    ("5", Piece::Second(Width::Plain)),
    (".0", Piece::Fraction { digits: 0, trimmed: false }),
    (".9", Piece::Fraction { digits: 0, trimmed: true }),
    (",0", Piece::Fraction { digits: 0, trimmed: false }),
];

/// Takes a layout apart.
pub(super) fn pieces(layout: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut text_from, mut at) = (0, 0);
    while at < layout.len() {
        let rest = &layout[at..];
        let Some((piece, length)) = piece_at(rest) else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if text_from < at {
            pieces.push(Piece::Text(&layout[text_from..at]));
        }
        pieces.push(piece);
        at += length;
        text_from = at;
    }
    if text_from < layout.len() {
        pieces.push(Piece::Text(&layout[text_from..]));
    }
    pieces
}

fn piece_at(rest: &str) -> Option<(Piece<'_>, usize)> {
    let (written, piece) = WRITTEN.iter().find(|(written, _)| rest.starts_with(written))?;
    match *piece {
        // `_2006` is an underscore before a year.
        Piece::Text(text) => Some((Piece::Text(text), 1)),
        Piece::Fraction { trimmed, .. } => {
            let digit = written.chars().nth(1)?;
            let digits = rest[1..].chars().take_while(|c| *c == digit).count();
            let ends = !rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit());
            ends.then_some((Piece::Fraction { digits, trimmed }, 1 + digits))
        }
        Piece::ShortMonthName if rest[3..].starts_with(|c: char| c.is_lowercase()) => None,
        piece => Some((piece, written.len())),
    }
}

/// The point in time as the layout shows it.
pub(super) fn format(layout: &str, of: &ZonedDateTime) -> String {
    let mut shown = String::new();
    for piece in pieces(layout) {
        put(&mut shown, piece, of);
    }
    shown
}

fn put(shown: &mut String, piece: Piece<'_>, of: &ZonedDateTime) {
    let month = MONTHS[usize::try_from(of.month() - 1).unwrap_or(0)];
    let weekday = WEEKDAYS[usize::from(of.weekday().to_sunday_zero_offset().unsigned_abs())];
    let hour12 = match of.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match piece {
        Piece::Text(text) => shown.push_str(text),
        Piece::Year => shown.push_str(&format!("{:04}", of.year())),
        Piece::ShortYear => number(shown, of.year().rem_euclid(100), Width::Zero),
        Piece::Month(width) => number(shown, of.month().into(), width),
        Piece::MonthName => shown.push_str(month),
        Piece::ShortMonthName => shown.push_str(&month[..3]),
        Piece::WeekdayName => shown.push_str(weekday),
        Piece::ShortWeekdayName => shown.push_str(&weekday[..3]),
        Piece::Day(width) => number(shown, of.day().into(), width),
        Piece::YearDay => shown.push_str(&format!("{:03}", of.day_of_year())),
        Piece::Hour24 => number(shown, of.hour().into(), Width::Zero),
        Piece::Hour12(width) => number(shown, hour12.into(), width),
        Piece::Minute(width) => number(shown, of.minute().into(), width),
        Piece::Second(width) => number(shown, of.second().into(), width),
        Piece::Half { upper } => shown.push_str(match (of.hour() < 12, upper) {
            (true, true) => "AM",
            (true, false) => "am",
            (false, true) => "PM",
            (false, false) => "pm",
        }),
        Piece::ZoneName => shown.push_str(&zone_name(of)),
        Piece::Offset { z: true, .. } if of.offset().is_zero() => shown.push('Z'),
        Piece::Offset { colon, hours_only, .. } => shown.push_str(&offset(of, colon, hours_only)),
        Piece::Fraction { digits, trimmed } => shown.push_str(&fraction(of, digits, trimmed)),
    }
}

fn number(shown: &mut String, number: i16, width: Width) {
    // Writing to a String cannot fail.
    let _ = match width {
        Width::Plain => write!(shown, "{number}"),
        Width::Blank => write!(shown, "{number:2}"),
        Width::Zero => write!(shown, "{number:02}"),
    };
}

fn zone_name(of: &ZonedDateTime) -> String {
    let name = of.time_zone().to_offset_info(of.timestamp()).abbreviation().to_owned();
    if of.offset().is_zero() && !name.starts_with(|c: char| c.is_alphabetic()) { "UTC".to_owned() } else { name }
}

fn offset(of: &ZonedDateTime, colon: bool, hours_only: bool) -> String {
    let seconds = of.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.unsigned_abs() / 3600, seconds.unsigned_abs() / 60 % 60);
    match (hours_only, colon) {
        (true, _) => format!("{sign}{hours:02}"),
        (false, true) => format!("{sign}{hours:02}:{minutes:02}"),
        (false, false) => format!("{sign}{hours:02}{minutes:02}"),
    }
}

fn fraction(of: &ZonedDateTime, digits: usize, trimmed: bool) -> String {
    let nanoseconds = format!("{:09}", of.subsec_nanosecond());
    let kept = nanoseconds.get(..digits).unwrap_or(&nanoseconds);
    let kept = if trimmed { kept.trim_end_matches('0') } else { kept };
    if kept.is_empty() { String::new() } else { format!(".{kept}") }
}
