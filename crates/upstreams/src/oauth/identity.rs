//! From the userinfo answer to a user (connectors-protocol spec, 8).

use dex_connector::{Identity, UpstreamError};
use dex_upstream_client::Claims;
use serde_json::Value;

use super::config::ClaimRules;
use super::number::id_of;

/// The user the answer describes. `access_token` may hold groups as well.
pub(super) fn of(
    claims: &Claims,
    rules: &ClaimRules,
    access_token: &str,
    wants_groups: bool,
) -> Result<Identity, UpstreamError> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let groups = if wants_groups { groups(claims, rules, access_token) } else { Vec::new() };
    Ok(Identity {
        user_id: user_id(claims, &rules.user_id)?,
        username: text(&rules.username),
        preferred_username: text(&rules.preferred_username),
        email: text(&rules.email),
        email_verified: match claims.get(&rules.email_verified) {
            Some(Value::Bool(verified)) => *verified,
            _ => rules.skip_email_verified,
        },
        groups,
        connector_data: Vec::new(),
    })
}

fn user_id(claims: &Claims, key: &str) -> Result<String, UpstreamError> {
    let refused = |text: String| UpstreamError::Unacceptable(format!("OAuth Connector: {text}"));
    match claims.get(key) {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        Some(Value::Number(id)) => id_of(id).ok_or_else(|| refused(format!("{key} claim is too large a number"))),
        // All such users would be one.
        Some(Value::String(_)) => Err(refused(format!("{key} claim is empty"))),
        None => Err(refused(format!("not found {key} claim"))),
        Some(other) => Err(refused(format!("{key} claim should be string or number, got {}", kind(other)))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Array(_) => "a list",
        _ => "an object",
    }
}

/// The groups of the answer, then those that only the access token has, if that is a JWT: it came from the provider itself.
fn groups(claims: &Claims, rules: &ClaimRules, access_token: &str) -> Vec<String> {
    let in_token = dex_jose::parse_unverified_payload(access_token).unwrap_or_default();
    let mut groups = Vec::new();
    for group in [claims, &in_token].into_iter().flat_map(|claims| named(claims, &rules.groups)) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn named(claims: &Claims, key: &str) -> Vec<String> {
    let values = claims.get(key).and_then(Value::as_array);
    let name = |value: &Value| match value {
        Value::String(name) => Some(name.clone()),
        Value::Object(members) => members.get("name").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    values.into_iter().flatten().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::super::config::Rules;
    use super::*;

    fn identity(config: Value, claims: Value, access_token: &str, groups: bool) -> Result<Identity, String> {
        let mut keys = json!({"authorizationURL": "http://u/a", "tokenURL": "http://u/t", "userInfoURL": "http://u/u"});
        keys.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let (rules, _, _) = Rules::of(dex_upstream_client::read_config(&keys).unwrap()).unwrap();
        of(claims.as_object().unwrap(), &rules.claims, access_token, groups).map_err(|error| error.to_string())
    }

    #[test]
    fn users_are_read_by_the_configured_keys() {
        let claims = json!({
            "id": 12345678, "user_name": "u", "preferred_username": "p", "email": "e", "email_verified": true,
            "uid": "x", "login": "l", "handle": "h", "mail": "m", "confirmed": false,
        });
        let usual = identity(json!({}), claims.clone(), "at", false).unwrap();
        let got =
            (usual.user_id.as_str(), usual.username.as_str(), usual.preferred_username.as_str(), usual.email.as_str());
        assert_eq!((got, usual.email_verified), (("1.2345678e+07", "u", "p", "e"), true));
        let mapping = json!({"userIDKey": "uid", "claimMapping": {
            "userNameKey": "login", "preferredUsernameKey": "handle", "emailKey": "mail", "emailVerifiedKey": "confirmed",
        }});
        let mapped = identity(mapping, claims, "at", false).unwrap();
        let got = (
            mapped.user_id.as_str(),
            mapped.username.as_str(),
            mapped.preferred_username.as_str(),
            mapped.email.as_str(),
        );
        assert_eq!((got, mapped.email_verified), (("x", "l", "h", "m"), false));
    }

    #[test]
    fn an_address_is_verified_if_the_provider_says_so_or_nobody_asks() {
        for (skip, claim, expected) in [
            (false, json!(null), false),
            (false, json!("true"), false),
            (true, json!(null), true),
            (true, json!(false), false),
        ] {
            let config = json!({"insecureSkipEmailVerified": skip});
            let got = identity(config, json!({"id": "1", "email_verified": claim}), "at", false).unwrap();
            assert_eq!(got.email_verified, expected, "{skip} {claim}");
        }
    }

    #[test]
    fn without_an_id_nobody_is_logged_in() {
        let cases = [
            (json!({}), "not found id claim"),
            (json!({"id": ""}), "id claim is empty"),
            (json!({"id": null}), "got null"),
            (json!({"id": 1e300}), "id claim is too large a number"),
            (json!({"id": [1]}), "id claim should be string or number, got a list"),
        ];
        for (claims, told) in cases {
            let error = identity(json!({}), claims, "at", false).unwrap_err();
            assert!(error.ends_with(told), "{error}");
        }
    }

    #[test]
    fn groups_come_from_userinfo_and_from_the_token_in_that_order() {
        let claims = json!({"id": "1", "groups": ["b", {"name": "a"}, {"id": 1}, 7, "b"], "teams": "t"});
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"groups":["c","a"],"teams":["d"]}"#));
        let cases = [
            (json!({}), "at-1", true, vec!["b", "a"]),
            (json!({}), &token, true, vec!["b", "a", "c"]),
            (json!({}), &token, false, vec![]),
            (json!({"claimMapping": {"groupsKey": "teams"}}), &token, true, vec!["d"]),
        ];
        for (config, token, wanted, expected) in cases {
            assert_eq!(identity(config, claims.clone(), token, wanted).unwrap().groups, expected);
        }
    }
}
