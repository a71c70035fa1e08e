//! Whether we may do what we must.

use dex_oidc::to_json;
use serde::Deserialize;
use serde_json::json;

use crate::client::{Api, ApiError, Request, Verb};
use crate::crd::resources;
use crate::kind::GROUP;
use crate::open::OpenError;

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const WHAT: &str = "selfsubjectrulesreviews.authorization.k8s.io";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Review {
    status: Rules,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Rules {
    resource_rules: Vec<Rule>,
    /// Not every authorizer can say what it allows.
    incomplete: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    verbs: Option<Vec<String>>,
    api_groups: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    resource_names: Option<Vec<String>>,
}

/// Sees that each resource can be read and written, so that the start fails with all that is missing, rather than a login
/// with the first of it.
pub(crate) async fn check(api: &Api) -> Result<(), OpenError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": api.namespace},
    });
    let answer = api.call(&Request::of_cluster(Verb::Create, WHAT, REVIEWS).with(to_json(&review))).await;
    let rules = match answer {
        Ok(answer) => serde_json::from_slice::<Review>(&answer.body).unwrap_or_default().status,
        // Whoever may not even ask is told at the first call that is refused.
        Err(ApiError::Forbidden { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let missing = rules.missing();
    if missing.is_empty() || rules.incomplete || rules.resource_rules.is_empty() {
        return Ok(());
    }
    Err(OpenError::Rights { namespace: api.namespace.clone(), missing: missing.join("; ") })
}

impl Rules {
    /// What is not allowed: `get, list of passwords`.
    fn missing(&self) -> Vec<String> {
        let missing = resources().filter_map(|resource| {
            let lacks = |verb: &Verb| !self.resource_rules.iter().any(|rule| rule.allows(*verb, resource.plural));
            let verbs: Vec<_> = Verb::ALL.iter().filter(|verb| lacks(verb)).map(|verb| verb.word()).collect();
            (!verbs.is_empty()).then(|| format!("{} of {}", verbs.join(", "), resource.plural))
        });
        missing.collect()
    }
}

impl Rule {
    fn allows(&self, verb: Verb, plural: &str) -> bool {
        let has = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref().is_some_and(|list| list.iter().any(|one| one == "*" || one == wanted))
        };
        let any_name = self.resource_names.as_ref().is_none_or(Vec::is_empty);
        any_name && has(&self.verbs, verb.word()) && has(&self.api_groups, GROUP) && has(&self.resources, plural)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(rules: serde_json::Value) -> Vec<String> {
        serde_json::from_value::<Rules>(json!({"resourceRules": rules})).unwrap().missing()
    }

    #[test]
    fn what_dexs_manifest_grants_is_all_and_less_is_named() {
        let all = json!([{"verbs": ["*"], "apiGroups": ["dex.coreos.com"], "resources": ["*"]}]);
        assert!(missing(all.clone()).is_empty());
        let named = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["a"]}]);
        assert_eq!(missing(named).len(), 13);
        let verbs = ["get", "list", "create", "update"];
        let plurals: Vec<_> =
            resources().map(|resource| resource.plural).filter(|plural| *plural != "spentmarks").collect();
        let rules = json!([
            {"verbs": verbs, "apiGroups": ["dex.coreos.com"], "resources": plurals},
            {"verbs": ["delete"], "apiGroups": ["dex.coreos.com"], "resources": &plurals[1..]},
            {"verbs": null, "apiGroups": null, "resources": null},
        ]);
        let told = missing(rules);
        assert_eq!(told, ["delete of authrequests", "get, list, create, update, delete of spentmarks"]);
    }
}
