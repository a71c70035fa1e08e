//! A login and a refresh through a stand-in, with everything that can be seen of them written down.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use dex_connector::{
    Clock, Connector, Departure, Finish, Identity, LoginMethod, LogoutStart, Opening, PasswordAnswer, RedirectLogin,
    Start, UpstreamError, Wanted,
};
use dex_fakes::kit::{CLIENT_ID, CLIENT_SECRET, Fake, Recorded};
use dex_model::{Timestamp, later};
use dex_oidc::Form;
use http::HeaderMap;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::keys::Row;
use super::nine::Nine;
use crate::kit::{CALLBACK, STATE, now};

/// How long after a login its refresh comes: long enough for the access tokens of most to have ended.
const UNTIL_REFRESH: Duration = Duration::from_secs(3 * 3600);

/// Parameters that are new each time.
const RANDOM: [&str; 5] = ["nonce", "code_challenge", "code_verifier", "id_token_hint", "SAMLRequest"];

/// Where the browser comes back after a logout.
const LOGOUT_CALLBACK: &str = "https://id.example/dex/logout/callback";

/// What stands in for one kind's upstream, and what is asked of the kind.
pub(crate) trait StandIn: Sized {
    /// The `type` of its connector.
    const KIND: &'static str;

    /// A new one, over TLS if a row asks for it.
    async fn start(tls: bool) -> Self;

    /// Its server, if there is one whose requests are written down.
    fn fake(&self) -> Option<&Fake>;

    /// It answers no more, if it ever did.
    async fn go_down(&self) {
        if let Some(fake) = self.fake() {
            fake.go_down().await;
        }
    }

    /// The time of the login.
    fn now(&self) -> Timestamp {
        now()
    }

    /// The name and the password, where they are typed.
    fn typed(&self) -> (&'static str, &'static str) {
        ("", "")
    }

    /// The keys without which nobody logs in, beside the client's.
    fn least(&self) -> Value;

    /// The keys with which groups are read.
    fn grouped(&self) -> Value {
        json!({})
    }

    /// The keys that let in whoever is in one certain group, for each way to say so; none for kinds without a gate.
    fn gates(&self) -> Vec<Value>;

    /// The keys without which the kind never asks its upstream.
    fn dependent(&self) -> Value {
        json!({})
    }

    /// Takes the user out of that group.
    async fn leave(&self);

    /// With what the browser comes back from there, if it does.
    async fn come_back(&self, to: &Departure) -> Option<Back> {
        let Departure::Get(to) = to else { return None };
        let fake = self.fake().filter(|fake| to.origin() == fake.url().origin())?;
        let back = fake.browse(to).await.ok()?;
        let parameters = Form::parse(back.query().unwrap_or_default().as_bytes()).unwrap();
        Some(Back { parameters, ..Back::default() })
    }

    /// What else there is to see when somebody is logged in.
    async fn besides(&self, _: &dyn Connector) -> String {
        String::new()
    }

    /// What shows that each key does something.
    fn rows() -> Vec<Row<Self>>;

    /// What comes of the nine.
    fn nine() -> Nine;
}

/// A request with which a browser comes back.
#[derive(Default)]
pub(crate) struct Back {
    pub(crate) parameters: Form,
    pub(crate) posted: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: Option<IpAddr>,
}

/// A connector with its upstream, its time, and what was seen.
pub(crate) struct Journey<'a, S> {
    up: &'a S,
    connector: Arc<dyn Connector>,
    time: Arc<Mutex<Timestamp>>,
    seen: RefCell<String>,
    /// What the login handed over for a logout.
    for_logout: RefCell<Vec<u8>>,
    /// Whether the upstream goes down while the browser is there.
    pub(crate) outage: Cell<bool>,
}

