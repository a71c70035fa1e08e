//! Which of the requested scopes a client may have (oidc-core spec, 8.3 and 11.3).

use dex_model::Client;
use dex_oidc::{Audience, Scope};
use dex_storage::{StorageError, Store};

/// The requested scopes, sorted by what is to become of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// `openid` is among them.
    pub openid: bool,
    /// Not known at all.
    pub unknown: Vec<String>,
    /// Audiences of clients that do not trust this one.
    pub untrusted: Vec<String>,
}

/// Sorts scopes for `client_id`.
///
/// # Errors
///
/// [`StorageError`] when a peer cannot be looked up.
pub async fn sort(store: &Store, client_id: &str, scopes: &[String]) -> Result<Sorted, StorageError> {
    let mut sorted = Sorted::default();
    for scope in scopes {
        match Scope::of(scope) {
            Scope::OpenId => sorted.openid = true,
            Scope::Unknown => sorted.unknown.push(scope.clone()),
            Scope::Audience(peer) if !trusted(store, client_id, peer).await? => sorted.untrusted.push(scope.clone()),
            _ => {}
        }
    }
    Ok(sorted)
}

/// The audience of a token for these scopes; `None` if a peer does not trust the client (any more).
///
/// # Errors
///
/// [`StorageError`] when a peer cannot be looked up.
pub async fn audience(store: &Store, client_id: &str, scopes: &[String]) -> Result<Option<Audience>, StorageError> {
    let mut peers = Vec::new();
    for scope in scopes {
        if let Scope::Audience(peer) = Scope::of(scope) {
            if !trusted(store, client_id, peer).await? {
                return Ok(None);
            }
            peers.push(peer.to_owned());
        }
    }
    Ok(Some(Audience::of(client_id, peers)))
}

async fn trusted(store: &Store, client_id: &str, peer: &str) -> Result<bool, StorageError> {
    if peer == client_id {
        return Ok(true);
    }
    let peer = store.get::<Client>(peer).await?;
    Ok(peer.is_some_and(|peer| peer.trusts(client_id)))
}
