//! The connector that a grant goes through.

use dex_connector::{Identity, UpstreamError, Wanted};
use dex_model::{Claims, Client, ConnectorData};
use dex_oidc::{GrantType, Scope};
use dex_web::connectors::{ConnectorError, Opened};
use dex_web::{App, TokenError};

use crate::policy::{Refusal, may_use};

/// Finds the connector and asks whether this client may use it through this grant (oidc-core spec, 17 step 8).
///
/// # Errors
///
/// `invalid_grant` when the client may not, `invalid_request` when there is none or it serves no such grant.
pub(crate) async fn resolve(app: &App, client: &Client, id: &str, grant: GrantType) -> Result<Opened, TokenError> {
    if !client.allows_connector(id) {
        return Err(TokenError::invalid_grant(Refusal::Client.to_string()));
    }
    let opened = app.connectors.get(id).await.map_err(|error| match error {
        ConnectorError::Storage(error) => error.into(),
        other => TokenError::invalid_request("Requested connector does not exist.").because(other),
    })?;
    may_use(client, &opened.about, grant).map_err(|refusal| TokenError::invalid_request(refusal.to_string()))?;
    Ok(opened)
}

/// What of the scopes a connector is told.
pub(crate) fn wanted(scopes: &[String]) -> Wanted {
    let has = |wanted: Scope<'_>| scopes.iter().any(|scope| Scope::of(scope) == wanted);
    Wanted { offline_access: has(Scope::OfflineAccess), groups: has(Scope::Groups) }
}

/// The identity as it is stored.
pub fn claims_of(identity: Identity) -> (Claims, ConnectorData) {
    let claims = Claims {
        user_id: identity.user_id,
        username: identity.username,
        preferred_username: identity.preferred_username,
        email: identity.email,
        email_verified: identity.email_verified,
        groups: identity.groups,
    };
    (claims, ConnectorData::new(identity.connector_data))
}

/// The stored user as the connector knew them.
pub(crate) fn identity_of(claims: &Claims, data: &ConnectorData) -> Identity {
    Identity {
        user_id: claims.user_id.clone(),
        username: claims.username.clone(),
        preferred_username: claims.preferred_username.clone(),
        email: claims.email.clone(),
        email_verified: claims.email_verified,
        groups: claims.groups.clone(),
        connector_data: data.expose().to_vec(),
    }
}

/// Whether a login through this connector may be refreshed later.
pub(crate) fn refreshable(opened: &Opened, scopes: &[String]) -> bool {
    wanted(scopes).offline_access
        && opened.connector.refresh().is_some()
        && dex_web::connectors::admits(&opened.about, GrantType::RefreshToken)
}

/// How a refused refresh or exchange is told: an upstream that does not answer may be asked again.
pub(crate) fn refused(error: UpstreamError, otherwise: TokenError) -> TokenError {
    match error {
        UpstreamError::Unreachable(_) => TokenError::unavailable(error),
        other => otherwise.because(other),
    }
}
