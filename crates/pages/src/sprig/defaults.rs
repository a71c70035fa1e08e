//! Choices between values, and questions about them.

use gotmpl::Value;

use super::args::{exactly, is_empty, made_text, text};
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("default", default),
    ("empty", |args| Ok(Value::Bool(is_empty(&exactly::<1>(args)?[0])))),
    ("coalesce", |args| Ok(args.iter().find(|value| !is_empty(value)).cloned().unwrap_or(Value::Nil))),
    ("all", |args| Ok(Value::Bool(!args.iter().any(is_empty)))),
    ("any", |args| Ok(Value::Bool(args.iter().any(|value| !is_empty(value))))),
    ("ternary", ternary),
    ("fail", |args| Err(text(&exactly::<1>(args)?[0]).into_owned())),
    ("kindOf", |args| made_text(kind(&exactly::<1>(args)?[0]))),
    ("kindIs", kind_is),
    ("typeOf", |args| made_text(type_name(&exactly::<1>(args)?[0]))),
    ("typeIs", type_is),
    ("typeIsLike", type_is),
    ("deepEqual", |args| exactly::<2>(args).map(|[a, b]| Value::Bool(a == b))),
];

/// `default d`, or `default d given`.
fn default(args: &[Value]) -> Outcome {
    match args {
        [default] => Ok(default.clone()),
        [default, given] => Ok(if is_empty(given) { default.clone() } else { given.clone() }),
        _ => Err(format!("takes 1 or 2 arguments, not {}", args.len())),
    }
}

fn ternary(args: &[Value]) -> Outcome {
    let [yes, no, condition] = exactly(args)?;
    match condition {
        Value::Bool(true) => Ok(yes.clone()),
        Value::Bool(false) => Ok(no.clone()),
        other => Err(format!("wants true or false last, not {}", other.type_name())),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint",
        Value::Float(_) => "float64",
        Value::String(_) | Value::Safe { .. } => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Function(_) => "func",
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        other => kind(other),
    }
}

fn kind_is(args: &[Value]) -> Outcome {
    let [wanted, value] = exactly(args)?;
    Ok(Value::Bool(text(wanted) == kind(value)))
}

fn type_is(args: &[Value]) -> Outcome {
    let [wanted, value] = exactly(args)?;
    Ok(Value::Bool(text(wanted) == type_name(value)))
}
