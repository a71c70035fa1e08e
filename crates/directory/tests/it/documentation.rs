//! The examples in the documentation work as they are written, but for names of hosts and files.

use base64::Engine as _;
use dex_peers::{Slapd, TlsFiles};
use serde_json::{Value, json};

use crate::openldap::PEOPLE;
use crate::support::{End, merged, open};
use crate::transport::Authority;

/// Every example of a page: what it begins with, and the `config` of the connector in it.
pub(crate) fn examples(page: &str) -> Vec<(String, Value)> {
    let path = format!("{}/../../docs/connectors/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let read = |block: &str| {
        let read: Value = serde_saphyr::from_str(block).expect(block);
        let config = read["connectors"][0]["config"].clone();
        assert!(config.is_object(), "no connector in {block}");
        (block.lines().next().unwrap_or_default().to_owned(), config)
    };
    blocks.map(read).collect()
}

#[tokio::test]
async fn every_example_for_openldap_lets_jane_in() {
    let authority = Authority::new("dex test authority");
    let (certificate, key) = authority.issue("server", &["127.0.0.1"]);
    let (client, client_key) = authority.issue("dex", &[]);
    let ca = authority.file();
    let tls = TlsFiles { authority: &ca, certificate: &certificate, key: &key };
    let mapped = "authz-regexp \"^cn=dex$\" \"cn=dex,dc=example,dc=org\"\n";
    let server = Slapd::start(PEOPLE, Some(&tls), mapped).await.unwrap();
    let pem = base64::engine::general_purpose::STANDARD.encode(std::fs::read(&ca).unwrap());
    let examples = examples("ldap.md");
    assert!(examples.len() >= 4, "{} examples", examples.len());
    for (title, example) in examples {
        let plain = example["startTLS"] == true || example["insecureNoSSL"] == true;
        let host = format!("127.0.0.1:{}", if plain { server.port } else { server.tls_port });
        let has = |key: &str| !example[key].is_null();
        let mut change = json!({"host": host, "hosts": [], "dnsSRV": ""});
        for (key, value) in [
            ("rootCA", json!(ca)),
            ("rootCAData", json!(pem)),
            ("clientCert", json!(client)),
            ("clientKey", json!(client_key)),
            ("bindPW", json!("service")),
        ] {
            if has(key) {
                change[key] = value;
            }
        }
        let corp = open(&merged(example, change));
        let name = if title.contains("mail address") { "janedoe@example.com" } else { "jane" };
        let end = corp.end(name, "foo").await;
        assert!(matches!(end, End::In(_)), "{title}: {end:?}");
        assert!(!corp.identity(name, "foo").await.groups.is_empty(), "{title}");
    }
}
