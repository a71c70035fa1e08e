//! A refresh token and its rotation.

use std::time::Duration;

use crate::{Claims, ConnectorData, Timestamp, TokenSecret, later};

/// A refresh token: one family of secrets (storage spec, 2.5; RFC 6749 §1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The id, the same for the family's whole life.
    pub id: String,
    /// The secret in use.
    pub current: TokenSecret,
    /// The secret before it, or empty.
    pub obsolete: TokenSecret,
    /// When the family began.
    pub created_at: Timestamp,
    /// When it last rotated or was used.
    pub last_used: Timestamp,
    /// The client it belongs to.
    pub client_id: String,
    /// The connector the user came through.
    pub connector_id: String,
    /// Connector data of releases that kept it here.
    pub connector_data: ConnectorData,
    /// Who the user is, as of the last refresh.
    pub claims: Claims,
    /// The scopes granted.
    pub scopes: Vec<String>,
    /// The nonce of the authorization request.
    pub nonce: String,
}

/// `expiry.refreshTokens` (config spec, 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// Whether each use makes a new secret.
    pub rotate: bool,
    /// How long after a rotation the previous secret is still answered.
    pub reuse_interval: Duration,
    /// How long a family lives; `None` is for ever.
    pub absolute_lifetime: Option<Duration>,
    /// How long a family lives without use; `None` is for ever.
    pub idle_lifetime: Option<Duration>,
}

/// Why a refresh token is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// Its time has passed; the caller may remove it.
    #[error("the refresh token expired")]
    Expired,
    /// The secret was rotated out before. It is taken for theft: the caller revokes the family (RFC 9700 §4.14.2).
    #[error("the refresh token was used before")]
    Reused,
    /// The secret was never this family's, or is too old to tell.
    #[error("the refresh token is not known")]
    Unknown,
}

/// What a presented secret turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// It was in use: the family moves on to a new secret, or with rotation off is used again.
    Current,
    /// It was replaced moments ago and its answer was lost: the one in use is told again.
    Retold,
}

impl RefreshToken {
    /// What `presented` is to this family at `now`; nothing is changed.
    ///
    /// The previous secret is answered for `policy.reuse_interval` after a rotation. The secret in use is
    /// always answered. An empty secret is that of a legacy token, whose id alone was the token.
    ///
    /// # Errors
    ///
    /// [`RefreshError::Expired`] beyond either lifetime, [`RefreshError::Reused`] for the previous secret beyond
    /// the interval, [`RefreshError::Unknown`] for any other.
    pub fn check(&self, presented: &str, policy: &RefreshPolicy, now: Timestamp) -> Result<Rotated, RefreshError> {
        let beyond = |from, lifetime: Option<Duration>| lifetime.is_some_and(|span| now > later(from, span));
        let expired = beyond(self.created_at, policy.absolute_lifetime) || beyond(self.last_used, policy.idle_lifetime);
        if self.current.matches(presented) {
            return if expired { Err(RefreshError::Expired) } else { Ok(Rotated::Current) };
        }
        if self.obsolete.is_empty() || !self.obsolete.matches(presented) {
            return Err(RefreshError::Unknown);
        }
        if expired {
            return Err(RefreshError::Expired);
        }
        let reusable = !policy.reuse_interval.is_zero() && now <= later(self.last_used, policy.reuse_interval);
        if reusable { Ok(Rotated::Retold) } else { Err(RefreshError::Reused) }
    }

    /// Makes `next` the secret in use, if `presented` still is it, and takes over the refreshed claims.
    ///
    /// With rotation off, only the time of use and the claims change. The stored user id never does: it is
    /// part of who the token belongs to. When [`Rotated::Retold`] is answered nothing has changed, and the
    /// secret to tell is `current`.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn rotate(
        mut self,
        presented: &str,
        next: TokenSecret,
        claims: &Claims,
        policy: &RefreshPolicy,
        now: Timestamp,
    ) -> Result<(Self, Rotated), RefreshError> {
        let rotated = self.check(presented, policy, now)?;
        if rotated == Rotated::Current {
            if policy.rotate {
                self.obsolete = std::mem::replace(&mut self.current, next);
            }
            self.last_used = now;
            self.claims = Claims { user_id: std::mem::take(&mut self.claims.user_id), ..claims.clone() };
            self.connector_data = ConnectorData::default();
        }
        Ok((self, rotated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RefreshPolicy = RefreshPolicy {
        rotate: true,
        reuse_interval: Duration::from_secs(3),
        absolute_lifetime: Some(Duration::from_secs(86_400)),
        idle_lifetime: Some(Duration::from_secs(3600)),
    };

    fn after(seconds: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn token() -> RefreshToken {
        RefreshToken {
            id: "id".into(),
            current: TokenSecret::new("b"),
            obsolete: TokenSecret::new("a"),
            created_at: after(0),
            last_used: after(0),
            client_id: "web".into(),
            connector_id: "local".into(),
            connector_data: ConnectorData::new("old"),
            claims: Claims { user_id: "1".into(), ..Claims::default() },
            scopes: vec!["openid".into()],
            nonce: String::new(),
        }
    }

    #[test]
    fn a_family_moves_on_retells_and_dies() {
        let cases = [
            // told                       presented at            the secret in use afterwards
            ("current rotates", "b", after(0), Ok("c")),
            ("current rotates within the interval too", "b", after(2), Ok("c")),
            ("previous, answer was lost", "a", after(3), Ok("b")),
            ("previous, interval is over", "a", after(4), Err(RefreshError::Reused)),
            ("last second of idleness", "b", after(3600), Ok("c")),
            ("idle too long", "b", after(3601), Err(RefreshError::Expired)),
            ("never ours", "x", after(0), Err(RefreshError::Unknown)),
            ("empty", "", after(0), Err(RefreshError::Unknown)),
        ];
        for (told, presented, now, expected) in cases {
            let got = token().rotate(presented, TokenSecret::new("c"), &Claims::default(), &POLICY, now);
            assert_eq!(got.map(|(token, _)| token.current), expected.map(TokenSecret::new), "{told}");
        }
    }

    #[test]
    fn the_absolute_lifetime_ends_even_a_busy_family() {
        let busy = |last: u64| RefreshToken { last_used: after(last), ..token() };
        assert_eq!(busy(86_399).check("b", &POLICY, after(86_400)), Ok(Rotated::Current));
        assert_eq!(busy(86_399).check("b", &POLICY, after(86_401)), Err(RefreshError::Expired));
        assert_eq!(busy(86_399).check("a", &POLICY, after(86_401)), Err(RefreshError::Expired));
    }

    #[test]
    fn without_rotation_the_secret_stays_and_without_an_interval_the_previous_is_theft() {
        let still = RefreshPolicy { rotate: false, ..POLICY };
        let (kept, _) = token().rotate("b", TokenSecret::new("c"), &Claims::default(), &still, after(9)).unwrap();
        assert_eq!((kept.current.expose(), kept.last_used), ("b", after(9)));
        let strict = RefreshPolicy { reuse_interval: Duration::ZERO, ..POLICY };
        assert_eq!(token().check("a", &strict, after(0)), Err(RefreshError::Reused));
    }

    #[test]
    fn refreshed_claims_replace_all_but_the_user_id() {
        let fresh = Claims { user_id: "2".into(), email: "new@example.com".into(), ..Claims::default() };
        let (token, _) = token().rotate("b", TokenSecret::new("c"), &fresh, &POLICY, after(1)).unwrap();
        assert_eq!((token.claims.user_id.as_str(), token.claims.email.as_str()), ("1", "new@example.com"));
        assert!(token.connector_data.is_empty());
    }
}
