//! The claims of ID and access tokens (oidc-core spec, 19.2).

use dex_model::Timestamp;
use dex_oidc::{Audience, Scope};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::Subject;

/// Which kind of token.
///
/// Dex's two kinds have the same header and the same claims, and clients rely on that. We tell ours apart by
/// the version of the UUID in `jti`: 4 for access tokens, 8 (RFC 9562 §5.8) for ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An access token.
    Access,
    /// An ID token.
    Id,
}

impl Kind {
    /// A fresh `jti`.
    pub fn new_jti(self) -> String {
        self.jti_from(Uuid::new_v4().into_bytes())
    }

    /// The `jti` that follows from 16 bytes.
    pub fn jti_from(self, bytes: [u8; 16]) -> String {
        match self {
            Self::Access => Builder::from_random_bytes(bytes).into_uuid(),
            Self::Id => Builder::from_custom_bytes(bytes).into_uuid(),
        }
        .to_string()
    }

    /// Whether a token is an ID token of ours, or one that Dex issued with a code.
    pub fn is_id_token(claims: &TokenClaims) -> bool {
        let ours = Uuid::parse_str(&claims.jti).is_ok_and(|jti| jti.get_version_num() == 8);
        ours || claims.c_hash.is_some() || claims.at_hash.is_none()
    }
}

/// The claims, in the order Dex writes them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TokenClaims {
    /// The issuer.
    pub iss: String,
    /// User and connector.
    pub sub: String,
    /// Whom it is for.
    pub aud: Audience,
    /// When it dies, in seconds since 1970.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Its id; empty in tokens of Dex up to v2.45.1.
    #[serde(default)]
    pub jti: String,
    /// Who asked for it, if it is for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// The client's nonce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// When the user logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The browser session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The hash of the access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// The hash of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// With scope `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// With scope `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// With scope `groups`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// With scope `profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With scope `profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// With scope `federated:id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federated_claims: Option<FederatedClaims>,
}

/// What tells a logout token from the others.
#[derive(Deserialize)]
struct LogoutMark {
    #[serde(default)]
    events: Option<IgnoredAny>,
}

/// Who the user is to the upstream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FederatedClaims {
    /// The connector.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connector_id: String,
    /// The user there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
}

impl TokenClaims {
    /// The claims that ID and access token share.
    pub(super) fn of(iss: &str, subject: &Subject, aud: Audience, now: Timestamp, expiry: Timestamp) -> Self {
        let user = &subject.claims;
        let filled = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        let mut claims = Self {
            iss: iss.to_owned(),
            sub: dex_oidc::subject(&user.user_id, &subject.connector_id),
            azp: aud.is_shared().then(|| subject.client_id.clone()),
            aud,
            exp: expiry.as_second(),
            iat: now.as_second(),
            nonce: filled(&subject.nonce),
            auth_time: subject.auth_time.map(Timestamp::as_second),
            sid: filled(&subject.session_id),
            ..Self::default()
        };
        for scope in &subject.scopes {
            match Scope::of(scope) {
                Scope::Email => {
                    claims.email = filled(&user.email);
                    claims.email_verified = Some(user.email_verified);
                }
                Scope::Groups => claims.groups.clone_from(&user.groups),
                Scope::Profile => {
                    claims.name = filled(&user.username);
                    claims.preferred_username = filled(&user.preferred_username);
                }
                Scope::FederatedId => {
                    claims.federated_claims = Some(FederatedClaims {
                        connector_id: subject.connector_id.clone(),
                        user_id: user.user_id.clone(),
                    });
                }
                _ => {}
            }
        }
        claims
    }

    /// The same without the claims of the scopes `email` and `profile`, which OpenID Connect Core §5.4 has `/userinfo`
    /// tell wherever an access token is issued. Dex's own scopes keep theirs.
    pub(super) fn without_userinfo(self) -> Self {
        Self { email: None, email_verified: None, name: None, preferred_username: None, ..self }
    }

    /// The claims of an ID or access token of ours, whose signature was verified. `None` for what is neither: a logout token
    /// is signed with the same key, and tells of `events` (OpenID Connect Back-Channel Logout 1.0 §2.4). Dex's has no `typ`.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let LogoutMark { events } = serde_json::from_slice(payload).ok()?;
        if events.is_some() { None } else { serde_json::from_slice(payload).ok() }
    }

    /// The client that asked for the token: the only audience, or `azp`.
    pub fn client_id(&self) -> Option<&str> {
        match self.aud.0.as_slice() {
            [one] => Some(one),
            _ => self.azp.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_decide_which_claims_are_told() {
        let subject = |scopes: &[&str]| Subject {
            client_id: "web".into(),
            claims: dex_model::Claims {
                user_id: "foo".into(),
                username: "Jane".into(),
                email: "jane@example.com".into(),
                groups: vec!["a".into()],
                ..Default::default()
            },
            connector_id: "bar".into(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            nonce: "n".into(),
            auth_time: Some(Timestamp::UNIX_EPOCH),
            session_id: String::new(),
        };
        let json = |scopes: &[&str]| {
            let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::constant(60, 0));
            let claims = TokenClaims::of("i", &subject(scopes), Audience::of("web", []), from, to);
            String::from_utf8(dex_oidc::to_json(&TokenClaims { jti: "j".into(), ..claims })).unwrap()
        };
        let base =
            r#"{"iss":"i","sub":"CgNmb28SA2Jhcg","aud":"web","exp":60,"iat":0,"jti":"j","nonce":"n","auth_time":0"#;
        assert_eq!(json(&["openid"]), format!("{base}}}"));
        let email = r#","email":"jane@example.com","email_verified":false"#;
        let rest = r#","groups":["a"],"name":"Jane","federated_claims":{"connector_id":"bar","user_id":"foo"}}"#;
        assert_eq!(json(&["profile", "groups", "email", "federated:id"]), format!("{base}{email}{rest}"));
    }

    #[test]
    fn id_tokens_are_told_from_access_tokens() {
        let claims = |jti: String, at_hash: bool, c_hash: bool| TokenClaims {
            jti,
            at_hash: at_hash.then(String::new),
            c_hash: c_hash.then(String::new),
            ..TokenClaims::default()
        };
        let cases = [
            ("our access token", claims(Kind::Access.new_jti(), true, false), false),
            ("our ID token from a refresh", claims(Kind::Id.new_jti(), true, false), true),
            ("Dex's ID token with a code", claims(Kind::Access.new_jti(), true, true), true),
            ("Dex's access token, no jti", claims(String::new(), true, false), false),
        ];
        for (told, claims, expected) in cases {
            assert_eq!(Kind::is_id_token(&claims), expected, "{told}");
        }
    }
}
