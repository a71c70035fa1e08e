//! What a session's browser carries for its logout, sealed in a cookie of its own.
//!
//! It is bound to the session's id and means nothing without that session. Nothing of it is stored.

use std::time::Duration;

use dex_model::{AuthSession, Timestamp, id, later};
use dex_web::cookies::{self, COOKIE_BYTES_MAX};
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::visit::Visit;

/// How long a logout may take at the upstream. What comes back later ends nothing.
pub(super) const UPSTREAM_LOGOUT_MAX: Duration = Duration::from_secs(10 * 60);

/// Between the logout that is on its way and the connector's data; JSON of one line has none.
const SEPARATOR: u8 = b'\n';

/// What the browser carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    /// The logout that is on its way through the upstream.
    pub(super) underway: Option<Underway>,
    /// What the login handed over for the logout; empty if it was nothing, or too large.
    pub(super) data: Vec<u8>,
}

/// A logout on its way through the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Underway {
    /// What names it.
    pub(super) state: String,
    since: Timestamp,
}

impl Underway {
    /// A logout that begins now.
    pub(super) fn begin(now: Timestamp) -> Self {
        Self { state: id::new_login_id(), since: now }
    }

    /// Whether its answer may still come.
    pub(super) fn awaited(&self, now: Timestamp) -> bool {
        now <= later(self.since, UPSTREAM_LOGOUT_MAX)
    }
}

impl Carried {
    /// What this browser carries for the logout of `session`: nothing if its cookie is another session's or broken.
    pub(super) fn of(visit: &Visit<'_>, session: &AuthSession) -> Self {
        let sealed = cookies::upstream(&visit.incoming.headers);
        let bytes = sealed.and_then(|sealed| visit.app.seals.open_logout(&session.id, sealed));
        bytes.and_then(|bytes| Self::read(&bytes)).unwrap_or_default()
    }

    /// The cookie that has the browser carry it, without the data if that is too much; `None` if nothing can be sealed.
    pub(super) fn cookie(&self, visit: &Visit<'_>, session: &AuthSession) -> Option<HeaderValue> {
        let seal = |data: &[u8]| visit.app.seals.seal_logout(&session.id, &self.write(data));
        let sealed = match seal(&self.data)? {
            sealed if sealed.len() <= COOKIE_BYTES_MAX => sealed,
            _ => seal(b"")?,
        };
        Some(cookies::keep_upstream(&visit.app.issuer, &sealed, session.seconds_left(visit.now)))
    }

    fn write(&self, data: &[u8]) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&self.underway).expect("texts and times are always JSON");
        bytes.push(SEPARATOR);
        bytes.extend_from_slice(data);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == SEPARATOR)?;
        let underway = serde_json::from_slice(&bytes[..end]).ok()?;
        Some(Self { underway, data: bytes[end + 1..].to_vec() })
    }
}

/// The cookie that keeps, from a login, what the upstream's logout will want. `None` if that is nothing.
pub(crate) fn remember(visit: &Visit<'_>, session: &AuthSession, data: &[u8]) -> Option<HeaderValue> {
    if data.is_empty() {
        return None;
    }
    Carried { underway: None, data: data.to_vec() }.cookie(visit, session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_is_read_as_it_was_written() {
        let now = Timestamp::UNIX_EPOCH;
        for data in ["", "a.b.c", "two\nlines\n"] {
            for underway in [None, Some(Underway::begin(now))] {
                let carried = Carried { underway, data: data.into() };
                assert_eq!(Carried::read(&carried.write(&carried.data)), Some(carried));
            }
        }
        for broken in ["", "null", "{}\n", "[\n"] {
            assert_eq!(Carried::read(broken.as_bytes()), None, "{broken:?}");
        }
    }

    #[test]
    fn a_logout_is_awaited_for_ten_minutes() {
        let underway = Underway::begin(Timestamp::UNIX_EPOCH);
        for (seconds, expected) in [(0, true), (600, true), (601, false)] {
            let now = later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds));
            assert_eq!(underway.awaited(now), expected, "{seconds}");
        }
        assert!(underway.state.starts_with(|c: char| c.is_ascii_alphabetic()), "an XML ID starts with a letter");
    }
}
