//! The custom resource definitions (storage spec, 9.3).

use std::time::Duration;

use dex_model::Kind;
use dex_oidc::{to_json, to_json_pretty};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{debug, info};

use crate::client::{Answer, Api, ApiError, Request, Verb};
use crate::kind::{GROUP, Resource, TIMES, VERSION, resource};
use crate::open::OpenError;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WHAT: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// How long the API server may take until it serves what was just defined.
const SERVED_LIMIT: Duration = Duration::from_secs(30);

/// How often it is looked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// All resources.
pub(crate) fn resources() -> impl Iterator<Item = Resource> {
    Kind::ALL.iter().map(|kind| resource(*kind))
}

/// All definitions as one list, for `kubectl apply -f -`.
pub fn manifest() -> String {
    let items: Vec<Value> = resources().map(definition).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    String::from_utf8_lossy(&to_json_pretty(&list)).into_owned()
}

fn name(resource: Resource) -> String {
    format!("{}.{GROUP}", resource.plural)
}

/// Dex's definition, with columns for `kubectl get`. Its schema takes every member, as Dex's does: another release of
/// either may have more of them.
fn definition(resource: Resource) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name(resource)},
        "spec": {
            "group": GROUP,
            "names": {"plural": resource.plural, "singular": resource.singular, "kind": resource.kind},
            "scope": "Namespaced",
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                "additionalPrinterColumns": columns(resource),
            }],
        },
    })
}

fn columns(resource: Resource) -> Value {
    let column = |(heading, member): &(&str, &str)| {
        let kind = match *member {
            time if TIMES.contains(&time) => "date",
            "public" | "loggedIn" => "boolean",
            _ => "string",
        };
        json!({"name": heading, "type": kind, "jsonPath": format!(".{member}")})
    };
    let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"});
    resource.columns.iter().map(column).chain([age]).collect()
}

/// Sees that the API server serves all resources. Those that are missing are created if `create` says so, and columns are
/// added to those that have none, as far as we may.
pub(crate) async fn ensure(api: &Api, create: bool) -> Result<(), OpenError> {
    let served = served(api).await?;
    let (present, missing): (Vec<_>, Vec<_>) =
        resources().partition(|resource| served.contains(&resource.plural.to_owned()));
    if !missing.is_empty() && !create {
        return Err(OpenError::Unchecked { names: names(&missing) });
    }
    let mut forbidden = Vec::new();
    for resource in &missing {
        match define(api, *resource).await {
            Ok(()) => {}
            Err(ApiError::Forbidden { user, .. }) => forbidden.push((user, *resource)),
            Err(error) => return Err(error.into()),
        }
    }
    if let Some((user, _)) = forbidden.first() {
        let missing: Vec<_> = forbidden.iter().map(|(_, resource)| *resource).collect();
        let user = user.clone().unwrap_or_else(|| "our user".into());
        return Err(OpenError::Forbidden { user, names: names(&missing) });
    }
    if create {
        for resource in present {
            add_columns(api, resource).await;
        }
    }
    for resource in missing {
        wait_until_served(api, resource).await?;
    }
    Ok(())
}

fn names(resources: &[Resource]) -> String {
    resources.iter().map(|resource| name(*resource)).collect::<Vec<_>>().join(", ")
}

/// The plural names that are served. Reads no object, so it costs the same however many there are.
async fn served(api: &Api) -> Result<Vec<String>, ApiError> {
    let what = format!("the group {GROUP}");
    let answer = api.call(&Request::of_cluster(Verb::Get, &what, format!("/apis/{GROUP}/{VERSION}"))).await?;
    if answer.code == 404 {
        return Ok(Vec::new());
    }
    let list: Value = read(&answer, Verb::Get, &what)?;
    let plurals = list["resources"].as_array().into_iter().flatten().filter_map(|resource| resource["name"].as_str());
    Ok(plurals.map(str::to_owned).collect())
}

fn read(answer: &Answer, verb: Verb, what: &str) -> Result<Value, ApiError> {
    let strange = || ApiError::Strange { verb, what: what.to_owned() };
    if !answer.is_success() {
        return Err(strange());
    }
    serde_json::from_slice(&answer.body).map_err(|_| strange())
}

async fn define(api: &Api, resource: Resource) -> Result<(), ApiError> {
    let request = Request::of_cluster(Verb::Create, WHAT, DEFINITIONS).with(to_json(&definition(resource)));
    let answer = api.call(&request).await?;
    // Another replica may have been faster.
    if answer.is_success() || answer.code == 409 {
        info!(name = name(resource), "created a custom resource definition");
        return Ok(());
    }
    Err(ApiError::Answered { code: answer.code, verb: Verb::Create, what: WHAT.into() })
}

/// Nothing depends on the columns, so a failure is no more than told.
async fn add_columns(api: &Api, resource: Resource) {
    match try_add_columns(api, resource).await {
        Ok(false) => {}
        Ok(true) => info!(name = name(resource), "added columns to a custom resource definition"),
        Err(error) => debug!(name = name(resource), %error, "the custom resource definition stays without columns"),
    }
}

async fn try_add_columns(api: &Api, resource: Resource) -> Result<bool, ApiError> {
    let path = format!("{DEFINITIONS}/{}", name(resource));
    let answer = api.call(&Request::of_cluster(Verb::Get, WHAT, &path)).await?;
    let mut defined = read(&answer, Verb::Get, WHAT)?;
    let Some(version) = defined["spec"]["versions"].get_mut(0).filter(|version| version["name"] == VERSION) else {
        return Ok(false);
    };
    // Columns that somebody chose stay.
    if version["additionalPrinterColumns"].is_array() {
        return Ok(false);
    }
    version["additionalPrinterColumns"] = columns(resource);
    let answer = api.call(&Request::of_cluster(Verb::Update, WHAT, &path).with(to_json(&defined))).await?;
    Ok(answer.is_success())
}

async fn wait_until_served(api: &Api, resource: Resource) -> Result<(), ApiError> {
    let until = Instant::now() + SERVED_LIMIT;
    loop {
        let first = Request::of(Verb::List, resource, &api.namespace, "").query("limit=1");
        let answer = api.call(&first).await?;
        if answer.is_success() {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(ApiError::NotServed { what: name(resource) });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_dexs_with_columns_that_show_no_secret() {
        assert_eq!(resources().count(), 13);
        for resource in resources() {
            let mut definition = definition(resource);
            let version = &mut definition["spec"]["versions"][0];
            let columns = version["additionalPrinterColumns"].take().to_string();
            for secret in ["token", "ecret", "hash", "hmac", "onnectorData", "config", "signingKey", "consents"] {
                assert!(!columns.contains(secret), "{columns}");
            }
            let schema = &version["schema"]["openAPIV3Schema"];
            assert_eq!(schema, &json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}));
            assert_eq!(definition["metadata"]["name"], format!("{}.dex.coreos.com", resource.plural));
        }
    }

    #[test]
    fn the_example_is_what_is_created() {
        let written = include_str!("../../../examples/k8s/crds.json");
        assert_eq!(written.trim(), manifest().trim(), "write it anew with the example `crds` of this crate");
    }
}
