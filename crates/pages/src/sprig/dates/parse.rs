//! Reads a date written in one of Go's layouts.

use jiff::ZonedDateTime;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::layout::{MONTHS, Piece, WEEKDAYS, Width, pieces};

#[derive(Default)]
struct Read {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: i32,
}

/// The point in time `written` in `layout`; what the layout leaves out is the first of its kind, the
/// zone UTC.
pub(super) fn parse(layout: &str, written: &str) -> Result<ZonedDateTime, String> {
    let wrong = || format!("`{written}` does not look like `{layout}`");
    let mut read = Read { month: 1, day: 1, ..Read::default() };
    let mut rest = written;
    for piece in pieces(layout) {
        rest = read.take(piece, rest).ok_or_else(wrong)?;
        if let (Piece::Second(_), Some(fraction)) = (piece, rest.strip_prefix('.'))
            && fraction.starts_with(|c: char| c.is_ascii_digit())
            && !layout.contains(".0")
            && !layout.contains(".9")
        {
            rest = read.fraction(fraction).ok_or_else(wrong)?;
        }
    }
    if !rest.is_empty() {
        return Err(wrong());
    }
    read.finish().ok_or_else(wrong)
}

/// Up to `most` digits, at least `least`.
fn digits(rest: &str, least: usize, most: usize) -> Option<(i16, &str)> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    Some((rest[..count].parse().ok()?, &rest[count..]))
}

fn narrow(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

/// Which of `names` stands first in `rest`, in full or by its first `letters`.
fn named<'a>(rest: &'a str, names: &[&str], letters: Option<usize>) -> Option<(i8, &'a str)> {
    for (at, name) in names.iter().enumerate() {
        let name = letters.map_or(*name, |letters| &name[..letters]);
        let begins = rest.get(..name.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(name));
        if begins {
            return Some((i8::try_from(at).ok()?, &rest[name.len()..]));
        }
    }
    None
}

impl Read {
    /// Takes one piece off the front, and answers what is left.
    fn take<'a>(&mut self, piece: Piece<'_>, rest: &'a str) -> Option<&'a str> {
        let two = |width| match width {
            Width::Zero => digits(rest, 2, 2),
            Width::Plain => digits(rest, 1, 2),
            Width::Blank => digits(rest.trim_start_matches(' '), 1, 2),
        };
        let (field, (number, rest)) = match piece {
            Piece::Text(text) => return rest.strip_prefix(text),
            Piece::Year => return digits(rest, 4, 4).map(|(year, rest)| self.year(year, rest)),
            Piece::ShortYear => {
                let (year, rest) = digits(rest, 2, 2)?;
                return Some(self.year(if year >= 69 { 1900 + year } else { 2000 + year }, rest));
            }
            Piece::MonthName => return self.month(named(rest, &MONTHS, None)?),
            Piece::ShortMonthName => return self.month(named(rest, &MONTHS, Some(3))?),
            Piece::WeekdayName => return named(rest, &WEEKDAYS, None).map(|(_, rest)| rest),
            Piece::ShortWeekdayName => {
                return named(rest, &WEEKDAYS, Some(3)).map(|(_, rest)| rest);
            }
            Piece::YearDay => return None,
            Piece::Half { .. } => {
                let (at, rest) = named(rest, &["AM", "PM"], None)?;
                self.afternoon = Some(at == 1);
                return Some(rest);
            }
            Piece::ZoneName => {
                return rest.strip_prefix("UTC").or_else(|| rest.strip_prefix("GMT"));
            }
            Piece::Offset { colon, z, hours_only } => return self.offset(rest, colon, z, hours_only),
            Piece::Fraction { .. } => {
                return match rest.strip_prefix(['.', ',']) {
                    Some(fraction) => self.fraction(fraction),
                    None => Some(rest),
                };
            }
            Piece::Month(width) => (&mut self.month, two(width)?),
            Piece::Day(width) => (&mut self.day, two(width)?),
            Piece::Hour24 => (&mut self.hour, two(Width::Zero)?),
            Piece::Hour12(width) => (&mut self.hour, two(width)?),
            Piece::Minute(width) => (&mut self.minute, two(width)?),
            Piece::Second(width) => (&mut self.second, two(width)?),
        };
        *field = narrow(number)?;
        Some(rest)
    }

    fn year<'a>(&mut self, year: i16, rest: &'a str) -> &'a str {
        self.year = year;
        rest
    }

    fn month<'a>(&mut self, (at, rest): (i8, &'a str)) -> Option<&'a str> {
        self.month = at + 1;
        Some(rest)
    }

    fn fraction<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = &rest[..count.min(9)];
        self.nanosecond = format!("{digits:0<9}").parse().ok()?;
        Some(&rest[count..])
    }

    fn offset<'a>(&mut self, rest: &'a str, colon: bool, z: bool, hours_only: bool) -> Option<&'a str> {
        if let (true, Some(rest)) = (z, rest.strip_prefix('Z')) {
            return Some(rest);
        }
        let sign = match rest.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, rest) = digits(&rest[1..], 2, 2)?;
        let (minutes, rest) = match (hours_only, colon) {
            (true, _) => (0, rest),
            (false, true) => digits(rest.strip_prefix(':')?, 2, 2)?,
            (false, false) => digits(rest, 2, 2)?,
        };
        self.offset = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
        Some(rest)
    }

    fn finish(self) -> Option<ZonedDateTime> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = DateTime::new(self.year, self.month, self.day, hour, self.minute, self.second, self.nanosecond);
        let offset = Offset::from_seconds(self.offset).ok()?;
        date.ok()?.to_zoned_datetime(TimeZone::fixed(offset)).ok()
    }
}
