//! Chance. Good enough for an element's id; still taken from the system's generator.

use gotmpl::Value;

use super::args::{exactly, int, made_text, size, text};
use super::{Function, Outcome};

/// How many characters may be asked for.
const CHARACTERS_MAX: usize = 4096;

const DIGITS: &str = "0123456789";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("randAlphaNum", |args| characters(args, LETTERS_AND_DIGITS)),
    ("randAlpha", |args| characters(args, LETTERS)),
    ("randNumeric", |args| characters(args, DIGITS)),
    ("randAscii", |args| characters(args, &(' '..='~').collect::<String>())),
    ("randInt", rand_int),
    ("uuidv4", uuidv4),
    ("shuffle", shuffle),
];

/// A number below `end`, each as likely as the others but for one part in billions.
fn below(end: u64) -> Result<u64, String> {
    let random = getrandom::u64().map_err(|error| error.to_string())?;
    Ok(u64::try_from((u128::from(random) * u128::from(end)) >> 64).unwrap_or(0))
}

fn index_below(end: usize) -> Result<usize, String> {
    below(end as u64).map(|index| usize::try_from(index).unwrap_or(0))
}

fn characters(args: &[Value], of: &str) -> Outcome {
    let count = size(&exactly::<1>(args)?[0]);
    if count > CHARACTERS_MAX {
        return Err(format!("makes at most {CHARACTERS_MAX} characters"));
    }
    let of: Vec<char> = of.chars().collect();
    let chosen: Result<String, String> = (0..count).map(|_| index_below(of.len()).map(|at| of[at])).collect();
    made_text(chosen?)
}

fn rand_int(args: &[Value]) -> Outcome {
    let [start, end] = exactly(args)?;
    let (start, end) = (int(start), int(end));
    if end <= start {
        return Err("wants the smaller number first".to_owned());
    }
    let offset = below(end.abs_diff(start))?;
    Ok(Value::Int(start.wrapping_add_unsigned(offset)))
}

/// RFC 9562 §5.4.
fn uuidv4(args: &[Value]) -> Outcome {
    exactly::<0>(args)?;
    let (high, low) = (getrandom::u64().map_err(|error| error.to_string())?, below(u64::MAX)?);
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(3 << 62)) | (2 << 62);
    let hex = format!("{high:016x}{low:016x}");
    made_text(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

fn shuffle(args: &[Value]) -> Outcome {
    let [of] = exactly(args)?;
    let mut of: Vec<char> = text(of).chars().collect();
    for at in (1..of.len()).rev() {
        of.swap(at, index_below(at + 1)?);
    }
    made_text(of.iter().collect::<String>())
}
