//! A client of dex, and a person who logs in at it through a provider.

use dex_peers::{Relay, free_port};
use reqwest::Client;
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use crate::dex::{Dex, REDIRECT_URI, WEB};

/// How long a running dex may take to hear of a changed configuration.
const CHANGES_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// Where the client wants its users after a logout.
const BYE: &str = "http://127.0.0.1/bye";

/// Who logs in, and what becomes of them.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    pub(crate) login: &'static str,
    pub(crate) password: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) groups: &'static [&'static str],
}

pub(crate) struct Journey {
    dex: Dex,
    person: Person,
    http: Client,
}

impl Journey {
    /// A dex with one `oidc` connector of these keys; its provider need not run yet.
    pub(crate) fn prepare(keys: &str, person: Person) -> Self {
        Self::prepare_with(keys, person, false)
    }

    /// The same, whose browsers stay signed in.
    pub(crate) fn with_sessions(keys: &str, person: Person) -> Self {
        Self::prepare_with(keys, person, true)
    }

    fn prepare_with(keys: &str, person: Person, sessions: bool) -> Self {
        let port = free_port().unwrap();
        let keys = keys.strip_suffix('}').unwrap();
        let configuration = format!(
            "\
issuer: http://127.0.0.1:{port}/dex
storage: {{type: memory}}
web: {{http: '127.0.0.1:{port}'}}
logger: {{level: debug}}
oauth2: {{skipApprovalScreen: true}}
staticClients:
  - id: {id}
    name: Web
    secret: {secret}
    redirectURIs: ['{REDIRECT_URI}']
    postLogoutRedirectURIs: ['{BYE}']
connectors:
  - type: oidc
    id: up
    name: Upstream
    config: {keys}, redirectURI: 'http://127.0.0.1:{port}/dex/callback'}}
",
            id = WEB.id,
            secret = WEB.secret,
        );
        let dex = Dex::served(tempfile::tempdir().unwrap(), &configuration, port, sessions);
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self { dex, person, http: Client::builder().no_proxy().build().unwrap() }
    }

    /// Where the provider sends browsers back to.
    pub(crate) fn callback(&self) -> String {
        format!("{}/callback", self.dex.issuer)
    }

    /// Logs in, checks what the client learns, and answers its tokens.
    pub(crate) async fn log_in(&self) -> Value {
        let tokens = self.redeem(&self.come_back().await).await;
        let claims = claims(&tokens);
        assert_eq!(claims["name"], self.person.name);
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!(self.person.email), &json!(true)));
        assert_eq!(sorted(&claims["groups"]), sorted(&json!(self.person.groups)));
        tokens
    }

    /// Redeems the code that a browser has brought back.
    async fn redeem(&self, back: &Page) -> Value {
        let code = back.parameter("code");
        assert!(!code.is_empty(), "{back:?}\n{}", self.dex.log());
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
        let (status, tokens) = self.token(&form).await;
        assert_eq!(status, 200, "{tokens}\n{}", self.dex.log());
        tokens
    }

    /// Whoever logs out of dex is logged out of the provider as well, without being asked, and is back at the application.
    pub(crate) async fn logs_out(&self) {
        let discovery = self.http.get(format!("{}/.well-known/openid-configuration", self.dex.issuer)).send().await;
        let discovery: Value = serde_json::from_str(&discovery.unwrap().text().await.unwrap()).unwrap();
        let end_session = discovery["end_session_endpoint"].as_str().unwrap();
        let (mut one, mut two) = (Browser::new(), Browser::new());
        let back = one.go(&self.beginning(), REDIRECT_URI, &self.fields()).await;
        two.go(&self.beginning(), REDIRECT_URI, &self.fields()).await;
        let id_token = self.redeem(&back).await["id_token"].as_str().unwrap().to_owned();
        let again = one.look(&self.beginning(), REDIRECT_URI).await;
        assert!(!again.parameter("code").is_empty(), "the browser stays signed in: {again:?}\n{}", self.dex.log());
        let leave = format!("{end_session}?id_token_hint={id_token}&post_logout_redirect_uri={BYE}&state=s1");
        let left = one.look(&leave, BYE).await;
        assert_eq!(left.url.as_str(), format!("{BYE}?state=s1"), "{}\n{}", left.body, self.dex.log());
        assert!(self.asks(&mut one).await, "the provider knows nobody any more");
        assert!(!self.asks(&mut two).await, "another browser is another session");
    }

    /// Whether somebody is asked for a password before they are back.
    async fn asks(&self, browser: &mut Browser) -> bool {
        let page = browser.look(&self.beginning(), REDIRECT_URI).await;
        page.body.contains("name=\"password\"")
    }

    /// Exchanges a token of the provider's (RFC 8693), and answers the status and whether a token of dex's came of it.
    pub(crate) async fn exchange(&self, tokens: &Value, kind: &str) -> (u16, bool) {
        let kind_of_token = format!("urn:ietf:params:oauth:token-type:{kind}");
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("connector_id", "up"),
            ("scope", "openid groups"),
            ("subject_token_type", kind_of_token.as_str()),
            ("subject_token", tokens[kind].as_str().unwrap()),
        ];
        let (status, answer) = self.token(&form).await;
        (status, answer["access_token"].is_string())
    }

    /// Goes through the provider's pages, and comes back to the client or ends at a page.
    pub(crate) async fn come_back(&self) -> Page {
        Browser::new().go(&self.beginning(), REDIRECT_URI, &self.fields()).await
    }

    fn beginning(&self) -> String {
        format!(
            "{}/auth/up?client_id={}&redirect_uri={REDIRECT_URI}&response_type=code&state=s\
             &scope=openid+profile+email+groups+offline_access",
            self.dex.issuer, WEB.id
        )
    }

    fn fields(&self) -> [(&'static str, &'static str); 3] {
        [("username", self.person.login), ("login", self.person.login), ("password", self.person.password)]
    }

    /// Refreshes and expects these groups.
    pub(crate) async fn refresh(&self, tokens: &Value, groups: &[&str]) -> Value {
        let (status, next) = self.try_refresh(tokens).await;
        assert_eq!(status, 200, "{next}\n{}", self.dex.log());
        assert_eq!(sorted(&claims(&next)["groups"]), sorted(&json!(groups)));
        next
    }

    /// Refreshes until these are the groups, for the upstream needs a moment to hear of them.
    pub(crate) async fn refresh_until(&self, mut tokens: Value, groups: &[&str]) {
        let until = tokio::time::Instant::now() + CHANGES_WITHIN;
        while sorted(&claims(&tokens)["groups"]) != sorted(&json!(groups)) {
            assert!(tokio::time::Instant::now() < until, "{tokens}\n{}", self.dex.log());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let (status, next) = self.try_refresh(&tokens).await;
            assert_eq!(status, 200, "{next}\n{}", self.dex.log());
            tokens = next;
        }
    }

    /// A refresh while the provider is away ends in "try again", and afterwards the refresh token is still good.
    pub(crate) async fn survives_a_cut(&self, relay: &Relay, port: u16, tokens: &Value, groups: &[&str]) -> Value {
        let mut browser = Browser::new();
        let back = browser.go(&self.beginning(), &self.callback(), &self.fields()).await;
        relay.cut().await;
        let page = browser.go(back.url.as_str(), REDIRECT_URI, &[]).await;
        assert_eq!(page.status, 503, "{page:?}\n{}", self.dex.log());
        let (status, error) = self.try_refresh(tokens).await;
        assert_eq!((status, &error["error"]), (503, &json!("temporarily_unavailable")), "{}", self.dex.log());
        relay.lead_to(port).await.unwrap();
        self.refresh(tokens, groups).await
    }

    /// A refresh is refused for good.
    pub(crate) async fn is_refused(&self, tokens: &Value) {
        let (status, error) = self.try_refresh(tokens).await;
        assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")), "{}", self.dex.log());
    }

    /// The provider lets the person in no more.
    pub(crate) async fn stays_outside(&self) {
        let page = Browser::new().once(&self.beginning(), REDIRECT_URI, &self.fields()).await;
        assert!(!page.url.as_str().starts_with(REDIRECT_URI) && page.body.contains("disabled"), "{page:?}");
    }

    /// However much is logged, no secret of ours and no token is.
    pub(crate) fn tells_no_secret(&self, secret: &str) {
        let log = self.dex.log();
        assert!(log.contains("level=DEBUG"), "{log}");
        // Every JWT, and so every token of the providers that are JWTs, begins so.
        for secret in [secret, "eyJ", "code=", "refresh_token="] {
            assert!(!log.contains(secret), "{secret}: {log}");
        }
    }

    async fn try_refresh(&self, tokens: &Value) -> (u16, Value) {
        let refresh_token = tokens["refresh_token"].as_str().unwrap_or_else(|| panic!("no refresh token: {tokens}"));
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let request = self.http.post(format!("{}/token", self.dex.issuer)).basic_auth(WEB.id, Some(WEB.secret));
        let answer = request.form(form).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }
}

/// The claims of the ID token, which the relying parties of the other tests verify.
fn claims(tokens: &Value) -> Value {
    let payload = dex_jose::parse_unverified_payload(tokens["id_token"].as_str().unwrap()).unwrap();
    Value::Object(payload)
}

fn sorted(groups: &Value) -> Vec<String> {
    let mut groups: Vec<_> =
        groups.as_array().into_iter().flatten().map(|group| group.as_str().unwrap().to_owned()).collect();
    groups.sort();
    groups
}
