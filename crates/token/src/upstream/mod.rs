//! The connector that a grant goes through.
//!
//! Owned here: finding it, whether it may be used, and asking it who a user is now, one question after another where its
//! upstream would take two at once for theft. Not owned: what the grant makes of the answer.
//!
//! Control leaves to the connector, and to the store before and after, never inside a write.

mod asking;
mod turn;

use dex_connector::{Identity, UpstreamError, Wanted};
use dex_model::{Claims, Client, ConnectorData};
use dex_oidc::{GrantType, Scope, TokenErrorCode};
use dex_web::connectors::{ConnectorError, Opened};
use dex_web::{App, TokenError};

pub(crate) use self::asking::ask;

use crate::policy::{Refusal, Whom, may_use};

/// Finds the connector and asks whether this client may use it through this grant (oidc-core spec, 17 step 8).
///
/// # Errors
///
/// `invalid_grant` when the client may not, `invalid_request` when there is none or it serves no such grant.
pub(crate) async fn resolve(app: &App, client: &Client, id: &str, grant: GrantType) -> Result<Opened, TokenError> {
    may_use(client, Whom::Itself, grant).map_err(refusal)?;
    if !client.allows_connector(id) {
        return Err(refusal(Refusal::Client));
    }
    let opened = app.connectors.get(id).await.map_err(|error| match error {
        ConnectorError::Storage(error) => error.into(),
        other => TokenError::invalid_request("Requested connector does not exist.").because(other),
    })?;
    may_use(client, Whom::Anyone(&opened.about), grant).map_err(refusal)?;
    Ok(opened)
}

/// Whether this client may have what it asks for this user.
///
/// # Errors
///
/// `invalid_grant` or `invalid_request`, by whose side the refusal lies on.
pub(crate) fn admit(client: &Client, opened: &Opened, claims: &Claims, grant: GrantType) -> Result<(), TokenError> {
    may_use(client, Whom::User(&opened.about, claims), grant).map_err(refusal)
}

/// A refusal, as a client hears of it.
pub(crate) fn refusal(refusal: Refusal) -> TokenError {
    match refusal {
        Refusal::Disabled => TokenError::new(TokenErrorCode::UnauthorizedClient, refusal.to_string()),
        Refusal::Client | Refusal::Groups => TokenError::invalid_grant(refusal.to_string()),
        Refusal::Connector => TokenError::invalid_request(refusal.to_string()),
    }
}

/// What a connector is told of a request. Groups that decide are asked for whether or not the client gets to see them.
pub fn wanted(client: &Client, scopes: &[String]) -> Wanted {
    let deciding = !client.restrictions.allowed_groups.is_empty();
    Wanted { offline_access: has(scopes, Scope::OfflineAccess), groups: deciding || has(scopes, Scope::Groups) }
}

fn has(scopes: &[String], wanted: Scope<'_>) -> bool {
    scopes.iter().any(|scope| Scope::of(scope) == wanted)
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
    has(scopes, Scope::OfflineAccess)
        && opened.connector.refresh().is_some()
        && dex_web::connectors::admits(&opened.about, GrantType::RefreshToken)
}

/// How a refused refresh or exchange is told: an upstream that does not answer may be asked again, and so may one that an
/// operator has to mend first.
pub(crate) fn refused(error: UpstreamError, otherwise: TokenError) -> TokenError {
    match error {
        UpstreamError::Unreachable(_) | UpstreamError::Misconfigured(_) => TokenError::unavailable(error),
        other => otherwise.because(other),
    }
}
