//! A point in time as a template's value.

use std::sync::Arc;

use gotmpl::Value;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::super::args::{Dict, made_dict};
use super::layout::{MONTHS, WEEKDAYS};

/// Names under which a point in time keeps what it is made of.
const SECOND: &str = "Unix";
const NANOSECOND: &str = "Nanosecond";
const OFFSET: &str = "OffsetSeconds";

/// The value for a point in time: what Go's methods without arguments answer, by their names.
pub(super) fn time(of: &ZonedDateTime) -> Value {
    let month = usize::try_from(of.month() - 1).unwrap_or(0);
    let weekday = usize::from(of.weekday().to_sunday_zero_offset().unsigned_abs());
    let numbers = [
        ("Year", i64::from(of.year())),
        ("Day", i64::from(of.day())),
        ("YearDay", i64::from(of.day_of_year())),
        ("Hour", i64::from(of.hour())),
        ("Minute", i64::from(of.minute())),
        ("Second", i64::from(of.second())),
        (NANOSECOND, i64::from(of.subsec_nanosecond())),
        (SECOND, of.timestamp().as_second()),
        ("UnixMilli", of.timestamp().as_millisecond()),
        (OFFSET, i64::from(of.offset().seconds())),
    ];
    let mut named: Dict = numbers.into_iter().map(|(name, number)| (Arc::from(name), Value::Int(number))).collect();
    named.insert("Month".into(), Value::String(MONTHS[month].into()));
    named.insert("Weekday".into(), Value::String(WEEKDAYS[weekday].into()));
    made_dict(named)
}

/// The point in time a value is: one of ours, or seconds since 1970.
///
/// # Errors
///
/// If it is neither.
pub(super) fn point(value: &Value) -> Result<ZonedDateTime, String> {
    let number = |name: &str| value.field(name).and_then(Value::as_int);
    let (second, nanosecond, offset) = match value {
        Value::Int(_) | Value::Uint(_) => (value.as_int(), Some(0), 0),
        Value::Map(_) => (number(SECOND), number(NANOSECOND), number(OFFSET).unwrap_or(0)),
        _ => (None, None, 0),
    };
    let (Some(second), Some(nanosecond)) = (second, nanosecond) else {
        return Err(format!("wants a point in time, not {}", value.type_name()));
    };
    let nanosecond = i32::try_from(nanosecond).unwrap_or(0);
    let timestamp = Timestamp::new(second, nanosecond).map_err(|error| error.to_string())?;
    let offset = Offset::from_seconds(i32::try_from(offset).unwrap_or(0)).map_err(|error| error.to_string())?;
    Ok(timestamp.to_zoned_datetime(TimeZone::fixed(offset)))
}
