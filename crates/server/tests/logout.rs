//! The real binary tells a client of a logout, and does so before it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_peers::{Process, free_port};
use http::{StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

/// How long it may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many redirects a login may take.
const REDIRECTS_MAX: usize = 10;

/// A client that cannot be told the first time.
async fn client() -> (String, mpsc::UnboundedReceiver<String>) {
    let (told, heard) = mpsc::unbounded_channel();
    let state = Arc::new(Mutex::new((0, told)));
    let router = Router::new().route("/logout", post(hear)).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), heard)
}

type Told = Arc<Mutex<(u32, mpsc::UnboundedSender<String>)>>;

async fn hear(State(told): State<Told>, body: String) -> StatusCode {
    let mut told = told.lock().unwrap();
    told.0 += 1;
    told.1.send(body).unwrap();
    if told.0 == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
}

/// A browser: cookies, and redirects as long as they stay here.
struct Browser {
    http: reqwest::Client,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Where the way from `address` leads, out of here or to a page.
    async fn follow(&mut self, address: String) -> (StatusCode, String) {
        let mut address = address;
        for _ in 0..REDIRECTS_MAX {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let asked = self.http.get(&address).header(header::COOKIE, cookies.join("; "));
            let answer = asked.send().await.unwrap();
            for set in answer.headers().get_all(header::SET_COOKIE) {
                let (pair, _) = set.to_str().unwrap().split_once(';').unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(to) = answer.headers().get(header::LOCATION) else {
                let status = answer.status();
                return (status, answer.text().await.unwrap());
            };
            address = to.to_str().unwrap().to_owned();
            if address.starts_with('/') {
                address = format!("{}{address}", self.origin);
            }
            if !address.starts_with(&self.origin) {
                return (answer.status(), address);
            }
        }
        panic!("more than {REDIRECTS_MAX} redirects, the last to {address}");
    }
}

fn part(token: &str, place: usize) -> Value {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(place).unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_of_a_logout_before_the_server_ends() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (client, mut heard) = client().await;
    let folder = tempfile::tempdir().unwrap();
    let web = format!("127.0.0.1:{}", free_port().unwrap());
    let config = folder.path().join("dex.yaml");
    let text = format!(
        "issuer: http://{web}/dex\nstorage: {{type: memory}}\nweb: {{http: '{web}'}}\nsessions: {{}}\n\
         oauth2: {{skipApprovalScreen: true}}\nconnectors: [{{type: mockCallback, id: mock, name: Mock}}]\n\
         staticClients: [{{id: app, name: App, secret: s, redirectURIs: ['{client}/callback'], \
         backchannelLogoutURI: '{client}/logout'}}]\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dex"));
    let mut process = Process::start(command.arg("serve").arg(&config), &folder.path().join("log")).unwrap();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let ready = async || {
        http.get(format!("http://{web}/dex/healthz")).send().await?.error_for_status()?;
        Ok(())
    };
    process.ready(PATIENCE, ready).await.unwrap();

    let mut browser = Browser { http: http.clone(), origin: format!("http://{web}"), cookies: BTreeMap::new() };
    let asked = format!(
        "http://{web}/dex/auth/mock?client_id=app&redirect_uri={client}/callback&response_type=code&scope=openid"
    );
    let (_, back) = browser.follow(asked).await;
    let code = back.split_once("code=").unwrap().1.split('&').next().unwrap();
    let form = format!(
        "grant_type=authorization_code&client_id=app&client_secret=s&code={code}&redirect_uri={client}/callback"
    );
    let tokens = http.post(format!("http://{web}/dex/token"));
    let tokens = tokens.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let tokens: Value = serde_json::from_str(&tokens.send().await.unwrap().text().await.unwrap()).unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let (status, page) = browser.follow(format!("http://{web}/dex/logout?id_token_hint={id_token}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");

    let first = tokio::time::timeout(PATIENCE, heard.recv()).await.unwrap().unwrap();
    process.end(PATIENCE).await.unwrap();
    let second = heard.try_recv().unwrap();
    for told in [first, second] {
        let token = told.strip_prefix("logout_token=").unwrap();
        assert_eq!(part(token, 0)["typ"], "logout+jwt");
        let (claims, id) = (part(token, 1), part(id_token, 1));
        assert_eq!((&claims["sid"], &claims["sub"], &claims["aud"]), (&id["sid"], &id["sub"], &id["aud"]));
        assert!(claims["sid"].is_string());
    }
}
