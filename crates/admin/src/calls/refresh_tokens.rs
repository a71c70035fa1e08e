//! Refresh tokens of a user (gRPC spec, 5.5).

use dex_model::{OfflineSessions, RefreshTokenRef};
use dex_oidc::{Pair, decode_pair};
use dex_session::end_tokens;

use super::time::seconds;
use crate::Admin;
use crate::proto::{self, ListRefreshReq, ListRefreshResp, RevokeRefreshReq, RevokeRefreshResp};
use crate::refusal::{During as _, Refusal};

pub(crate) async fn list(admin: &Admin, request: ListRefreshReq) -> Result<ListRefreshResp, Refusal> {
    let whose = subject(&request.user_id)?;
    let whose = (whose.first.as_str(), whose.second.as_str());
    let offline = admin.app.store.get::<OfflineSessions>(whose).await.during("list refresh tokens")?;
    let told = |token: RefreshTokenRef| proto::RefreshTokenRef {
        id: token.id,
        client_id: token.client_id,
        created_at: seconds(token.created_at),
        last_used: seconds(token.last_used),
    };
    let held = offline.into_iter().flat_map(|offline| offline.refresh.into_values());
    Ok(ListRefreshResp { refresh_tokens: held.map(told).collect() })
}

/// Ends all that the user holds for the client, on every device.
pub(crate) async fn revoke(admin: &Admin, request: RevokeRefreshReq) -> Result<RevokeRefreshResp, Refusal> {
    let whose = subject(&request.user_id)?;
    let whose = (whose.first.as_str(), whose.second.as_str());
    let of_client = |token: &RefreshTokenRef| token.client_id == request.client_id;
    let revoked = end_tokens(&admin.app.store, whose, of_client).await.during("revoke refresh token")?;
    if revoked > 0 {
        let (user_id, connector_id) = whose;
        tracing::info!(user_id, connector_id, client_id = %request.client_id, revoked, "api: refresh tokens revoked");
    }
    Ok(RevokeRefreshResp { not_found: revoked == 0 })
}

/// The user and the connector in a `sub` claim.
fn subject(sub: &str) -> Result<Pair, Refusal> {
    decode_pair(sub).ok_or_else(|| Refusal::invalid("user_id is not the `sub` claim of a token"))
}
