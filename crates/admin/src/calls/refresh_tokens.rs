//! Refresh tokens of a user (gRPC spec, 5.5).

use dex_model::{OfflineSessions, RefreshToken, RefreshTokenRef};
use dex_oidc::{Pair, decode_pair};
use dex_storage::{Change, StorageError, Store};

use super::time::seconds;
use crate::Admin;
use crate::proto::{self, ListRefreshReq, ListRefreshResp, RevokeRefreshReq, RevokeRefreshResp};
use crate::refusal::{During as _, Refusal};

pub(crate) async fn list(admin: &Admin, request: ListRefreshReq) -> Result<ListRefreshResp, Refusal> {
    let whose = subject(&request.user_id)?;
    let held = held(&admin.app.store, (&whose.first, &whose.second)).await.during("list refresh tokens")?;
    let told = |token: RefreshTokenRef| proto::RefreshTokenRef {
        id: token.id,
        client_id: token.client_id,
        created_at: seconds(token.created_at),
        last_used: seconds(token.last_used),
    };
    Ok(ListRefreshResp { refresh_tokens: held.into_iter().map(told).collect() })
}

/// Ends all that the user holds for the client, on every device.
pub(crate) async fn revoke(admin: &Admin, request: RevokeRefreshReq) -> Result<RevokeRefreshResp, Refusal> {
    let whose = subject(&request.user_id)?;
    let whose = (whose.first.as_str(), whose.second.as_str());
    let store = &admin.app.store;
    let of_client = |token: &RefreshTokenRef| token.client_id == request.client_id;
    let revoked = end(store, whose, of_client).await.during("revoke refresh token")?;
    if revoked > 0 {
        let (user_id, connector_id) = whose;
        tracing::info!(user_id, connector_id, client_id = %request.client_id, revoked, "api: refresh tokens revoked");
    }
    Ok(RevokeRefreshResp { not_found: revoked == 0 })
}

/// Ends those of a user's refresh tokens that are meant, and tells how many. The tokens go before their places, so that a
/// crash in between leaves nothing that works and can be found to be asked for again.
pub(crate) async fn end(
    store: &Store,
    whose: (&str, &str),
    meant: impl Fn(&RefreshTokenRef) -> bool,
) -> Result<usize, StorageError> {
    let mut ended = held(store, whose).await?;
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

async fn held(store: &Store, whose: (&str, &str)) -> Result<Vec<RefreshTokenRef>, StorageError> {
    let offline = store.get::<OfflineSessions>(whose).await?;
    Ok(offline.into_iter().flat_map(|offline| offline.refresh.into_values()).collect())
}

/// The user and the connector in a `sub` claim.
fn subject(sub: &str) -> Result<Pair, Refusal> {
    decode_pair(sub).ok_or_else(|| Refusal::invalid("user_id is not the `sub` claim of a token"))
}
