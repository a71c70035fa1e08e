//! Whose token of the provider's it is (connectors-protocol spec, 7.10).
//!
//! A token is taken only if it was issued for us, or for an audience that is configured: whoever runs another client of the
//! same provider holds tokens of its users, and must not become them here.

use async_trait::async_trait;
use dex_connector::{Identity, SubjectToken, TokenIdentity, UpstreamError};
use dex_upstream_client::{Auth, Call, Claims, Expected};
use serde_json::Value;

use super::{Oidc, Upstream, data, identity};

/// The configured audience that stands for every one.
const ANY: &str = "*";

#[async_trait]
impl TokenIdentity for Oidc {
    async fn identify(&self, token: SubjectToken<'_>) -> Result<Identity, UpstreamError> {
        self.client
            .login(async {
                let upstream = self.upstream().await?;
                let claims = match token {
                    SubjectToken::Id(token) => self.of_id_token(&upstream, token).await?,
                    SubjectToken::Access(token) => self.of_access_token(&upstream, token).await?,
                };
                let mut identity = identity::of(&claims, &self.rules)?;
                identity.connector_data = data::write(None);
                Ok(identity)
            })
            .await
    }
}

impl Oidc {
    fn takes_any(&self) -> bool {
        self.rules.exchange_audiences.iter().any(|audience| audience == ANY)
    }

    fn audiences(&self) -> Vec<&str> {
        let configured = self.rules.exchange_audiences.iter().map(String::as_str);
        std::iter::once(self.rules.client_id.as_str()).chain(configured).collect()
    }

    /// An ID token says all itself; userinfo would not take it.
    async fn of_id_token(&self, upstream: &Upstream, token: &str) -> Result<Claims, UpstreamError> {
        let named = dex_jose::parse_unverified_payload(token).unwrap_or_default();
        let mut audiences = self.audiences();
        if self.takes_any() {
            audiences.extend(texts(named.get("aud")));
        }
        let expected = Expected { audiences: &audiences, authorized_party: None, nonce: None, access_token: None };
        upstream.provider.verify_id_token(&self.client, token, &expected, self.clock.now()).await
    }

    async fn of_access_token(&self, upstream: &Upstream, token: &str) -> Result<Claims, UpstreamError> {
        if !self.rules.get_user_info {
            let text = "oidc: getUserInfo is required for access token exchange";
            return Err(UpstreamError::Misconfigured(text.into()));
        }
        if !self.takes_any() {
            let issued_to = self.issued_to(upstream, token).await?;
            let audiences = self.audiences();
            if !issued_to.iter().any(|audience| audiences.contains(&audience.as_str())) {
                return Err(UpstreamError::Denied("oidc: the access token was issued for another client".into()));
            }
        }
        upstream.provider.userinfo(&self.client, token, &self.rules.client_id).await
    }

    /// For whom an access token was issued: what it says itself if it is a JWT (RFC 9068 §2.2), or what the provider says of it
    /// (RFC 7662 §2.2).
    async fn issued_to(&self, upstream: &Upstream, token: &str) -> Result<Vec<String>, UpstreamError> {
        let claims = match dex_jose::parse_unverified_payload(token) {
            Ok(_) => upstream.provider.verify_signature(&self.client, token).await?,
            Err(_) => self.introspected(upstream, token).await?,
        };
        let named = ["aud", "azp", "client_id"].iter().flat_map(|member| texts(claims.get(*member)));
        Ok(named.map(str::to_owned).collect())
    }

    async fn introspected(&self, upstream: &Upstream, token: &str) -> Result<Claims, UpstreamError> {
        let Some(url) = &upstream.provider.metadata.introspection_endpoint else {
            return Err(UpstreamError::Misconfigured(
                "oidc: it cannot be told for whom the access token was issued; tokenExchangeAudiences: [\"*\"] takes those of every \
                 client of the provider"
                    .into(),
            ));
        };
        let auth = Auth::Client(&self.rules.client_id, self.rules.client_secret.expose());
        let call = Call::post(url).auth(auth).form(&[("token", token), ("token_type_hint", "access_token")]);
        let claims: Claims = self.client.call(call).await?.success()?.json()?;
        match claims.get("active") {
            Some(Value::Bool(true)) => Ok(claims),
            _ => Err(UpstreamError::Denied("oidc: the access token is not active".into())),
        }
    }
}

/// A member that is a text or a list of texts.
fn texts(member: Option<&Value>) -> Vec<&str> {
    match member {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
