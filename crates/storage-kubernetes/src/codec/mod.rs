//! Objects of records, and records of objects (storage spec, 9.6).
//!
//! A file holds the kinds that are used together. The members written are Dex's; reading takes what any release of Dex
//! wrote. Nothing here knows the API server. A body that cannot be read comes back as a text that says why and holds
//! nothing of the value.

mod device;
mod login;
mod member;
mod registered;
mod user;

use dex_model::{AnyRecord, Kind, Record as _, Spent};
use dex_storage::json::{self, Shape};
use serde::Serialize;
use serde_json::Value;

use self::member::{Time, body};
use crate::object::{Members, Object};

body! {
    /// What is ours alone. Dex has no such resource.
    SpentBody {
        id: String = "id",
        expiry: Time = "expiry",
    }
}

/// The body of a record.
///
/// # Errors
///
/// A text, for keys that are no JSON.
pub(crate) fn encode(record: &AnyRecord) -> Result<Members, String> {
    match record {
        AnyRecord::AuthRequest(record) => members(&login::auth_request(record)),
        AnyRecord::AuthCode(record) => members(&login::auth_code(record)),
        AnyRecord::Client(record) => members(&registered::client(record)),
        AnyRecord::RefreshToken(record) => members(&login::refresh_token(record)),
        AnyRecord::Password(record) => members(&user::password(record)),
        AnyRecord::OfflineSessions(record) => members(&user::offline_sessions(record)),
        AnyRecord::UserIdentity(record) => members(&user::user_identity(record)),
        AnyRecord::AuthSession(record) => members(&user::auth_session(record)),
        AnyRecord::Connector(record) => members(&registered::connector(record)),
        AnyRecord::Keys(record) => members(&registered::keys(record)?),
        AnyRecord::DeviceRequest(record) => members(&device::request(record)),
        AnyRecord::DeviceToken(record) => members(&device::token(record)),
        AnyRecord::Spent(record) => members(&SpentBody { id: record.id.clone(), expiry: Time(record.expiry) }),
    }
}

/// The record of an object.
///
/// # Errors
///
/// A text that says what is wrong with the body.
pub(crate) fn decode(kind: Kind, object: &Object) -> Result<AnyRecord, String> {
    let (name, body) = (object.name().to_owned(), Value::Object(object.body.clone()));
    Ok(match kind {
        Kind::AuthRequest => login::read_auth_request(name, json::read(body)?)?.into_any(),
        Kind::AuthCode => login::read_auth_code(name, json::read(body)?).into_any(),
        Kind::Client => registered::read_client(json::read(body)?).into_any(),
        Kind::RefreshToken => login::read_refresh_token(name, json::read(body)?).into_any(),
        Kind::Password => user::read_password(json::read(body)?).into_any(),
        Kind::OfflineSessions => user::read_offline_sessions(json::read(body)?)?.into_any(),
        Kind::UserIdentity => user::read_user_identity(json::read(body)?)?.into_any(),
        Kind::AuthSession => user::read_auth_session(name, json::read(body)?)?.into_any(),
        Kind::Connector => registered::read_connector(object.resource_version(), json::read(body)?).into_any(),
        Kind::Keys => registered::read_keys(name, json::read(body)?)?.into_any(),
        Kind::DeviceRequest => device::read_request(&name, json::read(body)?).into_any(),
        Kind::DeviceToken => device::read_token(name, json::read(body)?)?.into_any(),
        Kind::Spent => {
            let body: SpentBody = json::read(body)?;
            Spent { id: body.id, expiry: body.expiry.0 }.into_any()
        }
    })
}

/// The members of a body that no codec of ours knows, to be kept when it is written again.
pub(crate) fn foreign(kind: Kind, body: Members) -> Members {
    let known = match kind {
        Kind::AuthRequest => login::AuthRequestBody::MEMBERS,
        Kind::AuthCode => login::AuthCodeBody::MEMBERS,
        Kind::Client => registered::ClientBody::MEMBERS,
        Kind::RefreshToken => login::RefreshTokenBody::MEMBERS,
        Kind::Password => user::PasswordBody::MEMBERS,
        Kind::OfflineSessions => user::OfflineSessionsBody::MEMBERS,
        Kind::UserIdentity => user::UserIdentityBody::MEMBERS,
        Kind::AuthSession => user::AuthSessionBody::MEMBERS,
        Kind::Connector => registered::ConnectorBody::MEMBERS,
        Kind::Keys => registered::KeysBody::MEMBERS,
        Kind::DeviceRequest => device::RequestBody::MEMBERS,
        Kind::DeviceToken => device::TokenBody::MEMBERS,
        Kind::Spent => SpentBody::MEMBERS,
    };
    let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    body.into_iter().filter(|(name, _)| !is_known(name)).collect()
}

fn members<T: Serialize>(body: &T) -> Result<Members, String> {
    match serde_json::to_value(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err("it is no JSON".into()),
    }
}
