//! From claims to a user (connectors-protocol spec, 7.7).

use dex_connector::{Identity, UpstreamError};
use dex_upstream_client::Claims;
use serde_json::Value;

use super::groups;
use super::rules::{ClaimRules, Rules};

/// What stands in for `name` where `userNameKey` does not say otherwise.
const NAMES: [&str; 3] = ["name", "preferred_username", "email"];

/// Userinfo laid over the claims of the ID token, whose subject it must share (OpenID Connect Core §5.3.2).
pub(super) fn overlaid(mut claims: Claims, userinfo: Claims) -> Result<Claims, UpstreamError> {
    if let (Some(subject), Some(other)) = (claims.get("sub"), userinfo.get("sub"))
        && subject != other
    {
        return Err(refused("oidc: userinfo is of another subject than the ID token"));
    }
    claims.extend(userinfo);
    Ok(claims)
}

/// The user the claims describe. The connector's data is left empty.
pub(super) fn of(claims: &Claims, rules: &Rules) -> Result<Identity, UpstreamError> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str);
    let subject = text("sub").filter(|subject| !subject.is_empty()).ok_or_else(|| refused("missing \"sub\" claim"))?;
    let user_id = match rules.claims.user_id_key.as_str() {
        "" => subject,
        key => text(key).filter(|id| !id.is_empty()).ok_or_else(|| refused(format!("oidc: not found {key} claim")))?,
    };
    Ok(Identity {
        user_id: user_id.to_owned(),
        username: username(claims, &rules.claims)?,
        preferred_username: mapped(claims, &rules.claims, "preferred_username", &rules.claims.preferred_username)
            .unwrap_or_default(),
        email: email(claims, &rules.claims)?,
        email_verified: email_verified(claims, &rules.claims)?,
        groups: groups::of(claims, &rules.groups, user_id)?,
        connector_data: Vec::new(),
    })
}

fn username(claims: &Claims, rules: &ClaimRules) -> Result<String, UpstreamError> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str);
    let found = match rules.user_name_key.as_str() {
        "" => NAMES.iter().find_map(|key| text(key).filter(|name| !name.is_empty() || *key == "name")),
        key => text(key),
    };
    let key = if rules.user_name_key.is_empty() { "name" } else { &rules.user_name_key };
    found.map(str::to_owned).ok_or_else(|| refused(format!("missing {key:?} claim")))
}

/// A standard claim, or the one it is mapped to if that is there or must win.
fn mapped(claims: &Claims, rules: &ClaimRules, standard: &str, other: &str) -> Option<String> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str).map(str::to_owned);
    match text(standard) {
        found if other.is_empty() => found,
        Some(found) if !rules.mapping_wins => Some(found),
        _ => text(other),
    }
}

fn email(claims: &Claims, rules: &ClaimRules) -> Result<String, UpstreamError> {
    let standard = claims.get("email").is_some_and(Value::is_string);
    let key = if rules.email.is_empty() || (standard && !rules.mapping_wins) { "email" } else { &rules.email };
    match mapped(claims, rules, "email", &rules.email) {
        Some(email) => Ok(email),
        None if rules.email_required => Err(refused(format!("missing email claim, not found {key:?} key"))),
        None => Ok(String::new()),
    }
}

/// A boolean, or where nothing is skipped a boolean as text, which some providers send.
fn email_verified(claims: &Claims, rules: &ClaimRules) -> Result<bool, UpstreamError> {
    match claims.get("email_verified") {
        Some(Value::Bool(verified)) => Ok(*verified),
        _ if rules.skip_email_verified => Ok(true),
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
        _ if rules.email_required => Err(refused("missing \"email_verified\" claim")),
        _ => Ok(false),
    }
}

