//! Which second factors a token asks for (sessions-ui spec, 3.2).

use dex_mfa::{SecondFactor, UnknownFactor};
use dex_model::Client;
use dex_oidc::Scope;
use dex_storage::StorageError;
use dex_web::App;

/// Why the factors cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum FactorsError {
    /// A chain leads nowhere; nobody is let in.
    #[error(transparent)]
    Unknown(#[from] UnknownFactor),
    /// The store failed; it may be asked again.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What the users of `client` who come through a connector of this kind have to show for these scopes, in order: the factors
/// of the client's chain, then those that each client named as audience asks for besides, since the token is as good there
/// as one of its own.
///
/// # Errors
///
/// [`FactorsError`]; nobody is let in.
pub async fn second_factors<'a>(
    app: &'a App,
    client: &Client,
    scopes: &[String],
    connector_kind: &str,
) -> Result<Vec<&'a SecondFactor>, FactorsError> {
    let configured = &app.settings.second_factors;
    let mut chain = configured.chain(client, connector_kind)?;
    for scope in scopes {
        let Scope::Audience(peer) = Scope::of(scope) else { continue };
        // Who is not there is refused as an audience.
        let Some(peer) = app.store.get::<Client>(peer).await? else { continue };
        for factor in configured.chain(&peer, connector_kind)? {
            if chain.iter().all(|known| known.id != factor.id) {
                chain.push(factor);
            }
        }
    }
    Ok(chain)
}
