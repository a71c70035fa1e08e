//! Which refresh tokens a user holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ConnectorData, Timestamp, ZERO_TIME};

/// How many refresh tokens a user may hold at once for one client and connector. One more makes
/// the one issued longest ago give way.
pub const TOKENS_PER_CLIENT_MAX: usize = 64;

/// The refresh tokens of a user from one connector (storage spec, 2.6).
///
/// Dex keeps one token a client, in a map keyed by the client's id. We keep several: the newest
/// under the client's id, where Dex looks, and the others under keys of their own, which Dex
/// carries along unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfflineSessions {
    /// The connector's id of the user.
    pub user_id: String,
    /// The connector.
    pub connector_id: String,
    /// The references, by client id or by a key of ours.
    pub refresh: BTreeMap<String, RefreshTokenRef>,
    /// What the connector keeps for the next refresh.
    pub connector_data: ConnectorData,
}

/// Where a refresh token is to be found. JSON as in every back end of Dex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RefreshTokenRef {
    /// The refresh token's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// The client it belongs to.
    #[serde(rename = "ClientID")]
    pub client_id: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was last used, as far as was noted here.
    pub last_used: Timestamp,
    /// The browser session it came from, or empty.
    #[serde(rename = "SessionID")]
    pub session_id: String,
}

impl Default for RefreshTokenRef {
    fn default() -> Self {
        Self {
            id: String::new(),
            client_id: String::new(),
            created_at: ZERO_TIME,
            last_used: ZERO_TIME,
            session_id: String::new(),
        }
    }
}

impl OfflineSessions {
    /// Adds a token as its client's newest. Answers the ids of the tokens that gave way, which the
    /// caller removes.
    #[must_use]
    pub fn hold(mut self, new: RefreshTokenRef) -> (Self, Vec<String>) {
        if let Some(former) = self.refresh.remove(&new.client_id) {
            self.refresh.insert(format!("{} {}", former.client_id, former.id), former);
        }
        let client_id = new.client_id.clone();
        self.refresh.insert(client_id.clone(), new);
        let mut gone = Vec::new();
        while self.of_client(&client_id).count() > TOKENS_PER_CLIENT_MAX {
            let oldest = self.of_client(&client_id).min_by_key(|(_, token)| token.created_at);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            gone.extend(self.refresh.remove(&key).map(|token| token.id));
        }
        (self, gone)
    }

    /// Forgets a token. The newest of the client's others takes its place under the client's id.
    #[must_use]
    pub fn forget(mut self, refresh_id: &str) -> Self {
        let Some((key, gone)) = self.refresh.iter().find(|(_, token)| token.id == refresh_id) else {
            return self;
        };
        let (key, client_id) = (key.clone(), gone.client_id.clone());
        self.refresh.remove(&key);
        if key == client_id {
            let newest = self.of_client(&client_id).max_by_key(|(_, token)| token.created_at);
            if let Some(token) = newest.map(|(key, _)| key.clone()).and_then(|key| self.refresh.remove(&key)) {
                self.refresh.insert(client_id, token);
            }
        }
        self
    }

    /// Whether the user still holds this token.
    pub fn holds(&self, refresh_id: &str) -> bool {
        self.refresh.values().any(|token| token.id == refresh_id)
    }

    fn of_client<'a>(&'a self, client_id: &'a str) -> impl Iterator<Item = (&'a String, &'a RefreshTokenRef)> {
        self.refresh.iter().filter(move |(_, token)| token.client_id == client_id)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::later;

    fn token(id: &str, client: &str, second: u64) -> RefreshTokenRef {
        let at = later(Timestamp::UNIX_EPOCH, Duration::from_secs(second));
        RefreshTokenRef { id: id.into(), client_id: client.into(), created_at: at, last_used: at, ..Default::default() }
    }

    #[test]
    fn a_second_device_does_not_sign_the_first_out_and_dex_sees_the_newest() {
        let (sessions, gone) = OfflineSessions::default().hold(token("first", "web", 1));
        let (sessions, gone_too) = sessions.hold(token("second", "web", 2));
        assert!(gone.is_empty() && gone_too.is_empty());
        assert!(sessions.holds("first") && sessions.holds("second"));
        assert_eq!(sessions.refresh["web"].id, "second");
        let sessions = sessions.forget("second");
        assert_eq!(sessions.refresh["web"].id, "first");
        assert_eq!(sessions.forget("first").refresh.len(), 0);
    }

    #[test]
    fn the_oldest_gives_way_beyond_the_limit_and_other_clients_are_not_touched() {
        let (mut sessions, _) = OfflineSessions::default().hold(token("other", "cli", 0));
        for n in 0..TOKENS_PER_CLIENT_MAX as u64 {
            let (next, gone) = sessions.hold(token(&format!("t{n}"), "web", n + 1));
            assert!(gone.is_empty(), "{n}");
            sessions = next;
        }
        let (sessions, gone) = sessions.hold(token("one more", "web", 1000));
        assert_eq!(gone, ["t0"]);
        assert!(sessions.holds("other") && sessions.holds("one more") && !sessions.holds("t0"));
    }

    #[test]
    fn a_reference_reads_as_dex_writes_it() {
        let json = r#"{"ID":"r1","ClientID":"example-app","CreatedAt":"2026-08-06T15:14:24.123456789Z","LastUsed":"2026-08-06T15:14:24Z","SessionID":""}"#;
        let read: RefreshTokenRef = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}