fn refused(text: impl Into<String>) -> UpstreamError {
    UpstreamError::Unacceptable(text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(config: Value, change: Value) -> Result<Identity, String> {
        let mut keys = json!({"issuer": "https://up.example"});
        keys.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let mut claims = json!({"sub": "subvalue", "name": "namevalue", "email": "emailvalue", "email_verified": true});
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let rules = Rules::of(dex_upstream_client::read_config(&keys).unwrap()).unwrap();
        of(claims.as_object().unwrap(), &rules).map_err(|error| error.to_string())
    }

    #[test]
    fn users_are_made_of_claims() {
        type Get = fn(&Identity) -> &str;
        let (id, name, preferred, email): (Get, Get, Get, Get) =
            (|i| &i.user_id, |i| &i.username, |i| &i.preferred_username, |i| &i.email);
        let cases = [
            (json!({}), json!({}), id, "subvalue"),
            (json!({"userIDKey": "name"}), json!({}), id, "namevalue"),
            (json!({}), json!({}), name, "namevalue"),
            (json!({"userNameKey": "user_name"}), json!({"user_name": "u"}), name, "u"),
            (json!({}), json!({"name": null, "preferred_username": "p"}), name, "p"),
            (json!({}), json!({"name": null}), name, "emailvalue"),
            (json!({}), json!({"preferred_username": "p"}), preferred, "p"),
            (json!({}), json!({}), preferred, ""),
            (json!({"claimMapping": {"preferred_username": "login"}}), json!({"login": "l"}), preferred, "l"),
            (
                json!({"claimMapping": {"preferred_username": "login"}}),
                json!({"login": "l", "preferred_username": "p"}),
                preferred,
                "p",
            ),
            (
                json!({"claimMapping": {"preferred_username": "login"}, "overrideClaimMapping": true}),
                json!({"login": "l", "preferred_username": "p"}),
                preferred,
                "l",
            ),
            (
                json!({"claimMapping": {"preferred_username": "login"}, "overrideClaimMapping": true}),
                json!({"preferred_username": "p"}),
                preferred,
                "",
            ),
            (json!({"claimMapping": {"email": "mail"}}), json!({"mail": "m"}), email, "emailvalue"),
            (json!({"claimMapping": {"email": "mail"}}), json!({"mail": "m", "email": null}), email, "m"),
            (
                json!({"claimMapping": {"email": "mail"}, "overrideClaimMapping": true}),
                json!({"mail": "m"}),
                email,
                "m",
            ),
            (json!({"scopes": ["groups"]}), json!({"email": null, "email_verified": null}), email, ""),
        ];
        for (config, change, get, expected) in cases {
            let got = identity(config.clone(), change.clone());
            assert_eq!(got.as_ref().map(get), Ok(expected), "{config} {change}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases = [
            (json!({}), json!({"sub": null}), "missing \"sub\" claim"),
            (json!({}), json!({"sub": 1}), "missing \"sub\" claim"),
            (json!({}), json!({"sub": ""}), "missing \"sub\" claim"),
            (json!({"userIDKey": "oid"}), json!({}), "oidc: not found oid claim"),
            (json!({"userNameKey": "upn"}), json!({}), "missing \"upn\" claim"),
            (json!({}), json!({"email": null}), "missing email claim, not found \"email\" key"),
            (
                json!({"claimMapping": {"email": "mail"}, "overrideClaimMapping": true}),
                json!({}),
                "not found \"mail\" key",
            ),
            (json!({}), json!({"email_verified": null}), "missing \"email_verified\" claim"),
        ];
        for (config, change, told) in cases {
            let error = identity(config, change.clone()).unwrap_err();
            assert!(error.ends_with(told), "{change}: {error}");
        }
    }

    #[test]
    fn an_address_is_verified_as_the_provider_says() {
        let skip = json!({"insecureSkipEmailVerified": true});
        let cases = [
            (json!({}), json!(true), true),
            (json!({}), json!(false), false),
            (json!({}), json!("true"), true),
            (json!({}), json!("false"), false),
            (json!({"scopes": ["profile"]}), json!(null), false),
            (json!({"scopes": ["profile"]}), json!("yes"), false),
            (skip.clone(), json!(null), true),
            (skip.clone(), json!("false"), true),
            (skip, json!(false), false),
        ];
        for (config, claim, expected) in cases {
            let got = identity(config.clone(), json!({"email_verified": claim}));
            assert_eq!(got.map(|identity| identity.email_verified), Ok(expected), "{config} {claim}");
        }
    }

    #[test]
    fn userinfo_wins_unless_it_is_somebody_elses() {
        let claims = |value: Value| value.as_object().unwrap().clone();
        let token = claims(json!({"sub": "1", "name": "a", "iat": 1}));
        let both = overlaid(token.clone(), claims(json!({"sub": "1", "name": "b"}))).unwrap();
        assert_eq!(both, claims(json!({"sub": "1", "name": "b", "iat": 1})));
        assert!(overlaid(token.clone(), claims(json!({"name": "b"}))).is_ok());
        assert!(overlaid(token, claims(json!({"sub": "2"}))).is_err());
    }
}
