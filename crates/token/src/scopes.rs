//! Which of the requested scopes a client may have (oidc-core spec, 8.3 and 11.3).

use dex_model::Client;
use dex_oidc::{Audience, Scope};
use dex_storage::{StorageError, Store};

use crate::mint::Subject;

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

/// The audience of a token; `None` if a peer does not trust the client (any more), or does not let its user in. A token
/// that names a peer is as good there as one of the peer's own.
///
/// # Errors
///
/// [`StorageError`] when a peer cannot be looked up.
pub async fn audience(store: &Store, subject: &Subject) -> Result<Option<Audience>, StorageError> {
    let mut peers = Vec::new();
    for scope in &subject.scopes {
        let Scope::Audience(peer) = Scope::of(scope) else { continue };
        if peer != subject.client_id {
            let peer = store.get::<Client>(peer).await?;
            if !peer.is_some_and(|peer| peer.trusts(&subject.client_id) && lets_in(&peer, subject)) {
                return Ok(None);
            }
        }
        peers.push(peer.to_owned());
    }
    Ok(Some(Audience::of(&subject.client_id, peers)))
}

/// Whether a peer takes the user, or the client that asks for itself.
fn lets_in(peer: &Client, subject: &Subject) -> bool {
    let itself = subject.connector_id.is_empty();
    let admitted = peer.allows_connector(&subject.connector_id) && peer.allows_groups(&subject.claims.groups);
    !peer.restrictions.disabled && (itself || admitted)
}

async fn trusted(store: &Store, client_id: &str, peer: &str) -> Result<bool, StorageError> {
    if peer == client_id {
        return Ok(true);
    }
    let peer = store.get::<Client>(peer).await?;
    Ok(peer.is_some_and(|peer| peer.trusts(client_id)))
}
