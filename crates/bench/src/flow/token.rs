//! The token endpoint's grants, and what tokens are good for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use url::Url;

use super::account::Account;
use super::provider::{Provider, json};
use crate::failure::Failure;
use crate::http::{Agent, Call};

/// What an answer of the token endpoint holds (RFC 6749 §5.1). Has no `Debug`, for tokens are secrets.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    token_type: String,
    expires_in: u64,
    id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct IdToken {
    iss: String,
    sub: String,
    aud: Audience,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Who asks whom.
pub(crate) struct Grant<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) account: &'a Account,
    pub(crate) client_id: &'a str,
}

impl Grant<'_> {
    async fn ask(&self, agent: &mut Agent, step: &'static str, fields: &[(&str, &str)]) -> Result<Tokens, Failure> {
        let call = self.call(&self.provider.token, fields);
        let tokens: Tokens = json(step, &agent.send(call).await?)?;
        if tokens.access_token.is_empty() || !tokens.token_type.eq_ignore_ascii_case("bearer") || tokens.expires_in == 0
        {
            return Err(Failure::wrong(step, "no bearer token"));
        }
        Ok(tokens)
    }

    fn call(&self, url: &Url, fields: &[(&str, &str)]) -> Call {
        Call {
            authorization: self.account.authorization(self.client_id),
            ..Call::post(url, self.account.form(self.client_id, fields))
        }
    }

    /// Checks what an ID token says, not its signature: verifying costs more than the provider's answer.
    fn check_id_token(&self, step: &'static str, tokens: &Tokens, nonce: Option<&str>) -> Result<(), Failure> {
        let wrong = |what| Failure::wrong(step, what);
        let token = tokens.id_token.as_deref().ok_or(wrong("no ID token"))?;
        let payload = token.split('.').nth(1).unwrap_or_default();
        let payload = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
        let claims: IdToken = serde_json::from_slice(&payload).map_err(|_| wrong("ID token cannot be read"))?;
        let for_client = match &claims.aud {
            Audience::One(audience) => audience == self.client_id,
            Audience::Many(audiences) => audiences.iter().any(|one| one == self.client_id),
        };
        if claims.iss != self.provider.issuer || claims.sub.is_empty() || !for_client {
            return Err(wrong("ID token of another issuer, subject or audience"));
        }
        if nonce.is_some_and(|nonce| claims.nonce.as_deref() != Some(nonce)) {
            return Err(wrong("ID token with another nonce"));
        }
        Ok(())
    }
}

/// Redeems a code (RFC 6749 §4.1.3) with its verifier (RFC 7636 §4.5).
pub(crate) async fn redeem(
    grant: &Grant<'_>,
    agent: &mut Agent,
    code: &str,
    verifier: &str,
    nonce: &str,
) -> Result<Tokens, Failure> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &grant.account.redirect_uri),
        ("code_verifier", verifier),
    ];
    let tokens = grant.ask(agent, "code", &fields).await?;
    grant.check_id_token("code", &tokens, Some(nonce))?;
    Ok(tokens)
}

/// RFC 6749 §6. Answers the refresh token to use next.
pub(crate) async fn refresh(grant: &Grant<'_>, agent: &mut Agent, token: &str) -> Result<String, Failure> {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let tokens = grant.ask(agent, "refresh", &fields).await?;
    grant.check_id_token("refresh", &tokens, None)?;
    Ok(tokens.refresh_token.unwrap_or_else(|| token.to_owned()))
}

/// RFC 6749 §4.4.
pub(crate) async fn client_credentials(grant: &Grant<'_>, agent: &mut Agent) -> Result<(), Failure> {
    let fields = [("grant_type", "client_credentials"), ("scope", "openid")];
    grant.ask(agent, "client_credentials", &fields).await?;
    Ok(())
}

/// RFC 6749 §4.3.
pub(crate) async fn password(grant: &Grant<'_>, agent: &mut Agent) -> Result<(), Failure> {
    let user = grant.account.user.as_ref();
    let user = user.ok_or(Failure::wrong("password", "needs --login and --password"))?;
    let (name, password) = (user.next(), &user.password);
    let fields =
        [("grant_type", "password"), ("scope", "openid email profile"), ("username", &name), ("password", password)];
    let tokens = grant.ask(agent, "password", &fields).await?;
    grant.check_id_token("password", &tokens, None)
}

/// OpenID Connect Core §5.3.
pub(crate) async fn userinfo(grant: &Grant<'_>, agent: &mut Agent, access_token: &str) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let endpoint = grant.provider.userinfo.as_ref();
    let endpoint = endpoint.ok_or(Failure::wrong("userinfo", "not offered"))?;
    let call = Call { authorization: Some(format!("Bearer {access_token}")), ..Call::get(endpoint) };
    let claims: Claims = json("userinfo", &agent.send(call).await?)?;
    if claims.sub.is_empty() {
        return Err(Failure::wrong("userinfo", "no subject"));
    }
    Ok(())
}

/// RFC 7662 §2.
pub(crate) async fn introspect(grant: &Grant<'_>, agent: &mut Agent, access_token: &str) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Introspection {
        active: bool,
    }
    let endpoint = grant.provider.introspection.as_ref();
    let endpoint = endpoint.ok_or(Failure::wrong("introspection", "not offered"))?;
    let call = grant.call(endpoint, &[("token", access_token)]);
    let answer: Introspection = json("introspection", &agent.send(call).await?)?;
    if !answer.active {
        return Err(Failure::wrong("introspection", "not active"));
    }
    Ok(())
}
