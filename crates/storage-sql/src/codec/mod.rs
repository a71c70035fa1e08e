//! Rows of records, and records of rows (storage spec, 7.6).
//!
//! A file holds the kinds that are used together. The bytes written are Dex's; reading takes what any
//! release of Dex wrote. Nothing here knows a dialect. A row that cannot be read comes back as a
//! [`Fault`] that names the column.

mod device;
mod login;
mod registered;
mod user;

use dex_model::{AnyRecord, Key, Keys, Kind, Record as _, Spent};
use dex_storage::StorageError;

use crate::ent;
use crate::options::Layout;
use crate::row::{Fault, Fields, Row};
use crate::table::Table;
use crate::value::Value;

/// The row id of [`Keys::SIGNING`]. Every other set has its own name.
const SIGNING_ROW: &str = "keys";

/// The values of a record, in the order of its table's columns.
///
/// # Errors
///
/// [`StorageError::Unstorable`] for keys that are no JSON.
pub(crate) fn encode(layout: Layout, record: &AnyRecord) -> Result<Vec<Value>, StorageError> {
    let key = record.key();
    let kind = key.kind;
    let fields = Fields::of(Table::of(layout, key.kind));
    let fields = match record {
        AnyRecord::AuthRequest(record) => login::auth_request(fields, record),
        AnyRecord::AuthCode(record) => login::auth_code(fields, record),
        AnyRecord::Client(record) => registered::client(fields, record),
        AnyRecord::RefreshToken(record) => login::refresh_token(fields, record),
        AnyRecord::Password(record) => user::password(fields, record),
        AnyRecord::OfflineSessions(record) => user::offline_sessions(fields, record),
        AnyRecord::UserIdentity(record) => user::user_identity(fields, record),
        AnyRecord::AuthSession(record) => user::auth_session(fields, record),
        AnyRecord::Connector(record) => registered::connector(fields, record),
        AnyRecord::Keys(record) => registered::keys(fields, record)
            .map_err(|reason| StorageError::Unstorable { key: Box::new(key), reason })?,
        AnyRecord::DeviceRequest(record) => device::request(fields, record),
        AnyRecord::DeviceToken(record) => device::token(fields, record),
        AnyRecord::Spent(record) => fields.set("id", &record.id).set("expiry", record.expiry),
    };
    let mut row = fields.values();
    if layout == Layout::Ent {
        ent::adapt(kind, Table::of(layout, kind), &mut row);
    }
    Ok(row)
}

/// The same row under the second id of its pair, where the first belongs to another pair.
pub(crate) fn second(table: &Table, mut row: Vec<Value>) -> Vec<Value> {
    if let [Value::Text(user_id), Value::Text(connector_id), ..] = row.as_slice() {
        row[table.place("id")] = Value::Text(ent::second_id_of_pair(user_id, connector_id));
    }
    row
}

/// The record of a row.
pub(crate) fn decode(kind: Kind, row: &mut Row) -> Result<AnyRecord, Fault> {
    Ok(match kind {
        Kind::AuthRequest => login::read_auth_request(row)?.into_any(),
        Kind::AuthCode => login::read_auth_code(row)?.into_any(),
        Kind::Client => registered::read_client(row)?.into_any(),
        Kind::RefreshToken => login::read_refresh_token(row)?.into_any(),
        Kind::Password => user::read_password(row)?.into_any(),
        Kind::OfflineSessions => user::read_offline_sessions(row)?.into_any(),
        Kind::UserIdentity => user::read_user_identity(row)?.into_any(),
        Kind::AuthSession => user::read_auth_session(row)?.into_any(),
        Kind::Connector => registered::read_connector(row)?.into_any(),
        Kind::Keys => registered::read_keys(row)?.into_any(),
        Kind::DeviceRequest => device::read_request(row)?.into_any(),
        Kind::DeviceToken => device::read_token(row)?.into_any(),
        Kind::Spent => Spent { id: row.text("id")?, expiry: row.time("expiry")? }.into_any(),
    })
}

/// The key of a row that was read, by the first of its values.
pub(crate) fn key_of(kind: Kind, row: &[Value]) -> Key {
    let part = |at: usize| match row.get(at) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    match kind {
        Kind::Keys => Key::one(kind, keys_name(part(0))),
        Kind::OfflineSessions | Kind::UserIdentity => Key::pair(kind, part(0), part(1)),
        _ => Key::one(kind, part(0)),
    }
}

/// The values of a key's columns; of a pair that has an id, both that it may have too.
pub(crate) fn key_values(layout: Layout, key: &Key) -> Vec<String> {
    let table = Table::of(layout, key.kind);
    let (user_id, connector_id) = (&key.id, &key.connector_id);
    match (table.key.len(), key.kind) {
        (1, Kind::Keys) => vec![keys_row(&key.id).to_owned()],
        (1, _) => vec![key.id.clone()],
        _ if table.paired => vec![
            user_id.clone(),
            connector_id.clone(),
            ent::id_of_pair(user_id, connector_id),
            ent::second_id_of_pair(user_id, connector_id),
        ],
        _ => vec![user_id.clone(), connector_id.clone()],
    }
}

/// The row that a set of keys is in.
fn keys_row(name: &str) -> &str {
    if name == Keys::SIGNING { SIGNING_ROW } else { name }
}

/// The set of keys that is in a row.
fn keys_name(row: String) -> String {
    if row == SIGNING_ROW { Keys::SIGNING.to_owned() } else { row }
}
