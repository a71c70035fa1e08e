//! Whole files as operators write them.

use dex_config::{FeatureFlag, StorageConfig};

use crate::{try_load, warnings};

#[test]
fn a_small_file_for_trying_out_starts() {
    let read = try_load(include_str!("../samples/trial.yaml"), &[]).expect("trial");
    assert_eq!(warnings(&read), "");
    assert!(read.enable_password_db);
    assert_eq!(read.static_clients.len(), 3);
    assert_eq!(read.static_passwords[0].email, "kim@example.org");
    assert_eq!(read.connectors[0].kind, "mockCallback");
}

#[test]
fn a_directory_of_people_and_groups_starts() {
    let read = try_load(include_str!("../samples/directory.yaml"), &[("LDAP_PW", "p$w")]);
    let read = read.expect("directory");
    assert_eq!(warnings(&read), "");
    let ldap = &read.connectors[0].config;
    assert_eq!(ldap["bindPW"], "p$w");
    assert_eq!(ldap["groupSearch"]["userMatchers"][0]["groupAttr"], "member");
}

#[test]
fn a_cluster_with_everything_turned_on_starts() {
    let env = [
        ("KUBE_CLIENT", "kubectl"),
        ("KUBE_SECRET", "s"),
        (FeatureFlag::ConfigDisallowUnknownFields.variable(), "true"),
    ];
    let read = try_load(include_str!("../samples/cluster.yaml"), &env).expect("cluster");
    assert!(matches!(read.storage, StorageConfig::Kubernetes(_)));
    assert_eq!(read.static_clients[0].id, "kubectl");
    assert!(read.grpc.is_some() && read.sessions.is_some());
}

/// Argo CD generates JSON-like YAML, with an empty log format and keys in sorted order.
#[test]
fn a_generated_file_starts() {
    let read = try_load(include_str!("../samples/generated.yaml"), &[]).expect("generated");
    assert_eq!(warnings(&read), "");
    assert_eq!(read.issuer, "https://argocd.example.com/api/dex");
    assert!(read.oauth2.skip_approval_screen && read.static_clients[1].public);
}

/// The sample that newcomers are sent to.
#[test]
fn the_sample_of_the_examples_starts_without_a_warning() {
    let text = include_str!("../../../../examples/config-dev.yaml");
    let read = try_load(text, &[]).expect("config-dev");
    assert_eq!(warnings(&read), "");
    assert!(matches!(&read.storage, StorageConfig::Sqlite3 { file } if file == "dex-dev.db"));
    assert_eq!(read.static_clients.len(), 2);
    assert!(read.enable_password_db && read.telemetry.http.is_some());
}
