//! What an ID token must say (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_jose::{Algorithm, half_hash};
use dex_model::Timestamp;
use serde_json::Value;

use super::Claims;

/// How long after `exp` a token is still taken, for clocks that differ.
pub const SKEW_OF_EXPIRY: Duration = Duration::from_secs(60);

/// How far `nbf` and `iat` may lie ahead, for clocks that differ. Dex's.
pub const SKEW_OF_ISSUE: Duration = Duration::from_secs(300);

/// What is expected of an ID token beside its signature, its issuer and its time.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// Our client id, or whichever audience may have the token; one of them must be in `aud`.
    pub audiences: &'a [&'a str],
    /// Who must be named as `azp` if anybody is.
    pub authorized_party: Option<&'a str>,
    /// The nonce that was sent, if one was.
    pub nonce: Option<&'a str>,
    /// The access token that came with it, for `at_hash`.
    pub access_token: Option<&'a str>,
}

pub(super) fn check(
    claims: &Claims,
    algorithm: Algorithm,
    issuer: &str,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<(), UpstreamError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let named = text("iss").unwrap_or_default();
    if !same_issuer(named, issuer) {
        return Err(refused(format!("it is of issuer {:?}, not {issuer:?}", crate::client::one_line(named))));
    }
    audience(claims, expected)?;
    times(claims, now)?;
    nonce(text("nonce"), expected.nonce)?;
    match (text("at_hash"), expected.access_token) {
        (Some(hash), Some(token)) if hash != half_hash(algorithm, token) => {
            Err(refused("its at_hash is of another access token".into()))
        }
        _ => Ok(()),
    }
}

/// Google has two spellings of itself.
fn same_issuer(named: &str, issuer: &str) -> bool {
    named == issuer || (issuer == "https://accounts.google.com" && named == "accounts.google.com")
}

fn audience(claims: &Claims, expected: &Expected<'_>) -> Result<(), UpstreamError> {
    if !is_for(claims.get("aud"), expected.audiences) {
        return Err(refused(format!("it is for another audience than {:?}", expected.audiences)));
    }
    match (claims.get("azp").filter(|party| !party.is_null()), expected.authorized_party) {
        (Some(party), Some(ours)) if party.as_str() != Some(ours) => Err(refused("its azp is another client".into())),
        _ => Ok(()),
    }
}

/// Whether a member that is a text or a list of texts, as `aud` is, holds one of these.
pub(super) fn is_for(member: Option<&Value>, wanted: &[&str]) -> bool {
    let is_wanted = |value: &Value| value.as_str().is_some_and(|text| wanted.contains(&text));
    match member {
        Some(Value::Array(all)) => all.iter().any(is_wanted),
        Some(one) => is_wanted(one),
        None => false,
    }
}

fn times(claims: &Claims, now: Timestamp) -> Result<(), UpstreamError> {
    let seconds = |name: &str| claims.get(name).filter(|value| !value.is_null()).map(|value| number(name, value));
    let now = now.as_second() as f64;
    let ahead = now + SKEW_OF_ISSUE.as_secs_f64();
    match seconds("exp").transpose()? {
        None => return Err(refused("it has no exp".into())),
        Some(exp) if now >= exp + SKEW_OF_EXPIRY.as_secs_f64() => {
            return Err(refused(format!("it expired {} s ago", now - exp)));
        }
        Some(_) => {}
    }
    for name in ["nbf", "iat"] {
        if let Some(at) = seconds(name).transpose()?
            && at > ahead
        {
            return Err(refused(format!("its {name} is {} s ahead; one of the clocks is wrong", at - now)));
        }
    }
    Ok(())
}

fn number(name: &str, value: &Value) -> Result<f64, UpstreamError> {
    value.as_f64().ok_or_else(|| refused(format!("its {name} is no number")))
}

fn nonce(named: Option<&str>, sent: Option<&str>) -> Result<(), UpstreamError> {
    match (sent, named) {
        (None, _) => Ok(()),
        (Some(sent), Some(named)) if named == sent => Ok(()),
        (Some(_), Some(_)) => Err(refused("its nonce is another login's".into())),
        (Some(_), None) => Err(refused("it has no nonce, though one was sent".into())),
    }
}

fn refused(text: String) -> UpstreamError {
    UpstreamError::Unacceptable(format!("oidc: failed to verify ID Token: {text}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn each_claim_is_checked_on_both_sides_of_its_edge() {
        let skew = |duration: Duration| duration.as_secs() as i64;
        let cases = [
            (json!({}), None),
            (json!({"iss": "https://up.example/"}), Some("of issuer \"https://up.example/\"")),
            (json!({"iss": null}), Some("of issuer \"\"")),
            (json!({"aud": "other"}), Some("another audience")),
            (json!({"aud": ["other", "dex"]}), None),
            (json!({"aud": []}), Some("another audience")),
            (json!({"azp": "dex"}), None),
            (json!({"azp": "other"}), Some("azp is another client")),
            (json!({"exp": NOW - skew(SKEW_OF_EXPIRY) + 1}), None),
            (json!({"exp": NOW - skew(SKEW_OF_EXPIRY)}), Some("expired 60 s ago")),
            (json!({"exp": null}), Some("no exp")),
            (json!({"exp": "soon"}), Some("exp is no number")),
            (json!({"exp": 1.9e12}), None),
            (json!({"nbf": NOW + skew(SKEW_OF_ISSUE)}), None),
            (json!({"nbf": NOW + skew(SKEW_OF_ISSUE) + 1}), Some("nbf is 301 s ahead")),
            (json!({"iat": NOW + skew(SKEW_OF_ISSUE) + 1}), Some("iat is 301 s ahead")),
            (json!({"nonce": "other"}), Some("another login's")),
            (json!({"nonce": null}), Some("no nonce")),
            // OpenID Connect Core appendix A.3
            (json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), None),
            (json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RA"}), Some("at_hash")),
        ];
        let expected = Expected {
            audiences: &["dex"],
            authorized_party: Some("dex"),
            nonce: Some("n"),
            access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        };
        for (change, refused) in cases {
            let mut claims = json!({"iss": "https://up.example", "aud": "dex", "exp": NOW + 60, "nonce": "n"});
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let now = Timestamp::from_second(NOW).unwrap();
            let got = check(claims.as_object().unwrap(), Algorithm::RS256, "https://up.example", &expected, now);
            match (got.err().map(|error| error.to_string()), refused) {
                (None, None) => {}
                (Some(error), Some(told)) => assert!(error.contains(told), "{change}: {error}"),
                (got, expected) => panic!("{change}: {got:?} for {expected:?}"),
            }
        }
    }

    #[test]
    fn google_may_leave_out_its_scheme_and_nobody_else() {
        assert!(same_issuer("accounts.google.com", "https://accounts.google.com"));
        assert!(!same_issuer("up.example", "https://up.example"));
    }
}
