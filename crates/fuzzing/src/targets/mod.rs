//! The readers, each with what must hold of it.
//!
//! Owned here: one file for each kind of thing that is read, and the table of all. Not owned: the readers. A
//! target takes any bytes, uses nothing that outlasts the process, and panics when something does not hold.

mod config;
mod endpoints;
mod headers;
mod jose;
mod parameters;
mod redirect_uri;
mod saml;
mod sealed;

/// A reader to feed.
pub struct Target {
    /// The name: of the program in `fuzz/` and of the folder with its inputs.
    pub name: &'static str,
    /// Feeds it one input.
    pub run: fn(&[u8]),
    /// How many inputs the short run makes; fewer where one takes long.
    pub inputs: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "authorization_request", run: endpoints::authorization_request, inputs: 3_000 },
    Target { name: "token_request", run: endpoints::token_request, inputs: 10_000 },
    Target { name: "form", run: parameters::form, inputs: 20_000 },
    Target { name: "pair", run: parameters::pair, inputs: 20_000 },
    Target { name: "client_credentials", run: headers::client_credentials, inputs: 20_000 },
    Target { name: "cookies", run: headers::cookies, inputs: 20_000 },
    Target { name: "jwt", run: jose::jwt, inputs: 20_000 },
    Target { name: "jwk", run: jose::jwk, inputs: 20_000 },
    Target { name: "sealed", run: sealed::sealed, inputs: 20_000 },
    Target { name: "redirect_uri", run: redirect_uri::redirect_uri, inputs: 20_000 },
    Target { name: "saml_response", run: saml::saml_response, inputs: 5_000 },
    Target { name: "saml_metadata", run: saml::saml_metadata, inputs: 5_000 },
    Target { name: "saml_logout", run: saml::saml_logout, inputs: 5_000 },
    Target { name: "config", run: config::config, inputs: 5_000 },
];

/// Feeds the target of this name one input.
///
/// # Panics
///
/// When something does not hold, and when there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("every program has its target");
    (target.run)(data);
}

/// The input as text; `None` if it is none.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The input up to the first line break, and what is behind it.
fn line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}
