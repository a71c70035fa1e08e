//! URLs, and paths of files.

use gotmpl::Value;
use percent_encoding::percent_decode_str;
use url::Url;

use super::args::{Dict, dict, exactly, made_dict, made_text, text};
use super::strings::one;
use super::{Function, Outcome};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("urlParse", parse),
    ("urlJoin", join),
    ("base", |args| one(args, base)),
    ("osBase", |args| one(args, base)),
    ("dir", |args| one(args, dir)),
    ("osDir", |args| one(args, dir)),
    ("clean", |args| one(args, clean)),
    ("osClean", |args| one(args, clean)),
    ("ext", |args| one(args, ext)),
    ("osExt", |args| one(args, ext)),
    ("isAbs", |args| Ok(Value::Bool(text(&exactly::<1>(args)?[0]).starts_with('/')))),
    ("osIsAbs", |args| Ok(Value::Bool(text(&exactly::<1>(args)?[0]).starts_with('/')))),
];

/// Names Sprig gives the parts of a URL.
fn parts(values: [(&str, &str); 8]) -> Value {
    made_dict(values.into_iter().map(|(name, value)| (name.into(), Value::String(value.into()))).collect())
}

fn parse(args: &[Value]) -> Outcome {
    let [of] = exactly(args)?;
    let of = text(of);
    let Ok(url) = Url::parse(&of) else {
        return Ok(parse_relative(&of));
    };
    let userinfo = match (url.username(), url.password()) {
        ("", None) => String::new(),
        (user, None) => user.to_owned(),
        (user, Some(password)) => format!("{user}:{password}"),
    };
    let hostname = url.host_str().unwrap_or("");
    let host = url.port().map_or_else(|| hostname.to_owned(), |port| format!("{hostname}:{port}"));
    let decoded = percent_decode_str(url.path()).decode_utf8_lossy();
    let (path, opaque) = if url.cannot_be_a_base() { ("", url.path()) } else { (decoded.as_ref(), "") };
    // Go keeps an empty path empty.
    let written = of.split(['?', '#']).next().unwrap_or("");
    let path = if path == "/" && !written.ends_with('/') { "" } else { path };
    Ok(parts([
        ("scheme", url.scheme()),
        ("userinfo", &userinfo),
        ("host", &host),
        ("hostname", hostname),
        ("path", path),
        ("query", url.query().unwrap_or("")),
        ("fragment", url.fragment().unwrap_or("")),
        ("opaque", opaque),
    ]))
}

fn parse_relative(of: &str) -> Value {
    let (rest, fragment) = of.split_once('#').unwrap_or((of, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    parts([
        ("scheme", ""),
        ("userinfo", ""),
        ("host", ""),
        ("hostname", ""),
        ("path", path),
        ("query", query),
        ("fragment", fragment),
        ("opaque", ""),
    ])
}

fn join(args: &[Value]) -> Outcome {
    let [of] = exactly(args)?;
    let of = dict(of)?;
    let scheme = part(of, "scheme", "", ":");
    let opaque = part(of, "opaque", "", "");
    let place = if opaque.is_empty() {
        let host = part(of, "host", "", "");
        let slashes = if host.is_empty() { "" } else { "//" };
        format!("{slashes}{}{host}{}", part(of, "userinfo", "", "@"), part(of, "path", "", ""))
    } else {
        opaque
    };
    made_text(format!("{scheme}{place}{}{}", part(of, "query", "?", ""), part(of, "fragment", "#", "")))
}

/// The part of this name with what stands around it; nothing if it is empty.
fn part(of: &Dict, name: &str, before: &str, after: &str) -> String {
    match of.get(name).map(text) {
        Some(value) if !value.is_empty() => format!("{before}{value}{after}"),
        _ => String::new(),
    }
}

/// Go's `path.Base`.
fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let trimmed = path.trim_end_matches('/');
    let last = trimmed.rsplit('/').next().unwrap_or("");
    if last.is_empty() { "/".to_owned() } else { last.to_owned() }
}

/// Go's `path.Dir`.
fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

/// Go's `path.Clean`.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            other => kept.push(other),
        }
    }
    let joined = kept.join("/");
    match (rooted, joined.as_str()) {
        (true, _) => format!("/{joined}"),
        (false, "") => ".".to_owned(),
        (false, _) => joined,
    }
}

/// Go's `path.Ext`, with its dot.
fn ext(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or("");
    last.rfind('.').map_or(String::new(), |at| last[at..].to_owned())
}
