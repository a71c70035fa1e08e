//! Keycloak, with everything in memory, and a realm from a file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::pages::Browser;
use crate::{Process, free_port};

/// How long it may take to start: about ten seconds of a processor that others use as well.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How long it may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Name and password of its first administrator.
const ADMIN: &str = "admin";

/// A running Keycloak with the realm `corp` of `data/keycloak-realm.json`.
pub struct Keycloak {
    process: Process,
    folder: TempDir,
    port: u16,
    https_port: u16,
    http: Client,
}

impl Keycloak {
    /// The user of the realm.
    pub const USER: &'static str = "nadia";
    /// Their password.
    pub const PASSWORD: &'static str = "nadia-password";
    /// The client of the realm.
    pub const CLIENT: &'static str = "dex";
    /// Its secret.
    pub const SECRET: &'static str = "keycloak-secret/+&";

    /// Starts it and makes the realm.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not get ready, with the end of its log.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let (port, https_port) = (free_port()?, free_port()?);
        let authority = certify(folder.path())?;
        let process = Process::start(&mut command(port, https_port, folder.path()), &folder.path().join("log"))?;
        // Taken already where a test did it before us.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem(authority.as_bytes())?;
        let http = Client::builder().timeout(ANSWER_LIMIT).no_proxy().add_root_certificate(authority).build()?;
        let mut keycloak = Self { process, folder, port, https_port, http };
        let probe = keycloak.http.get(keycloak.url("/realms/master/.well-known/openid-configuration"));
        let probe = async || {
            let again = probe.try_clone().context("a GET can be repeated")?;
            again.send().await?.error_for_status()?;
            Ok(())
        };
        keycloak.process.ready(START_LIMIT, probe).await.context("Keycloak")?;
        let realm: Value = serde_json::from_str(include_str!("../data/keycloak-realm.json"))?;
        keycloak.admin(Method::POST, "", Some(&realm)).await?;
        Ok(keycloak)
    }

    /// The port it listens on. It calls itself by whatever address it is asked under.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The realm by TLS, under another name than the addresses that are numbers, so that it is another site to a browser.
    pub fn https_realm(&self) -> String {
        format!("https://localhost:{}{}", self.https_port, Self::REALM)
    }

    /// The PEM file of the authority of its certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The path of the realm below any address that leads to it.
    pub const REALM: &'static str = "/realms/corp";

    /// A public client of the realm that has nothing to do with dex.
    pub const OTHER_CLIENT: &'static str = "other";

    /// The user's tokens at a client, as `/token` answers them. They name as their issuer the realm below `address`.
    ///
    /// # Errors
    ///
    /// When it does not answer so.
    pub async fn tokens(&self, address: &str, client: &str) -> anyhow::Result<Value> {
        let secret = if client == Self::CLIENT { Self::SECRET } else { "" };
        let login = [("username", Self::USER), ("password", Self::PASSWORD), ("scope", "openid profile email")];
        let fields = [("grant_type", "password"), ("client_id", client), ("client_secret", secret)];
        let url = format!("{address}{}/protocol/openid-connect/token", Self::REALM);
        let request = self.http.post(url).form(&[&fields[..], &login[..]].concat());
        Ok(serde_json::from_str(&sent(request).await?.text().await?)?)
    }

    /// Adds a client to the realm, as its administration describes clients.
    ///
    /// # Errors
    ///
    /// When the administration does not do it.
    pub async fn add_client(&self, client: &Value) -> anyhow::Result<()> {
        self.admin(Method::POST, "/corp/clients", Some(client)).await.map(|_| ())
    }

    /// What it makes of a SAML service provider's metadata: a client, as its administration describes clients.
    ///
    /// # Errors
    ///
    /// When it does not take it for metadata.
    pub async fn client_of(&self, metadata: &str) -> anyhow::Result<Value> {
        let body = Some(("application/xml", metadata.to_owned()));
        let answer = self.administer(Method::POST, "/corp/client-description-converter", body).await?;
        Ok(serde_json::from_str(&answer.text().await?)?)
    }

    /// Adds a user in some groups of the realm, whose password is their name.
    ///
    /// # Errors
    ///
    /// When the administration does not do it.
    pub async fn add_user(&self, name: &str, groups: &[&str]) -> anyhow::Result<()> {
        let user = json!({
            "username": name, "enabled": true, "email": format!("{name}@corp.example"), "emailVerified": true,
            "firstName": name, "lastName": "Corp", "groups": groups,
            "credentials": [{"type": "password", "value": name, "temporary": false}],
        });
        self.admin(Method::POST, "/corp/users", Some(&user)).await.map(|_| ())
    }

    /// Has the realm sign with a new key; the old one stays published.
    ///
    /// # Errors
    ///
    /// When the administration does not do it.
    pub async fn change_key(&self) -> anyhow::Result<()> {
        let realm = self.get("/corp").await?;
        let provider = json!({
            "name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "parentId": realm["id"], "config": {"priority": ["1000"], "algorithm": ["RS256"], "keySize": ["2048"]},
        });
        self.admin(Method::POST, "/corp/components", Some(&provider)).await.map(|_| ())
    }

    /// Its SAML metadata.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn saml_metadata(&self) -> anyhow::Result<String> {
        let url = self.url(&format!("{}/protocol/saml/descriptor", Self::REALM));
        Ok(sent(self.http.get(url)).await?.text().await?)
    }

    /// Where people log out who are signed in here, and who are then logged out of every client.
    pub fn logout(&self) -> String {
        format!("http://localhost:{}{}/protocol/openid-connect/logout", self.port, Self::REALM)
    }

    /// Goes there with a form, or by a link if there is none, logs the user in, and tells what would be posted to the
    /// SAML service provider.
    ///
    /// # Errors
    ///
    /// When it shows no form of a login or posts nothing; with the page it shows instead.
    pub async fn saml_log_in(&self, to: &str, form: &[(String, String)]) -> anyhow::Result<Vec<(String, String)>> {
        let mut browser = Browser::new()?;
        let page = browser.visit(to, form).await?;
        browser.submit(&page, &[("username", Self::USER), ("password", Self::PASSWORD)]).await
    }

    /// Takes the user out of a group.
    ///
    /// # Errors
    ///
    /// When the administration does not do it.
    pub async fn leave(&self, user: &str, group: &str) -> anyhow::Result<()> {
        let (user, groups) = (self.id_of(user).await?, self.get("/corp/groups").await?);
        let group = named(&groups, "name", group)?;
        self.admin(Method::DELETE, &format!("/corp/users/{user}/groups/{group}"), None).await.map(|_| ())
    }

    /// Ends the user's sessions, offline ones excepted, and so their refresh tokens.
    ///
    /// # Errors
    ///
    /// When the administration does not do it.
    pub async fn log_out(&self, user: &str) -> anyhow::Result<()> {
        let user = self.id_of(user).await?;
        self.admin(Method::POST, &format!("/corp/users/{user}/logout"), None).await.map(|_| ())
    }

    /// Disables the user.
    ///
    /// # Errors
    ///
    /// When the administration does not do it.
    pub async fn disable(&self, user: &str) -> anyhow::Result<()> {
        let mut users = self.get(&format!("/corp/users?exact=true&username={user}")).await?;
        let about = users.get_mut(0).context("no such user")?;
        about["enabled"] = json!(false);
        let path = format!("/corp/users/{}", about["id"].as_str().context("a user has an id")?);
        self.admin(Method::PUT, &path, Some(about)).await.map(|_| ())
    }

    async fn id_of(&self, user: &str) -> anyhow::Result<String> {
        let users = self.get(&format!("/corp/users?exact=true&username={user}")).await?;
        named(&users, "username", user)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.admin(Method::GET, path, None).await?.text().await?)?)
    }

    async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Response> {
        self.administer(method, path, body.map(|body| ("application/json", body.to_string()))).await
    }

    /// A request to the administration of realms, by a fresh token: they live for a minute.
    async fn administer(&self, method: Method, path: &str, body: Option<(&str, String)>) -> anyhow::Result<Response> {
        let login = [("grant_type", "password"), ("client_id", "admin-cli"), ("username", ADMIN), ("password", ADMIN)];
        let request = self.http.post(self.url("/realms/master/protocol/openid-connect/token")).form(&login);
        let tokens: Value = serde_json::from_str(&sent(request).await?.text().await?)?;
        let token = tokens["access_token"].as_str().context("the administrator gets no token")?;
        let mut request = self.http.request(method, self.url(&format!("/admin/realms{path}"))).bearer_auth(token);
        if let Some((media_type, body)) = body {
            request = request.header("content-type", media_type).body(body);
        }
        sent(request).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

async fn sent(request: RequestBuilder) -> anyhow::Result<Response> {
    let answer = request.send().await?;
    let (status, url) = (answer.status(), answer.url().clone());
    if status.is_success() {
        return Ok(answer);
    }
    let told = answer.text().await.unwrap_or_default();
    bail!("{url}: {status}: {told}")
}

/// The id of the entry of a list whose member `key` is `name`.
fn named(list: &Value, key: &str, name: &str) -> anyhow::Result<String> {
    let mut entries = list.as_array().into_iter().flatten();
    let found = entries.find(|entry| entry[key] == name).with_context(|| format!("no {key} {name}"))?;
    Ok(found["id"].as_str().context("it has an id")?.to_owned())
}

/// Writes a certificate for `localhost`, its key and the authority of it, and answers the last.
fn certify(folder: &Path) -> anyhow::Result<String> {
    let key = rcgen::KeyPair::generate()?;
    let mut authority = rcgen::CertificateParams::new(Vec::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&key)?.pem();
    let issuer = rcgen::Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
    for (name, text) in [("ca.pem", &pem), ("tls.pem", &certificate.pem()), ("tls.key", &key.serialize_pem())] {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(pem)
}

fn command(port: u16, https_port: u16, folder: &Path) -> Command {
    let home = home();
    let mut command = Command::new("sh");
    command
        .arg(home.join("bin/kc.sh"))
        .args(["start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--hostname-strict=false"])
        .arg(format!("--http-port={port}"))
        .arg(format!("--https-port={https_port}"))
        .arg(format!("--https-certificate-file={}", folder.join("tls.pem").display()))
        .arg(format!("--https-certificate-key-file={}", folder.join("tls.key").display()))
        .arg("--cache=local")
        .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMIN)
        .env("KC_BOOTSTRAP_ADMIN_PASSWORD", ADMIN)
        // It lives for seconds: compiling little pays.
        .env("JAVA_OPTS_APPEND", "-Xmx512m -XX:TieredStopAtLevel=1")
        .current_dir(&home);
    command
}

/// Where `cargo xtask setup` puts it.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/keycloak")
}
