//! What is kept of a user: passwords, tokens held, identity, sessions.

use std::collections::BTreeMap;

use dex_model::{
    AuthSession, Claims, ConnectorData, MfaSecret, OfflineSessions, Password, PasswordHash, TokenSecret, UserIdentity,
    WebAuthnCredential,
};
use dex_storage::json::{self, Shape, StoredCredential, StoredMfaSecret};
use serde::Serialize;
use serde_json::Value;

use super::member::{Base64, Opt, Time, body};

/// Values by name.
type Named<T> = BTreeMap<String, T>;

body! {
    PasswordBody {
        email: Opt<String> = "email",
        hash: Opt<Base64> = "hash",
        username: Opt<String> = "username",
        name: Opt<String> = "name",
        preferred_username: Opt<String> = "preferredUsername",
        email_verified: Opt<Option<bool>> = "emailVerified",
        user_id: Opt<String> = "userID",
        groups: Opt<Vec<String>> = "groups",
    }
}

pub(super) fn password(record: &Password) -> PasswordBody {
    PasswordBody {
        email: Opt(record.email.to_lowercase()),
        hash: Opt(Base64::of(record.hash.expose())),
        username: Opt(record.username.clone()),
        name: Opt(record.name.clone()),
        preferred_username: Opt(record.preferred_username.clone()),
        email_verified: Opt(record.email_verified),
        user_id: Opt(record.user_id.clone()),
        groups: Opt(record.groups.clone()),
    }
}

pub(super) fn read_password(body: PasswordBody) -> Password {
    Password {
        email: body.email.0,
        hash: PasswordHash::new(body.hash.0.0),
        username: body.username.0,
        name: body.name.0,
        preferred_username: body.preferred_username.0,
        email_verified: body.email_verified.0,
        user_id: body.user_id.0,
        groups: body.groups.0,
    }
}

body! {
    OfflineSessionsBody {
        user_id: Opt<String> = "userID",
        connector_id: Opt<String> = "connID",
        refresh: Opt<Named<Value>> = "refresh",
        connector_data: Opt<Base64> = "connectorData",
    }
}

pub(super) fn offline_sessions(record: &OfflineSessions) -> OfflineSessionsBody {
    OfflineSessionsBody {
        user_id: Opt(record.user_id.clone()),
        connector_id: Opt(record.connector_id.clone()),
        refresh: Opt(named(record.refresh.iter())),
        connector_data: Opt(Base64::of(record.connector_data.expose())),
    }
}

pub(super) fn read_offline_sessions(body: OfflineSessionsBody) -> Result<OfflineSessions, String> {
    Ok(OfflineSessions {
        user_id: body.user_id.0,
        connector_id: body.connector_id.0,
        refresh: read_named(body.refresh.0)?,
        connector_data: ConnectorData::new(body.connector_data.0.0),
    })
}

body! {
    UserIdentityBody {
        user_id: Opt<String> = "userID",
        connector_id: Opt<String> = "connectorID",
        claims: Claims = "claims",
        consents: Opt<Named<Option<Vec<String>>>> = "consents",
        mfa_secrets: Opt<Named<Value>> = "mfaSecrets",
        webauthn_credentials: Opt<Named<Option<Vec<Value>>>> = "webauthnCredentials",
        created_at: Time = "createdAt",
        last_login: Time = "lastLogin",
        blocked_until: Time = "blockedUntil",
    }
}

pub(super) fn user_identity(record: &UserIdentity) -> UserIdentityBody {
    let secrets: Named<_> = record.mfa_secrets.iter().map(|(id, s)| (id.clone(), StoredMfaSecret::from(s))).collect();
    let credentials = record.webauthn_credentials.iter();
    let credentials = credentials.map(|(id, held)| {
        let held = held.iter().map(|credential| value(&StoredCredential::from(credential))).collect();
        (id.clone(), Some(held))
    });
    UserIdentityBody {
        user_id: Opt(record.user_id.clone()),
        connector_id: Opt(record.connector_id.clone()),
        claims: record.claims.clone(),
        consents: Opt(record.consents.iter().map(|(id, scopes)| (id.clone(), Some(scopes.clone()))).collect()),
        mfa_secrets: Opt(named(secrets.iter())),
        webauthn_credentials: Opt(credentials.collect()),
        created_at: Time(record.created_at),
        last_login: Time(record.last_login),
        blocked_until: Time(record.blocked_until),
    }
}

