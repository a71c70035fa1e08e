//! A connector opened as the server opens it, and a browser that goes through it.

use std::sync::Arc;

use dex_connector::{
    Arrival, Clock, Connector, Departure, Finish, Identity, LoginMethod, Opening, RedirectLogin, Redirection, Start,
    UpstreamError, Wanted,
};
use dex_fakes::kit::{CLIENT_ID, CLIENT_SECRET, Fake};
use dex_model::Timestamp;
use dex_oidc::Form;
use http::HeaderMap;
use serde_json::{Value, json};
use url::Url;

pub(crate) const CALLBACK: &str = "https://id.example/dex/callback";

/// The state of every login here.
pub(crate) const STATE: &str = "state-1";

/// What a client asks for that keeps its users logged in and wants their groups.
pub(crate) const ALL: Wanted = Wanted { offline_access: true, groups: true };

pub(crate) fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// Opens a connector with the client of the stand-ins and these keys.
pub(crate) fn open(kind: &str, keys: &Value) -> Result<Arc<dyn Connector>, UpstreamError> {
    let mut config = json!({"clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET, "redirectURI": CALLBACK});
    config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    let callback = CALLBACK.parse().unwrap();
    let clock = Clock::new(now);
    dex_upstreams::open(kind, &Opening { id: "up", config: &config, callback: &callback, clock })
}

pub(crate) fn redirect(connector: &Arc<dyn Connector>) -> &dyn RedirectLogin {
    match connector.login() {
        LoginMethod::Redirect(login) => login,
        LoginMethod::Password(_) => panic!("this one redirects"),
    }
}

/// Begins a login.
pub(crate) async fn start(connector: &Arc<dyn Connector>, wanted: Wanted) -> Result<(Url, Vec<u8>), UpstreamError> {
    let callback = CALLBACK.parse().unwrap();
    let login = Start { wanted, callback: &callback, state: STATE, login_hint: "", now: now() };
    let Redirection { to, data } = redirect(connector).start(&login).await?;
    match to {
        Departure::Get(url) => Ok((url, data)),
        Departure::Post { .. } => panic!("this one does not post"),
    }
}

/// Comes back with these parameters.
pub(crate) async fn finish(
    connector: &Arc<dyn Connector>,
    wanted: Wanted,
    data: &[u8],
    parameters: &Form,
) -> Result<Identity, UpstreamError> {
    Ok(arrive(connector, wanted, data, parameters).await?.identity)
}

/// The same with all that the login hands over.
pub(crate) async fn arrive(
    connector: &Arc<dyn Connector>,
    wanted: Wanted,
    data: &[u8],
    parameters: &Form,
) -> Result<Arrival, UpstreamError> {
    let (callback, headers) = (CALLBACK.parse().unwrap(), HeaderMap::new());
    let login = Finish {
        wanted,
        data,
        callback: &callback,
        state: STATE,
        parameters,
        posted: false,
        headers: &headers,
        peer: None,
        now: now(),
    };
    redirect(connector).finish(&login).await
}

/// Goes through the stand-in's pages as a browser would, and tells with what it came back.
pub(crate) async fn browse(fake: &Fake, to: &Url) -> Form {
    let back = fake.browse(to).await.unwrap();
    assert!(back.as_str().starts_with(CALLBACK), "{back}");
    let parameters = Form::parse(back.query().unwrap_or_default().as_bytes()).unwrap();
    assert_eq!(parameters.get("state"), STATE);
    parameters
}

/// A whole login.
pub(crate) async fn log_in(
    connector: &Arc<dyn Connector>,
    fake: &Fake,
    wanted: Wanted,
) -> Result<Identity, UpstreamError> {
    let (to, data) = start(connector, wanted).await?;
    finish(connector, wanted, &data, &browse(fake, &to).await).await
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
