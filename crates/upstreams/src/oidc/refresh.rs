//! A refresh through the provider (connectors-protocol spec, 7.9).

use async_trait::async_trait;
use dex_connector::{Identity, Refresh, Renewed, UpstreamError, Wanted};

use super::{Oidc, data, identity};

#[async_trait]
impl Refresh for Oidc {
    async fn refresh(&self, wanted: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        self.refresh_once(wanted, known, &Renewed::default()).await
    }

    /// Whether a provider replaces its refresh tokens shows only when it has.
    fn single_use(&self, data: &[u8]) -> bool {
        data::read(data).is_ok_and(|refresh_token| !refresh_token.is_empty())
    }

    async fn refresh_once(&self, _: Wanted, known: Identity, renewed: &Renewed) -> Result<Identity, UpstreamError> {
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
                let kept = data::write(answer.refresh_token.as_ref());
                renewed.tell(kept.clone());
                let claims = self.claims(&upstream, &answer, None).await?;
                let mut now = identity::of(&claims, &self.rules)?;
                // OpenID Connect Core §12.2.
                if now.user_id != known.user_id {
                    return Err(UpstreamError::Unacceptable("oidc: the refresh answers for another user".into()));
                }
                now.connector_data = kept;
                Ok(now)
            })
            .await
    }
}
