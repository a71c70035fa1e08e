//! Capital and small letters.

use super::strings::one;
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("title", |args| one(args, title)),
    ("untitle", |args| one(args, untitle)),
    ("swapcase", |args| one(args, swapcase)),
    ("camelcase", camelcase),
    ("snakecase", |args| one(args, |text| words(text).join("_"))),
    ("kebabcase", |args| one(args, |text| words(text).join("-"))),
];

/// Changes the first letter of each word, a word beginning wherever `starts` says so of what stands before.
fn at_starts(text: &str, starts: fn(char) -> bool, change: fn(char) -> String) -> String {
    let mut before = ' ';
    let changed = text.chars().map(|c| {
        let is_first = starts(std::mem::replace(&mut before, c));
        if is_first { change(c) } else { c.to_string() }
    });
    changed.collect()
}

fn title(text: &str) -> String {
    at_starts(
        text,
        |before| !before.is_alphanumeric() && before != '_' && before != '\'',
        |c| c.to_uppercase().collect(),
    )
}

fn untitle(text: &str) -> String {
    at_starts(text, char::is_whitespace, |c| c.to_lowercase().collect())
}

fn swapcase(text: &str) -> String {
    let swapped = text.chars().map(|c| -> String {
        if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() }
    });
    swapped.collect()
}

fn camelcase(args: &[gotmpl::Value]) -> Outcome {
    one(args, |text| {
        let parts = text.split(['_', '-', ' ', '.']).filter(|part| !part.is_empty());
        parts.map(|part| at_starts(part, char::is_whitespace, |c| c.to_uppercase().collect())).collect()
    })
}

/// The words of a name in small letters: `HTTPServer2Go` is `http`, `server2`, `go`.
fn words(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in characters.iter().enumerate() {
        if matches!(c, '_' | '-' | ' ' | '.') {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|at| characters[at]);
        let after = characters.get(at + 1);
        let rises = before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        let ends_capitals = before.is_some_and(char::is_uppercase) && after.is_some_and(|after| after.is_lowercase());
        if c.is_uppercase() && (rises || ends_capitals) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
