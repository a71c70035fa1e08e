//! What is kept of a user: passwords, tokens held, identity, sessions.

use std::collections::BTreeMap;

use dex_model::{
    AuthSession, ConnectorData, MfaSecret, OfflineSessions, Password, PasswordHash, TokenSecret, UserIdentity,
    WebAuthnCredential,
};
use dex_storage::json::{StoredCredential, StoredMfaSecret};

use super::members::{Fault, Members, elements, shaped, strings};
use super::object::Object;

/// `hashFromEnv` belongs to the configuration and is empty here, as in Dex.
pub(super) fn password(record: &Password) -> Vec<u8> {
    Object::new()
        .put("email", &record.email)
        .bytes("hash", record.hash.expose())
        .put("hashFromEnv", "")
        .put("username", &record.username)
        .put("name", &record.name)
        .put("preferredUsername", &record.preferred_username)
        .put_unless(record.email_verified.is_none(), "emailVerified", &record.email_verified)
        .put("userID", &record.user_id)
        .list("groups", &record.groups)
        .finish()
}

pub(super) fn read_password(from: &mut Members) -> Result<Password, Fault> {
    Ok(Password {
        email: from.text("email")?,
        hash: PasswordHash::new(from.bytes("hash")?),
        username: from.text("username")?,
        name: from.text("name")?,
        preferred_username: from.text("preferredUsername")?,
        email_verified: from.optional_bool("emailVerified")?,
        user_id: from.text("userID")?,
        groups: from.list("groups")?,
    })
}

pub(super) fn offline_sessions(record: &OfflineSessions) -> Vec<u8> {
    Object::new()
        .text_if_any("user_id", &record.user_id)
        .text_if_any("conn_id", &record.connector_id)
        .put_unless(record.refresh.is_empty(), "refresh", &record.refresh)
        .bytes_if_any("connectorData", record.connector_data.expose())
        .finish()
}

pub(super) fn read_offline_sessions(from: &mut Members) -> Result<OfflineSessions, Fault> {
    Ok(OfflineSessions {
        user_id: from.text("user_id")?,
        connector_id: from.text("conn_id")?,
        refresh: from.map("refresh", |value| shaped("refresh", value))?,
        connector_data: ConnectorData::new(from.bytes("connectorData")?),
    })
}

pub(super) fn user_identity(record: &UserIdentity) -> Vec<u8> {
    let secrets = record.mfa_secrets.iter();
    let secrets: BTreeMap<_, _> = secrets.map(|(id, secret)| (id, StoredMfaSecret::from(secret))).collect();
    let credentials = record.webauthn_credentials.iter();
    let credentials: BTreeMap<_, Vec<_>> =
        credentials.map(|(id, held)| (id, held.iter().map(StoredCredential::from).collect())).collect();
    Object::new()
        .text_if_any("user_id", &record.user_id)
        .text_if_any("connector_id", &record.connector_id)
        .claims(&record.claims)
        .put_unless(record.consents.is_empty(), "consents", &record.consents)
        .put_unless(secrets.is_empty(), "mfa_secrets", &secrets)
        .put_unless(credentials.is_empty(), "webauthn_credentials", &credentials)
        .put("created_at", &record.created_at)
        .put("last_login", &record.last_login)
        .put("blocked_until", &record.blocked_until)
        .finish()
}

pub(super) fn read_user_identity(from: &mut Members) -> Result<UserIdentity, Fault> {
    let secret = |value| Ok(MfaSecret::from(shaped::<StoredMfaSecret>("mfa_secrets", value)?));
    let credential = |value| {
        let stored: StoredCredential = shaped("webauthn_credentials", value)?;
        WebAuthnCredential::try_from(stored).map_err(|reason| Fault::new("webauthn_credentials", reason))
    };
    Ok(UserIdentity {
        user_id: from.text("user_id")?,
        connector_id: from.text("connector_id")?,
        claims: from.claims()?,
        consents: from.map("consents", |value| strings("consents", value))?,
        mfa_secrets: from.map("mfa_secrets", secret)?,
        webauthn_credentials: from
            .map("webauthn_credentials", |value| elements("webauthn_credentials", value, credential))?,
        created_at: from.time("created_at")?,
        last_login: from.time("last_login")?,
        blocked_until: from.time("blocked_until")?,
    })
}

pub(super) fn auth_session(record: &AuthSession) -> Vec<u8> {
    Object::new()
        .put("id", &record.id)
        .text_if_any("secret", record.secret.expose())
        .text_if_any("user_id", &record.user_id)
        .text_if_any("connector_id", &record.connector_id)
        .put_unless(record.client_states.is_empty(), "client_states", &record.client_states)
        .put("created_at", &record.created_at)
        .put("last_activity", &record.last_activity)
        .text_if_any("ip_address", &record.ip_address)
        .text_if_any("user_agent", &record.user_agent)
        .put("absolute_expiry", &record.absolute_expiry)
        .put("idle_expiry", &record.idle_expiry)
        .put_unless(record.logout_state.is_none(), "logout_state", &record.logout_state)
        .finish()
}

pub(super) fn read_auth_session(from: &mut Members) -> Result<AuthSession, Fault> {
    Ok(AuthSession {
        id: from.text("id")?,
        secret: TokenSecret::new(from.text("secret")?),
        user_id: from.text("user_id")?,
        connector_id: from.text("connector_id")?,
        client_states: from.map("client_states", |value| shaped("client_states", value))?,
        created_at: from.time("created_at")?,
        last_activity: from.time("last_activity")?,
        ip_address: from.text("ip_address")?,
        user_agent: from.text("user_agent")?,
        absolute_expiry: from.time("absolute_expiry")?,
        idle_expiry: from.time("idle_expiry")?,
        logout_state: from.value("logout_state").map(|value| shaped("logout_state", value)).transpose()?,
    })
}
