//! `dex-jose` from outside: the RFCs' vectors, another implementation as oracle, the byte layouts, and every refusal.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking, as tests do")]

mod keys;
mod layout;
mod oracle;
mod refusals;
mod vectors;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dex_jose::{SigningKey, attach_signature};

/// A token over any header whatever, honestly signed by `key`.
fn token(key: &SigningKey, header: &str, payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(input.as_bytes()).unwrap();
    attach_signature(input, &signature)
}
