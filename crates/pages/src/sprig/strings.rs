//! Texts: trimming, cutting, joining.
//!
//! Lengths and places count characters, where Go counts bytes, so that no character is cut in two.

use gotmpl::Value;

use super::args::{TEXT_BYTES_MAX, exactly, first_and_rest, int, is_empty, made_text, size, text};
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("trim", |args| one(args, |text| text.trim().to_owned())),
    ("trimAll", |args| two(args, |cut, text| text.trim_matches(|c| cut.contains(c)).to_owned())),
    ("trimall", |args| two(args, |cut, text| text.trim_matches(|c| cut.contains(c)).to_owned())),
    ("trimSuffix", |args| two(args, |end, text| text.strip_suffix(end).unwrap_or(text).to_owned())),
    ("trimPrefix", |args| two(args, |start, text| text.strip_prefix(start).unwrap_or(text).to_owned())),
    ("upper", |args| one(args, str::to_uppercase)),
    ("nospace", |args| one(args, |text| text.split_whitespace().collect())),
    ("initials", |args| one(args, |text| text.split_whitespace().filter_map(|word| word.chars().next()).collect())),
    ("toString", |args| one(args, str::to_owned)),
    ("contains", |args| test(args, |part, text| text.contains(part))),
    ("hasPrefix", |args| test(args, |start, text| text.starts_with(start))),
    ("hasSuffix", |args| test(args, |end, text| text.ends_with(end))),
    ("repeat", repeat),
    ("replace", replace),
    ("substr", substr),
    ("trunc", trunc),
    ("abbrev", abbrev),
    ("abbrevboth", abbrevboth),
    ("wrap", wrap),
    ("wrapWith", wrap_with),
    ("quote", quote),
    ("squote", squote),
    ("cat", cat),
    ("indent", |args| indent(args, "")),
    ("nindent", |args| indent(args, "\n")),
    ("plural", plural),
];

pub(super) fn one(args: &[Value], change: fn(&str) -> String) -> Outcome {
    let [of] = exactly(args)?;
    made_text(change(&text(of)))
}

fn two(args: &[Value], change: fn(&str, &str) -> String) -> Outcome {
    let [how, of] = exactly(args)?;
    made_text(change(&text(how), &text(of)))
}

fn test(args: &[Value], holds: fn(&str, &str) -> bool) -> Outcome {
    let [how, of] = exactly(args)?;
    Ok(Value::Bool(holds(&text(how), &text(of))))
}

fn repeat(args: &[Value]) -> Outcome {
    let [count, of] = exactly(args)?;
    let (count, of) = (size(count), text(of));
    if of.len().saturating_mul(count) > TEXT_BYTES_MAX {
        return Err(format!("would make a text of more than {TEXT_BYTES_MAX} bytes"));
    }
    made_text(of.repeat(count))
}

fn replace(args: &[Value]) -> Outcome {
    let [old, new, of] = exactly(args)?;
    let (old, new, of) = (text(old), text(new), text(of));
    let places = if new.len() > old.len() { of.matches(old.as_ref()).count() } else { 0 };
    if places.saturating_mul(new.len()).saturating_add(of.len()) > TEXT_BYTES_MAX {
        return Err(format!("would make a text of more than {TEXT_BYTES_MAX} bytes"));
    }
    made_text(of.replace(old.as_ref(), &new))
}

fn characters(value: &Value) -> Vec<char> {
    text(value).chars().collect()
}

fn joined(characters: &[char]) -> String {
    characters.iter().collect()
}

fn substr(args: &[Value]) -> Outcome {
    let [start, end, of] = exactly(args)?;
    let of = characters(of);
    let end = match usize::try_from(int(end)) {
        Ok(end) if end <= of.len() => end,
        _ => of.len(),
    };
    let start = size(start).min(end);
    made_text(joined(&of[start..end]))
}

