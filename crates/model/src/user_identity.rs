//! A user as last seen, with consents and second factors.

use std::collections::BTreeMap;

use crate::{Claims, Timestamp, TokenSecret, ZERO_TIME};

/// How many scopes a consent to one client holds. Beyond that only the newest consent is kept, and the user is asked again.
pub const CONSENTED_SCOPES_MAX: usize = 200;

/// A user of one connector (storage spec, 2.10); kept only with browser sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// The connector's id of the user.
    pub user_id: String,
    /// The connector.
    pub connector_id: String,
    /// What the last login said.
    pub claims: Claims,
    /// The scopes consented to, by client id.
    pub consents: BTreeMap<String, Vec<String>>,
    /// One-time-code secrets, by authenticator id.
    pub mfa_secrets: BTreeMap<String, MfaSecret>,
    /// Security keys, by authenticator id.
    pub webauthn_credentials: BTreeMap<String, Vec<WebAuthnCredential>>,
    /// The first login.
    pub created_at: Timestamp,
    /// The last login.
    pub last_login: Timestamp,
    /// Until when the account is locked; the zero time if it is not.
    pub blocked_until: Timestamp,
}

impl UserIdentity {
    /// A user who logs in for the first time.
    pub fn begin(user_id: &str, connector_id: &str, claims: Claims, now: Timestamp) -> Self {
        Self {
            user_id: user_id.to_owned(),
            connector_id: connector_id.to_owned(),
            claims,
            consents: BTreeMap::new(),
            mfa_secrets: BTreeMap::new(),
            webauthn_credentials: BTreeMap::new(),
            created_at: now,
            last_login: now,
            blocked_until: ZERO_TIME,
        }
    }

    /// Another login, as the upstream describes the user now.
    #[must_use]
    pub fn log_in(self, claims: Claims, now: Timestamp) -> Self {
        Self { claims, last_login: now, ..self }
    }

    /// Whether the account is locked (sessions spec, 2.16).
    pub fn blocked(&self, now: Timestamp) -> bool {
        self.blocked_until > now
    }

    /// Whether the user has agreed to all of this before (sessions spec, 2.15). `openid` gives nothing away.
    pub fn has_consented(&self, client_id: &str, scopes: &[String]) -> bool {
        let given = self.consents.get(client_id);
        given.is_some_and(|given| scopes.iter().all(|scope| scope == "openid" || given.contains(scope)))
    }

    /// Remembers that the user agrees to this, besides what was agreed to before.
    #[must_use]
    pub fn consent(mut self, client_id: &str, scopes: &[String]) -> Self {
        let given = self.consents.entry(client_id.to_owned()).or_default();
        for scope in scopes {
            if !given.contains(scope) {
                given.push(scope.clone());
            }
        }
        if given.len() > CONSENTED_SCOPES_MAX {
            *given = scopes.iter().take(CONSENTED_SCOPES_MAX).cloned().collect();
        }
        self
    }
}

/// A one-time-code secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaSecret {
    /// The authenticator it belongs to.
    pub authenticator_id: String,
    /// Its kind, `TOTP`.
    pub kind: String,
    /// An `otpauth` URL.
    pub secret: TokenSecret,
    /// Whether a code was ever right.
    pub confirmed: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last time step used, so that no code works twice.
    pub last_used_counter: i64,
}

/// A security key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAuthnCredential {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// Its public key, COSE-encoded.
    pub public_key: Vec<u8>,
    /// The attestation's type.
    pub attestation_type: String,
    /// The model of the authenticator.
    pub aaguid: Vec<u8>,
    /// The last signature counter seen.
    pub sign_count: u32,
    /// Whether a counter ever went backwards.
    pub clone_warning: bool,
    /// How the authenticator is reached.
    pub transport: Vec<String>,
    /// Whether the key may be copied.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backup_state: bool,
    /// A name for people.
    pub display_name: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::later;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn jane() -> UserIdentity {
        UserIdentity::begin("jane", "ldap", Claims::default(), NOW)
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn consents_add_up() {
        let jane = jane().consent("web", &words("openid email")).consent("web", &words("openid groups email"));
        let cases = [
            ("all of them", "web", "openid email groups", true),
            ("one of them", "web", "groups", true),
            ("openid alone", "web", "openid", true),
            ("one more", "web", "openid email profile", false),
            ("another client", "cli", "openid", false),
        ];
        for (told, client, scopes, expected) in cases {
            assert_eq!(jane.has_consented(client, &words(scopes)), expected, "{told}");
        }
        assert_eq!(jane.consents["web"], words("openid email groups"));
    }

    #[test]
    fn a_consent_does_not_grow_without_end() {
        let many: Vec<String> = (0..CONSENTED_SCOPES_MAX).map(|n| format!("s{n}")).collect();
        let full = jane().consent("web", &many);
        assert_eq!(full.consents["web"].len(), CONSENTED_SCOPES_MAX);
        let beyond = full.consent("web", &words("openid email"));
        assert_eq!(beyond.consents["web"], words("openid email"));
    }

    #[test]
    fn an_account_is_locked_until_a_moment() {
        let until = later(NOW, Duration::from_secs(10));
        let locked = UserIdentity { blocked_until: until, ..jane() };
        assert!(locked.blocked(later(NOW, Duration::from_secs(9))));
        assert!(!locked.blocked(until) && !jane().blocked(NOW));
    }

    #[test]
    fn another_login_changes_what_the_upstream_says_and_nothing_else() {
        let before = jane().consent("web", &words("email"));
        let claims = Claims { email: "jane@example.com".into(), ..Claims::default() };
        let at = later(NOW, Duration::from_secs(5));
        let after = before.clone().log_in(claims.clone(), at);
        assert_eq!(after, UserIdentity { claims, last_login: at, ..before });
    }
}
