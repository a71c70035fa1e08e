//! What happens where a right is missing.

use dex_storage::Backend as _;

use crate::Cluster;

fn role(name: &str, user: &str, rules: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\nrules: {rules}\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {name}}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {name}}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}]\n"
    )
}

const OF_DEX: &str = "[{apiGroups: [dex.coreos.com], resources: ['*'], verbs: ['*']}]";

pub(crate) async fn definitions_that_may_not_be_created_are_named(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    cluster.server.apply(&role("owner", "owner", OF_DEX)).await.unwrap();
    let forbidden = cluster.open_as("token-of-owner", &namespace, true).await.err().unwrap().to_string();
    let whole = [
        "authcodes.dex.coreos.com",
        "spentmarks.dex.coreos.com",
        "`owner`",
        "grant `create` on customresourcedefinitions.apiextensions.k8s.io",
    ];
    for part in whole {
        assert!(forbidden.contains(part), "{part}: {forbidden}");
    }
    let unchecked = cluster.open_as("token-of-owner", &namespace, false).await.err().unwrap().to_string();
    assert!(unchecked.contains("CRDs are not created: authrequests.dex.coreos.com"), "{unchecked}");
}

/// Definitions as Dex leaves them, made by hand here, then opened by us.
pub(crate) async fn definitions_of_dex_get_columns_and_ours_is_added(cluster: &Cluster) {
    let definitions = include_str!("../fixtures/definitions.json");
    cluster.server.apply(definitions).await.unwrap();
    let namespace = cluster.namespace().await;
    // The rights that Dex's manifests grant.
    let create = "[{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [create]}]";
    let lacking = cluster.open_as("token-of-owner", &namespace, true).await.err().unwrap().to_string();
    assert!(lacking.contains("definitions spentmarks.dex.coreos.com are missing"), "{lacking}");
    cluster.server.apply(&role("definer", "owner", create)).await.unwrap();
    let opened = cluster.open_as("token-of-owner", &namespace, true).await.unwrap();
    opened.ping().await.unwrap();
    let columns = ["get", "crd", "-o", "jsonpath={.spec.versions[0].additionalPrinterColumns[0].name}"];
    let of = async |name: &str| cluster.server.kubectl(&[&columns[..], &[name]].concat()).await.unwrap();
    assert_eq!(of("spentmarks.dex.coreos.com").await, "Expires");
    assert_eq!(of("oauth2clients.dex.coreos.com").await, "", "without the right to change it, it stays");
    cluster.open(&namespace).await;
    assert_eq!(of("oauth2clients.dex.coreos.com").await, "ID");
    cluster.open_as("token-of-owner", &namespace, false).await.unwrap();
}

pub(crate) async fn a_missing_right_is_named(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    let reading = "[{apiGroups: [dex.coreos.com], resources: ['*'], verbs: [get, list]}]";
    cluster.server.apply(&role("reader", "reader", reading)).await.unwrap();
    let told = cluster.open_as("token-of-reader", &namespace, true).await.err().unwrap().to_string();
    assert!(told.contains(&format!("in the namespace `{namespace}`")), "{told}");
    assert!(told.contains("create, update, delete of refreshtokens"), "{told}");

    let narrow = "[{apiGroups: [dex.coreos.com], resources: [signingkeies, spentmarks], verbs: ['*']}]";
    cluster.server.apply(&role("writer", "writer", narrow)).await.unwrap();
    let told = cluster.open_as("token-of-writer", &namespace, true).await.err().unwrap().to_string();
    assert!(told.contains("get, list, create, update, delete of passwords"), "{told}");
    assert!(!told.contains("spentmarks"), "{told}");

    // A right that is taken away while we run.
    let opened = cluster.open_as("token-of-owner", &namespace, true).await.unwrap();
    cluster.server.kubectl(&["delete", "clusterrolebinding", "owner"]).await.unwrap();
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let told = loop {
        match opened.ping().await {
            Err(error) => break error.to_string(),
            Ok(()) => assert!(tokio::time::Instant::now() < until, "the right is still there"),
        }
    };
    let expected = "the user `owner` of the API server may not get signingkeies.dex.coreos.com in the namespace";
    assert!(told.contains(expected), "{told}");
    cluster.server.apply(&role("owner", "owner", OF_DEX)).await.unwrap();
}

/// On a cluster that knows nothing of dex. The definitions that the other checks used go first.
pub(crate) async fn the_example_grants_what_is_needed(cluster: &Cluster) {
    cluster.server.kubectl(&["delete", "crd", "--all"]).await.unwrap();
    cluster.server.kubectl(&["create", "namespace", "dex"]).await.unwrap();
    cluster.server.apply(include_str!("../../../../examples/k8s/rbac.yaml")).await.unwrap();
    let token = cluster.server.token_of("dex", "dex").await.unwrap();
    let columns = ["get", "crd", "passwords.dex.coreos.com", "-o", "jsonpath={..additionalPrinterColumns[0].name}"];
    let opened = cluster.open_as(&token, "dex", true).await.unwrap();
    opened.ping().await.unwrap();
    assert_eq!(cluster.server.kubectl(&columns).await.unwrap(), "Email");

    // The definitions alone, and no right to make them.
    cluster.server.kubectl(&["delete", "crd", "--all"]).await.unwrap();
    cluster.server.kubectl(&["delete", "clusterrolebinding", "dex-definitions"]).await.unwrap();
    cluster.server.create(include_str!("../../../../examples/k8s/crds.json")).await.unwrap();
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while let Err(error) = cluster.open_as(&token, "dex", false).await {
        assert!(tokio::time::Instant::now() < until, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
