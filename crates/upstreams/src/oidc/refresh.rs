//! A refresh through the provider (connectors-protocol spec, 7.9).

use async_trait::async_trait;
use dex_connector::{Identity, Refresh, UpstreamError, Wanted};

use super::{Oidc, data, identity};

#[async_trait]
impl Refresh for Oidc {
    async fn refresh(&self, _: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        let refresh_token = data::read(&known.connector_data)?;
        if refresh_token.is_empty() {
            return Err(UpstreamError::Denied(
                "oidc: failed to get refresh token: the provider gave none at the login; it may want the scope offline_access"
                    .into(),
            ));
        }
        self.client
            .login(async {
                let upstream = self.upstream().await?;
                let answer = upstream.tokens.refresh(&self.client, refresh_token.expose()).await?;
                let claims = self.claims(&upstream, &answer, None).await?;
                let mut now = identity::of(&claims, &self.rules)?;
                // OpenID Connect Core §12.2.
                if now.user_id != known.user_id {
                    return Err(UpstreamError::Unacceptable("oidc: the refresh answers for another user".into()));
                }
                now.connector_data = data::write(answer.refresh_token.as_ref());
                Ok(now)
            })
            .await
    }
}
