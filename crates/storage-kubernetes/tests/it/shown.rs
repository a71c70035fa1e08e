//! What others see of our objects, and what becomes of what they add.

use dex_model::{Client, ClientSecret, Kind, Record as _};
use dex_storage::{Backend as _, Store, Write};

use crate::Cluster;

fn client() -> Client {
    Client {
        id: "example-app".into(),
        name: "Example".into(),
        secret: ClientSecret::new("s3cr3t"),
        public: false,
        ..Client::default()
    }
}

pub(crate) async fn kubectl_shows_columns(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    let store = cluster.open(&namespace).await;
    assert_eq!(store.insert(&client().into_any()).await.unwrap(), Write::Done);
    let shown = cluster.server.kubectl(&["-n", &namespace, "get", "oauth2clients"]).await.unwrap();
    let mut lines = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next().unwrap(), ["NAME", "ID", "CLIENT", "NAME", "PUBLIC", "AGE"]);
    let row = lines.next().unwrap();
    assert_eq!(row[..4], ["mv4gc3lqnrss2ylqodf7fhheqqrcgji", "example-app", "Example", "false"]);
    assert!(!shown.contains("s3cr3t"));
}

pub(crate) async fn what_others_wrote_on_an_object_stays(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    let store = Store::new(cluster.open(&namespace).await);
    assert_eq!(store.insert(client()).await.unwrap(), Write::Done);
    let patch =
        r#"{"metadata":{"labels":{"team":"a"},"annotations":{"dexidp.com/resource-lock":"x"}},"newer":{"b":[1]}}"#;
    let name = "mv4gc3lqnrss2ylqodf7fhheqqrcgji";
    let object = ["-n", &namespace, "patch", "oauth2clients", name, "--type=merge", "-p", patch];
    cluster.server.kubectl(&object).await.unwrap();
    let rename = |client: Client| Ok::<_, dex_storage::StorageError>(Client { name: "Other".into(), ..client });
    assert!(matches!(store.update("example-app", rename).await, Ok(dex_storage::Change::Made(_))));
    let written =
        cluster.server.kubectl(&["-n", &namespace, "get", "oauth2clients", name, "-o", "json"]).await.unwrap();
    for kept in [r#""team": "a""#, r#""dexidp.com/resource-lock": "x""#, r#""newer""#, r#""name": "Other""#] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
    // A connector's version is its object's.
    let connector = dex_model::Connector { id: "github".into(), ..dex_model::Connector::default() };
    assert_eq!(store.insert(connector.clone()).await.unwrap(), Write::Done);
    let first: dex_model::Connector = store.get("github").await.unwrap().unwrap();
    let rename = |c| Ok::<_, dex_storage::StorageError>(dex_model::Connector { name: "GitHub".into(), ..c });
    assert!(matches!(store.update("github", rename).await, Ok(dex_storage::Change::Made(_))));
    let second: dex_model::Connector = store.get("github").await.unwrap().unwrap();
    assert!(!first.resource_version.is_empty() && first.resource_version != second.resource_version);
    assert_eq!(connector.into_any().key().kind, Kind::Connector);
}
