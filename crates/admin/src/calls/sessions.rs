//! Browser sessions (gRPC spec, 5.6).

use dex_model::{AuthSession, ClientState, RefreshTokenRef};
use dex_session::{Which, end_tokens};
use dex_storage::StorageError;

use super::time::seconds;
use crate::proto::{
    self, ClientAuthState, DeleteAuthSessionReq, DeleteAuthSessionResp, GetAuthSessionReq, GetAuthSessionResp,
    ListAuthSessionsReq, ListAuthSessionsResp, TerminateSessionsByConnectorReq, TerminateSessionsByConnectorResp,
    TerminateSessionsByUserReq, TerminateSessionsByUserResp,
};
use crate::refusal::{During as _, Refusal, required};
use crate::{Admin, LIST_PAGE};

pub(crate) async fn get(admin: &Admin, request: GetAuthSessionReq) -> Result<GetAuthSessionResp, Refusal> {
    required(&request.id, "no id supplied")?;
    let found = admin.app.store.get::<AuthSession>(&request.id).await.during("get auth session")?;
    Ok(GetAuthSessionResp { session: Some(told(found.ok_or(Refusal::NotFound)?)) })
}

pub(crate) async fn list(admin: &Admin, request: ListAuthSessionsReq) -> Result<ListAuthSessionsResp, Refusal> {
    let fits = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
    let chosen = |session: &AuthSession| {
        fits(&request.user_id, &session.user_id) && fits(&request.connector_id, &session.connector_id)
    };
    let found: Vec<AuthSession> = admin.chosen("list auth sessions", chosen).await?;
    Ok(ListAuthSessionsResp { sessions: found.into_iter().map(told).collect() })
}

/// Ends a session, and with it the refresh tokens that came from it or from nobody knows where. Those of the user's other
/// sessions stay.
pub(crate) async fn delete(admin: &Admin, request: DeleteAuthSessionReq) -> Result<DeleteAuthSessionResp, Refusal> {
    required(&request.id, "no id supplied")?;
    let store = &admin.app.store;
    let Some(session) = store.get::<AuthSession>(&request.id).await.during("get auth session")? else {
        return Ok(DeleteAuthSessionResp { not_found: true });
    };
    let of_it = |token: &RefreshTokenRef| token.session_id.is_empty() || token.session_id == session.id;
    let whose = (session.user_id.as_str(), session.connector_id.as_str());
    // Before the session, so that a call that fails halfway can be made again.
    end_tokens(store, whose, of_it).await.during("revoke refresh tokens")?;
    let ended = dex_session::end(&admin.app, &session, admin.app.clock.now()).await.during("delete auth session")?;
    tracing::info!(session_id = %session.id, user_id = whose.0, connector_id = whose.1, "api: session deleted");
    Ok(DeleteAuthSessionResp { not_found: !ended })
}

pub(crate) async fn terminate_by_connector(
    admin: &Admin,
    request: TerminateSessionsByConnectorReq,
) -> Result<TerminateSessionsByConnectorResp, Refusal> {
    required(&request.connector_id, "no connector_id supplied")?;
    let of_connector = |session: &AuthSession| session.connector_id == request.connector_id;
    let sessions_terminated = terminate(admin, of_connector).await?;
    tracing::info!(connector_id = %request.connector_id, sessions_terminated, "api: sessions terminated");
    Ok(TerminateSessionsByConnectorResp { sessions_terminated })
}

pub(crate) async fn terminate_by_user(
    admin: &Admin,
    request: TerminateSessionsByUserReq,
) -> Result<TerminateSessionsByUserResp, Refusal> {
    required(&request.user_id, "no user_id supplied")?;
    let of_user = |session: &AuthSession| session.user_id == request.user_id;
    let sessions_terminated = terminate(admin, of_user).await?;
    tracing::info!(user_id = %request.user_id, sessions_terminated, "api: sessions terminated");
    Ok(TerminateSessionsByUserResp { sessions_terminated })
}

/// Ends sessions and every refresh token of their users, and tells how many sessions this call has ended. What cannot be ended
/// keeps nothing else alive, and is counted by nobody.
///
/// # Errors
///
/// The last one that was met, after all that could be ended were; the call may be made again.
async fn terminate(admin: &Admin, meant: impl Fn(&AuthSession) -> bool) -> Result<i64, Refusal> {
    let (mut ended, mut failed, mut after) = (0, None, None);
    loop {
        // Page by page: there may be more than a response could hold.
        let page = admin.app.store.page::<AuthSession>(after.as_ref(), LIST_PAGE).await.during("list auth sessions")?;
        for session in page.records.iter().filter(|session| meant(session)) {
            match end_with_tokens(admin, session).await {
                Ok(ours) => ended += i64::from(ours),
                Err(error) => failed = Some(error),
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    match failed {
        Some(error) => Err(error).during("terminate sessions"),
        None => Ok(ended),
    }
}

async fn end_with_tokens(admin: &Admin, session: &AuthSession) -> Result<bool, StorageError> {
    let whose = (session.user_id.as_str(), session.connector_id.as_str());
    end_tokens(&admin.app.store, whose, |_| true).await?;
    dex_session::end(&admin.app, session, admin.app.clock.now()).await
}

/// Ends the sessions of one user of one connector.
pub(crate) async fn end_of_user(admin: &Admin, (user_id, connector_id): (&str, &str)) -> Result<(), StorageError> {
    let which = Which::User { user_id, connector_id };
    dex_session::end_all(&admin.app, which, admin.app.clock.now()).await.map(drop)
}

fn told(session: AuthSession) -> proto::AuthSession {
    proto::AuthSession {
        user_id: session.user_id,
        connector_id: session.connector_id,
        client_states: session.client_states.into_iter().map(told_client).collect(),
        created_at: seconds(session.created_at),
        last_activity: seconds(session.last_activity),
        ip_address: session.ip_address,
        user_agent: session.user_agent,
        absolute_expiry: seconds(session.absolute_expiry),
        idle_expiry: seconds(session.idle_expiry),
        id: session.id,
    }
}

fn told_client((client_id, state): (String, ClientState)) -> ClientAuthState {
    ClientAuthState {
        client_id,
        authenticated_at: seconds(state.authenticated_at),
        last_activity: seconds(state.last_activity),
        last_token_issued_at: seconds(state.last_token_issued_at),
        via_sso: state.via_sso,
    }
}
