//! The tokens of a user's that are kept between refreshes, in the layouts Dex has.

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_model::{Timestamp, ZERO_TIME, later};
use dex_upstream_client::{Secret, TokenAnswer};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How long before its end an access token is taken for dead, because the call takes time too.
const EARLY: Duration = Duration::from_secs(10);

/// Which members are written (connectors-platform spec, 1.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// All three.
    Whole,
    /// `refreshToken` is left out when there is none.
    GitHub,
    /// Without `expiry`.
    GitLab,
    /// The access token alone.
    LinkedIn,
}

/// A user's tokens at the forge.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Secret,
    /// `None` if it does not say.
    pub(crate) expiry: Option<Timestamp>,
}

/// As it is stored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    access_token: Option<Secret>,
    refresh_token: Option<Secret>,
    expiry: Option<Timestamp>,
}

impl Held {
    pub(crate) fn granted(answer: TokenAnswer, now: Timestamp) -> Self {
        Self {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token.unwrap_or_default(),
            expiry: answer.expires_in.map(|span| later(now, span)),
        }
    }

    /// What a login or refresh stored. Nothing at all is read as no tokens.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unacceptable`] for data that is not of this connector; it holds nothing of the data.
    pub(crate) fn read(data: &[u8], whose: &str) -> Result<Self, UpstreamError> {
        let data = if data.is_empty() { b"{}" } else { data };
        let no_json = |error: serde_json::Error| {
            UpstreamError::Unacceptable(format!(
                "{whose}: unmarshal connector data: not the JSON that is stored ({:?} error)",
                error.classify()
            ))
        };
        let stored: Stored = serde_json::from_slice(data).map_err(no_json)?;
        Ok(Self {
            access_token: stored.access_token.unwrap_or_default(),
            refresh_token: stored.refresh_token.unwrap_or_default(),
            expiry: stored.expiry.filter(|expiry| *expiry > ZERO_TIME),
        })
    }

    /// What to store.
    pub(crate) fn write(&self, layout: Layout) -> Vec<u8> {
        let mut members = Map::new();
        members.insert("accessToken".into(), self.access_token.expose().into());
        let refresh_token = match layout {
            Layout::Whole | Layout::GitLab => true,
            Layout::GitHub => !self.refresh_token.is_empty(),
            Layout::LinkedIn => false,
        };
        if refresh_token {
            members.insert("refreshToken".into(), self.refresh_token.expose().into());
        }
        if matches!(layout, Layout::Whole | Layout::GitHub) {
            members.insert("expiry".into(), self.expiry.unwrap_or(ZERO_TIME).to_string().into());
        }
        Value::Object(members).to_string().into_bytes()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.access_token.is_empty() && self.refresh_token.is_empty()
    }

    /// Whether the access token can still be used.
    pub(crate) fn works(&self, now: Timestamp) -> bool {
        !self.access_token.is_empty() && self.expiry.is_none_or(|expiry| expiry > later(now, EARLY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dex_stored_is_read_and_written_as_it_would() {
        let cases = [
            // layout, what Dex stored, what we write
            (Layout::GitHub, r#"{"accessToken":"a"}"#, r#"{"accessToken":"a","expiry":"0001-01-01T00:00:00Z"}"#),
            (
                Layout::GitHub,
                r#"{"accessToken":"a","refreshToken":"r","expiry":"2026-08-06T12:00:00.5+02:00"}"#,
                r#"{"accessToken":"a","refreshToken":"r","expiry":"2026-08-06T10:00:00.5Z"}"#,
            ),
            (Layout::GitLab, r#"{"accessToken":"a","refreshToken":"r"}"#, r#"{"accessToken":"a","refreshToken":"r"}"#),
            (Layout::LinkedIn, r#"{"accessToken":"a"}"#, r#"{"accessToken":"a"}"#),
            (Layout::GitLab, "", r#"{"accessToken":"","refreshToken":""}"#),
            (
                Layout::Whole,
                r#"{"accessToken":"a","refreshToken":null,"expiry":"0001-01-01T00:00:00Z","x":1}"#,
                r#"{"accessToken":"a","refreshToken":"","expiry":"0001-01-01T00:00:00Z"}"#,
            ),
        ];
        for (layout, stored, written) in cases {
            let held = Held::read(stored.as_bytes(), "x").unwrap();
            assert_eq!(String::from_utf8(held.write(layout)).unwrap(), written, "{stored}");
        }
    }

    #[test]
    fn data_that_is_not_ours_is_refused_without_being_quoted() {
        for data in ["hunter2", r#"{"accessToken":["hunter2"]}"#, r#"{"accessToken":"a","expiry":"hunter2"}"#] {
            let error = Held::read(data.as_bytes(), "gitea").map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("gitea: unmarshal connector data") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn an_access_token_works_until_ten_seconds_before_its_end() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let held = |token: &str, seconds: Option<u64>| Held {
            access_token: Secret::new(token),
            refresh_token: Secret::default(),
            expiry: seconds.map(|seconds| later(now, Duration::from_secs(seconds))),
        };
        for (token, seconds, works) in
            [("a", None, true), ("", None, false), ("a", Some(11), true), ("a", Some(10), false), ("a", Some(0), false)]
        {
            assert_eq!(held(token, seconds).works(now), works, "{token:?} {seconds:?}");
        }
    }
}
