//! What an object is called (storage spec, 9.4 and 9.5).

use aws_lc_rs::digest::{SHA256, digest};
use dex_model::{Key, Kind};

/// Base32 in lower case, as Dex has it.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Base32 whose texts sort as the bytes do (RFC 4648 §7).
const BASE32_SORTED: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// FNV-64's offset basis, also what Dex puts behind a name that it means to hash.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// The longest name of an object, in bytes.
const NAME_MAX: usize = 253;

/// How many bytes of a mark's id its name spells out, if there are more.
const MARK_BYTES_SPELT: usize = 120;

/// The name of the object for this key. `None` if no object can have it.
///
/// Users and connectors share a name where Dex's hash does: see [`apart`].
pub(crate) fn of(key: &Key) -> Option<String> {
    let name = match key.kind {
        Kind::Client => encoded(&key.id),
        Kind::Password => encoded(&key.id.to_lowercase()),
        Kind::OfflineSessions | Kind::UserIdentity => hashed(key),
        Kind::DeviceRequest if key.id.to_uppercase() == key.id => key.id.to_lowercase(),
        Kind::DeviceRequest => return None,
        Kind::Spent => mark(&key.id),
        Kind::AuthRequest
        | Kind::AuthCode
        | Kind::RefreshToken
        | Kind::AuthSession
        | Kind::Connector
        | Kind::Keys
        | Kind::DeviceToken => key.id.clone(),
    };
    is_valid(&name).then_some(name)
}

/// The name for a user and connector whose [`of`] is taken by another pair. Dex fails there and never looks for it.
pub(crate) fn apart(key: &Key) -> String {
    let pair = format!("{}\0{}", key.id, key.connector_id);
    format!("{}-{}", hashed(key), base32(BASE32, digest(&SHA256, pair.as_bytes()).as_ref()))
}

/// Whether records of this kind may share the name that [`of`] says.
pub(crate) fn may_collide(kind: Kind) -> bool {
    matches!(kind, Kind::OfflineSessions | Kind::UserIdentity)
}

/// Dex's rule for a name in a URL, which is the API server's too.
fn is_valid(name: &str) -> bool {
    let label = |label: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        edge(label.chars().next()) && edge(label.chars().next_back()) && label.chars().all(inner)
    };
    name.len() <= NAME_MAX && name.split('.').all(label)
}

fn encoded(id: &str) -> String {
    let mut bytes = id.as_bytes().to_vec();
    bytes.extend(FNV_BASIS.to_be_bytes());
    base32(BASE32, &bytes)
}

/// FNV-1 of both parts, one behind the other.
fn hashed(key: &Key) -> String {
    let bytes = key.id.bytes().chain(key.connector_id.bytes());
    let hash = bytes.fold(FNV_BASIS, |hash, byte| hash.wrapping_mul(FNV_PRIME) ^ u64::from(byte));
    base32(BASE32, &hash.to_be_bytes())
}

/// A name that sorts as the ids do, so that marks with one beginning are listed alone.
fn mark(id: &str) -> String {
    let bytes = id.as_bytes();
    let (spelt, rest) = bytes.split_at(bytes.len().min(MARK_BYTES_SPELT));
    let name = format!("s{}", base32(BASE32_SORTED, spelt));
    if rest.is_empty() {
        return name;
    }
    // Every such name is as long as the others, and longer than any without a digest.
    format!("{name}{}", base32(BASE32_SORTED, &digest(&SHA256, bytes).as_ref()[..MARK_DIGEST]))
}

/// How many bytes of the digest of a long id its name holds: as many as there is room for.
const MARK_DIGEST: usize = 32;

fn base32(alphabet: &[u8; 32], bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(alphabet[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(alphabet[(held << (5 - bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dexs() {
        let cases = [
            (Kind::Client, "example-app", "mv4gc3lqnrss2ylqodf7fhheqqrcgji"),
            (Kind::Client, "foo", "mzxw7s7sttsiiirdeu"),
            (Kind::Client, "", "zpzjzzeeeirsk"),
            (Kind::Client, "a", "mhf7fhheqqrcgji"),
            (Kind::Password, "Jane@example.com", "njqw4zkamv4gc3lqnrss4y3pnxf7fhheqqrcgji"),
            (Kind::Password, "admin@example.com", "mfsg22loibsxqylnobwgkltdn5w4x4u44scceizf"),
            (Kind::DeviceRequest, "BCDF-GHJK", "bcdf-ghjk"),
            (Kind::Keys, "openid-connect-keys", "openid-connect-keys"),
        ];
        for (kind, id, name) in cases {
            assert_eq!(of(&Key::one(kind, id)).as_deref(), Some(name), "{id}");
        }
        let pairs = [
            ("john", "local", "olvwklepe43wg"),
            ("joh", "nlocal", "olvwklepe43wg"),
            ("jane", "local", "fl5aryxkpnft4"),
            ("1", "mock", "5gwdavclsmksy"),
            ("08a8684b-db88-4b73-90a9-3cd1661f5466", "local", "3opdnr6v5xfwg"),
        ];
        for (user, connector, name) in pairs {
            assert_eq!(of(&Key::pair(Kind::OfflineSessions, user, connector)).as_deref(), Some(name), "{user}");
        }
        let john = [("john", "local"), ("joh", "nlocal")].map(|(u, c)| apart(&Key::pair(Kind::UserIdentity, u, c)));
        assert!(john[0] != john[1] && john.iter().all(|name| name.starts_with("olvwklepe43wg-") && is_valid(name)));
    }

    #[test]
    fn what_no_object_can_be_called_has_no_name() {
        let cases = [
            ("a", true),
            ("a-b.c", true),
            (&"a".repeat(253), true),
            (&"a".repeat(254), false),
            ("", false),
            ("A", false),
            ("-a", false),
            ("a-", false),
            ("a.", false),
            ("a..b", false),
            ("..", false),
            ("a/b", false),
            ("a%2fb", false),
            ("ą", false),
            ("a\n", false),
        ];
        for (id, named) in cases {
            assert_eq!(of(&Key::one(Kind::Connector, id)).is_some(), named, "{id:?}");
        }
        assert!(of(&Key::one(Kind::Client, "x".repeat(150))).is_some_and(|name| name.len() == 253));
        assert_eq!(of(&Key::one(Kind::Client, "x".repeat(151))), None);
        assert_eq!(of(&Key::one(Kind::DeviceRequest, "bcdf-ghjk")), None, "Dex makes user codes of capitals");
    }

    #[test]
    fn marks_sort_as_their_ids_and_are_told_apart_however_long() {
        let long = "x".repeat(500);
        let ids = ["", "code/", "code/a", "code/b", "codf", "jti/", "jti/0", "jti/a/b", "once/", &long, "ż"];
        let name = |id: &str| of(&Key::one(Kind::Spent, id)).unwrap();
        let names: Vec<_> = ids.into_iter().map(name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert_ne!(name(&long), name(&format!("{long}y")));
        assert_ne!(name(&long[..121]), name(&long[..120]));
    }
}
