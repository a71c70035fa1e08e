//! `id_token_hint`: an ID token of ours that a client holds (OpenID Connect Core §3.1.2.1; RP-Initiated Logout §2).

use dex_token::mint::TokenClaims;
use dex_web::App;

/// Why a hint tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HintError {
    /// There is no key yet to verify it with; it may be asked again.
    #[error("no signing key is there yet")]
    NoKeys,
    /// It is no token of ours, or its key is not published any more.
    #[error("the hint is no token of this issuer")]
    Invalid,
}

/// What a hint says, verified with every algorithm that signs. It may be old, and for whichever client.
///
/// # Errors
///
/// [`HintError`].
pub(crate) async fn verified(app: &App, hint: &str) -> Result<TokenClaims, HintError> {
    let keys = app.signer.current().await.ok_or(HintError::NoKeys)?;
    let token = keys.accepted.verify_compact(hint, &keys.algorithms).map_err(|_| HintError::Invalid)?;
    let claims = TokenClaims::read(&token.payload).ok_or(HintError::Invalid)?;
    if claims.iss == app.issuer.as_str() { Ok(claims) } else { Err(HintError::Invalid) }
}
