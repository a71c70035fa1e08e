//! Users who log in and refresh through whichever replica comes next, and verifiers of what they get.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Response, StatusCode, header};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::tally::Tally;

/// How often a login is refreshed before the next one begins.
const REFRESHES: usize = 8;

/// How often an answer that did not come is asked for again. The store is away for seconds.
const TRIES_MAX: usize = 60;

/// How long between two tries.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// How long an answer may take. A store that is away is waited for less.
const PATIENCE: Duration = Duration::from_secs(20);

/// The replicas, as their clients see them.
pub(crate) struct Fleet {
    ports: Vec<u16>,
    away: Vec<AtomicBool>,
    next: AtomicUsize,
    client: Client,
}

impl Fleet {
    pub(crate) fn new(ports: Vec<u16>) -> Self {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).no_proxy().build().unwrap();
        let away = ports.iter().map(|_| AtomicBool::new(false)).collect();
        Self { ports, away, next: AtomicUsize::new(0), client }
    }

    /// Notes that a replica is killed, or back.
    pub(crate) fn away(&self, replica: usize, away: bool) {
        self.away[replica].store(away, Ordering::SeqCst);
    }

    fn lives(&self, replica: usize) -> bool {
        !self.away[replica].load(Ordering::SeqCst)
    }

    /// The address of `target`, which may be one at the issuer, at the next replica that lives.
    fn at_next(&self, target: &str) -> String {
        let mut replica = self.next.fetch_add(1, Ordering::SeqCst) % self.ports.len();
        if !self.lives(replica) {
            replica = (replica + 1) % self.ports.len();
        }
        self.at(replica, target)
    }

    fn at(&self, replica: usize, target: &str) -> String {
        let path = target.split_once("/dex").map_or(target, |(_, path)| path);
        format!("http://127.0.0.1:{}/dex{path}", self.ports[replica])
    }
}

/// Logs in through `connector`, refreshes, and verifies what comes, until it is time to end.
pub(crate) async fn go_on(fleet: Arc<Fleet>, tally: Arc<Tally>, connector: String, until: Instant) {
    while Instant::now() < until {
        let Some(mut tokens) = log_in(&fleet, &tally, &connector).await else { continue };
        Tally::count(&tally.logins);
        for _ in 0..REFRESHES {
            verify(&fleet, &tally, &tokens).await;
            let Some(next) = refresh(&fleet, &tally, &tokens).await else { break };
            Tally::count(&tally.refreshes);
            tokens = next;
        }
    }
}

/// An answer, or `None` when there was none: a replica was killed, or the store is away.
async fn answered(tally: &Tally, asked: &str, sent: Result<Response, reqwest::Error>) -> Option<Response> {
    // A connection to a replica that was killed breaks off, and so does one that was kept to it.
    let response = sent.ok()?;
    let status = response.status();
    if status == StatusCode::SERVICE_UNAVAILABLE && tally.is_paused() {
        Tally::count(&tally.unavailable);
        if !response.headers().contains_key(header::RETRY_AFTER) {
            tally.wrong("503 without Retry-After", asked.to_owned());
        }
        return None;
    }
    if status.is_server_error() {
        let body = response.text().await.unwrap_or_default();
        tally.wrong("server error", format!("{asked}: {status} {body}"));
        return None;
    }
    Some(response)
}

/// A whole login by code; one that breaks off is none, and begins anew.
async fn log_in(fleet: &Fleet, tally: &Tally, connector: &str) -> Option<Value> {
    let query = "client_id=app&redirect_uri=http%3A%2F%2Fapp.example%2Fcallback&response_type=code&state=s\
                 &scope=openid+email+offline_access";
    let asked = fleet.client.get(fleet.at_next(&format!("/dex/auth/{connector}?{query}"))).send().await;
    let begun = answered(tally, "/auth", asked).await?;
    let cookie = header_of(&begun, header::SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let back = fleet.at_next(&header_of(&begun, header::LOCATION));
    let asked = fleet.client.get(back).header(header::COOKIE, cookie).send().await;
    let back = answered(tally, "/callback", asked).await?;
    let location = header_of(&back, header::LOCATION);
    let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code="));
    let Some(code) = code else {
        tally.wrong("login without a code", format!("{} {location}", back.status()));
        return None;
    };
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "http://app.example/callback")];
    let asked = token(fleet, &form).await;
    let redeemed = answered(tally, "/token", asked).await?;
    match redeemed.status() {
        StatusCode::OK => redeemed.json().await.ok(),
        status => {
            let body = redeemed.text().await.unwrap_or_default();
            tally.wrong("code refused", format!("{status} {body}"));
            None
        }
    }
}

async fn token(fleet: &Fleet, form: &[(&str, &str)]) -> Result<Response, reqwest::Error> {
    let body = dex_oidc::encode_form(form.iter().copied());
    let request = fleet.client.post(fleet.at_next("/dex/token")).basic_auth("app", Some("secret"));
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body).send().await
}

/// The next tokens of a family. An answer that was lost is asked for again, at another replica.
async fn refresh(fleet: &Fleet, tally: &Tally, tokens: &Value) -> Option<Value> {
    let held = tokens["refresh_token"].as_str().unwrap_or_default();
    for _ in 0..TRIES_MAX {
        let asked = token(fleet, &[("grant_type", "refresh_token"), ("refresh_token", held)]).await;
        let Some(refreshed) = answered(tally, "refresh", asked).await else {
            sleep(TRY_AGAIN_AFTER).await;
            continue;
        };
        if refreshed.status() == StatusCode::OK {
            if let Ok(tokens) = refreshed.json().await {
                return Some(tokens);
            }
            continue;
        }
        let status = refreshed.status();
        tally.wrong("lost family", format!("{status} {}", refreshed.text().await.unwrap_or_default()));
        return None;
    }
    tally.wrong("lost family", "no answer".to_owned());
    None
}

/// Every replica publishes the key of a token as soon as somebody holds the token.
async fn verify(fleet: &Fleet, tally: &Tally, tokens: &Value) {
    let kid = kid_of(tokens["id_token"].as_str().unwrap_or_default());
    for replica in (0..fleet.ports.len()).filter(|replica| fleet.lives(*replica)) {
        let asked = fleet.client.get(fleet.at(replica, "/dex/keys")).send().await;
        let Some(keys) = answered(tally, "/keys", asked).await else { continue };
        let Ok(keys) = keys.json::<Value>().await else { continue };
        let known = keys["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["kid"] == kid.as_str()));
        if known {
            Tally::count(&tally.verified);
        } else {
            tally.wrong("unknown key id", format!("{kid} at replica {replica}"));
        }
    }
}

fn kid_of(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap_or_default()).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    header["kid"].as_str().unwrap_or_default().to_owned()
}

fn header_of(response: &Response, name: header::HeaderName) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
