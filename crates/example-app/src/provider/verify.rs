//! What makes an ID token (OpenID Connect Core section 3.1.3.7) or a logout token (Back-Channel Logout section 2.6) believable
//! once its signature holds.

use dex_jose::{Algorithm, VerifyError, half_hash};
use serde_json::{Map, Value};

use super::ProviderError;

/// How far the two clocks may disagree, in seconds.
const LEEWAY: i64 = 30;

/// The event a logout token is about.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdTokenError {
    #[error("its signature cannot be verified: {0}")]
    Signature(#[from] VerifyError),
    #[error("the keys to verify it with cannot be had: {0}")]
    Keys(#[from] ProviderError),
    #[error("its payload is not a JSON object")]
    Payload,
    #[error("claim {0:?} is missing or of the wrong type")]
    Missing(&'static str),
    #[error("it was issued by {0:?}")]
    Issuer(String),
    #[error("it is not meant for this client")]
    Audience,
    #[error("it expired at {exp}, now is {now} (Unix seconds)")]
    Expired { exp: i64, now: i64 },
    #[error("it was issued in the future, at {iat}, now is {now} (Unix seconds)")]
    Future { iat: i64, now: i64 },
    #[error("its nonce is not the one that was sent")]
    Nonce,
    #[error("its at_hash does not belong to the access token")]
    AccessTokenHash,
    #[error("it is about another user than the tokens before it")]
    Subject,
    #[error("it is not about a logout")]
    NotLogout,
    #[error("a logout token must not have a nonce")]
    LogoutNonce,
}

/// What a token must agree with.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// `Some`: the token must carry this one. `None`: none was sent, and any is accepted.
    pub(crate) nonce: Option<&'a str>,
    /// The access token issued along, for `at_hash`.
    pub(crate) access_token: Option<&'a str>,
    /// For a refreshed token (section 12.2): who it was about before.
    pub(crate) sub: Option<&'a str>,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// The claims of an ID token whose signature holds, all checked. `algorithm` is what it was signed with.
///
/// # Errors
///
/// The first rule of [`IdTokenError`] that is broken.
pub(crate) fn check_id_token(
    payload: &[u8],
    algorithm: Algorithm,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, IdTokenError> {
    let claims = common(payload, expected)?;
    let sub = text(&claims, "sub")?;
    if expected.sub.is_some_and(|before| before != sub) {
        return Err(IdTokenError::Subject);
    }
    if let Some(nonce) = expected.nonce
        && claims.get("nonce").and_then(Value::as_str) != Some(nonce)
    {
        return Err(IdTokenError::Nonce);
    }
    if let (Some(token), Some(hash)) = (expected.access_token, claims.get("at_hash"))
        && hash.as_str() != Some(&half_hash(algorithm, token))
    {
        return Err(IdTokenError::AccessTokenHash);
    }
    Ok(claims)
}

/// Who a logout token signs out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoggedOut {
    pub(crate) sub: Option<String>,
    pub(crate) sid: Option<String>,
}

/// Checks a logout token whose signature holds.
///
/// # Errors
///
/// The first rule of [`IdTokenError`] that is broken.
pub(crate) fn check_logout_token(payload: &[u8], expected: &Expected<'_>) -> Result<LoggedOut, IdTokenError> {
    let claims = common(payload, expected)?;
    let event = claims.get("events").and_then(|events| events.get(LOGOUT_EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(IdTokenError::NotLogout);
    }
    if claims.contains_key("nonce") {
        return Err(IdTokenError::LogoutNonce);
    }
    let named = |name| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let who = LoggedOut { sub: named("sub"), sid: named("sid") };
    if who.sub.is_none() && who.sid.is_none() {
        return Err(IdTokenError::Missing("sub or sid"));
    }
    Ok(who)
}

/// What both kinds share: issuer, audience, time.
fn common(payload: &[u8], expected: &Expected<'_>) -> Result<Map<String, Value>, IdTokenError> {
    let claims: Map<String, Value> = serde_json::from_slice(payload).map_err(|_| IdTokenError::Payload)?;
    let issuer = text(&claims, "iss")?;
    if issuer != expected.issuer {
        return Err(IdTokenError::Issuer(issuer.to_owned()));
    }
    if !is_for(&claims, expected.client_id) {
        return Err(IdTokenError::Audience);
    }
    let now = expected.now;
    let exp = seconds(&claims, "exp")?;
    if now >= exp.saturating_add(LEEWAY) {
        return Err(IdTokenError::Expired { exp, now });
    }
    let iat = seconds(&claims, "iat")?;
    if iat > now.saturating_add(LEEWAY) {
        return Err(IdTokenError::Future { iat, now });
    }
    Ok(claims)
}

/// `aud` names the client, and `azp`, where it must or does appear, says that the client is who asked.
fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    let audience_fits = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => several.iter().any(|one| one == client_id),
        _ => false,
    };
    audience_fits && claims.get("azp").is_none_or(|azp| azp == client_id)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, IdTokenError> {
    let value = claims.get(name).and_then(Value::as_str);
    value.filter(|value| !value.is_empty()).ok_or(IdTokenError::Missing(name))
}

/// A NumericDate (RFC 7519 section 2); fractions are allowed there and dropped here.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<i64, IdTokenError> {
    let value = claims.get(name).ok_or(IdTokenError::Missing(name))?;
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what an absurd date deserves")]
    let fraction = || value.as_f64().map(|seconds| seconds as i64);
    value.as_i64().or_else(fraction).ok_or(IdTokenError::Missing(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://dex.example/dex",
            client_id: "app",
            nonce: Some("n-1"),
            access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            sub: None,
            now: NOW,
        }
    }

    /// A good token with some members replaced; `null` removes one.
    fn token(changes: &Value) -> Vec<u8> {
        let mut claims = json!({
            "iss": "https://dex.example/dex", "aud": "app", "sub": "u-1", "nonce": "n-1",
            "iat": NOW - 5, "exp": NOW + 100, "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        });
        let members = claims.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
        serde_json::to_vec(&claims).unwrap()
    }

    /// Each case: what it is, what differs from a good token, how the refusal begins.
    fn judge(cases: &[(&str, Value, Option<&str>)]) {
        for (told, changes, refused) in cases {
            let outcome = check_id_token(&token(changes), Algorithm::RS256, &expected());
            match (outcome, refused) {
                (Ok(_), None) => {}
                (Err(error), Some(why)) if error.to_string().starts_with(why) => {}
                (outcome, _) => panic!("{told}: {outcome:?}"),
            }
        }
    }

    #[test]
    fn id_tokens_are_for_us_and_now() {
        judge(&[
            ("good", json!({}), None),
            ("several audiences", json!({"aud": ["cli", "app"], "azp": "app"}), None),
            ("other audience", json!({"aud": "cli"}), Some("it is not meant")),
            ("audience of another's", json!({"aud": ["cli", "app"], "azp": "cli"}), Some("it is not meant")),
            ("other issuer", json!({"iss": "https://dex.example/dex/"}), Some("it was issued by")),
            ("no issuer", json!({"iss": null}), Some("claim \"iss\"")),
            ("fractional times", json!({"exp": 1_000_000.5, "iat": 999_999.5}), None),
            ("last second of leeway", json!({"exp": NOW - LEEWAY + 1}), None),
            ("expired", json!({"exp": NOW - LEEWAY}), Some("it expired at 999970")),
            ("absurd expiry", json!({"exp": "tomorrow"}), Some("claim \"exp\"")),
            ("clock a little ahead", json!({"iat": NOW + LEEWAY}), None),
            ("from the future", json!({"iat": NOW + LEEWAY + 1}), Some("it was issued in the future")),
        ]);
        let array = check_id_token(b"[]", Algorithm::RS256, &expected());
        assert!(matches!(array, Err(IdTokenError::Payload)));
    }

    #[test]
    fn id_tokens_belong_to_the_login_and_the_access_token() {
        judge(&[
            ("no subject", json!({"sub": ""}), Some("claim \"sub\"")),
            ("other nonce", json!({"nonce": "n-2"}), Some("its nonce")),
            ("no nonce", json!({"nonce": null}), Some("its nonce")),
            ("no at_hash", json!({"at_hash": null}), None),
            ("other access token", json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RR"}), Some("its at_hash")),
        ]);
    }

    #[test]
    fn a_refreshed_token_is_about_the_same_user() {
        for (sub, fine) in [("u-1", true), ("u-2", false)] {
            let expected = Expected { sub: Some(sub), nonce: None, ..expected() };
            let outcome = check_id_token(&token(&json!({"nonce": null})), Algorithm::RS256, &expected);
            assert_eq!(outcome.is_ok(), fine, "{sub}");
        }
    }

    #[test]
    fn logout_tokens_are_believed_or_not() {
        let about = json!({LOGOUT_EVENT: {}});
        let cases = [
            ("sub and sid", json!({"nonce": null, "events": about, "sid": "s"}), true),
            ("sid only", json!({"nonce": null, "events": about, "sid": "s", "sub": null}), true),
            ("neither", json!({"nonce": null, "events": about, "sub": null}), false),
            ("an ID token", json!({}), false),
            ("with a nonce", json!({"events": about}), false),
            ("event of another kind", json!({"nonce": null, "events": {"x": {}}}), false),
            ("event that is no object", json!({"nonce": null, "events": {LOGOUT_EVENT: true}}), false),
            ("expired", json!({"nonce": null, "events": about, "exp": NOW - LEEWAY}), false),
            ("other audience", json!({"nonce": null, "events": about, "aud": "cli"}), false),
        ];
        for (told, changes, fine) in cases {
            assert_eq!(check_logout_token(&token(&changes), &expected()).is_ok(), fine, "{told}");
        }
    }
}
