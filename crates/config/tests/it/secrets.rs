//! Whatever goes wrong around a secret, no message prints it.

use dex_config::{Overrides, load};

use crate::EVERYTHING;

/// What every secret is set to.
const MARKER: &str = "Xk7marker";

/// A configuration with every secret there is.
const SECRETS: &str = "\
issuer: https://dex.example.com
web: {http: ':1'}
enablePasswordDB: true
storage:
  type: postgres
  config:
    password: Xk7marker
signer:
  type: vault
  config:
    keyName: k
    token: Xk7marker
sessions:
  cookieEncryptionKey: Xk7marker-234567
staticClients:
- id: a
  name: a
  secret: Xk7marker
- id: b
  name: b
  secretEnv: SECRET
staticPasswords:
- email: a@b
  userID: u
  hashFromEnv: HASH
connectors:
- {type: ldap, id: a, name: a, config: {bindPW: Xk7marker}}
- {type: oidc, id: b, name: b, config: {clientSecret: Xk7marker}}
- {type: keystone, id: c, name: c, config: {keystonePassword: Xk7marker}}
- {type: microsoft, id: d, name: d, config: {clientSecret: Xk7marker, clientAssertion: Xk7marker}}
- {type: mockPassword, id: e, name: e, config: {password: Xk7marker, passwort: Xk7marker}}
";

fn everything_said(text: &str) -> String {
    let env = |name: &str| match name {
        "SECRET" => Some(MARKER.to_owned()),
        "HASH" => Some("$2a$10$33EMT0cVYVlPy6WAMCLsceLYjWhuHpbz5yuZxu/GAFj03J9Lytjuy".to_owned()),
        _ => None,
    };
    match load("dex.yaml", text, &env, &Overrides::default(), &EVERYTHING) {
        Ok(config) => {
            let lines: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
            format!("{config:?}\n{}", lines.join("\n"))
        }
        Err(errors) => {
            let lines: Vec<_> = errors.warnings.iter().map(ToString::to_string).collect();
            format!("{errors}\n{errors:?}\n{}", lines.join("\n"))
        }
    }
}

#[test]
fn a_good_configuration_prints_no_secret() {
    let said = everything_said(SECRETS);
    assert!(said.starts_with("Config {"), "{said}");
    assert!(!said.contains(MARKER), "{said}");
    assert!(!said.contains("33EMT0"), "{said}");
}

#[test]
fn no_error_around_a_secret_prints_it() {
    let secrets = SECRETS.matches(MARKER).count();
    // Each secret in turn becomes something it must not be, or has a broken neighbour.
    let damages = [
        "[Xk7marker]",
        "{Xk7marker2: 1, a: Xk7marker}",
        "Xk7marker$UNSET",
        "$Xk7markerVAR",
        "${Xk7marker}",
        "*Xk7marker",
        "\"Xk7marker",
        "'Xk7marker' Xk7marker",
        "Xk7marker: Xk7marker",
        "!Xk7marker Xk7marker",
        "@Xk7marker",
        "",
    ];
    for damage in damages {
        for at in 0..secrets {
            let (start, _) = SECRETS.match_indices(MARKER).nth(at).expect("counted");
            let mut text = SECRETS.to_owned();
            text.replace_range(start..start + MARKER.len(), damage);
            let said = everything_said(&text);
            // A mapping's keys are no values: an unknown one is named.
            let said = said.replace("Xk7marker2", "");
            assert!(!said.contains("Xk7marker"), "{damage} at {at}\n{said}");
        }
    }
}

#[test]
fn a_malformed_hash_is_not_shown() {
    let text = SECRETS.replace("hashFromEnv: HASH", "hash: Xk7marker");
    let said = everything_said(&text);
    assert!(said.contains("malformed bcrypt hash"), "{said}");
    assert!(!said.contains(MARKER), "{said}");
}
