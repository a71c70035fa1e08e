//! What is known of users, and their consents (gRPC spec, 5.7 and 5.9).

use dex_model::{Connector, OfflineSessions, Password, UserIdentity};
use dex_session::end_tokens;
use dex_storage::{Change, StorageError};

use super::time::seconds;
use super::{second_factors, sessions};
use crate::proto::{
    self, ConsentEntry, DeleteUserIdentityReq, DeleteUserIdentityResp, GetUserIdentityReq, GetUserIdentityResp,
    ListUserIdentitiesReq, ListUserIdentitiesResp, RevokeConsentReq, RevokeConsentResp,
};
use crate::refusal::{During as _, Refusal, required};
use crate::{Admin, LOCAL};

pub(crate) async fn get(admin: &Admin, request: GetUserIdentityReq) -> Result<GetUserIdentityResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    let found = admin.app.store.get::<UserIdentity>(whose).await.during("get user identity")?;
    Ok(GetUserIdentityResp { identity: Some(told(found.ok_or(Refusal::NotFound)?)) })
}

pub(crate) async fn list(admin: &Admin, _: ListUserIdentitiesReq) -> Result<ListUserIdentitiesResp, Refusal> {
    let all: Vec<UserIdentity> = admin.all("list user identities").await?;
    Ok(ListUserIdentitiesResp { identities: all.into_iter().map(told).collect() })
}

/// Removes a user: sessions, refresh tokens, the local user's password, and last what is known of the user. Whatever fails
/// ends the call with what is known still there, so that it can be made again.
pub(crate) async fn delete(admin: &Admin, request: DeleteUserIdentityReq) -> Result<DeleteUserIdentityResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    let store = &admin.app.store;
    let Some(user) = store.get::<UserIdentity>(whose).await.during("get user identity")? else {
        return Ok(DeleteUserIdentityResp { not_found: true });
    };
    sessions::end_of_user(admin, whose).await.during("purge sessions")?;
    end_tokens(store, whose, |_| true).await.during("purge refresh tokens")?;
    // Whoever removed any of these first has done the same.
    let _ = store.remove::<OfflineSessions>(whose).await.during("purge offline sessions")?;
    forget_password(admin, &user).await.during("purge password")?;
    let _ = store.remove::<UserIdentity>(whose).await.during("purge user identity")?;
    tracing::info!(user_id = whose.0, connector_id = whose.1, "api: user deleted");
    Ok(DeleteUserIdentityResp { not_found: false })
}

pub(crate) async fn revoke_consent(admin: &Admin, request: RevokeConsentReq) -> Result<RevokeConsentResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    let client_id = request.client_id.as_str();
    required(client_id, "no client_id supplied")?;
    let revoke = |mut user: UserIdentity| user.consents.remove(client_id).map(|_| user);
    let found = change(admin, whose, revoke).await.during("revoke consent")?;
    if found {
        tracing::info!(user_id = whose.0, connector_id = whose.1, client_id, "api: consent revoked");
    }
    Ok(RevokeConsentResp { not_found: !found })
}

/// User and connector, which all of these calls need.
pub(crate) fn whose<'a>(user_id: &'a str, connector_id: &'a str) -> Result<(&'a str, &'a str), Refusal> {
    required(user_id, "no user_id supplied")?;
    required(connector_id, "no connector_id supplied")?;
    Ok((user_id, connector_id))
}

/// Changes what is known of a user. False if there is no such user, or `change` finds nothing to do.
pub(crate) async fn change(
    admin: &Admin,
    whose: (&str, &str),
    mut change: impl FnMut(UserIdentity) -> Option<UserIdentity> + Send,
) -> Result<bool, Refusal> {
    let changed = admin.app.store.update(whose, |user| change(user).ok_or(Refusal::NotFound)).await;
    match changed {
        Ok(Change::Made(_)) => Ok(true),
        Ok(Change::Missing) | Err(Refusal::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes the password of a local user, and never that of another who has the same e-mail. One that the configuration has
/// stays there, as whoever wrote it wants.
async fn forget_password(admin: &Admin, user: &UserIdentity) -> Result<(), StorageError> {
    let store = &admin.app.store;
    let through = store.get::<Connector>(&user.connector_id).await?;
    if through.map_or(user.connector_id != LOCAL, |connector| connector.kind != LOCAL) {
        return Ok(());
    }
    let password = store.get::<Password>(&user.claims.email).await?;
    if password.is_none_or(|password| password.user_id != user.user_id) {
        return Ok(());
    }
    match store.remove::<Password>(&user.claims.email).await {
        Ok(_) | Err(StorageError::ReadOnly { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn told(mut user: UserIdentity) -> proto::UserIdentity {
    let consents = std::mem::take(&mut user.consents);
    proto::UserIdentity {
        user_id: user.user_id.clone(),
        connector_id: user.connector_id.clone(),
        email: user.claims.email.clone(),
        email_verified: user.claims.email_verified,
        username: user.claims.username.clone(),
        groups: user.claims.groups.clone(),
        consents: consents.into_iter().map(|(client_id, scopes)| ConsentEntry { client_id, scopes }).collect(),
        created_at: seconds(user.created_at),
        last_login: seconds(user.last_login),
        blocked_until: seconds(user.blocked_until),
        mfa_devices: second_factors::devices(user),
    }
}
