//! Dicts: names and values.

use std::sync::Arc;

use gotmpl::Value;

use super::args::{
    Dict, dict, exactly, first_and_rest, is_empty, last_and_before, list, made_dict, made_list, made_texts, text,
};
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("dict", make),
    ("get", get),
    ("set", set),
    ("unset", unset),
    ("hasKey", has_key),
    ("pluck", pluck),
    ("keys", keys),
    ("values", values),
    ("pick", |args| filtered(args, true)),
    ("omit", |args| filtered(args, false)),
    ("merge", |args| merge_all(args, false)),
    ("mustMerge", |args| merge_all(args, false)),
    ("mergeOverwrite", |args| merge_all(args, true)),
    ("mustMergeOverwrite", |args| merge_all(args, true)),
    ("deepCopy", |args| Ok(exactly::<1>(args)?[0].clone())),
    ("mustDeepCopy", |args| Ok(exactly::<1>(args)?[0].clone())),
    ("dig", dig),
];

/// How deep dicts are merged.
const DEPTH_MAX: usize = 32;

fn key(value: &Value) -> Arc<str> {
    match value {
        Value::String(key) => key.clone(),
        other => Arc::from(text(other)),
    }
}

/// A name without a value gets an empty text, as in Sprig.
fn make(args: &[Value]) -> Outcome {
    let pairs =
        args.chunks(2).map(|pair| (key(&pair[0]), pair.get(1).cloned().unwrap_or_else(|| Value::String("".into()))));
    Ok(made_dict(pairs.collect()))
}

fn get(args: &[Value]) -> Outcome {
    let [of, name] = exactly(args)?;
    Ok(dict(of)?.get(text(name).as_ref()).cloned().unwrap_or_else(|| Value::String("".into())))
}

fn set(args: &[Value]) -> Outcome {
    let [of, name, value] = exactly(args)?;
    let mut changed = dict(of)?.clone();
    changed.insert(key(name), value.clone());
    Ok(made_dict(changed))
}

fn unset(args: &[Value]) -> Outcome {
    let [of, name] = exactly(args)?;
    let mut changed = dict(of)?.clone();
    changed.remove(text(name).as_ref());
    Ok(made_dict(changed))
}

fn has_key(args: &[Value]) -> Outcome {
    let [of, name] = exactly(args)?;
    Ok(Value::Bool(dict(of)?.contains_key(text(name).as_ref())))
}

fn pluck(args: &[Value]) -> Outcome {
    let (name, dicts) = first_and_rest(args)?;
    let name = text(name);
    let dicts: Result<Vec<&Dict>, String> = dicts.iter().map(dict).collect();
    made_list(dicts?.into_iter().filter_map(|dict| dict.get(name.as_ref()).cloned()).collect())
}

fn keys(args: &[Value]) -> Outcome {
    let dicts: Result<Vec<&Dict>, String> = args.iter().map(dict).collect();
    made_texts(dicts?.into_iter().flat_map(|dict| dict.keys()))
}

fn values(args: &[Value]) -> Outcome {
    let [of] = exactly(args)?;
    made_list(dict(of)?.values().cloned().collect())
}

fn filtered(args: &[Value], keep: bool) -> Outcome {
    let (of, names) = first_and_rest(args)?;
    let mut wanted: Vec<Arc<str>> = Vec::new();
    for name in names {
        match name {
            Value::List(_) => wanted.extend(list(name)?.iter().map(key)),
            other => wanted.push(key(other)),
        }
    }
    let kept = dict(of)?.iter().filter(|(name, _)| wanted.contains(name) == keep);
    Ok(made_dict(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

fn merge_all(args: &[Value], overwrite: bool) -> Outcome {
    let (first, others) = first_and_rest(args)?;
    let mut merged = dict(first)?.clone();
    for other in others {
        merge(&mut merged, dict(other)?, overwrite, DEPTH_MAX)?;
    }
    Ok(made_dict(merged))
}

/// An empty value never overwrites, and always gives way.
fn merge(into: &mut Dict, from: &Dict, overwrite: bool, depth: usize) -> Result<(), String> {
    if depth == 0 {
        return Err(format!("merges dicts at most {DEPTH_MAX} deep"));
    }
    for (name, value) in from {
        let merged = match (into.get(name), value) {
            (Some(Value::Map(present)), Value::Map(new)) => {
                let mut inner = present.as_ref().clone();
                merge(&mut inner, new, overwrite, depth - 1)?;
                made_dict(inner)
            }
            (Some(present), new) if !is_empty(present) && (!overwrite || is_empty(new)) => present.clone(),
            _ => value.clone(),
        };
        into.insert(name.clone(), merged);
    }
    Ok(())
}

/// `dig "a" "b" default dict`: the value below `a` and `b`.
fn dig(args: &[Value]) -> Outcome {
    let (of, before) = last_and_before(args)?;
    let (default, path) = last_and_before(before)?;
    let mut at = of;
    for name in path {
        match dict(at)?.get(text(name).as_ref()) {
            Some(inner) => at = inner,
            None => return Ok(default.clone()),
        }
    }
    Ok(at.clone())
}
