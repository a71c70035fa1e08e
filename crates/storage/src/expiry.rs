//! When a record's time is over.

use dex_model::{AnyRecord, Timestamp};

/// When a record may be swept, for the kinds that are (storage spec, 4). A session ends by the
/// earlier of its two deadlines.
pub fn expiry_of(record: &AnyRecord) -> Option<Timestamp> {
    match record {
        AnyRecord::AuthRequest(record) => Some(record.expiry),
        AnyRecord::AuthCode(record) => Some(record.expiry),
        AnyRecord::AuthSession(record) => Some(record.absolute_expiry.min(record.idle_expiry)),
        AnyRecord::DeviceRequest(record) => Some(record.expiry),
        AnyRecord::DeviceToken(record) => Some(record.expiry),
        AnyRecord::Spent(record) => Some(record.expiry),
        AnyRecord::Client(_)
        | AnyRecord::RefreshToken(_)
        | AnyRecord::Password(_)
        | AnyRecord::OfflineSessions(_)
        | AnyRecord::UserIdentity(_)
        | AnyRecord::Connector(_)
        | AnyRecord::Keys(_) => None,
    }
}
