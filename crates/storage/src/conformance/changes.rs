//! What becomes of a sample: changed, near its end, or as a back end may give it back.

use std::collections::BTreeMap;
use std::time::Duration;

use dex_model::{
    AnyRecord, ClientSecret, ConnectorData, DeviceStatus, Login, PasswordHash, Timestamp, TokenSecret, later,
};

use super::samples::NOW;

/// The record with a different value wherever a later write may change one.
pub(super) fn changed(mut record: AnyRecord) -> AnyRecord {
    let at = later(NOW, Duration::from_secs(90));
    match &mut record {
        AnyRecord::AuthRequest(r) => (r.mfa_validated, r.login, r.pkce) = (false, Login::Awaited, None),
        AnyRecord::AuthCode(r) => (r.session_id, r.expiry) = ("another".into(), at),
        AnyRecord::Client(r) => (r.secret, r.redirect_uris, r.sso_shared_with) = (ClientSecret::new("x"), vec![], None),
        AnyRecord::RefreshToken(r) => (r.current, r.last_used) = (TokenSecret::new("next"), at),
        AnyRecord::Password(r) => (r.hash, r.email_verified) = (PasswordHash::new("$2a$10$y"), None),
        AnyRecord::OfflineSessions(r) => (r.refresh, r.connector_data) = (BTreeMap::new(), ConnectorData::default()),
        AnyRecord::UserIdentity(r) => (r.mfa_secrets, r.blocked_until) = (BTreeMap::new(), at),
        AnyRecord::AuthSession(r) => (r.idle_expiry, r.logout_state) = (at, None),
        AnyRecord::Connector(r) => (r.name, r.grant_types) = ("another".into(), vec![]),
        AnyRecord::Keys(r) => (r.verification_keys, r.next_rotation) = (Some(vec![]), at),
        AnyRecord::DeviceRequest(r) => r.scopes = vec!["email".into()],
        AnyRecord::DeviceToken(r) => (r.status, r.poll_interval_seconds) = (DeviceStatus::Other("consumed".into()), 10),
        AnyRecord::Spent(r) => r.expiry = at,
    }
    record
}

/// The record with its time set to be over after `end`, if it has one.
pub(super) fn ending(mut record: AnyRecord, end: Timestamp) -> AnyRecord {
    let far = later(NOW, Duration::from_secs(86_400));
    match &mut record {
        AnyRecord::AuthRequest(r) => r.expiry = end,
        AnyRecord::AuthCode(r) => r.expiry = end,
        // One session ends by one deadline, the next by the other.
        AnyRecord::AuthSession(r) if r.id == "a" || r.id == "c" => (r.absolute_expiry, r.idle_expiry) = (end, far),
        AnyRecord::AuthSession(r) => (r.absolute_expiry, r.idle_expiry) = (far, end),
        AnyRecord::DeviceRequest(r) => r.expiry = end,
        AnyRecord::DeviceToken(r) => r.expiry = end,
        AnyRecord::Spent(r) => r.expiry = end,
        _ => {}
    }
    record
}
