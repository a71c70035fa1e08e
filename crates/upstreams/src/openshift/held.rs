//! The user's tokens that are kept between refreshes, as Dex stores them (connectors-platform spec, 1.15).

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_model::{Timestamp, ZERO_TIME, later};
use dex_upstream_client::{Auth, Secret, TokenAnswer};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How long before its end an access token is taken for dead, because the call takes time too.
const EARLY: Duration = Duration::from_secs(10);

/// A user's tokens.
pub(super) struct Held {
    access_token: Secret,
    token_type: String,
    pub(super) refresh_token: Secret,
    expiry: Option<Timestamp>,
    /// In seconds, as the server said it; 0 for nothing.
    expires_in: u64,
}

#[derive(Deserialize)]
struct Stored {
    access_token: Option<Secret>,
    token_type: Option<String>,
    refresh_token: Option<Secret>,
    expiry: Option<Timestamp>,
    expires_in: Option<u64>,
}

impl Held {
    pub(super) fn granted(answer: TokenAnswer, now: Timestamp) -> Self {
        Self {
            access_token: answer.access_token,
            token_type: answer.token_type,
            refresh_token: answer.refresh_token.unwrap_or_default(),
            expiry: answer.expires_in.map(|span| later(now, span)),
            expires_in: answer.expires_in.unwrap_or_default().as_secs(),
        }
    }

    /// What a login or refresh stored.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unacceptable`] for data that is not of this connector; it holds nothing of the data.
    pub(super) fn read(data: &[u8]) -> Result<Self, UpstreamError> {
        let stored: Stored = serde_json::from_slice(data)
            .map_err(|_| UpstreamError::Unacceptable("openshift: parsing token: not the JSON that is stored".into()))?;
        Ok(Self {
            access_token: stored.access_token.unwrap_or_default(),
            token_type: stored.token_type.filter(|kind| !kind.is_empty()).unwrap_or_else(|| "Bearer".into()),
            refresh_token: stored.refresh_token.unwrap_or_default(),
            expiry: stored.expiry.filter(|expiry| *expiry > ZERO_TIME),
            expires_in: stored.expires_in.unwrap_or_default(),
        })
    }

    /// What to store.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut members = Map::new();
        members.insert("access_token".into(), self.access_token.expose().into());
        members.insert("token_type".into(), self.token_type.as_str().into());
        if !self.refresh_token.is_empty() {
            members.insert("refresh_token".into(), self.refresh_token.expose().into());
        }
        members.insert("expiry".into(), self.expiry.unwrap_or(ZERO_TIME).to_string().into());
        if self.expires_in > 0 {
            members.insert("expires_in".into(), self.expires_in.into());
        }
        Value::Object(members).to_string().into_bytes()
    }

    /// Whether the access token can still be used.
    pub(super) fn works(&self, now: Timestamp) -> bool {
        !self.access_token.is_empty() && self.expiry.is_none_or(|expiry| expiry > later(now, EARLY))
    }

    pub(super) fn auth(&self) -> Auth<'_> {
        Auth::Scheme(&self.token_type, self.access_token.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dex_stored_is_read_and_written_as_it_would() {
        let whole = r#"{"access_token":"a","token_type":"Bearer","expiry":"2026-08-07T10:00:00Z","expires_in":86400}"#;
        let cases = [
            (whole, whole),
            (
                r#"{"access_token":"a","refresh_token":"r","expiry":"0001-01-01T00:00:00Z"}"#,
                r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expiry":"0001-01-01T00:00:00Z"}"#,
            ),
            (
                r#"{"access_token":"a","expiry":"2026-08-06T12:00:00.5+02:00","expires_in":null}"#,
                r#"{"access_token":"a","token_type":"Bearer","expiry":"2026-08-06T10:00:00.5Z"}"#,
            ),
        ];
        for (stored, written) in cases {
            assert_eq!(String::from_utf8(Held::read(stored.as_bytes()).unwrap().write()).unwrap(), written);
        }
        for data in ["", "hunter2", r#"{"access_token":["hunter2"]}"#] {
            let error = Held::read(data.as_bytes()).map(drop).unwrap_err().to_string();
            assert!(error.contains("parsing token") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn an_access_token_works_until_ten_seconds_before_its_end() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (stored, works) in [
            (r#"{"access_token":"a"}"#, true),
            (r#"{"access_token":""}"#, false),
            (r#"{"access_token":"a","expiry":"2026-01-01T00:00:11Z"}"#, true),
            (r#"{"access_token":"a","expiry":"2026-01-01T00:00:10Z"}"#, false),
        ] {
            assert_eq!(Held::read(stored.as_bytes()).unwrap().works(now), works, "{stored}");
        }
    }
}