impl<'a, S: StandIn> Journey<'a, S> {
    /// Opens a connector with these keys beside the least.
    pub(crate) fn open(up: &'a S, keys: &Value) -> Result<Self, UpstreamError> {
        let mut config = json!({"clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET, "redirectURI": CALLBACK});
        lay_over(&mut config, &up.least());
        lay_over(&mut config, keys);
        let time = Arc::new(Mutex::new(up.now()));
        let told = time.clone();
        let (clock, callback) = (Clock::new(move || *told.lock().unwrap()), CALLBACK.parse().unwrap());
        let opening = Opening { id: "up", config: &config, callback: &callback, clock };
        let connector = dex_upstreams::open(S::KIND, &opening)?;
        Ok(Self {
            up,
            connector,
            time,
            seen: RefCell::default(),
            for_logout: RefCell::default(),
            outage: Cell::new(false),
        })
    }

    /// Everything that can be seen of opening, a login, a refresh and what there is besides.
    pub(crate) async fn transcript(up: &'a S, keys: &Value, wanted: Wanted) -> String {
        let journey = match Self::open(up, keys) {
            Ok(journey) => journey,
            Err(error) => return redacted(up, &format!("open: {}\n", failure(&error))),
        };
        if let Some(url) = journey.connector.unsolicited() {
            journey.tell(&format!("unsolicited: {url}"));
        }
        if let Some((kind, text)) = journey.connector.metadata(Some(&LOGOUT_CALLBACK.parse().unwrap())) {
            journey.tell(&format!("metadata: {kind} {text}"));
        }
        if let Ok(identity) = journey.log_in(wanted).await {
            journey.tell(&up.besides(&*journey.connector).await);
            // What comes of it is seen.
            let _ = journey.refresh(wanted, &identity).await;
            journey.tell(&journey.way_out(&identity).await);
            journey.tell_asked();
        }
        redacted(up, &journey.seen.into_inner())
    }

    /// A whole login.
    pub(crate) async fn log_in(&self, wanted: Wanted) -> Result<Identity, UpstreamError> {
        let got = match self.connector.login() {
            LoginMethod::Redirect(login) => self.by_browser(login, wanted).await,
            LoginMethod::Password(login) => {
                self.tell(&format!("prompt: {}", login.prompt()));
                if self.outage.get() {
                    self.up.go_down().await;
                }
                let (username, password) = self.up.typed();
                match login.log_in(wanted, username, password).await {
                    Ok(PasswordAnswer::Identity(identity)) => Ok(identity),
                    Ok(other) => Err(UpstreamError::Unacceptable(format!("{other:?}"))),
                    Err(error) => Err(error),
                }
            }
        };
        self.tell_asked();
        self.tell(&format!("login: {}", outcome(&got)));
        got
    }

    async fn by_browser(&self, login: &dyn RedirectLogin, wanted: Wanted) -> Result<Identity, UpstreamError> {
        let callback: Url = CALLBACK.parse().unwrap();
        let now = *self.time.lock().unwrap();
        let start = Start { wanted, callback: &callback, state: STATE, login_hint: "", now };
        let redirection = login.start(&start).await?;
        self.tell(&format!("browser: {}", departure(&redirection.to)));
        let Some(back) = self.up.come_back(&redirection.to).await else {
            return Err(UpstreamError::Unacceptable("the browser does not come back".into()));
        };
        if self.outage.get() {
            self.up.go_down().await;
        }
        let finish = Finish {
            wanted,
            data: &redirection.data,
            callback: &callback,
            state: STATE,
            parameters: &back.parameters,
            posted: back.posted,
            headers: &back.headers,
            peer: back.peer,
            now,
        };
        let arrival = login.finish(&finish).await?;
        *self.for_logout.borrow_mut() = arrival.logout;
        Ok(arrival.identity)
    }

    /// A refresh, three hours later; `None` for kinds that cannot.
    pub(crate) async fn refresh(&self, wanted: Wanted, identity: &Identity) -> Option<Result<Identity, UpstreamError>> {
        {
            let mut time = self.time.lock().unwrap();
            *time = later(*time, UNTIL_REFRESH);
        }
        let got = match self.connector.refresh() {
            Some(refresh) => Some(refresh.refresh(wanted, identity.clone()).await),
            None => None,
        };
        self.tell_asked();
        self.tell(&format!("refresh: {}", got.as_ref().map_or("cannot".into(), outcome)));
        got
    }

    /// Where a logout leads.
    async fn way_out(&self, identity: &Identity) -> String {
        let Some(logout) = self.connector.logout() else { return String::new() };
        let data = self.for_logout.borrow().clone();
        let (callback, now) = (LOGOUT_CALLBACK.parse().unwrap(), *self.time.lock().unwrap());
        let start =
            LogoutStart { user_id: &identity.user_id, data: &data, callback: &callback, state: "logout-1", now };
        match logout.start(&start).await {
            Ok(to) => format!("logout: {}", to.map_or("nowhere".to_owned(), |to| departure(&to))),
            Err(error) => format!("logout: {}", failure(&error)),
        }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> String {
        self.seen.borrow().clone()
    }

    fn tell(&self, line: &str) {
        if !line.is_empty() {
            writeln!(self.seen.borrow_mut(), "{line}").unwrap();
        }
    }

    fn tell_asked(&self) {
        let Some(fake) = self.up.fake() else { return };
        for asked in fake.recorded() {
            self.tell(&request(&asked));
        }
        fake.forget();
    }
}

/// Lays keys over others; blocks are laid over key by key.
pub(crate) fn lay_over(below: &mut Value, above: &Value) {
    for (key, value) in above.as_object().unwrap() {
        match (&mut below[key], value) {
            (below @ Value::Object(_), Value::Object(_)) => lay_over(below, value),
            (below, value) => *below = value.clone(),
        }
    }
}

/// `ok` and all that is known of a user, or `gate`, `unreachable` and so on with the text.
pub(crate) fn outcome(got: &Result<Identity, UpstreamError>) -> String {
    match got {
        Ok(identity) => {
            let Identity { user_id, username, preferred_username, email, email_verified, groups, .. } = identity;
            format!(
                "ok id={user_id:?} name={username:?} preferred={preferred_username:?} email={email:?} \
                 verified={email_verified} groups={groups:?}"
            )
        }
        Err(error) => failure(error),
    }
}

pub(crate) fn failure(error: &UpstreamError) -> String {
    let kind = match error {
        UpstreamError::NotInRequiredGroups { .. } => "gate",
        UpstreamError::Denied(_) => "denied",
        UpstreamError::Gone(_) => "gone",
        UpstreamError::Unreachable(_) => "unreachable",
        UpstreamError::Unacceptable(_) => "unacceptable",
        UpstreamError::Misconfigured(_) => "misconfigured",
    };
    format!("{kind}: {error}")
}

fn departure(to: &Departure) -> String {
    match to {
        Departure::Get(url) => format!("GET {}", shown(url)),
        Departure::Post { action, fields } => {
            let request = fields.iter().find(|(name, _)| name == "SAMLRequest");
            let text = request.map(|(_, text)| dex_saml::decode_post(text).unwrap()).unwrap_or_default();
            format!("POST {action} {text}")
        }
    }
}

/// A URL with its parameters decoded.
fn shown(url: &Url) -> String {
    let place = &url[..url::Position::AfterPath];
    match url.query() {
        Some(query) => format!("{place}?{}", decoded(query.as_bytes())),
        None => place.to_owned(),
    }
}

fn request(asked: &Recorded) -> String {
    let Recorded { method, path, query, body, .. } = asked;
    let mut line = format!("asked: {method} {path}");
    if !query.is_empty() {
        write!(line, "?{}", decoded(query.as_bytes())).unwrap();
    }
    if let Some(authorization) = asked.header("authorization") {
        let basic = authorization.strip_prefix("Basic ").map(|text| BASE64_STANDARD.decode(text).unwrap());
        match basic {
            Some(pair) => write!(line, " by {}", decoded(&pair)).unwrap(),
            None => write!(line, " with {authorization}").unwrap(),
        }
    }
    let form = asked.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = if form { decoded(body) } else { String::from_utf8_lossy(body).into_owned() };
    if body.is_empty() { line } else { format!("{line} {body}") }
}

/// Form-encoded parameters in words, with those left out that are new each time, and the claims of assertions.
fn decoded(parameters: &[u8]) -> String {
    let pair = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let claims = || {
            let payload = BASE64_URL_SAFE_NO_PAD.decode(value.split('.').nth(1)?).ok()?;
            String::from_utf8(payload).ok()
        };
        match &*name {
            name if RANDOM.contains(&name) => format!("{name}=*"),
            "assertion" => format!("assertion={}", claims().unwrap_or_default()),
            _ if value.is_empty() => name.into_owned(),
            _ => format!("{name}={value}"),
        }
    };
    form_urlencoded::parse(parameters).map(pair).collect::<Vec<_>>().join("&")
}

/// With `UP` in place of the stand-in's address, which is another each time.
fn redacted<S: StandIn>(up: &S, text: &str) -> String {
    up.fake().map_or(text.to_owned(), |fake| text.replace(fake.base(), "UP"))
}
