//! What counts as the same record, though two back ends keep it.

use std::collections::BTreeMap;
use std::time::Duration;

use dex_model::{AnyRecord, StoredJwk, Timestamp};

/// Two instants that lie closer are one: back ends keep at least milliseconds (storage spec, 1.5).
const PRECISION: Duration = Duration::from_millis(1);

/// Whether two records are the same but for what back ends do not keep alike: the case of an e-mail, the order of a JWK's
/// members, the version of a connector, claims of the client-credentials grant, and fractions of a millisecond.
pub(super) fn same(one: &AnyRecord, other: &AnyRecord) -> bool {
    let (mut one, mut other) = (normal(one.clone()), normal(other.clone()));
    let (ours, theirs) = (times(&mut one), times(&mut other));
    if ours.len() != theirs.len() {
        return false;
    }
    for (our, their) in ours.into_iter().zip(theirs) {
        if our.duration_since(*their).unsigned_abs() <= PRECISION {
            *our = *their;
        }
    }
    one == other
}

/// The record without what a back end may change, but for its times.
pub(crate) fn normal(mut record: AnyRecord) -> AnyRecord {
    match &mut record {
        AnyRecord::Password(r) => r.email = r.email.to_lowercase(),
        AnyRecord::Connector(r) => r.resource_version.clear(),
        AnyRecord::Client(r) => r.client_credentials_claims = None,
        AnyRecord::Keys(r) => {
            let former = r.verification_keys.iter_mut().flatten().map(|key| &mut key.public_key);
            for jwk in former.chain(&mut r.signing_key).chain(&mut r.signing_key_pub) {
                let members: Option<BTreeMap<String, serde_json::Value>> = serde_json::from_str(jwk.expose()).ok();
                *jwk = StoredJwk::new(String::from_utf8_lossy(&dex_oidc::to_json(&members)));
            }
        }
        _ => {}
    }
    record
}

/// Every time of a record, in an order that its kind and the names in it decide.
pub(super) fn times(record: &mut AnyRecord) -> Vec<&mut Timestamp> {
    match record {
        AnyRecord::AuthRequest(r) => match &mut r.login {
            dex_model::Login::Awaited => vec![&mut r.expiry],
            dex_model::Login::Done { auth_time, .. } => vec![&mut r.expiry, auth_time],
        },
        AnyRecord::AuthCode(r) => vec![&mut r.expiry, &mut r.auth_time],
        AnyRecord::Client(_) | AnyRecord::Password(_) | AnyRecord::Connector(_) => Vec::new(),
        AnyRecord::RefreshToken(r) => vec![&mut r.created_at, &mut r.last_used],
        AnyRecord::OfflineSessions(r) => {
            r.refresh.values_mut().flat_map(|token| [&mut token.created_at, &mut token.last_used]).collect()
        }
        AnyRecord::UserIdentity(r) => {
            let secrets = r.mfa_secrets.values_mut().map(|secret| &mut secret.created_at);
            let keys = r.webauthn_credentials.values_mut().flatten().map(|key| &mut key.created_at);
            let own = [&mut r.created_at, &mut r.last_login, &mut r.blocked_until];
            own.into_iter().chain(secrets).chain(keys).collect()
        }
        AnyRecord::AuthSession(r) => {
            let states = r.client_states.values_mut();
            let states =
                states.flat_map(|s| [&mut s.authenticated_at, &mut s.last_activity, &mut s.last_token_issued_at]);
            let own = [&mut r.created_at, &mut r.last_activity, &mut r.absolute_expiry, &mut r.idle_expiry];
            own.into_iter().chain(states).collect()
        }
        AnyRecord::Keys(r) => {
            let former = r.verification_keys.iter_mut().flatten().map(|key| &mut key.expiry);
            former.chain([&mut r.next_rotation]).collect()
        }
        AnyRecord::DeviceRequest(r) => vec![&mut r.expiry],
        AnyRecord::DeviceToken(r) => vec![&mut r.expiry, &mut r.last_request],
        AnyRecord::Spent(r) => vec![&mut r.expiry],
    }
}
