//! Second factors of a user (gRPC spec, 5.8). None of this touches sessions or tokens.

use std::collections::BTreeSet;

use dex_model::{MfaSecret, UserIdentity, WebAuthnCredential};

use super::identities::{self, whose};
use super::time::seconds;
use crate::Admin;
use crate::proto::{
    self, DeleteMfaSecretReq, DeleteMfaSecretResp, DeleteWebAuthnCredentialReq, DeleteWebAuthnCredentialResp,
    ListMfaDevicesReq, ListMfaDevicesResp, MfaDeviceInfo, ResetMfaReq, ResetMfaResp,
};
use crate::refusal::{During as _, Refusal, required};

pub(crate) async fn list(admin: &Admin, request: ListMfaDevicesReq) -> Result<ListMfaDevicesResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    let found = admin.app.store.get::<UserIdentity>(whose).await.during("get user identity")?;
    Ok(ListMfaDevicesResp { devices: devices(found.ok_or(Refusal::NotFound)?) })
}

pub(crate) async fn reset(admin: &Admin, request: ResetMfaReq) -> Result<ResetMfaResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    let reset = |mut user: UserIdentity| {
        user.mfa_secrets.clear();
        user.webauthn_credentials.clear();
        Some(user)
    };
    let found = identities::change(admin, whose, reset).await.during("reset MFA")?;
    if found {
        tracing::info!(user_id = whose.0, connector_id = whose.1, "api: second factors reset");
    }
    Ok(ResetMfaResp { not_found: !found })
}

/// Removes a security key, wherever it is registered.
pub(crate) async fn delete_credential(
    admin: &Admin,
    request: DeleteWebAuthnCredentialReq,
) -> Result<DeleteWebAuthnCredentialResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    if request.credential_id.is_empty() {
        return Err(Refusal::invalid("no credential_id supplied"));
    }
    let is_it = |credential: &WebAuthnCredential| credential.credential_id == request.credential_id;
    let delete = |mut user: UserIdentity| {
        let found = user.webauthn_credentials.values().flatten().any(is_it);
        user.webauthn_credentials.retain(|_, credentials| {
            credentials.retain(|credential| !is_it(credential));
            !credentials.is_empty()
        });
        found.then_some(user)
    };
    let found = identities::change(admin, whose, delete).await.during("delete WebAuthn credential")?;
    if found {
        tracing::info!(user_id = whose.0, connector_id = whose.1, "api: security key deleted");
    }
    Ok(DeleteWebAuthnCredentialResp { not_found: !found })
}

/// Removes all that is registered for an authenticator, be it a secret or security keys.
pub(crate) async fn delete_secret(admin: &Admin, request: DeleteMfaSecretReq) -> Result<DeleteMfaSecretResp, Refusal> {
    let whose = whose(&request.user_id, &request.connector_id)?;
    let authenticator_id = request.authenticator_id.as_str();
    required(authenticator_id, "no authenticator_id supplied")?;
    let delete = |mut user: UserIdentity| {
        let secret = user.mfa_secrets.remove(authenticator_id).is_some();
        let keys = user.webauthn_credentials.remove(authenticator_id).is_some();
        (secret || keys).then_some(user)
    };
    let found = identities::change(admin, whose, delete).await.during("delete MFA secret")?;
    if found {
        tracing::info!(user_id = whose.0, connector_id = whose.1, authenticator_id, "api: second factor deleted");
    }
    Ok(DeleteMfaSecretResp { not_found: !found })
}

/// Everything registered, without the secrets, by authenticator.
pub(crate) fn devices(user: UserIdentity) -> Vec<MfaDeviceInfo> {
    let (mut secrets, mut keys) = (user.mfa_secrets, user.webauthn_credentials);
    let ids: BTreeSet<String> = secrets.keys().chain(keys.keys()).cloned().collect();
    let device = |authenticator_id: String| MfaDeviceInfo {
        mfa_secret: secrets.remove(&authenticator_id).map(told_secret),
        webauthn_credentials: keys.remove(&authenticator_id).into_iter().flatten().map(told_key).collect(),
        authenticator_id,
    };
    ids.into_iter().map(device).collect()
}

fn told_secret(secret: MfaSecret) -> proto::MfaSecret {
    proto::MfaSecret {
        authenticator_id: secret.authenticator_id,
        r#type: secret.kind,
        confirmed: secret.confirmed,
        created_at: seconds(secret.created_at),
    }
}

fn told_key(key: WebAuthnCredential) -> proto::WebAuthnCredential {
    proto::WebAuthnCredential {
        credential_id: key.credential_id,
        attestation_type: key.attestation_type,
        aaguid: key.aaguid,
        sign_count: key.sign_count,
        clone_warning: key.clone_warning,
        transport: key.transport,
        backup_eligible: key.backup_eligible,
        backup_state: key.backup_state,
        display_name: key.display_name,
        created_at: seconds(key.created_at),
    }
}
