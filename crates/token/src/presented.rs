//! A token of ours that somebody presents (oidc-core spec, 7.5).

use dex_model::Timestamp;
use dex_storage::StorageError;
use dex_web::App;

use crate::mint::TokenClaims;

/// A token that is ours, alive and not revoked.
pub(crate) struct Presented {
    /// What it says.
    pub claims: TokenClaims,
    /// Its payload as it was signed.
    pub payload: Vec<u8>,
}

/// Checks signature, issuer, expiry and revocation; `None` if any is not in order.
///
/// # Errors
///
/// [`StorageError`] when it cannot be told whether the token was revoked.
pub(crate) async fn check(app: &App, token: &str, now: Timestamp) -> Result<Option<Presented>, StorageError> {
    let Some(presented) = verify(app, token).await else {
        return Ok(None);
    };
    let claims = &presented.claims;
    if claims.exp < now.as_second() || claims.iss != app.issuer.as_str() {
        return Ok(None);
    }
    let revoked = !claims.jti.is_empty() && app.revoked.contains(&app.store, &claims.jti).await?;
    Ok((!revoked).then_some(presented))
}

async fn verify(app: &App, token: &str) -> Option<Presented> {
    let keys = app.signer.current().await?;
    let verified = keys.accepted.verify_compact(token, &keys.algorithms).ok()?;
    let claims = TokenClaims::read(&verified.payload)?;
    Some(Presented { claims, payload: verified.payload })
}
