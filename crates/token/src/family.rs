//! Families of refresh tokens: their beginning and their end (oidc-core spec, 20).

use dex_model::{ConnectorData, OfflineSessions, RefreshToken, RefreshTokenRef, TokenSecret, id};
use dex_oidc::{decode_pair, encode_pair};
use dex_storage::{StorageError, Store, Write};

/// What a client holds: id and secret. What is no such pair is a legacy token, whose id is all there is.
pub(crate) struct Held {
    pub id: String,
    pub secret: TokenSecret,
}

impl Held {
    /// Reads what a client presents.
    pub(crate) fn read(text: &str) -> Self {
        match decode_pair(text).filter(|pair| !pair.first.is_empty()) {
            Some(pair) => Self { id: pair.first, secret: TokenSecret::new(pair.second) },
            None => Self { id: text.to_owned(), secret: TokenSecret::default() },
        }
    }
}

/// The refresh token as the client holds it.
pub(crate) fn held(id: &str, secret: &TokenSecret) -> TokenSecret {
    TokenSecret::new(encode_pair(id, secret.expose()))
}

/// Begins a family: the token first, then its place among the user's tokens. If the second fails the first is
/// taken back, so that nothing is half there.
///
/// `session_id` is the browser's session that it comes from, or empty.
pub(crate) async fn begin(
    store: &Store,
    token: RefreshToken,
    data: &ConnectorData,
    session_id: &str,
) -> Result<(), StorageError> {
    let reference = RefreshTokenRef {
        id: token.id.clone(),
        client_id: token.client_id.clone(),
        created_at: token.created_at,
        last_used: token.last_used,
        session_id: session_id.to_owned(),
    };
    let (user, connector) = (token.claims.user_id.clone(), token.connector_id.clone());
    let id = token.id.clone();
    if store.insert(token).await? == Write::Lost {
        return Ok(());
    }
    let placed = place(store, (&user, &connector), reference, data).await;
    if placed.is_err() {
        // The failure of the first write is what is told.
        let _ = store.remove::<RefreshToken>(&id).await;
    }
    placed
}

async fn place(
    store: &Store,
    whose: (&str, &str),
    reference: RefreshTokenRef,
    data: &ConnectorData,
) -> Result<(), StorageError> {
    let fresh = OfflineSessions {
        user_id: whose.0.to_owned(),
        connector_id: whose.1.to_owned(),
        connector_data: data.clone(),
        ..OfflineSessions::default()
    };
    let mut given_way = Vec::new();
    let (fresh, _) = fresh.hold(reference.clone());
    store
        .upsert(whose, fresh, |sessions: OfflineSessions| {
            let (mut sessions, gone) = sessions.hold(reference.clone());
            given_way = gone;
            if !data.is_empty() {
                sessions.connector_data = data.clone();
            }
            sessions
        })
        .await?;
    for id in given_way {
        // Whoever removed it first has done the same.
        let _ = store.remove::<RefreshToken>(&id).await?;
    }
    Ok(())
}

/// Ends a family. The token goes first, so that a crash between the two leaves nothing that works.
pub(crate) async fn end(store: &Store, token: &RefreshToken) -> Result<(), StorageError> {
    // Whoever removed it first has done the same.
    let _ = store.remove::<RefreshToken>(&token.id).await?;
    let whose = (token.claims.user_id.as_str(), token.connector_id.as_str());
    // A user without sessions holds nothing that could be forgotten.
    let _: dex_storage::Change<OfflineSessions> =
        store.update::<OfflineSessions, StorageError, _>(whose, |sessions| Ok(sessions.forget(&token.id))).await?;
    Ok(())
}

/// A fresh secret.
pub(crate) fn new_secret() -> TokenSecret {
    TokenSecret::new(id::new_id())
}
