//! From claims to groups (connectors-protocol spec, 7.8).

use dex_connector::UpstreamError;
use dex_upstream_client::{Claims, filter_groups};
use serde_json::Value;

use super::config::NewGroup;
use super::rules::GroupRules;

/// The user's groups; the gate is checked whether or not they are published.
pub(super) fn of(claims: &Claims, rules: &GroupRules, user_id: &str) -> Result<Vec<String>, UpstreamError> {
    let mut groups = Vec::new();
    if rules.enabled || !rules.allowed.is_empty() {
        groups = named(claims, rules)?;
    }
    if !rules.allowed.is_empty() {
        groups = filter_groups(&groups, &rules.allowed);
        if groups.is_empty() {
            let (user_id, groups) = (user_id.to_owned(), rules.allowed.clone());
            return Err(UpstreamError::NotInRequiredGroups { user_id, groups });
        }
    }
    if !rules.enabled {
        groups.clear();
    }
    let names = &rules.names;
    let mut groups: Vec<_> = groups.iter().map(|group| format!("{}{group}{}", names.prefix, names.suffix)).collect();
    groups.extend(rules.new.iter().filter_map(|new| made(claims, new)));
    Ok(groups)
}

/// The groups of the claim that has them, as far as the filter lets them through.
fn named(claims: &Claims, rules: &GroupRules) -> Result<Vec<String>, UpstreamError> {
    let standard = claims.get("groups").is_some_and(Value::is_array);
    let key = if rules.mapped.is_empty() || (standard && !rules.mapping_wins) { "groups" } else { &rules.mapped };
    let all = match claims.get(key) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(values)) => {
            values.iter().map(|value| name_of(value, key)).filter_map(Result::transpose).collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    };
    let passes = |group: &String| rules.filter.as_ref().is_none_or(|filter| filter.is_match(group));
    Ok(all.into_iter().filter(passes).collect())
}

/// A group's name: a text, or the `name` of an object, which need not have one.
fn name_of(value: &Value, key: &str) -> Result<Option<String>, UpstreamError> {
    match value {
        Value::String(name) => Ok(Some(name.clone())),
        Value::Object(members) => Ok(members.get("name").and_then(Value::as_str).map(str::to_owned)),
        _ => Err(UpstreamError::Unacceptable(format!("malformed {key:?} claim"))),
    }
}

