//! An API server that is not there, does not answer, or does not know us.

use std::time::Duration;

use dex_model::{Client, Record as _};
use dex_storage::{Backend as _, Write};
use dex_storage_kubernetes::{Kubernetes, KubernetesOptions, Place};

use crate::Cluster;

async fn open(config: &std::path::Path) -> Result<Kubernetes, String> {
    let options = KubernetesOptions { place: Place::Kubeconfig(config.to_owned()), create_crds: true };
    Kubernetes::open(&options).await.map_err(|error| error.to_string())
}

pub(crate) async fn what_is_not_there_or_not_ours_is_told(cluster: &Cluster) {
    let folder = tempfile::tempdir().unwrap();
    let config = std::fs::read_to_string(cluster.server.admin("default").unwrap()).unwrap();
    let url = cluster.server.url();
    let port = dex_peers::free_port().unwrap();
    let nowhere = format!("https://127.0.0.1:{port}");
    let foreign = rcgen::generate_simple_self_signed(vec!["k".to_owned()]).unwrap().cert.pem();
    std::fs::write(folder.path().join("foreign.pem"), foreign).unwrap();
    let ca = cluster.server.ca().display().to_string();
    let cases = [
        (config.replace("admin-token", "stolen-token"), "does not accept our credentials"),
        (config.replace(&url, &nowhere), "cannot be reached: Connection refused"),
        (config.replace(&ca, "foreign.pem"), "cannot be reached: invalid peer certificate"),
    ];
    for (number, (config, expected)) in cases.into_iter().enumerate() {
        let file = folder.path().join(format!("config-{number}"));
        std::fs::write(&file, config).unwrap();
        let told = open(&file).await.err().unwrap();
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("-token") && !told.contains('\n'), "{told}");
    }
    let config = cluster.server.admin("nowhere").unwrap();
    let lost = open(&config).await.unwrap();
    let told = lost.insert(&Client::default().into_any()).await.unwrap_err().to_string();
    assert_eq!(told, "the storage is not available: the namespace `nowhere` does not exist");
}

/// A service account that is made anew: what its former token could do, only the new one can. One back end reads the
/// token from a file, as in a pod, the other one from a program.
pub(crate) async fn credentials_that_change_are_taken_up(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    let in_namespace = async |arguments: &[&str]| {
        cluster.server.kubectl(&[&["-n", &namespace][..], arguments].concat()).await.unwrap()
    };
    in_namespace(&["create", "role", "dex", "--verb=*", "--resource=*.dex.coreos.com"]).await;
    let account = format!("--serviceaccount={namespace}:dex");
    in_namespace(&["create", "rolebinding", "dex", "--role=dex", &account]).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let anew = async || {
        in_namespace(&["create", "serviceaccount", "dex"]).await;
        std::fs::write(&token, cluster.server.token_of(&namespace, "dex").await.unwrap()).unwrap();
    };
    anew().await;
    let script = "#!/bin/sh\nprintf '{\"status\":{\"token\":\"%s\"}}' \"$(cat $(dirname $0)/token)\"\n";
    std::fs::write(folder.path().join("credentials"), script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("credentials"), executable).unwrap();
    let config = std::fs::read_to_string(cluster.server.admin(&namespace).unwrap()).unwrap();
    let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./credentials}";
    let mut stores = Vec::new();
    for (name, user) in [("by-file", "tokenFile: token"), ("by-program", exec)] {
        let place = folder.path().join(name);
        std::fs::write(&place, config.replace("token: 'admin-token'", user)).unwrap();
        stores.push(open(&place).await.unwrap());
    }
    in_namespace(&["delete", "serviceaccount", "dex"]).await;
    // The API server remembers for ten seconds whom it has let in.
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    for store in &stores {
        let told = loop {
            match store.ping().await {
                Err(error) => break error.to_string(),
                Ok(()) => assert!(tokio::time::Instant::now() < until, "the token is good for ever"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert!(told.contains("does not accept our credentials"), "{told}");
    }
    anew().await;
    for store in &stores {
        store.ping().await.unwrap();
    }
}

pub(crate) async fn a_pause_heals(cluster: &Cluster) {
    let store = cluster.fresh().await;
    let client = |id: &str| Client { id: id.into(), ..Client::default() }.into_any();
    assert_eq!(store.insert(&client("before")).await.unwrap(), Write::Done);
    cluster.server.pause().unwrap();
    let long = Duration::from_secs(3);
    let going_on = async {
        tokio::time::sleep(long).await;
        cluster.server.go_on().unwrap();
    };
    let (key, during) = (client("before").key(), client("during"));
    let (found, written, ()) = tokio::join!(store.get(&key), store.insert(&during), going_on);
    assert!(found.unwrap().is_some());
    assert_eq!(written.unwrap(), Write::Done);
    assert!(matches!(store.insert(&during).await, Ok(Write::Lost)), "it was written once");
}
