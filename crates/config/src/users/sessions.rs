//! `sessions`: how long a browser stays signed in.

use std::time::Duration;

use crate::duration;
use crate::problem::quoted;
use crate::secret::Secret;
use crate::tree::Map;

/// The section `sessions`, when sessions are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// The name of the cookie.
    pub cookie_name: String,
    /// The end of a session after its beginning.
    pub absolute_lifetime: Duration,
    /// The end of a session after its last use.
    pub valid_if_not_used_for: Duration,
    /// Whether "remember me" is ticked at first.
    pub remember_me_checked_by_default: bool,
    /// 16, 24 or 32 bytes of AES key, as the text itself. Without one the cookie is not encrypted.
    pub cookie_encryption_key: Option<Secret>,
    /// Who may reuse a sign-in when a client does not say.
    pub sso_shared_with_default: SsoSharing,
}

/// Who may reuse a client's sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SsoSharing {
    /// Nobody
    #[default]
    None,
    /// Every client
    All,
}

const ABSOLUTE_LIFETIME: Duration = Duration::from_secs(24 * 3600);
const VALID_IF_NOT_USED_FOR: Duration = Duration::from_secs(3600);
/// Dex's prefix.
const INVALID: &str = "invalid session config: ";

impl Sessions {
    pub(crate) fn read(map: &mut Map<'_>) -> Self {
        let absolute = lifetime(map, "absoluteLifetime").unwrap_or(ABSOLUTE_LIFETIME);
        let idle = lifetime(map, "validIfNotUsedFor").unwrap_or(VALID_IF_NOT_USED_FOR);
        if idle > absolute {
            let (idle, absolute) = (duration::show(idle), duration::show(absolute));
            let text = format!("{INVALID}validIfNotUsedFor ({idle}) must not exceed absoluteLifetime ({absolute})");
            map.error("validIfNotUsedFor", text, "shorten it");
        }
        Self {
            cookie_name: cookie_name(map),
            absolute_lifetime: absolute,
            valid_if_not_used_for: idle,
            remember_me_checked_by_default: map.bool("rememberMeCheckedByDefault", true),
            cookie_encryption_key: cookie_encryption_key(map),
            sso_shared_with_default: sso_shared_with_default(map),
        }
    }
}

fn lifetime(map: &mut Map<'_>, key: &'static str) -> Option<Duration> {
    let text = map.optional(key)?;
    let nanos = match duration::parse_signed(&text) {
        Ok(nanos) => nanos,
        Err(why) => {
            let text = format!("{INVALID}invalid {key} {}: {why}", quoted(&text));
            map.error(key, text, "write numbers with units, such as 24h");
            return None;
        }
    };
    match u64::try_from(nanos).ok().filter(|nanos| *nanos > 0) {
        Some(nanos) => Some(Duration::from_nanos(nanos)),
        None => {
            let got = duration::show_nanos(nanos);
            map.error(key, format!("{INVALID}{key} must be positive, got {got}"), "write 24h");
            None
        }
    }
}

fn cookie_name(map: &mut Map<'_>) -> String {
    let name = map.optional("cookieName").unwrap_or_else(|| "dex_session".to_owned());
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !name.bytes().all(token) {
        let hint = "use letters, digits, `-` and `_`";
        map.error("cookieName", "no cookie can have this name (RFC 6265)", hint);
    }
    name
}

fn cookie_encryption_key(map: &mut Map<'_>) -> Option<Secret> {
    let key = map.secret("cookieEncryptionKey");
    let length = key.expose().len();
    if key.is_empty() {
        return None;
    }
    if !matches!(length, 16 | 24 | 32) {
        let text = format!(
            "{INVALID}cookieEncryptionKey must be 16, 24, or 32 bytes (AES-128/192/256), \
             got {length}"
        );
        map.error("cookieEncryptionKey", text, "the bytes of the text count, nothing is decoded");
    }
    Some(key)
}

fn sso_shared_with_default(map: &mut Map<'_>) -> SsoSharing {
    let text = map.text("ssoSharedWithDefault");
    match text.as_str() {
        "" | "none" => SsoSharing::None,
        "all" => SsoSharing::All,
        _ => {
            let got = quoted(&text);
            let text = format!("{INVALID}ssoSharedWithDefault must be \"none\" or \"all\", got {got}");
            map.error("ssoSharedWithDefault", text, "");
            SsoSharing::None
        }
    }
}
