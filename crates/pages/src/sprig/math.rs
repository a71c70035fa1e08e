//! Numbers. Whole ones wrap at 64 bits, as in Go.

use gotmpl::Value;

use super::args::{exactly, first_and_rest, float, int, text};
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("add", |args| Ok(Value::Int(args.iter().map(int).fold(0, i64::wrapping_add)))),
    ("add1", |args| Ok(Value::Int(int(&exactly::<1>(args)?[0]).wrapping_add(1)))),
    ("sub", |args| exactly::<2>(args).map(|[a, b]| Value::Int(int(a).wrapping_sub(int(b))))),
    ("mul", |args| fold_int(args, i64::wrapping_mul)),
    ("div", |args| divided(args, i64::wrapping_div)),
    ("mod", |args| divided(args, i64::wrapping_rem)),
    ("max", |args| fold_int(args, i64::max)),
    ("biggest", |args| fold_int(args, i64::max)),
    ("min", |args| fold_int(args, i64::min)),
    ("addf", |args| Ok(Value::Float(args.iter().map(float).sum()))),
    ("add1f", |args| Ok(Value::Float(float(&exactly::<1>(args)?[0]) + 1.0))),
    ("subf", |args| fold_float(args, |a, b| a - b)),
    ("mulf", |args| fold_float(args, |a, b| a * b)),
    ("divf", |args| fold_float(args, |a, b| a / b)),
    ("maxf", |args| fold_float(args, f64::max)),
    ("minf", |args| fold_float(args, f64::min)),
    ("ceil", |args| Ok(Value::Float(float(&exactly::<1>(args)?[0]).ceil()))),
    ("floor", |args| Ok(Value::Float(float(&exactly::<1>(args)?[0]).floor()))),
    ("round", round),
    ("int", |args| Ok(Value::Int(int(&exactly::<1>(args)?[0])))),
    ("int64", |args| Ok(Value::Int(int(&exactly::<1>(args)?[0])))),
    ("atoi", |args| Ok(Value::Int(text(&exactly::<1>(args)?[0]).parse().unwrap_or(0)))),
    ("float64", |args| Ok(Value::Float(float(&exactly::<1>(args)?[0])))),
    ("toDecimal", |args| Ok(Value::Int(i64::from_str_radix(&text(&exactly::<1>(args)?[0]), 8).unwrap_or(0)))),
];

fn fold_int(args: &[Value], combine: fn(i64, i64) -> i64) -> Outcome {
    let (first, rest) = first_and_rest(args)?;
    Ok(Value::Int(rest.iter().map(int).fold(int(first), combine)))
}

fn fold_float(args: &[Value], combine: fn(f64, f64) -> f64) -> Outcome {
    let (first, rest) = first_and_rest(args)?;
    Ok(Value::Float(rest.iter().map(float).fold(float(first), combine)))
}

fn divided(args: &[Value], divide: fn(i64, i64) -> i64) -> Outcome {
    let [a, b] = exactly(args)?;
    match int(b) {
        0 => Err("divides by zero".to_owned()),
        by => Ok(Value::Int(divide(int(a), by))),
    }
}

/// `round number digits`, or with the fraction from which it goes up (0.5 if not given).
fn round(args: &[Value]) -> Outcome {
    let (number, rest) = first_and_rest(args)?;
    let digits = rest.first().map_or(0, int).clamp(-300, 300);
    let up_from = rest.get(1).map_or(0.5, float);
    let power = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    let scaled = float(number) * power;
    let rounded = if scaled.fract().abs() >= up_from { scaled.abs().ceil() } else { scaled.abs().floor() };
    Ok(Value::Float(rounded.copysign(scaled) / power))
}
