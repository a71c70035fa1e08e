//! Regular expressions: Go's syntax, which is this crate's too.

use gotmpl::Value;
use regex::{NoExpand, Regex, RegexBuilder};

use super::args::{exactly, int, made_text, made_texts, text};
use super::{Function, Outcome};

/// How much memory an expression may take once compiled, in bytes.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("regexMatch", is_match),
    ("mustRegexMatch", is_match),
    ("regexFind", find),
    ("mustRegexFind", find),
    ("regexFindAll", find_all),
    ("mustRegexFindAll", find_all),
    ("regexReplaceAll", replace_all),
    ("mustRegexReplaceAll", replace_all),
    ("regexReplaceAllLiteral", replace_all_literal),
    ("mustRegexReplaceAllLiteral", replace_all_literal),
    ("regexSplit", split),
    ("mustRegexSplit", split),
    ("regexQuoteMeta", |args| made_text(regex::escape(&text(&exactly::<1>(args)?[0])))),
];

fn compile(expression: &Value) -> Result<Regex, String> {
    let built = RegexBuilder::new(&text(expression)).size_limit(COMPILED_BYTES_MAX).build();
    built.map_err(|error| error.to_string())
}

/// A negative count means all.
fn count(value: &Value) -> usize {
    usize::try_from(int(value)).unwrap_or(usize::MAX)
}

fn is_match(args: &[Value]) -> Outcome {
    let [expression, of] = exactly(args)?;
    Ok(Value::Bool(compile(expression)?.is_match(&text(of))))
}

fn find(args: &[Value]) -> Outcome {
    let [expression, of] = exactly(args)?;
    made_text(compile(expression)?.find(&text(of)).map_or("", |found| found.as_str()))
}

fn find_all(args: &[Value]) -> Outcome {
    let [expression, of, most] = exactly(args)?;
    made_texts(compile(expression)?.find_iter(&text(of)).take(count(most)).map(|found| found.as_str()))
}

fn replace_all(args: &[Value]) -> Outcome {
    let [expression, of, by] = exactly(args)?;
    made_text(compile(expression)?.replace_all(&text(of), text(by).as_ref()))
}

fn replace_all_literal(args: &[Value]) -> Outcome {
    let [expression, of, by] = exactly(args)?;
    made_text(compile(expression)?.replace_all(&text(of), NoExpand(&text(by))))
}

fn split(args: &[Value]) -> Outcome {
    let [expression, of, most] = exactly(args)?;
    let expression = compile(expression)?;
    match count(most) {
        0 => made_texts::<&str>([]),
        most => made_texts(expression.splitn(&text(of), most)),
    }
}
