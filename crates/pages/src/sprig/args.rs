//! Arguments as functions want them, converted as Sprig does (package `cast`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::Value;

/// The longest text a function may make, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// The longest list a function may make, in elements.
pub(super) const LIST_MAX: usize = 100_000;

pub(super) type Dict = BTreeMap<Arc<str>, Value>;

/// Exactly `N` arguments.
pub(super) fn exactly<const N: usize>(args: &[Value]) -> Result<&[Value; N], String> {
    args.try_into().map_err(|_| format!("takes {N} arguments, not {}", args.len()))
}

/// At least one argument: the first, and the others.
pub(super) fn first_and_rest(args: &[Value]) -> Result<(&Value, &[Value]), String> {
    args.split_first().ok_or_else(|| "takes at least one argument".to_owned())
}

/// At least one argument: the last, and those before it.
pub(super) fn last_and_before(args: &[Value]) -> Result<(&Value, &[Value]), String> {
    args.split_last().ok_or_else(|| "takes at least one argument".to_owned())
}

pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Nil => Cow::Borrowed(""),
        other => Cow::Owned(other.to_string()),
    }
}

/// A whole number; what is none counts as 0, as in Sprig.
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Bool(yes) => i64::from(*yes),
        Value::String(text) => parse_int(text.trim()).unwrap_or(0),
        other => other.as_int().unwrap_or(0),
    }
}

fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = match digits.get(..2) {
        Some("0x" | "0X") => i64::from_str_radix(&digits[2..], 16).ok()?,
        Some("0b" | "0B") => i64::from_str_radix(&digits[2..], 2).ok()?,
        Some("0o" | "0O") => i64::from_str_radix(&digits[2..], 8).ok()?,
        _ => digits.parse().ok()?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        Value::String(text) => text.trim().parse().unwrap_or(0.0),
        other => other.as_float().unwrap_or(0.0),
    }
}

/// A number used as a size or a place: negative ones are 0.
pub(super) fn size(value: &Value) -> usize {
    usize::try_from(int(value)).unwrap_or(0)
}

pub(super) fn list(value: &Value) -> Result<&[Value], String> {
    match value {
        Value::List(items) => Ok(items),
        Value::Nil => Ok(&[]),
        other => Err(format!("wants a list, not {}", other.type_name())),
    }
}

pub(super) fn dict(value: &Value) -> Result<&Dict, String> {
    match value {
        Value::Map(map) => Ok(map),
        other => Err(format!("wants a dict, not {}", other.type_name())),
    }
}

/// A text as a value, if it is not too long.
pub(super) fn made_text(text: impl AsRef<str>) -> Result<Value, String> {
    let text = text.as_ref();
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("would make a text of more than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(Value::String(Arc::from(text)))
}

/// A list as a value, if it is not too long.
pub(super) fn made_list(items: Vec<Value>) -> Result<Value, String> {
    if items.len() > LIST_MAX {
        return Err(format!("would make a list of more than {LIST_MAX} elements"));
    }
    Ok(Value::List(items.into()))
}

pub(super) fn made_texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Value, String> {
    made_list(texts.into_iter().map(|text| Value::String(Arc::from(text.as_ref()))).collect())
}

pub(super) fn made_dict(dict: Dict) -> Value {
    Value::Map(Arc::new(dict))
}

/// Whether a value counts as empty: what is false in a condition.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.is_truthy()
}
