//! `expiry`: how long what is issued lives.

use std::time::Duration;

use crate::problem::Warning;
use crate::tree::Map;

/// The section `expiry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// ID and access tokens; a retired key is published as long.
    pub id_tokens: Duration,
    /// From the start of a login to its response.
    pub auth_requests: Duration,
    /// Device and user codes.
    pub device_requests: Duration,
    /// Authorization codes. Not in Dex.
    pub auth_codes: Duration,
    /// Refresh tokens.
    pub refresh_tokens: RefreshTokens,
}

/// The block `expiry.refreshTokens`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshTokens {
    /// Whether each use makes a new one.
    pub rotation: bool,
    /// How long the previous one is answered after a rotation.
    pub reuse_interval: Duration,
    /// The end of its life after it was first issued; none when unset.
    pub absolute_lifetime: Option<Duration>,
    /// The end of its life after its last use; none when unset.
    pub valid_if_not_used_for: Option<Duration>,
}

const ID_TOKENS: Duration = Duration::from_secs(24 * 3600);
const AUTH_REQUESTS: Duration = Duration::from_secs(24 * 3600);
const DEVICE_REQUESTS: Duration = Duration::from_secs(300);
const AUTH_CODES: Duration = Duration::from_secs(60);
/// RFC 6749 section 4.1.2 wants ten minutes at most.
const AUTH_CODES_RECOMMENDED: Duration = Duration::from_secs(600);

impl Expiry {
    /// Also answers the deprecated `expiry.signingKeys`.
    pub(crate) fn read(map: &mut Map<'_>) -> (Self, Option<Duration>) {
        let signing_keys = signing_keys(map);
        let mut read = |key, told: &str, default| {
            let error = |value: &str, why: &str| format!("invalid config value {value} for {told}: {why}");
            let given = map.duration(key, error);
            given.filter(|duration| !duration.is_zero()).unwrap_or(default)
        };
        let expiry = Self {
            id_tokens: read("idTokens", "id token expiry", ID_TOKENS),
            auth_requests: read("authRequests", "auth request expiry", AUTH_REQUESTS),
            device_requests: read("deviceRequests", "device request expiry", DEVICE_REQUESTS),
            auth_codes: read("authCodes", "auth code expiry", AUTH_CODES),
            refresh_tokens: map.section("refreshTokens", refresh_tokens),
        };
        if expiry.auth_codes > AUTH_CODES_RECOMMENDED {
            map.warn("authCodes", "codes should live ten minutes at most (RFC 6749 section 4.1.2)");
        }
        (expiry, signing_keys)
    }
}

fn signing_keys(map: &mut Map<'_>) -> Option<Duration> {
    let error = |value: &str, why: &str| format!("invalid config value {value} for signing keys expiry: {why}");
    let period = map.duration("signingKeys", error)?;
    map.report().warning(Warning {
        origin: map.origin("signingKeys"),
        key: map.path("signingKeys"),
        text: "config expiry.signingKeys will be removed in a future release".to_owned(),
        use_instead: Some("signer.config.keysRotationPeriod"),
        current_value: map.optional("signingKeys"),
    });
    if period.is_zero() {
        map.error("signingKeys", "keys cannot rotate all the time", "write 6h");
    }
    Some(period)
}

fn refresh_tokens(map: &mut Map<'_>) -> RefreshTokens {
    let mut read = |key, told: &str| {
        let error = |value: &str, why: &str| {
            format!(
                "invalid refresh token expiration policy config: \
                 invalid config value {value} for {told}: {why}"
            )
        };
        map.duration(key, error).filter(|duration| !duration.is_zero())
    };
    let valid_if_not_used_for = read("validIfNotUsedFor", "refresh token valid if not used for");
    let absolute_lifetime = read("absoluteLifetime", "refresh tokens absolute lifetime");
    let reuse_interval = read("reuseInterval", "refresh tokens reuse interval");
    RefreshTokens {
        rotation: !map.bool("disableRotation", false),
        reuse_interval: reuse_interval.unwrap_or_default(),
        absolute_lifetime,
        valid_if_not_used_for,
    }
}
