//! A Kubernetes API server that lets the users of dex in, by their groups.

use std::path::Path;
use std::time::Duration;

use dex_peers::KubeApiserver;
use dex_peers::kube_apiserver::kubectl;
use tempfile::TempDir;

use crate::dex::{Dex, PUBLIC, REDIRECT_URI, free_port};
use crate::program::{Program, learnt, output_of};

/// How long the API server may take to read our discovery document. It tries every ten seconds.
const DISCOVERED_LIMIT: Duration = Duration::from_secs(40);

/// A private authority, and a certificate of it for 127.0.0.1.
fn certify(folder: &Path) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(folder.join("ca.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn configuration(folder: &Path, port: u16) -> String {
    let hash = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W";
    let user = |name: &str, group: &str| {
        format!(
            "  - {{email: {name}@example.com, hash: '{hash}', username: {name}, userID: {name}, groups: [{group}]}}\n"
        )
    };
    format!(
        "issuer: https://127.0.0.1:{port}/dex\nstorage: {{type: memory}}\n\
         web: {{https: '127.0.0.1:{port}', tlsCert: '{folder}/cert.pem', tlsKey: '{folder}/key.pem'}}\n\
         oauth2: {{skipApprovalScreen: true}}\n\
         staticClients: [{{id: {client}, name: kubectl, public: true, redirectURIs: ['{REDIRECT_URI}']}}]\n\
         enablePasswordDB: true\nstaticPasswords:\n{member}{other}",
        folder = folder.display(),
        client = PUBLIC.id,
        member = user("member", "viewers"),
        other = user("other", "writers"),
    )
}

/// The ID token of a user who signed in by a code.
fn id_token(dex: &Dex, ca: &Path, user: &str) -> String {
    let mut command = Program::Go.command(dex, &PUBLIC, "password");
    command.arg("code").env("CONNECTOR", "local").env("LOGIN", format!("{user}@example.com")).env("SSL_CERT_FILE", ca);
    let learnt = learnt(&output_of(&mut command), || dex.log());
    learnt["id_token"].as_str().unwrap().to_owned()
}

async fn api_server(dex: &Dex, ca: &Path) -> KubeApiserver {
    let flags = [
        format!("--oidc-issuer-url={}", dex.issuer),
        format!("--oidc-client-id={}", PUBLIC.id),
        format!("--oidc-ca-file={}", ca.display()),
        "--oidc-username-claim=email".to_owned(),
        "--oidc-groups-claim=groups".to_owned(),
        "--oidc-groups-prefix=dex:".to_owned(),
    ];
    let server = KubeApiserver::start(&[], &flags).await.unwrap();
    let role = ["create", "clusterrole", "viewer", "--verb=get,list", "--resource=configmaps"];
    server.kubectl(&role).await.unwrap();
    let binding = ["create", "clusterrolebinding", "viewers", "--clusterrole=viewer", "--group=dex:viewers"];
    server.kubectl(&binding).await.unwrap();
    server
}

#[tokio::test]
async fn a_kubernetes_api_server_lets_users_in_by_their_groups() {
    let folder = TempDir::new().unwrap();
    certify(folder.path());
    let (port, ca) = (free_port(), folder.path().join("ca.pem"));
    let configuration = configuration(folder.path(), port);
    let mut dex = Dex::configured(TempDir::new().unwrap(), &configuration, port);
    dex.issuer = format!("https://127.0.0.1:{port}/dex");
    let server = api_server(&dex, &ca).await;

    let member = server.kubeconfig(&id_token(&dex, &ca, "member"), "default").unwrap();
    let until = tokio::time::Instant::now() + DISCOVERED_LIMIT;
    let shown = loop {
        match kubectl(&member, &["get", "configmaps", "-o", "name"]).await {
            Ok(shown) => break shown,
            Err(error) => assert!(tokio::time::Instant::now() < until, "{error:#}\n{}", dex.log()),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert!(shown.is_empty() || shown.contains("configmap/"), "{shown}");
    let refused = kubectl(&member, &["create", "namespace", "x"]).await.unwrap_err().to_string();
    assert!(refused.contains("User \"member@example.com\" cannot create resource \"namespaces\""), "{refused}");

    let other = server.kubeconfig(&id_token(&dex, &ca, "other"), "default").unwrap();
    let refused = kubectl(&other, &["get", "configmaps"]).await.unwrap_err().to_string();
    assert!(refused.contains("User \"other@example.com\" cannot list resource \"configmaps\""), "{refused}");

    let forged = server.kubeconfig(&format!("{}x", id_token(&dex, &ca, "member")), "default").unwrap();
    let refused = kubectl(&forged, &["get", "configmaps"]).await.unwrap_err().to_string();
    assert!(refused.contains("Unauthorized") || refused.contains("must be logged in"), "{refused}");
}