fn trunc(args: &[Value]) -> Outcome {
    let [count, of] = exactly(args)?;
    let of = characters(of);
    let keep = usize::try_from(int(count).unsigned_abs()).unwrap_or(usize::MAX).min(of.len());
    made_text(if int(count) < 0 { joined(&of[of.len() - keep..]) } else { joined(&of[..keep]) })
}

/// The shortest width that leaves room for a character and three dots.
const ABBREVIATION_MIN: usize = 4;

fn abbreviated(of: &[char], width: usize) -> String {
    if width < ABBREVIATION_MIN || of.len() <= width {
        return joined(of);
    }
    joined(&of[..width - 3]) + "..."
}

fn abbrev(args: &[Value]) -> Outcome {
    let [width, of] = exactly(args)?;
    made_text(abbreviated(&characters(of), size(width)))
}

fn abbrevboth(args: &[Value]) -> Outcome {
    let [left, width, of] = exactly(args)?;
    let (left, width, of) = (size(left), size(width), characters(of));
    if width < ABBREVIATION_MIN || (left > 0 && width < ABBREVIATION_MIN + 3) || of.len() <= width {
        return made_text(joined(&of));
    }
    let room = width - 3;
    let left = if of.len().saturating_sub(left) < room { of.len() - room } else { left };
    made_text(match left {
        0..=4 => joined(&of[..room]) + "...",
        _ if left + room < of.len() => format!("...{}", abbreviated(&of[left..], room)),
        _ => format!("...{}", joined(&of[of.len() - room..])),
    })
}

fn wrap(args: &[Value]) -> Outcome {
    let [width, of] = exactly(args)?;
    made_text(wrapped(&text(of), size(width), "\n", false))
}

fn wrap_with(args: &[Value]) -> Outcome {
    let [width, between, of] = exactly(args)?;
    made_text(wrapped(&text(of), size(width), &text(between), true))
}

/// Lines of at most `width` characters; a longer word is broken only if `break_words`.
fn wrapped(of: &str, width: usize, between: &str, break_words: bool) -> String {
    let width = width.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line: Vec<char> = Vec::new();
    for word in of.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(joined(&std::mem::take(&mut line)));
        } else if !line.is_empty() {
            line.push(' ');
        }
        while break_words && word.len() > width {
            lines.push(joined(&word[..width]));
            word.drain(..width);
        }
        line.extend(word);
    }
    lines.push(joined(&line));
    lines.join(between)
}

fn quote(args: &[Value]) -> Outcome {
    let quoted = args.iter().filter(|value| !matches!(value, Value::Nil)).map(|value| go_quoted(&text(value)));
    made_text(quoted.collect::<Vec<_>>().join(" "))
}

fn go_quoted(of: &str) -> String {
    let mut quoted = String::from("\"");
    for c in of.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() && u32::from(c) < 0x80 => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn squote(args: &[Value]) -> Outcome {
    let quoted = args.iter().filter(|value| !matches!(value, Value::Nil)).map(|value| format!("'{}'", text(value)));
    made_text(quoted.collect::<Vec<_>>().join(" "))
}

fn cat(args: &[Value]) -> Outcome {
    let parts = args.iter().filter(|value| !matches!(value, Value::Nil)).map(text);
    made_text(parts.collect::<Vec<_>>().join(" "))
}

fn indent(args: &[Value], before: &str) -> Outcome {
    let [count, of] = exactly(args)?;
    let of = text(of);
    let lines = of.split('\n').count();
    if size(count).saturating_mul(lines).saturating_add(of.len()) > TEXT_BYTES_MAX {
        return Err(format!("would make a text of more than {TEXT_BYTES_MAX} bytes"));
    }
    let blanks = " ".repeat(size(count));
    made_text(format!("{before}{blanks}{}", of.replace('\n', &format!("\n{blanks}"))))
}

fn plural(args: &[Value]) -> Outcome {
    let (singular, rest) = first_and_rest(args)?;
    let [many, count] = exactly(rest)?;
    made_text(text(if int(count) == 1 && !is_empty(count) { singular } else { many }))
}
