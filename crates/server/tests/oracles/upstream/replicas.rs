//! Two replicas of dex, and a provider that ends a login whose refresh token comes twice.

use std::path::Path;

use dex_peers::{OidcProvider, Relay, free_port};
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::Value;

use super::browser::Browser;
use crate::dex::{Dex, REDIRECT_URI, WEB};

/// How often all refresh at once.
const ROUNDS: usize = 4;

/// How many refreshes a device sends to each replica at once.
const AT_ONCE: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_refresh_two_devices_of_a_user_at_once() {
    let relay = Relay::to_nowhere().unwrap();
    let provider_issuer = format!("http://127.0.0.1:{}", relay.port());
    let folder = tempfile::tempdir().unwrap();
    let ports = [free_port().unwrap(), free_port().unwrap()];
    let [one, other] = ports.map(|port| {
        let configuration = configuration(ports[0], port, &folder.path().join("dex.db"), &provider_issuer);
        Dex::configured(tempfile::tempdir().unwrap(), &configuration, port)
    });
    let provider = OidcProvider::start(&provider_issuer, &format!("{}/callback", one.issuer)).await.unwrap();
    relay.lead_to(provider.port()).await.unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = Client::builder().no_proxy().build().unwrap();

    let mut devices = [log_in(&http, &one).await, log_in(&http, &one).await];
    for round in 0..ROUNDS {
        let ways = (0..4 * AT_ONCE).map(|way| ([&one, &other][way % 2], way / 2 % 2));
        let refreshed = ways.map(async |(dex, device)| {
            let form = [("grant_type", "refresh_token"), ("refresh_token", devices[device].as_str())];
            (device, token(&http, dex, &form).await)
        });
        let all = join_all(refreshed).await;
        let told = |(_, (status, answer)): &(usize, (u16, Value))| (*status != 200).then(|| answer.to_string());
        let refused: Vec<String> = all.iter().filter_map(told).collect();
        assert!(refused.is_empty(), "round {round}: {refused:?}\n{}\n{}", one.log(), other.log());
        for (device, (_, tokens)) in all {
            devices[device] = tokens["refresh_token"].as_str().unwrap().to_owned();
        }
    }
}

/// Logs in at a new device; its refresh token.
async fn log_in(http: &Client, dex: &Dex) -> String {
    let beginning = format!(
        "{}/auth/up?client_id={}&redirect_uri={REDIRECT_URI}&response_type=code&state=s&scope=openid+offline_access",
        dex.issuer, WEB.id
    );
    let back = Browser::new().go(&beginning, REDIRECT_URI, &[("login", "olga"), ("password", "any")]).await;
    let code = back.parameter("code");
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    let (status, tokens) = token(http, dex, &form).await;
    assert_eq!(status, 200, "{tokens} {back:?}\n{}", dex.log());
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

async fn token(http: &Client, dex: &Dex, form: &[(&str, &str)]) -> (u16, Value) {
    let asked = http.post(format!("{}/token", dex.issuer)).basic_auth(WEB.id, Some(WEB.secret)).form(form);
    let answer = asked.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

/// Of the replica that listens on `port`.
fn configuration(issuer_port: u16, port: u16, file: &Path, provider: &str) -> String {
    format!(
        "\
issuer: http://127.0.0.1:{issuer_port}/dex
storage: {{type: sqlite3, config: {{file: '{file}'}}}}
web: {{http: '127.0.0.1:{port}'}}
oauth2: {{skipApprovalScreen: true}}
expiry: {{refreshTokens: {{reuseInterval: 30s}}}}
staticClients:
  - {{id: {id}, name: Web, secret: {secret}, redirectURIs: ['{REDIRECT_URI}']}}
connectors:
  - type: oidc
    id: up
    name: Upstream
    config:
      issuer: {provider}
      clientID: {client}
      clientSecret: '{client_secret}'
      redirectURI: http://127.0.0.1:{issuer_port}/dex/callback
      scopes: [profile, email, offline_access]
      getUserInfo: true
",
        file = file.display(),
        id = WEB.id,
        secret = WEB.secret,
        client = OidcProvider::CLIENT,
        client_secret = OidcProvider::SECRET,
    )
}
