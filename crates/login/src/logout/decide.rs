//! Whether a logout needs asking (sessions spec, 4.1).

use dex_model::AuthSession;
use dex_token::mint::TokenClaims;

/// What came as `id_token_hint`.
pub(super) enum Hint {
    /// Nothing.
    None,
    /// Something that proves nothing: not ours, or its key is gone.
    Unverified,
    /// A token of ours.
    Verified(Box<TokenClaims>),
}

/// What a request for a logout comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome<'a> {
    /// There is nobody to log out.
    Nobody,
    /// The user is asked.
    Ask,
    /// The session ends.
    LogOut(&'a AuthSession),
}

/// The browser's session decides who is logged out; a hint that fits it spares the user the question. `confirmed` is a form
/// from a page of ours. Without a hint it has said yes; a hint that does not fit is a form of somebody else's making.
pub(super) fn decide<'a>(session: Option<&'a AuthSession>, hint: &Hint, confirmed: bool) -> Outcome<'a> {
    match (session, hint) {
        (None, _) => Outcome::Nobody,
        (Some(session), Hint::Verified(claims)) if is_of(session, claims) => Outcome::LogOut(session),
        (Some(session), Hint::None) if confirmed => Outcome::LogOut(session),
        (Some(_), _) => Outcome::Ask,
    }
}

/// Whether the token was issued to this session's user, and in this session if it says in which.
fn is_of(session: &AuthSession, claims: &TokenClaims) -> bool {
    claims.sub == dex_oidc::subject(&session.user_id, &session.connector_id)
        && claims.sid.as_ref().is_none_or(|sid| *sid == session.id)
}

#[cfg(test)]
mod tests {
    use dex_model::{TokenSecret, ZERO_TIME};

    use super::*;

    fn session() -> AuthSession {
        AuthSession {
            id: "s1".into(),
            secret: TokenSecret::default(),
            user_id: "jane".into(),
            connector_id: "ldap".into(),
            client_states: [].into(),
            created_at: ZERO_TIME,
            last_activity: ZERO_TIME,
            ip_address: String::new(),
            user_agent: String::new(),
            absolute_expiry: ZERO_TIME,
            idle_expiry: ZERO_TIME,
            logout_state: None,
        }
    }

    fn hint(user: &str, connector: &str, sid: Option<&str>) -> Hint {
        let (sub, sid) = (dex_oidc::subject(user, connector), sid.map(str::to_owned));
        Hint::Verified(Box::new(TokenClaims { sub, sid, ..TokenClaims::default() }))
    }

    #[test]
    fn the_decision_table() {
        let session = session();
        let [ask, log_out] = [Outcome::Ask, Outcome::LogOut(&session)];
        let cases = [
            // told                          hint                               GET     our form
            ("no hint", Hint::None, [ask, log_out]),
            ("of this session", hint("jane", "ldap", Some("s1")), [log_out, log_out]),
            ("of this user, of no session", hint("jane", "ldap", None), [log_out, log_out]),
            ("of another session of hers", hint("jane", "ldap", Some("s2")), [ask, ask]),
            ("of a session without a name", hint("jane", "ldap", Some("")), [ask, ask]),
            ("of another user", hint("john", "ldap", None), [ask, ask]),
            ("of another connector", hint("jane", "oidc", None), [ask, ask]),
            ("of this session, of another user", hint("john", "ldap", Some("s1")), [ask, ask]),
            ("not verified", Hint::Unverified, [ask, ask]),
        ];
        for (told, hint, expected) in cases {
            let got = [false, true].map(|confirmed| decide(Some(&session), &hint, confirmed));
            assert_eq!(got, expected, "{told}");
            let nobody = [false, true].map(|confirmed| decide(None, &hint, confirmed));
            assert_eq!(nobody, [Outcome::Nobody; 2], "{told}");
        }
    }
}
