//! A browser that keeps cookies and follows redirects, up to the client's own address.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::taken_over::{CALLBACK, ORIGIN};

/// How long an answer may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many redirects may follow one another.
const REDIRECTS_MAX: u32 = 10;

/// What came back, and from where.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) struct Browser {
    socket: PathBuf,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket, cookies: BTreeMap::new() }
    }

    pub(crate) fn visit(&mut self, url: &str) -> Answer {
        self.follow("GET", url, &[])
    }

    pub(crate) fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        self.follow("POST", url, form)
    }

    /// Sends the form of a page, each of which posts to its own address.
    pub(crate) fn submit(&mut self, shown: &Answer, form: &[(&str, &str)]) -> Answer {
        self.post(&shown.url, form)
    }

    fn follow(&mut self, method: &str, url: &str, form: &[(&str, &str)]) -> Answer {
        let (mut answer, mut location) = self.exchange(method, url, form);
        for _ in 0..REDIRECTS_MAX {
            let Some(to) = location else { return answer };
            let url = if to.starts_with('/') { format!("{ORIGIN}{to}") } else { to };
            if url.starts_with(CALLBACK) {
                return Answer { url, ..answer };
            }
            (answer, location) = self.exchange("GET", &url, &[]);
        }
        panic!("too many redirects: {answer:?}");
    }

    /// One request on a connection of its own; the answer, and where it redirects to.
    fn exchange(&mut self, method: &str, url: &str, form: &[(&str, &str)]) -> (Answer, Option<String>) {
        let target = url.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("{url} is not dex's"));
        let fields: Vec<String> = form.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
        let body = fields.join("&");
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head = [
            format!("{method} {target} HTTP/1.1"),
            "host: 127.0.0.1:5556".into(),
            "connection: close".into(),
            "content-type: application/x-www-form-urlencoded".into(),
            format!("content-length: {}", body.len()),
            format!("cookie: {}", cookies.join("; ")),
        ];
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{}\r\n\r\n{body}", head.join("\r\n")).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut location = None;
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name {
                "location" => location = Some(value.to_owned()),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (Answer { url: url.to_owned(), status, body: body.to_owned() }, location)
    }

    fn keep(&mut self, cookie: &str) {
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        if value.is_empty() {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The value of a parameter that needs no unescaping.
pub(crate) fn query_of(url: &str, name: &str) -> String {
    let pairs = url.split(['?', '&']).filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).unwrap_or_else(|| panic!("no {name} in {url}")).1.to_owned()
}

/// Percent-encoding, of everything but letters and digits.
fn escaped(value: &str) -> String {
    let plain = |byte: u8| char::from(byte).to_string();
    value.bytes().map(|byte| if byte.is_ascii_alphanumeric() { plain(byte) } else { format!("%{byte:02X}") }).collect()
}
