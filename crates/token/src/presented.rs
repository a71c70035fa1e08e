//! A token of ours that somebody presents (oidc-core spec, 7.5).

use dex_model::Timestamp;
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
pub(crate) async fn check(app: &App, token: &str, now: Timestamp) -> Option<Presented> {
    let keys = app.signer.current().await?;
    let verified = keys.accepted.verify_compact(token, &keys.algorithms).ok()?;
    let claims: TokenClaims = serde_json::from_slice(&verified.payload).ok()?;
    let alive = claims.exp >= now.as_second() && claims.iss == app.issuer.as_str();
    let revoked = !claims.jti.is_empty() && app.revoked.contains(&claims.jti);
    (alive && !revoked).then_some(Presented { claims, payload: verified.payload })
}
