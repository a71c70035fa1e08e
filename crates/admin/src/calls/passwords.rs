//! Users of the local password database (gRPC spec, 5.2).

use dex_model::{BadHash, Password, PasswordHash};
use dex_storage::{Change, Write};
use dex_web::{Attempt, CREDENTIAL_BYTES_MAX, LocalPasswords, Verified};

use crate::proto::{
    self, CreatePasswordReq, CreatePasswordResp, DeletePasswordReq, DeletePasswordResp, ListPasswordReq,
    ListPasswordResp, UpdatePasswordReq, UpdatePasswordResp, VerifyPasswordReq, VerifyPasswordResp,
};
use crate::refusal::{During as _, Refusal, required};
use crate::{Admin, LOCAL};

pub(crate) async fn create(admin: &Admin, request: CreatePasswordReq) -> Result<CreatePasswordResp, Refusal> {
    let asked = request.password.ok_or_else(|| Refusal::invalid("no password supplied"))?;
    required(&asked.user_id, "no user ID supplied")?;
    let hash = checked(asked.hash)?.ok_or_else(|| Refusal::invalid("no hash of password supplied"))?;
    // Without one nobody could log in, and two such users could not be told apart.
    required(&asked.email, "no email supplied")?;
    let user = Password {
        email: asked.email,
        hash,
        username: asked.username,
        name: String::new(),
        preferred_username: String::new(),
        email_verified: None,
        user_id: asked.user_id,
        groups: Vec::new(),
    };
    let (email, user_id) = (user.email.clone(), user.user_id.clone());
    match admin.app.store.insert(user).await.during("create password")? {
        Write::Done => {
            tracing::info!(%email, %user_id, "api: password created");
            Ok(CreatePasswordResp { already_exists: false })
        }
        Write::Lost => Ok(CreatePasswordResp { already_exists: true }),
    }
}

pub(crate) async fn update(admin: &Admin, request: UpdatePasswordReq) -> Result<UpdatePasswordResp, Refusal> {
    required(&request.email, "no email supplied")?;
    if request.new_hash.is_empty() && request.new_username.is_empty() {
        return Err(Refusal::invalid("nothing to update"));
    }
    let (hash, username) = (checked(request.new_hash)?, request.new_username);
    let change = |user: Password| {
        let username = if username.is_empty() { user.username } else { username.clone() };
        Ok::<_, Refusal>(Password { hash: hash.clone().unwrap_or(user.hash), username, ..user })
    };
    match admin.app.store.update(request.email.as_str(), change).await.during("update password")? {
        Change::Made(_) => {
            tracing::info!(email = %request.email, new_hash = hash.is_some(), "api: password updated");
            Ok(UpdatePasswordResp { not_found: false })
        }
        Change::Missing => Ok(UpdatePasswordResp { not_found: true }),
    }
}

pub(crate) async fn delete(admin: &Admin, request: DeletePasswordReq) -> Result<DeletePasswordResp, Refusal> {
    required(&request.email, "no email supplied")?;
    match admin.app.store.remove::<Password>(&request.email).await.during("delete password")? {
        Write::Done => {
            tracing::info!(email = %request.email, "api: password deleted");
            Ok(DeletePasswordResp { not_found: false })
        }
        Write::Lost => Ok(DeletePasswordResp { not_found: true }),
    }
}

pub(crate) async fn list(admin: &Admin, _: ListPasswordReq) -> Result<ListPasswordResp, Refusal> {
    let all: Vec<Password> = admin.all("list passwords").await?;
    let told = |user: Password| proto::Password {
        email: user.email,
        username: user.username,
        user_id: user.user_id,
        hash: Vec::new(),
    };
    Ok(ListPasswordResp { passwords: all.into_iter().map(told).collect() })
}

/// Answers what a login would: a hash that no login takes verifies nothing. Wrong passwords count for the account as those of
/// a login do. They do not count for an address, since the one that is known here is that of the caller.
pub(crate) async fn verify(admin: &Admin, request: VerifyPasswordReq) -> Result<VerifyPasswordResp, Refusal> {
    required(&request.email, "no email supplied")?;
    required(&request.password, "no password to verify supplied")?;
    let (email, password) = (request.email.as_str(), request.password.as_str());
    if email.len() > CREDENTIAL_BYTES_MAX || password.len() > CREDENTIAL_BYTES_MAX {
        return Err(Refusal::invalid(format!("email or password has more than {CREDENTIAL_BYTES_MAX} bytes")));
    }
    let (attempts, now) = (&admin.app.attempts, admin.app.clock.now());
    let attempt = Attempt::Password { connector_id: LOCAL, username: email, address: None };
    let _running = attempts.begin(attempt, now)?;
    let passwords = LocalPasswords::new(admin.app.store.clone(), admin.options.workers.clone());
    let verified = match passwords.verify(email, password).await {
        Ok(verified) => verified,
        Err(dex_connector::UpstreamError::Misconfigured(reason)) => {
            tracing::error!(email, err = %reason, "api: a stored password cannot be compared");
            return Ok(VerifyPasswordResp { verified: false, not_found: false });
        }
        Err(error) => return Err(Refusal::Busy(format!("verify password: {error}"))),
    };
    if !matches!(verified, Verified::Right(_)) {
        attempts.failed(attempt, now);
    }
    Ok(VerifyPasswordResp {
        verified: matches!(verified, Verified::Right(_)),
        not_found: matches!(verified, Verified::Unknown),
    })
}

/// A hash that a login takes, or none.
fn checked(hash: Vec<u8>) -> Result<Option<PasswordHash>, Refusal> {
    if hash.is_empty() {
        return Ok(None);
    }
    let hash = PasswordHash::new(hash);
    match hash.checked() {
        Ok(_) => Ok(Some(hash)),
        Err(BadHash::Malformed) => Err(Refusal::invalid("parsing bcrypt hash: this is no bcrypt hash")),
        Err(cost) => Err(Refusal::invalid(cost.to_string())),
    }
}