pub(super) fn read_user_identity(body: UserIdentityBody) -> Result<UserIdentity, String> {
    let secrets: Named<StoredMfaSecret> = read_named(body.mfa_secrets.0)?;
    let credentials = body.webauthn_credentials.0.into_iter().map(|(id, held)| {
        let read = |value| json::read::<StoredCredential>(value).and_then(WebAuthnCredential::try_from);
        let held = held.unwrap_or_default().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, String>((id, held))
    });
    Ok(UserIdentity {
        user_id: body.user_id.0,
        connector_id: body.connector_id.0,
        claims: body.claims,
        consents: body.consents.0.into_iter().map(|(id, scopes)| (id, scopes.unwrap_or_default())).collect(),
        mfa_secrets: secrets.into_iter().map(|(id, secret)| (id, MfaSecret::from(secret))).collect(),
        webauthn_credentials: credentials.collect::<Result<_, _>>()?,
        created_at: body.created_at.0,
        last_login: body.last_login.0,
        blocked_until: body.blocked_until.0,
    })
}

body! {
    AuthSessionBody {
        user_id: Opt<String> = "userID",
        connector_id: Opt<String> = "connectorID",
        secret: Opt<String> = "secret",
        client_states: Opt<Named<Value>> = "clientStates",
        created_at: Time = "createdAt",
        last_activity: Time = "lastActivity",
        ip_address: Opt<String> = "ipAddress",
        user_agent: Opt<String> = "userAgent",
        absolute_expiry: Time = "absoluteExpiry",
        idle_expiry: Time = "idleExpiry",
        logout_state: Opt<Option<Value>> = "logoutState",
    }
}

pub(super) fn auth_session(record: &AuthSession) -> AuthSessionBody {
    AuthSessionBody {
        user_id: Opt(record.user_id.clone()),
        connector_id: Opt(record.connector_id.clone()),
        secret: Opt(record.secret.expose().to_owned()),
        client_states: Opt(named(record.client_states.iter())),
        created_at: Time(record.created_at),
        last_activity: Time(record.last_activity),
        ip_address: Opt(record.ip_address.clone()),
        user_agent: Opt(record.user_agent.clone()),
        absolute_expiry: Time(record.absolute_expiry),
        idle_expiry: Time(record.idle_expiry),
        logout_state: Opt(record.logout_state.as_ref().map(value)),
    }
}

pub(super) fn read_auth_session(id: String, body: AuthSessionBody) -> Result<AuthSession, String> {
    Ok(AuthSession {
        id,
        secret: TokenSecret::new(body.secret.0),
        user_id: body.user_id.0,
        connector_id: body.connector_id.0,
        client_states: read_named(body.client_states.0)?,
        created_at: body.created_at.0,
        last_activity: body.last_activity.0,
        ip_address: body.ip_address.0,
        user_agent: body.user_agent.0,
        absolute_expiry: body.absolute_expiry.0,
        idle_expiry: body.idle_expiry.0,
        logout_state: body.logout_state.0.map(json::read).transpose()?,
    })
}

fn named<'a, T: Serialize + 'a>(values: impl Iterator<Item = (&'a String, &'a T)>) -> Named<Value> {
    values.map(|(name, of)| (name.clone(), value(of))).collect()
}

fn read_named<T: Shape>(values: Named<Value>) -> Result<Named<T>, String> {
    let read = |(name, value)| json::read(value).map(|value| (name, value));
    values.into_iter().map(read).collect()
}

fn value<T: Serialize>(of: &T) -> Value {
    serde_json::to_value(of).expect("it has string keys only")
}
