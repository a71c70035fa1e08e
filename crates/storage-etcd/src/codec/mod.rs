//! Values of records, and records of values (storage spec, 10.2).
//!
//! A file holds the kinds that are used together. The bytes written are Dex's; reading takes what any release of Dex
//! wrote. Nothing here knows etcd. A value that cannot be read comes back as a [`Fault`] that names the member.

mod device;
mod login;
mod members;
mod object;
mod registered;
mod user;

use dex_model::{AnyRecord, Kind, Record as _, Spent};
use dex_storage::StorageError;

pub(crate) use members::Fault;
use members::Members;
use object::Object;

/// The value of a record.
///
/// # Errors
///
/// [`StorageError::Unstorable`] for keys that are no JSON.
pub(crate) fn encode(record: &AnyRecord) -> Result<Vec<u8>, StorageError> {
    Ok(match record {
        AnyRecord::AuthRequest(record) => login::auth_request(record),
        AnyRecord::AuthCode(record) => login::auth_code(record),
        AnyRecord::Client(record) => registered::client(record),
        AnyRecord::RefreshToken(record) => login::refresh_token(record),
        AnyRecord::Password(record) => user::password(record),
        AnyRecord::OfflineSessions(record) => user::offline_sessions(record),
        AnyRecord::UserIdentity(record) => user::user_identity(record),
        AnyRecord::AuthSession(record) => user::auth_session(record),
        AnyRecord::Connector(record) => registered::connector(record),
        AnyRecord::Keys(record) => registered::keys(record)
            .map_err(|reason| StorageError::Unstorable { key: Box::new(record.key()), reason })?,
        AnyRecord::DeviceRequest(record) => device::request(record),
        AnyRecord::DeviceToken(record) => device::token(record),
        AnyRecord::Spent(record) => Object::new().put("expiry", &record.expiry).finish(),
    })
}

/// The record of a value. `id` is its key behind the prefix of the kind, for the kinds whose value does not repeat it.
pub(crate) fn decode(kind: Kind, id: &str, value: &[u8]) -> Result<AnyRecord, Fault> {
    let mut members = Members::parse(value)?;
    let from = &mut members;
    Ok(match kind {
        Kind::AuthRequest => login::read_auth_request(from)?.into_any(),
        Kind::AuthCode => login::read_auth_code(from)?.into_any(),
        Kind::Client => registered::read_client(from)?.into_any(),
        Kind::RefreshToken => login::read_refresh_token(from)?.into_any(),
        Kind::Password => user::read_password(from)?.into_any(),
        Kind::OfflineSessions => user::read_offline_sessions(from)?.into_any(),
        Kind::UserIdentity => user::read_user_identity(from)?.into_any(),
        Kind::AuthSession => user::read_auth_session(from)?.into_any(),
        Kind::Connector => registered::read_connector(from)?.into_any(),
        Kind::Keys => registered::read_keys(id, from)?.into_any(),
        Kind::DeviceRequest => device::read_request(from)?.into_any(),
        Kind::DeviceToken => device::read_token(from)?.into_any(),
        Kind::Spent => Spent { id: id.to_owned(), expiry: from.time("expiry")? }.into_any(),
    })
}