/// The group made of claims, if at least one of them is a text.
fn made(claims: &Claims, new: &NewGroup) -> Option<String> {
    let texts = new.claims.iter().filter_map(|name| claims.get(name).and_then(Value::as_str));
    let values = texts.map(|text| match new.clear_delimiter {
        // So that a user cannot write a delimiter into a claim and so choose the group's other parts.
        true if !new.delimiter.is_empty() => text.replace(&new.delimiter, ""),
        _ => text.to_owned(),
    });
    let segments: Vec<_> = std::iter::once(new.prefix.clone()).chain(values).collect();
    (segments.len() > 1).then(|| segments.join(&new.delimiter))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::rules::Rules;
    use super::*;

    fn groups(config: Value, claims: Value) -> Result<Vec<String>, String> {
        let mut keys = json!({"issuer": "https://up.example", "insecureEnableGroups": true});
        keys.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let rules = Rules::of(dex_upstream_client::read_config(&keys).unwrap()).unwrap();
        of(claims.as_object().unwrap(), &rules.groups, "u").map_err(|error| error.to_string())
    }

    #[test]
    fn groups_are_read_mapped_filtered_and_renamed() {
        let mapped = json!({"claimMapping": {"groups": "cognito:groups"}});
        let mapped_wins = json!({"claimMapping": {"groups": "cognito:groups"}, "overrideClaimMapping": true});
        let filter = json!({"claimModifications": {"filterGroupClaims": {"groupsFilter": r"^.*\d$"}}});
        let renamed = json!({"claimModifications": {"modifyGroupNames": {"prefix": "up:", "suffix": "-x"}}});
        let cases = [
            (json!({}), json!({"groups": ["a", "b", "a"]}), vec!["a", "b", "a"]),
            (json!({}), json!({"groups": "a"}), vec!["a"]),
            (json!({}), json!({}), vec![]),
            (json!({}), json!({"groups": {"a": 1}}), vec![]),
            (json!({}), json!({"groups": [{"name": "a", "id": 1}, {"id": 2}, "b"]}), vec!["a", "b"]),
            (json!({"insecureEnableGroups": false}), json!({"groups": ["a"]}), vec![]),
            (mapped.clone(), json!({"groups": ["a"], "cognito:groups": ["b"]}), vec!["a"]),
            (mapped.clone(), json!({"cognito:groups": ["b"]}), vec!["b"]),
            (mapped, json!({"groups": "a", "cognito:groups": ["b"]}), vec!["b"]),
            (mapped_wins.clone(), json!({"groups": ["a"], "cognito:groups": ["b"]}), vec!["b"]),
            (mapped_wins, json!({"groups": ["a"]}), vec![]),
            (filter.clone(), json!({"groups": ["a1", "b", "1c", "d2"]}), vec!["a1", "d2"]),
            (filter, json!({"groups": "b"}), vec![]),
            (renamed, json!({"groups": ["a"]}), vec!["up:a-x"]),
        ];
        for (config, claims, expected) in cases {
            let expected = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(groups(config.clone(), claims.clone()), Ok(expected), "{config} {claims}");
        }
        for malformed in [json!(["a", 1]), json!([null]), json!([["a"]])] {
            assert!(
                groups(json!({}), json!({"groups": malformed})).unwrap_err().ends_with("malformed \"groups\" claim")
            );
        }
    }

    #[test]
    fn the_gate_holds_whether_or_not_groups_are_published() {
        for enabled in [true, false] {
            let config = json!({
                "insecureEnableGroups": enabled, "allowedGroups": ["b", "c"],
                "claimModifications": {"modifyGroupNames": {"prefix": "up:"}},
            });
            let published = if enabled { vec!["up:c".to_owned(), "up:b".to_owned()] } else { vec![] };
            assert_eq!(groups(config.clone(), json!({"groups": ["a", "c", "b"]})), Ok(published));
            for claims in [json!({"groups": ["a"]}), json!({"groups": []}), json!({}), json!({"groups": "a"})] {
                let error = groups(config.clone(), claims).unwrap_err();
                assert_eq!(error, r#"user "u" is not in any of the required groups ["b", "c"]"#);
            }
        }
    }

    #[test]
    fn groups_are_made_of_claims() {
        let config = json!({"claimModifications": {"newGroupFromClaims": [
            {"prefix": "gh", "delimiter": "::", "claims": ["organization", "pipeline"]},
            {"prefix": "clr_delim", "delimiter": "-", "clearDelimiter": true, "claims": ["acme"]},
            {"prefix": "keep_delim", "delimiter": "-", "claims": ["acme"]},
            {"prefix": "bk", "delimiter": "-", "claims": ["list", "number", "email"]},
            {"prefix": "none", "delimiter": "-", "claims": ["absent"]},
            {"delimiter": "-", "claims": ["email"]},
        ], "modifyGroupNames": {"prefix": "up:"}}});
        let claims = json!({
            "organization": "acme", "pipeline": "pipeline-one", "acme": "acme-foo-bar", "email": "emailvalue",
            "list": ["x"], "number": 1, "groups": ["g"],
        });
        let expected = [
            "up:g",
            "gh::acme::pipeline-one",
            "clr_delim-acmefoobar",
            "keep_delim-acme-foo-bar",
            "bk-emailvalue",
            "-emailvalue",
        ];
        assert_eq!(groups(config, claims).unwrap(), expected);
    }
}
