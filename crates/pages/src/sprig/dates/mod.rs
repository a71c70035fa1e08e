//! Dates and spans of time.
//!
//! A point in time is a dict with the names of Go's methods (`now.Year`), printed by `date`. The
//! server's own zone is UTC.

mod duration;
mod layout;
mod parse;
mod value;

use gotmpl::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{exactly, int, made_text, text};
use super::{Function, Outcome};
use value::{point, time};

/// The date inputs of HTML want it so.
const HTML_DATE: &str = "2006-01-02";

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("toDate", to_date),
    ("mustToDate", to_date),
    ("unixEpoch", |args| made_text(point(&exactly::<1>(args)?[0])?.timestamp().as_second().to_string())),
    ("duration", |args| made_text(duration::written(int(&exactly::<1>(args)?[0])))),
    ("dateModify", modify),
    ("date_modify", modify),
    ("mustDateModify", modify),
    ("must_date_modify", modify),
];

/// Functions that need to know what time it is.
type Clocked = fn(Timestamp, &[Value]) -> Outcome;

pub(super) const CLOCKED: &[(&str, Clocked)] = &[
    ("now", |now, args| exactly::<0>(args).map(|_| time(&now.to_zoned_datetime(TimeZone::UTC)))),
    ("ago", |now, args| made_text(duration::written(now.as_second() - seconds_of(now, &exactly::<1>(args)?[0])))),
    ("durationRound", duration_round),
    ("date", |now, args| exactly::<2>(args).and_then(|[layout, of]| shown(now, &text(layout), of, "UTC"))),
    ("dateInZone", date_in_zone),
    ("date_in_zone", date_in_zone),
    ("htmlDate", |now, args| shown(now, HTML_DATE, &exactly::<1>(args)?[0], "UTC")),
    ("htmlDateInZone", |now, args| exactly::<2>(args).and_then(|[of, zone]| shown(now, HTML_DATE, of, &text(zone)))),
];

/// A zone by name; UTC if there is none of that name, as in Sprig.
fn zone(name: &str) -> TimeZone {
    match name {
        "" | "UTC" | "Local" => TimeZone::UTC,
        name => TimeZone::get(name).unwrap_or(TimeZone::UTC),
    }
}

/// What is no point in time counts as now, as in Sprig.
fn seconds_of(now: Timestamp, of: &Value) -> i64 {
    point(of).map_or(now.as_second(), |point| point.timestamp().as_second())
}

fn shown(now: Timestamp, layout: &str, of: &Value, in_zone: &str) -> Outcome {
    let timestamp = point(of).map_or(now, |point| point.timestamp());
    made_text(layout::format(layout, &timestamp.to_zoned_datetime(zone(in_zone))))
}

fn date_in_zone(now: Timestamp, args: &[Value]) -> Outcome {
    let [layout, of, zone] = exactly(args)?;
    shown(now, &text(layout), of, &text(zone))
}

fn to_date(args: &[Value]) -> Outcome {
    let [layout, of] = exactly(args)?;
    Ok(time(&parse::parse(&text(layout), &text(of))?))
}

fn modify(args: &[Value]) -> Outcome {
    let [by, of] = exactly(args)?;
    let changed = point(of)?.checked_add(duration::parse(&text(by))?);
    Ok(time(&changed.map_err(|error| error.to_string())?))
}

fn duration_round(now: Timestamp, args: &[Value]) -> Outcome {
    let [of] = exactly(args)?;
    let seconds = match of {
        Value::Map(_) => now.as_second() - seconds_of(now, of),
        Value::String(written) => duration::parse(written).map_or(0, |span| span.as_secs()),
        other => int(other) / 1_000_000_000,
    };
    made_text(duration::rounded(seconds))
}
