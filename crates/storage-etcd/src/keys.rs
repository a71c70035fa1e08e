//! Where a record lies (storage spec, 10.2).

use dex_model::{AnyRecord, Key, Keys, Kind};

/// Sets of keys other than the signing ones. Dex does not look there.
const OUR_KEYS: &str = "dex_keys/";

/// What the keys of a kind begin with; of the signing keys, the whole key.
pub(crate) fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::AuthRequest => "auth_req/",
        Kind::AuthCode => "auth_code/",
        Kind::Client => "client/",
        Kind::RefreshToken => "refresh_token/",
        Kind::Password => "password/",
        Kind::OfflineSessions => "offline_session/",
        Kind::UserIdentity => "user_identity/",
        Kind::AuthSession => "auth_session/",
        Kind::Connector => "connector/",
        Kind::Keys => OUR_KEYS,
        Kind::DeviceRequest => "device_req/",
        Kind::DeviceToken => "device_token/",
        Kind::Spent => "dex_spent/",
    }
}

/// The key of a record, without the namespace.
pub(crate) fn path(key: &Key) -> String {
    match key.kind {
        Kind::Keys if key.id == Keys::SIGNING => Keys::SIGNING.to_owned(),
        Kind::OfflineSessions | Kind::UserIdentity => {
            format!("{}{}|{}", prefix(key.kind), lower(&key.id), lower(&key.connector_id))
        }
        kind => format!("{}{}", prefix(kind), key.id),
    }
}

/// The key of what lies at `id` behind the prefix of a kind. The case of a user's letters is lost.
pub(crate) fn key(kind: Kind, id: &str) -> Key {
    match id.rsplit_once('|') {
        Some((user_id, connector_id)) if by_user(kind) => Key::pair(kind, user_id, connector_id),
        _ => Key::one(kind, id),
    }
}

/// Whether what lies at the key of `asked` is that record.
///
/// Dex writes users whose ids differ only in the case of letters to one key, and takes the one for the other. Passwords
/// are one whatever their case.
pub(crate) fn is(asked: &Key, found: &AnyRecord) -> bool {
    !by_user(asked.kind) || found.key() == *asked
}

/// Whether a kind is kept by user and connector, whose key two records may want.
pub(crate) fn by_user(kind: Kind) -> bool {
    matches!(kind, Kind::OfflineSessions | Kind::UserIdentity)
}

/// The first key behind all that begin with `prefix`; empty, which etcd takes for "no end", when there is none.
pub(crate) fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return end;
        }
    }
    end
}

/// Lower case letter by letter, as Dex does it: no letter becomes two, and none depends on its neighbours.
fn lower(text: &str) -> String {
    let one = |letter: char| {
        let mut lower = letter.to_lowercase();
        lower.next().unwrap_or(letter)
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_dex() {
        let cases = [
            (Key::one(Kind::Client, "example-app"), "client/example-app"),
            (Key::one(Kind::AuthCode, "a"), "auth_code/a"),
            (Key::one(Kind::AuthRequest, "a"), "auth_req/a"),
            (Key::one(Kind::Password, "jane@example.com"), "password/jane@example.com"),
            (Key::one(Kind::DeviceRequest, "BCDF-GHJK"), "device_req/BCDF-GHJK"),
            (Key::pair(Kind::OfflineSessions, "CgYt", "LDAP"), "offline_session/cgyt|ldap"),
            (Key::pair(Kind::UserIdentity, "ΟΔΥΣΣΕΥΣ", "İ"), "user_identity/οδυσσευσ|i"),
            (Key::one(Kind::Keys, Keys::SIGNING), "openid-connect-keys"),
            (Key::one(Kind::Keys, Keys::SEALING), "dex_keys/dex-sealing-keys"),
            (Key::one(Kind::Spent, "code/a"), "dex_spent/code/a"),
        ];
        for (key, expected) in cases {
            assert_eq!(path(&key), expected);
        }
    }

    #[test]
    fn the_end_of_a_prefix_lies_behind_all_of_it() {
        let cases: [(&[u8], &[u8]); 4] = [(b"client/", b"client0"), (b"a\xff", b"b"), (b"\xff\xff", b""), (b"", b"")];
        for (prefix, end) in cases {
            assert_eq!(end_of(prefix), end);
        }
    }
}
