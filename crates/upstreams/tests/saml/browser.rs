//! A login as the browser carries it, and a key of ours.

use std::path::Path;
use std::sync::Arc;

use dex_connector::{Arrival, Clock, Connector, Departure, Finish, LoginMethod, Opening, Start, UpstreamError, Wanted};
use serde_json::{Value, json};

/// Where identity providers post to.
pub(crate) const CALLBACK: &str = "https://id.example/callback";

const STATE: &str = "a1b2c3";

/// Fields of a form.
pub(crate) type Fields = Vec<(String, String)>;

pub(crate) fn now() -> dex_model::Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    dex_model::Timestamp::from_second(i64::try_from(since.as_secs()).unwrap()).unwrap()
}

/// Opens the connector.
pub(crate) fn open(config: &Value) -> Arc<dyn Connector> {
    let callback = CALLBACK.parse().unwrap();
    dex_upstreams::open("saml", &Opening { id: "corp", config, callback: &callback, clock: Clock::new(now) }).unwrap()
}

/// Logs the user in over there: `visit` goes to a place with a form or without, and tells what it posts back.
pub(crate) async fn log_in(
    connector: &dyn Connector,
    visit: impl AsyncFnOnce(&str, &[(String, String)]) -> anyhow::Result<Fields>,
) -> Result<Arrival, UpstreamError> {
    let LoginMethod::Redirect(login) = connector.login() else { panic!("a redirect") };
    let callback = CALLBACK.parse().unwrap();
    let wanted = Wanted { offline_access: true, groups: true };
    let start = Start { wanted, callback: &callback, state: STATE, login_hint: "", now: now() };
    let posted = match login.start(&start).await?.to {
        Departure::Post { action, fields } => visit(action.as_str(), &fields).await.unwrap(),
        Departure::Get(url) => visit(url.as_str(), &[]).await.unwrap(),
    };
    assert!(posted.contains(&("RelayState".into(), STATE.into())), "{posted:?}");
    let finish = Finish {
        wanted,
        data: b"",
        callback: &callback,
        state: STATE,
        parameters: &dex_oidc::Form::of(posted.iter().map(|(name, value)| (&**name, &**value))),
        posted: true,
        headers: &http::HeaderMap::new(),
        peer: None,
        now: now(),
    };
    login.finish(&finish).await
}

/// A key of ours in two files, and the certificate as the other side takes it.
pub(crate) fn key(folder: &Path) -> (Value, String) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let made = rcgen::CertificateParams::new(vec!["id.example".to_owned()]).unwrap().self_signed(&pair).unwrap();
    std::fs::write(folder.join("sp.key"), pair.serialize_pem()).unwrap();
    std::fs::write(folder.join("sp.pem"), made.pem()).unwrap();
    let der = made.pem().lines().filter(|line| !line.starts_with("-----")).collect();
    (json!({"key": folder.join("sp.key"), "cert": folder.join("sp.pem")}), der)
}
