//! What of an upstream's answer may stand in an error text.

/// How many characters of an answer an error quotes.
pub const EXCERPT_CHARS_MAX: usize = 200;

/// How many bytes of an answer are looked at for it.
const LOOKED_AT_BYTES_MAX: usize = 16 * 1024;

/// From how many characters on a run of letters and digits is taken for a token and left out.
const TOKEN_CHARS_MIN: usize = 20;

/// What stands for something left out.
const LEFT_OUT: &str = "[..]";

/// The beginning of an answer, in one line, without the secrets that were sent and without anything that looks like a token.
pub(crate) fn excerpt(body: &[u8], html: bool, secrets: &[String]) -> String {
    let body = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT_BYTES_MAX)]);
    let text = match html || looks_like_html(&body) {
        true => {
            title(&body).map_or_else(|| "an HTML page".to_owned(), |title| format!("an HTML page titled {title:?}"))
        }
        false => body.into_owned(),
    };
    cleaned(text, secrets)
}

/// Foreign text for one line of a log, without these secrets and without tokens.
pub(crate) fn cleaned(text: String, secrets: &[String]) -> String {
    one_line(&without_tokens(&without(text, secrets)))
}

/// Foreign text for one line of a log: short, and without control characters.
pub(crate) fn one_line(text: &str) -> String {
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
        if line.len() > EXCERPT_CHARS_MAX * 4 {
            break;
        }
    }
    match line.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

pub(crate) fn looks_like_html(body: &str) -> bool {
    let start: String = body.trim_start().chars().take(15).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head")
}

fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let from = lower.find("<title>")? + "<title>".len();
    let to = from + lower[from..].find("</title>")?;
    body.get(from..to).map(one_line)
}

fn without(mut text: String, secrets: &[String]) -> String {
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret.as_str(), LEFT_OUT).replace(&encoded, LEFT_OUT);
    }
    text
}

fn without_tokens(text: &str) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '=');
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !of_token(c)).unwrap_or(rest.len());
        kept.push_str(if run < TOKEN_CHARS_MIN || is_word(&rest[..run]) { &rest[..run] } else { LEFT_OUT });
        let other = rest[run..].find(of_token).unwrap_or(rest.len() - run);
        kept.push_str(&rest[run..run + other]);
        rest = &rest[run + other..];
    }
    kept
}

/// An error code such as `temporarily_unavailable`, which is no token.
fn is_word(run: &str) -> bool {
    run.len() < 40 && run.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_tell_what_is_wrong_and_no_secret() {
        let secrets = ["s3cr3t/+&".to_owned(), String::new()];
        let long = "lorem ipsum ".repeat(100);
        let cases = [
            (r#"{"error":"invalid_client"}"#, false, r#"{"error":"invalid_client"}"#.to_owned()),
            ("bad secret s3cr3t/+& in s3cr3t%2F%2B%26", false, "bad secret [..] in [..]".to_owned()),
            ("token eyJhbGciOiJSUzI1NiIs.eyJzdWIiOiIxMjM0NTY3OA.x", false, "token [..].[..].x".to_owned()),
            (
                "{\n \"error\": \"temporarily_unavailable\"\u{7}}",
                false,
                "{ \"error\": \"temporarily_unavailable\" }".to_owned(),
            ),
            ("<!DOCTYPE html><html><title>Log\n in</title>", false, "an HTML page titled \"Log in\"".to_owned()),
            ("<h1>oops</h1>", true, "an HTML page".to_owned()),
            (&long, false, format!("{}...", &long[..EXCERPT_CHARS_MAX])),
        ];
        for (body, html, expected) in cases {
            assert_eq!(excerpt(body.as_bytes(), html, &secrets), expected);
        }
        assert_eq!(excerpt(&[0xff, 0xfe, b'x'], false, &[]), "\u{fffd}\u{fffd}x");
    }
}
