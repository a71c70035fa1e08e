//! What is kept of a user: passwords, tokens held, identity, sessions.

use std::collections::BTreeMap;

use dex_model::{
    AuthSession, ConnectorData, MfaSecret, OfflineSessions, Password, PasswordHash, TokenSecret, UserIdentity,
    WebAuthnCredential,
};
use dex_oidc::to_json;
use dex_storage::json::{StoredCredential, StoredMfaSecret};

use crate::ent;
use crate::row::{Fault, Fields, Row, elements, object, strings};
use crate::value::Value;

pub(super) fn password(fields: Fields, record: &Password) -> Fields {
    fields
        .set("email", &record.email.to_lowercase())
        .set("hash", record.hash.expose())
        .set("username", &record.username)
        .set("user_id", &record.user_id)
        .set("preferred_username", &record.preferred_username)
        .set("groups", Value::list(&record.groups))
        .set("name", &record.name)
        .set("email_verified", record.email_verified.map_or(Value::Null, Value::Bool))
}

pub(super) fn read_password(row: &mut Row) -> Result<Password, Fault> {
    Ok(Password {
        email: row.text("email")?,
        hash: PasswordHash::new(row.bytes("hash")?),
        username: row.text("username")?,
        name: row.text("name")?,
        preferred_username: row.text("preferred_username")?,
        email_verified: row.optional_bool("email_verified")?,
        user_id: row.text("user_id")?,
        groups: row.list("groups")?,
    })
}

pub(super) fn offline_sessions(fields: Fields, record: &OfflineSessions) -> Fields {
    fields
        .set("user_id", &record.user_id)
        .set("conn_id", &record.connector_id)
        .set_if_there("id", || ent::id_of_pair(&record.user_id, &record.connector_id).as_str().into())
        .set("refresh", Value::Bytes(to_json(&record.refresh)))
        .set("connector_data", Value::bytes_or_null(record.connector_data.expose()))
}

pub(super) fn read_offline_sessions(row: &mut Row) -> Result<OfflineSessions, Fault> {
    Ok(OfflineSessions {
        user_id: row.text("user_id")?,
        connector_id: row.text("conn_id")?,
        refresh: row.map("refresh")?,
        connector_data: ConnectorData::new(row.bytes("connector_data")?),
    })
}

pub(super) fn user_identity(fields: Fields, record: &UserIdentity) -> Fields {
    let secrets = record.mfa_secrets.iter();
    let secrets: BTreeMap<_, _> = secrets.map(|(id, secret)| (id, StoredMfaSecret::from(secret))).collect();
    let credentials = record.webauthn_credentials.iter();
    let credentials: BTreeMap<_, Vec<_>> =
        credentials.map(|(id, held)| (id, held.iter().map(StoredCredential::from).collect())).collect();
    // Both were added later and are `null` until something is enrolled.
    let secrets = Some(secrets).filter(|secrets| !secrets.is_empty());
    let credentials = Some(credentials).filter(|credentials| !credentials.is_empty());
    fields
        .set("user_id", &record.user_id)
        .set("connector_id", &record.connector_id)
        .set_if_there("id", || ent::id_of_pair(&record.user_id, &record.connector_id).as_str().into())
        .claims(&record.claims)
        .set("consents", Value::Bytes(to_json(&record.consents)))
        .set("created_at", record.created_at)
        .set("last_login", record.last_login)
        .set("blocked_until", record.blocked_until)
        .set("mfa_secrets", Value::Bytes(to_json(&secrets)))
        .set("webauthn_credentials", Value::Bytes(to_json(&credentials)))
}

pub(super) fn read_user_identity(row: &mut Row) -> Result<UserIdentity, Fault> {
    let secrets = row.map_of("mfa_secrets", |value| {
        let secret: StoredMfaSecret = object("mfa_secrets", value)?;
        Ok(MfaSecret::from(secret))
    })?;
    let credentials = row.map_of("webauthn_credentials", |value| {
        elements("webauthn_credentials", value, |value| {
            let credential: StoredCredential = object("webauthn_credentials", value)?;
            WebAuthnCredential::try_from(credential).map_err(|reason| Fault::new("webauthn_credentials", reason))
        })
    })?;
    Ok(UserIdentity {
        user_id: row.text("user_id")?,
        connector_id: row.text("connector_id")?,
        claims: row.claims()?,
        consents: row.map_of("consents", |value| strings("consents", value))?,
        mfa_secrets: secrets,
        webauthn_credentials: credentials,
        created_at: row.time("created_at")?,
        last_login: row.time("last_login")?,
        blocked_until: row.time("blocked_until")?,
    })
}

pub(super) fn auth_session(fields: Fields, record: &AuthSession) -> Fields {
    fields
        .set("id", &record.id)
        .set("secret", record.secret.expose())
        .set("user_id", &record.user_id)
        .set("connector_id", &record.connector_id)
        .set("client_states", Value::Bytes(to_json(&record.client_states)))
        .set("created_at", record.created_at)
        .set("last_activity", record.last_activity)
        .set("ip_address", &record.ip_address)
        .set("user_agent", &record.user_agent)
        .set("absolute_expiry", record.absolute_expiry)
        .set("idle_expiry", record.idle_expiry)
        .set("logout_state", Value::Bytes(to_json(&record.logout_state)))
}

pub(super) fn read_auth_session(row: &mut Row) -> Result<AuthSession, Fault> {
    let logout_state = row.json("logout_state")?;
    Ok(AuthSession {
        id: row.text("id")?,
        secret: TokenSecret::new(row.text("secret")?),
        user_id: row.text("user_id")?,
        connector_id: row.text("connector_id")?,
        client_states: row.map("client_states")?,
        created_at: row.time("created_at")?,
        last_activity: row.time("last_activity")?,
        ip_address: row.text("ip_address")?,
        user_agent: row.text("user_agent")?,
        absolute_expiry: row.time("absolute_expiry")?,
        idle_expiry: row.time("idle_expiry")?,
        logout_state: logout_state.map(|value| object("logout_state", value)).transpose()?,
    })
}
