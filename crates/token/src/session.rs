//! Tokens and the browser's session they came from (sessions spec, 2.14).

use dex_model::{AuthSession, Client, OfflineSessions, RefreshToken, RefreshTokenRef, Timestamp, UserIdentity};
use dex_storage::{Change, StorageError, Store};
use dex_web::{App, TokenError};

use crate::family;

/// Whether the session of this id goes on.
///
/// # Errors
///
/// [`StorageError`] when that cannot be told.
pub async fn alive(app: &App, session_id: &str, now: Timestamp) -> Result<bool, StorageError> {
    let session = app.store.get::<AuthSession>(session_id).await?;
    Ok(session.is_some_and(|session| !session.expired(now)))
}

/// Whether the session of this id has been ended; the empty id is none that could be. One that is over by time alone goes at
/// the next look of its browser, or after longer than a code lives.
pub(crate) async fn gone(app: &App, session_id: &str) -> Result<bool, StorageError> {
    if app.settings.sessions.is_none() || session_id.is_empty() {
        return Ok(false);
    }
    Ok(app.store.get::<AuthSession>(session_id).await?.is_none())
}

/// Ends the refresh tokens that came from exactly this session, of those clients whose tokens end with it.
///
/// # Errors
///
/// [`StorageError`]; no token that is left can be refreshed once the session is gone.
pub async fn revoke_bound(store: &Store, session: &AuthSession, clients: &[Client]) -> Result<(), StorageError> {
    let bound: Vec<&str> =
        clients.iter().filter(|client| client.refresh_ends_with_session()).map(|client| client.id.as_str()).collect();
    if bound.is_empty() {
        return Ok(());
    }
    let whose = (session.user_id.as_str(), session.connector_id.as_str());
    let of_it = |token: &RefreshTokenRef| token.session_id == session.id && bound.contains(&token.client_id.as_str());
    end_tokens(store, whose, of_it).await.map(drop)
}

/// Ends those of a user's refresh tokens that are meant, and tells how many. `whose` is the user and the connector. The tokens
/// go before their places, so that a crash in between leaves nothing that works and can be found to be asked for again.
///
/// # Errors
///
/// [`StorageError`]; the caller may come again.
pub async fn end_tokens(
    store: &Store,
    whose: (&str, &str),
    meant: impl Fn(&RefreshTokenRef) -> bool,
) -> Result<usize, StorageError> {
    let offline = store.get::<OfflineSessions>(whose).await?;
    let mut ended: Vec<_> = offline.into_iter().flat_map(|offline| offline.refresh.into_values()).collect();
    ended.retain(meant);
    for token in &ended {
        // Whoever removed it first has done the same.
        let _ = store.remove::<RefreshToken>(&token.id).await?;
    }
    if !ended.is_empty() {
        let forget = |offline: OfflineSessions| Ok(ended.iter().fold(offline, |left, token| left.forget(&token.id)));
        // A user who is gone meanwhile holds nothing.
        let _: Change<OfflineSessions> = store.update::<OfflineSessions, StorageError, _>(whose, forget).await?;
    }
    Ok(ended.len())
}

/// Whether the user's account is locked; without sessions nothing is asked, since nothing could be known.
pub(crate) async fn blocked(
    app: &App,
    (user_id, connector_id): (&str, &str),
    now: Timestamp,
) -> Result<bool, StorageError> {
    if app.settings.sessions.is_none() {
        return Ok(false);
    }
    let identity = app.store.get::<UserIdentity>((user_id, connector_id)).await?;
    Ok(identity.is_some_and(|identity| identity.blocked(now)))
}

/// The session that a refresh token came from, or the empty string: the tokens it brings are of that session, even when it
/// is over, unless the client's tokens end with it.
///
/// # Errors
///
/// `invalid_grant` when the account is locked, or when the token ended with its session; the token is then removed.
pub(crate) async fn of_refresh(
    app: &App,
    client: &Client,
    token: &RefreshToken,
    now: Timestamp,
) -> Result<String, TokenError> {
    if app.settings.sessions.is_none() {
        return Ok(String::new());
    }
    let whose = (token.claims.user_id.as_str(), token.connector_id.as_str());
    if blocked(app, whose, now).await? {
        return Err(TokenError::invalid_grant("The account is locked."));
    }
    let session_id = origin(app, token).await?;
    if client.refresh_ends_with_session() && !session_id.is_empty() && !alive(app, &session_id, now).await? {
        tracing::info!(client_id = %client.id, token_id = %token.id, "refresh token refused, its session has ended");
        family::end(&app.store, token).await?;
        return Err(TokenError::invalid_grant("The session this refresh token belongs to has ended."));
    }
    Ok(session_id)
}

/// Whether a refresh token ended with its session.
pub(crate) async fn outlived(app: &App, token: &RefreshToken, now: Timestamp) -> Result<bool, StorageError> {
    if app.settings.sessions.is_none() || !is_bound(app, &token.client_id).await? {
        return Ok(false);
    }
    let session_id = origin(app, token).await?;
    Ok(!session_id.is_empty() && !alive(app, &session_id, now).await?)
}

/// Whether the refresh tokens of this client end with the session they came from.
async fn is_bound(app: &App, client_id: &str) -> Result<bool, StorageError> {
    Ok(app.store.get::<Client>(client_id).await?.is_some_and(|client| client.refresh_ends_with_session()))
}

/// The session that a refresh token was issued in, or the empty string: from no browser, or before there were sessions.
async fn origin(app: &App, token: &RefreshToken) -> Result<String, StorageError> {
    let whose = (token.claims.user_id.as_str(), token.connector_id.as_str());
    let offline = app.store.get::<OfflineSessions>(whose).await?;
    let references = offline.into_iter().flat_map(|offline| offline.refresh.into_values());
    let held = references.into_iter().find(|reference| reference.id == token.id);
    Ok(held.map(|reference| reference.session_id).unwrap_or_default())
}
