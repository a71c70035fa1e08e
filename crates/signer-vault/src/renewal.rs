//! The life of our own token at the vault.
//!
//! A token that can be renewed is renewed when half of its time is over, for as long as the vault lets it live. That
//! takes the rights of the vault's `default` policy (`auth/token/lookup-self`, `auth/token/renew-self`).

use std::sync::Mutex;
use std::time::Duration;

use dex_web::signing::RemoteError;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::http::Http;

/// How long after a refusal it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// When the token is renewed next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Due {
    /// Nothing is known of it yet.
    #[default]
    Unknown,
    At(Instant),
    /// It lives for ever, or cannot be renewed.
    Never,
}

#[derive(Default)]
pub(crate) struct Renewal(Mutex<Due>);

impl Renewal {
    /// Renews the token when it is time. Called about every 30 seconds; a failure is told and tried again.
    pub(crate) async fn tend(&self, http: &Http) {
        let now = Instant::now();
        let due = *self.0.lock().expect("nothing panics under this lock");
        let next = match due {
            Due::Unknown => look(http, now).await,
            Due::At(at) if now >= at => renew(http, now).await,
            Due::At(_) | Due::Never => return,
        };
        *self.0.lock().expect("nothing panics under this lock") = next;
    }
}

async fn look(http: &Http, now: Instant) -> Due {
    match http.get(&["auth", "token", "lookup-self"]).await {
        Ok(answer) => match judge(&answer["data"], "ttl") {
            Life::Endless => Due::Never,
            Life::Renewable(_) => renew(http, now).await,
            Life::Ends(after) => {
                tracing::warn!(seconds = after.as_secs(), "the vault token ends and cannot be renewed");
                Due::Never
            }
        },
        // Worth a question at the next look.
        Err(RemoteError::Unavailable(_)) => Due::Unknown,
        Err(error) => {
            tracing::warn!(err = %error, "the vault token cannot be looked at, and is not renewed");
            Due::Never
        }
    }
}

async fn renew(http: &Http, now: Instant) -> Due {
    match http.post(&["auth", "token", "renew-self"], &json!({})).await {
        Ok(answer) => match judge(&answer["auth"], "lease_duration") {
            Life::Endless => Due::Never,
            Life::Renewable(left) => Due::At(now + left / 2),
            Life::Ends(after) => {
                tracing::warn!(seconds = after.as_secs(), "the vault token was renewed for the last time");
                Due::Never
            }
        },
        Err(RemoteError::Unavailable(_)) => Due::At(now),
        Err(error) => {
            tracing::warn!(err = %error, "the vault token was not renewed");
            Due::At(now + AGAIN_AFTER)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Life {
    Endless,
    Renewable(Duration),
    Ends(Duration),
}

fn judge(about: &Value, seconds: &str) -> Life {
    match (about[seconds].as_u64().unwrap_or_default(), about["renewable"].as_bool()) {
        (0, _) => Life::Endless,
        (left, Some(true)) => Life::Renewable(Duration::from_secs(left)),
        (left, _) => Life::Ends(Duration::from_secs(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_endless_renewable_or_ends() {
        let cases = [
            (json!({"ttl": 0, "renewable": false}), Life::Endless),
            (json!({"ttl": 60, "renewable": true}), Life::Renewable(Duration::from_secs(60))),
            (json!({"ttl": 60, "renewable": false}), Life::Ends(Duration::from_secs(60))),
            (json!({"ttl": 60}), Life::Ends(Duration::from_secs(60))),
            (json!(null), Life::Endless),
        ];
        for (about, expected) in cases {
            assert_eq!(judge(&about, "ttl"), expected, "{about}");
        }
    }
}
