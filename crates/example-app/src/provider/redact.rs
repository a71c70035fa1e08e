//! What `--debug` may show of the traffic: everything but what would let the reader in.

use dex_oidc::encode_form;
use serde_json::Value;
use url::Url;

/// Stands for a value that is not shown.
const HIDDEN: &str = "***";

/// How much of an answer that is no JSON is shown, in characters.
const TEXT_MAX: usize = 200;

/// Parameters and members whose value is, or leads to, a credential.
const SECRETS: [&str; 17] = [
    "access_token",
    "actor_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "id_token_hint",
    "logout_token",
    "password",
    "refresh_token",
    "subject_token",
    "token",
    "user_code",
    "verification_uri_complete",
];

fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name)
}

/// A form as it was sent, with its secrets hidden.
pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    encode_form(pairs.iter().map(|(name, value)| (*name, if is_secret(name) { HIDDEN } else { value })))
}

/// An address with its query.
pub(super) fn url(url: &Url) -> String {
    if url.query().is_none() {
        return url.to_string();
    }
    let mut shown = url.clone();
    shown.query_pairs_mut().clear().extend_pairs(url.query_pairs().map(|(name, value)| {
        let value = if is_secret(&name) { HIDDEN.into() } else { value };
        (name, value)
    }));
    shown.to_string()
}

/// The body of an answer.
pub(super) fn body(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            hide(&mut value);
            value.to_string()
        }
        // Escaped, so that it stays on one line of the log.
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            text.chars().take(TEXT_MAX).flat_map(char::escape_debug).collect()
        }
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if is_secret(name) {
                    *member = HIDDEN.into();
                } else {
                    hide(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_keep_their_shape_and_lose_their_secrets() {
        let pairs = [("grant_type", "password"), ("username", "ann"), ("password", "hunter2"), ("code", "c0de")];
        assert_eq!(form(&pairs), "grant_type=password&username=ann&password=***&code=***");
    }

    #[test]
    fn bodies_are_redacted_at_any_depth() {
        let cases = [
            (r#"{"access_token":"t0p","expires_in":3}"#, r#"{"access_token":"***","expires_in":3}"#),
            (r#"[{"a":{"refresh_token":["x"]}}]"#, r#"[{"a":{"refresh_token":"***"}}]"#),
            (r#"{"error":"invalid_grant"}"#, r#"{"error":"invalid_grant"}"#),
            ("<p>\nBad gateway", "<p>\\nBad gateway"),
        ];
        for (given, expected) in cases {
            assert_eq!(body(given.as_bytes()), expected);
        }
    }

    #[test]
    fn addresses_are_redacted_too() {
        let address = Url::parse("http://x/logout?id_token_hint=abc.def.ghi&state=s").unwrap();
        assert_eq!(url(&address), "http://x/logout?id_token_hint=***&state=s");
    }
}
