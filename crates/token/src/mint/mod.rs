//! Every token that leaves dex is made here (oidc-core spec, 19).

mod claims;
mod front_channel;
mod logout;
mod response;

pub use claims::{FederatedClaims, Kind, TokenClaims};
pub use front_channel::{Authenticated, FrontChannel, issue_front_channel};
pub use logout::{LOGOUT_TOKEN_LIFETIME, logout_token};
pub use response::TokenResponse;
pub(crate) use response::not_kept as response_not_kept;

use dex_jose::half_hash;
use dex_model::{Claims, Timestamp, TokenSecret, later};
use dex_oidc::TokenErrorCode;
use dex_web::signing::ActiveKey;
use dex_web::{App, TokenError};

use crate::scopes;

/// The token type URN of an access token (RFC 8693 §3).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The token type URN of an ID token.
pub const ID_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Whom tokens are for and what of.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The client.
    pub client_id: String,
    /// The user.
    pub claims: Claims,
    /// The connector the user came through.
    pub connector_id: String,
    /// The scopes granted.
    pub scopes: Vec<String>,
    /// The nonce, or empty.
    pub nonce: String,
    /// When the user logged in, where that is known.
    pub auth_time: Option<Timestamp>,
    /// The browser session, or empty.
    pub session_id: String,
}

/// What a grant has decided to issue.
pub struct Authorized {
    /// To whom and of what.
    pub subject: Subject,
    /// Which tokens.
    pub issue: Issue,
    /// The refresh token, as the client will hold it.
    pub refresh_token: Option<TokenSecret>,
    /// The code it was issued for, for `c_hash`.
    pub code: Option<TokenSecret>,
    /// The `jti` of the access token, where it must be found again; otherwise a fresh one.
    pub access_jti: Option<String>,
}

/// Which tokens a response holds besides the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issue {
    /// An access token.
    Access,
    /// An access token and an ID token.
    AccessAndId,
    /// One token alone, as the answer of an exchange.
    Exchanged(Kind),
}

/// The parts that bind an ID token to what it is issued with.
#[derive(Default)]
struct Binding<'a> {
    access_token: Option<&'a str>,
    code: Option<&'a str>,
}

/// Makes the tokens a grant has decided on.
///
/// # Errors
///
/// `temporarily_unavailable` when there is no key yet or the signer that keeps it does not answer, `invalid_scope` when a client named as audience does not
/// trust the one that asks (any more), or does not let the user in.
pub async fn tokens(app: &App, authorized: &Authorized, now: Timestamp) -> Result<TokenResponse, TokenError> {
    let mint = Mint::new(app, &authorized.subject, now).await?;
    let mut response = TokenResponse {
        expires_in: app.settings.id_tokens_valid_for.as_secs(),
        refresh_token: authorized.refresh_token.as_ref().map(|token| token.expose().to_owned()),
        ..TokenResponse::default()
    };
    let access = || mint.access_token(authorized.access_jti.clone());
    match authorized.issue {
        Issue::Access => response.access_token = access().await?,
        Issue::AccessAndId => {
            response.access_token = access().await?;
            let code = authorized.code.as_ref().map(TokenSecret::expose);
            let id_token = mint.id_token(&Binding { access_token: Some(&response.access_token), code }).await?;
            response.id_token = Some(id_token);
        }
        Issue::Exchanged(Kind::Access) => {
            response.access_token = access().await?;
            response.issued_token_type = Some(ACCESS_TOKEN_TYPE);
        }
        Issue::Exchanged(Kind::Id) => {
            response.access_token = mint.id_token(&Binding::default()).await?;
            response.issued_token_type = Some(ID_TOKEN_TYPE);
        }
    }
    Ok(response)
}

/// One key, one subject, one moment.
struct Mint<'a> {
    key: ActiveKey,
    base: TokenClaims,
    /// ID tokens that come with an access token leave out what it lets the client ask for.
    lean: bool,
    subject: &'a Subject,
}

impl<'a> Mint<'a> {
    async fn new(app: &App, subject: &'a Subject, now: Timestamp) -> Result<Self, TokenError> {
        let text = "A client named as audience does not trust this one, or does not let this user in.";
        let audience = scopes::audience(&app.store, subject).await?;
        let audience = audience.ok_or_else(|| invalid_scope(text.to_owned()))?;
        let keys = app.signer.current().await.ok_or_else(|| TokenError::unavailable(NoKey))?;
        let expiry = later(now, app.settings.id_tokens_valid_for);
        let base = TokenClaims::of(app.issuer.as_str(), subject, audience, now, expiry);
        Ok(Self { key: keys.signing.clone(), base, lean: app.settings.lean_id_tokens, subject })
    }

    async fn access_token(&self, jti: Option<String>) -> Result<String, TokenError> {
        // Dex's access tokens carry an `at_hash` that verifies against nothing; clients check that it is there.
        let nothing = half_hash(self.key.algorithm(), &dex_model::id::new_id());
        let jti = jti.unwrap_or_else(|| Kind::Access.new_jti());
        self.sign(&TokenClaims { jti, at_hash: Some(nothing), ..self.base.clone() }).await
    }

    async fn id_token(&self, binding: &Binding<'_>) -> Result<String, TokenError> {
        let hash = |value: Option<&str>| value.map(|value| half_hash(self.key.algorithm(), value));
        let base = self.base.clone();
        let told_elsewhere = binding.access_token.is_some() || binding.code.is_some();
        let base = if self.lean && told_elsewhere { base.without_userinfo() } else { base };
        self.sign(&TokenClaims {
            jti: Kind::Id.new_jti(),
            at_hash: hash(binding.access_token),
            c_hash: hash(binding.code),
            ..base
        })
        .await
    }

    async fn sign(&self, claims: &TokenClaims) -> Result<String, TokenError> {
        debug_assert_eq!(claims.sub, dex_oidc::subject(&self.subject.claims.user_id, &self.subject.connector_id));
        Ok(self.key.sign_compact(&dex_oidc::to_json(claims)).await?)
    }
}

/// There is no signing key yet.
#[derive(Debug, thiserror::Error)]
#[error("no token was made: there is no signing key yet")]
struct NoKey;

/// The refusal of a scope or audience.
pub(crate) fn invalid_scope(description: String) -> TokenError {
    TokenError::new(TokenErrorCode::InvalidScope, description)
}
