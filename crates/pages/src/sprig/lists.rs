//! Lists.

use gotmpl::Value;

use super::args::{
    Dict, LIST_MAX, exactly, first_and_rest, int, is_empty, list, made_dict, made_list, made_text, made_texts, size,
    text,
};
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("list", |args| made_list(args.to_vec())),
    ("tuple", |args| made_list(args.to_vec())),
    ("first", first),
    ("mustFirst", first),
    ("last", last),
    ("mustLast", last),
    ("rest", rest),
    ("mustRest", rest),
    ("initial", initial),
    ("mustInitial", initial),
    ("append", append),
    ("mustAppend", append),
    ("push", append),
    ("mustPush", append),
    ("prepend", prepend),
    ("mustPrepend", prepend),
    ("concat", concat),
    ("reverse", reverse),
    ("mustReverse", reverse),
    ("uniq", uniq),
    ("mustUniq", uniq),
    ("without", without),
    ("mustWithout", without),
    ("has", has),
    ("mustHas", has),
    ("compact", compact),
    ("mustCompact", compact),
    ("slice", slice),
    ("mustSlice", slice),
    ("chunk", chunk),
    ("mustChunk", chunk),
    ("join", join),
    ("split", split),
    ("splitn", splitn),
    ("splitList", split_list),
    ("toStrings", |args| made_texts(list(&exactly::<1>(args)?[0])?.iter().map(text))),
    ("sortAlpha", sort_alpha),
    ("until", until),
    ("untilStep", until_step),
    ("seq", seq),
];

fn only_list(args: &[Value]) -> Result<&[Value], String> {
    list(&exactly::<1>(args)?[0])
}

fn first(args: &[Value]) -> Outcome {
    Ok(only_list(args)?.first().cloned().unwrap_or(Value::Nil))
}

fn last(args: &[Value]) -> Outcome {
    Ok(only_list(args)?.last().cloned().unwrap_or(Value::Nil))
}

fn rest(args: &[Value]) -> Outcome {
    made_list(only_list(args)?.iter().skip(1).cloned().collect())
}

fn initial(args: &[Value]) -> Outcome {
    let items = only_list(args)?;
    made_list(items[..items.len().saturating_sub(1)].to_vec())
}

fn append(args: &[Value]) -> Outcome {
    let [items, more] = exactly(args)?;
    let mut items = list(items)?.to_vec();
    items.push(more.clone());
    made_list(items)
}

fn prepend(args: &[Value]) -> Outcome {
    let [items, more] = exactly(args)?;
    let mut items = list(items)?.to_vec();
    items.insert(0, more.clone());
    made_list(items)
}

fn concat(args: &[Value]) -> Outcome {
    let lists: Result<Vec<&[Value]>, String> = args.iter().map(list).collect();
    made_list(lists?.concat())
}

fn reverse(args: &[Value]) -> Outcome {
    made_list(only_list(args)?.iter().rev().cloned().collect())
}

fn uniq(args: &[Value]) -> Outcome {
    let mut seen: Vec<Value> = Vec::new();
    for item in only_list(args)? {
        if !seen.contains(item) {
            seen.push(item.clone());
        }
    }
    made_list(seen)
}

fn without(args: &[Value]) -> Outcome {
    let (items, unwanted) = first_and_rest(args)?;
    made_list(list(items)?.iter().filter(|item| !unwanted.contains(item)).cloned().collect())
}

fn has(args: &[Value]) -> Outcome {
    let [wanted, items] = exactly(args)?;
    Ok(Value::Bool(list(items)?.contains(wanted)))
}

fn compact(args: &[Value]) -> Outcome {
    made_list(only_list(args)?.iter().filter(|item| !is_empty(item)).cloned().collect())
}

fn slice(args: &[Value]) -> Outcome {
    let (of, bounds) = first_and_rest(args)?;
    let start = bounds.first().map_or(0, int);
    let end = bounds.get(1).map(int);
    of.slice(Some(start), end).map_err(|error| error.to_string())
}

fn chunk(args: &[Value]) -> Outcome {
    let [count, items] = exactly(args)?;
    let count = size(count).max(1);
    made_list(list(items)?.chunks(count).map(|chunk| Value::List(chunk.into())).collect())
}

fn join(args: &[Value]) -> Outcome {
    let [between, items] = exactly(args)?;
    let Ok(items) = list(items) else {
        return made_text(text(items));
    };
    let parts: Vec<_> = items.iter().filter(|item| !matches!(item, Value::Nil)).map(text).collect();
    made_text(parts.join(text(between).as_ref()))
}

/// A dict of parts, named `_0`, `_1` and so on.
fn numbered<'a>(parts: impl Iterator<Item = &'a str>) -> Outcome {
    let dict: Dict =
        parts.enumerate().map(|(at, part)| (format!("_{at}").into(), Value::String(part.into()))).collect();
    Ok(made_dict(dict))
}

fn split(args: &[Value]) -> Outcome {
    let [between, of] = exactly(args)?;
    numbered(text(of).split(text(between).as_ref()))
}

fn splitn(args: &[Value]) -> Outcome {
    let [between, count, of] = exactly(args)?;
    numbered(text(of).splitn(size(count), text(between).as_ref()))
}

fn split_list(args: &[Value]) -> Outcome {
    let [between, of] = exactly(args)?;
    made_texts(text(of).split(text(between).as_ref()))
}

fn sort_alpha(args: &[Value]) -> Outcome {
    let mut texts: Vec<_> = only_list(args)?.iter().map(text).collect();
    texts.sort_unstable();
    made_texts(texts)
}

fn until(args: &[Value]) -> Outcome {
    let [end] = exactly(args)?;
    let end = int(end);
    made_list(range(0, end, if end < 0 { -1 } else { 1 })?.into_iter().map(Value::Int).collect())
}

fn until_step(args: &[Value]) -> Outcome {
    let [start, end, step] = exactly(args)?;
    made_list(range(int(start), int(end), int(step))?.into_iter().map(Value::Int).collect())
}

/// `seq end`, `seq start end`, `seq start step end`: the numbers, end included, with blanks between.
fn seq(args: &[Value]) -> Outcome {
    let towards = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match args {
        [end] => (1, towards(1, int(end)), int(end)),
        [start, end] => (int(start), towards(int(start), int(end)), int(end)),
        [start, step, end] => (int(start), int(step), int(end)),
        _ => return made_text(""),
    };
    let numbers = range(start, end.saturating_add(step.signum()), step)?;
    made_text(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" "))
}

/// From `start` up or down to before `end`; empty if `step` leads away from it.
fn range(start: i64, end: i64, step: i64) -> Result<Vec<i64>, String> {
    let mut numbers = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        if numbers.len() == LIST_MAX {
            return Err(format!("would make a list of more than {LIST_MAX} elements"));
        }
        numbers.push(at);
        let Some(next) = at.checked_add(step) else {
            break;
        };
        at = next;
    }
    Ok(numbers)
}
