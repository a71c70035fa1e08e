//! `dex saml explain`: what a connector makes of a SAML response, check by check.
//!
//! The checks are the connector's own. What is printed holds what the response says of its user, and no secret of ours.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use dex_connector::{Clock, Identity, Opening, UpstreamError};
use dex_upstreams::saml::{Explained, explain};
use dex_web::Issuer;
use serde_json::{Value, json};

use super::args::{Explain, Saml};
use crate::run::{Source, wall_clock};

/// The exit status for a response that logs nobody in.
const REFUSED: u8 = 1;

/// Does what was asked.
pub(super) fn run(Saml::Explain(asked): Saml) -> ExitCode {
    let explained = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let explained = explained.context("cannot start").and_then(|runtime| runtime.block_on(explained_by(&asked)));
    match explained {
        Ok(explained) => {
            let text = if asked.json { format!("{}\n", in_json(&explained)) } else { in_words(&explained) };
            super::print(&text);
            if explained.outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) }
        }
        Err(error) => super::fail(&format!("{error:#}\n")),
    }
}

async fn explained_by(asked: &Explain) -> anyhow::Result<Explained> {
    let config = Source::of(asked.config.clone()).read()?;
    let connector = config.connectors.iter().find(|connector| connector.id == asked.connector);
    let connector = connector.with_context(|| format!("there is no connector {:?}", asked.connector))?;
    anyhow::ensure!(connector.kind == "saml", "connector {:?} is of type {}", connector.id, connector.kind);
    let callback = Issuer::parse(&config.issuer).context("invalid config: issuer")?.absolute("/callback");
    let clock = Clock::new(wall_clock);
    let opening = Opening { id: &connector.id, config: &connector.config, callback: &callback, clock };
    let response = std::fs::read_to_string(&asked.response);
    let response = response.with_context(|| format!("failed to read {}", asked.response.display()))?;
    let now = asked.at.unwrap_or_else(wall_clock);
    let explained = explain(&opening, response.trim(), asked.in_response_to.as_deref(), now).await;
    explained.map_err(|error: UpstreamError| anyhow::anyhow!("failed to open connector {}: {error}", connector.id))
}

fn in_words(explained: &Explained) -> String {
    let mut text = String::new();
    let mut line = |mark: &str, name: &str, found: &str| {
        writeln!(text, "{mark:8} {name:20} {found}").expect("a String takes it");
    };
    for (name, found) in &explained.checked {
        line("passed", name, found);
    }
    match &explained.outcome {
        Ok(identity) => {
            line("", "", "");
            let groups = identity.groups.join(", ");
            line("login", "user id", &identity.user_id);
            line("", "name", &identity.username);
            line("", "email", &identity.email);
            line("", "groups", if groups.is_empty() { "none" } else { &groups });
        }
        Err((name, reason)) => {
            line("REFUSED", name, reason);
        }
    }
    text.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn in_json(explained: &Explained) -> Value {
    match &explained.outcome {
        Ok(Identity { user_id, username, email, groups, .. }) => json!({
            "accepted": true,
            "identity": {"user_id": user_id, "username": username, "email": email, "groups": groups},
        }),
        Err((check, reason)) => json!({"accepted": false, "check": check, "reason": reason}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(outcome: Result<Identity, (&'static str, String)>) -> Explained {
        Explained { checked: vec![("status", "Success".into())], outcome }
    }

    #[test]
    fn a_login_and_a_refusal_are_told_in_words_and_in_json() {
        let identity = Identity {
            user_id: "u".into(),
            username: "Una".into(),
            email: "u@x".into(),
            groups: vec!["a".into(), "b".into()],
            ..Identity::default()
        };
        let accepted = explained(Ok(identity));
        let words = "passed   status               Success\n\nlogin    user id              u\n         \
                     name                 Una\n         email                u@x\n         groups               a, b\n";
        assert_eq!(in_words(&accepted), words);
        let json = r#"{"accepted":true,"identity":{"user_id":"u","username":"Una","email":"u@x","groups":["a","b"]}}"#;
        assert_eq!(in_json(&accepted).to_string(), json);
        let refused = explained(Err(("audience", "another".into())));
        assert_eq!(in_words(&refused).lines().last(), Some("REFUSED  audience             another"));
        let json = r#"{"accepted":false,"check":"audience","reason":"another"}"#;
        assert_eq!(in_json(&refused).to_string(), json);
    }
}
