//! What the connectors' tests share: a clock to move, and a browser that goes to the forge and comes back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dex_connector::{
    Clock, Connector, Departure, Finish, Identity, LoginMethod, Opening, RedirectLogin, Start, UpstreamError, Wanted,
};
use dex_fakes::kit::{CLIENT_ID, CLIENT_SECRET, Fake};
use dex_model::{Timestamp, later};
use dex_oidc::Form;
use serde_json::{Value, json};
use url::Url;

pub(crate) const CALLBACK: &str = "https://id.example/dex/callback";

pub(crate) const PLAIN: Wanted = Wanted { offline_access: false, groups: false };
pub(crate) const GROUPS: Wanted = Wanted { offline_access: false, groups: true };
pub(crate) const OFFLINE: Wanted = Wanted { offline_access: true, groups: false };
pub(crate) const ALL: Wanted = Wanted { offline_access: true, groups: true };

/// A connector under test and its time.
pub(crate) struct Trial {
    pub(crate) connector: Arc<dyn Connector>,
    now: Arc<Mutex<Timestamp>>,
}

impl Trial {
    /// Opens a connector with these keys beside client and callback.
    pub(crate) fn open(kind: &str, keys: &Value) -> Result<Self, UpstreamError> {
        Self::open_by(keys, |opening| crate::open(kind, opening))
    }

    /// The same for a connector that is opened in a way of its own.
    pub(crate) fn open_by(
        keys: &Value,
        open: impl FnOnce(&Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError>,
    ) -> Result<Self, UpstreamError> {
        let mut config = json!({"clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET, "redirectURI": CALLBACK});
        for (key, value) in keys.as_object().unwrap() {
            config[key] = value.clone();
        }
        let now = Arc::new(Mutex::new("2026-08-06T10:00:00Z".parse().unwrap()));
        let told = now.clone();
        let clock = Clock::new(move || *told.lock().unwrap());
        let callback = CALLBACK.parse().unwrap();
        let opening = Opening { id: "forge", config: &config, callback: &callback, clock };
        Ok(Self { connector: open(&opening)?, now })
    }

    pub(crate) fn advance(&self, span: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = later(*now, span);
    }

    fn login(&self) -> &dyn RedirectLogin {
        match self.connector.login() {
            LoginMethod::Redirect(login) => login,
            LoginMethod::Password(_) => panic!("forges are gone to"),
        }
    }

    /// Where the browser is sent, and what is kept meanwhile.
    pub(crate) async fn depart(&self, wanted: Wanted) -> Result<(Url, Vec<u8>), UpstreamError> {
        let callback = CALLBACK.parse().unwrap();
        let now = *self.now.lock().unwrap();
        let start = Start { wanted, callback: &callback, state: "state-1", login_hint: "", now };
        let redirection = self.login().start(&start).await?;
        match redirection.to {
            Departure::Get(url) => Ok((url, redirection.data)),
            Departure::Post { .. } => panic!("forges are gone to by a redirect"),
        }
    }

    /// The browser comes back with these parameters.
    pub(crate) async fn arrive(
        &self,
        wanted: Wanted,
        data: &[u8],
        parameters: &[(&str, &str)],
    ) -> Result<Identity, UpstreamError> {
        let finish = Finish {
            wanted,
            data,
            callback: &CALLBACK.parse().unwrap(),
            state: "state-1",
            parameters: &Form::of(parameters.iter().copied()),
            posted: false,
            headers: &http::HeaderMap::new(),
            peer: None,
            now: *self.now.lock().unwrap(),
        };
        self.login().finish(&finish).await.map(|arrival| arrival.identity)
    }

    /// Goes to the forge and comes back.
    pub(crate) async fn log_in(&self, fake: &Fake, wanted: Wanted) -> Result<Identity, UpstreamError> {
        let (to, data) = self.depart(wanted).await?;
        let back = fake.browse(&to).await.unwrap();
        assert!(back.as_str().starts_with(CALLBACK), "{back}");
        let parameters: Vec<_> =
            back.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        let parameters: Vec<_> = parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        self.arrive(wanted, &data, &parameters).await
    }

    pub(crate) async fn refresh(&self, wanted: Wanted, identity: &Identity) -> Result<Identity, UpstreamError> {
        self.connector.refresh().unwrap().refresh(wanted, identity.clone()).await
    }
}

/// The parameters of a URL.
pub(crate) fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What an identity stores.
pub(crate) fn stored(identity: &Identity) -> &str {
    std::str::from_utf8(&identity.connector_data).unwrap()
}

/// Asserts what kind of failure it is and what its text ends with, and that the text gives no secret away.
pub(crate) fn assert_fails<T>(told: &str, got: Result<T, UpstreamError>, kind: &str, text: &str) {
    let error = got.map(|_| ()).expect_err(told);
    let found = match &error {
        UpstreamError::NotInRequiredGroups { .. } => "gate",
        UpstreamError::Denied(_) => "denied",
        UpstreamError::Gone(_) => "gone",
        UpstreamError::Unreachable(_) => "unreachable",
        UpstreamError::Unacceptable(_) => "unacceptable",
        UpstreamError::Misconfigured(_) => "misconfigured",
    };
    let error = error.to_string();
    assert_eq!(found, kind, "{told}: {error}");
    assert!(error.contains(text), "{told}: {error:?} does not hold {text:?}");
    for secret in [CLIENT_SECRET, "at-1", "at-2", "rt-1", "rt-2", "code-1"] {
        assert!(!error.contains(secret), "{told}: {error:?} holds {secret:?}");
    }
}
