//! A dex with SAML connectors, and the example application as its client.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use dex_example_app::Options;
use serde_json::Value;

use crate::browser::{person_at, real_clock};
use crate::dex::{Dex, WEB, free_port};
use crate::http::get;
use crate::program::{learnt, output_of};

/// Name and password.
pub(crate) type Person<'a> = (&'a str, &'a str);

/// The host of the identity providers, which dex is not on.
const PROVIDER: &str = "localhost";

pub(crate) struct Site {
    pub(crate) dex: Dex,
    pub(crate) port: u16,
    app: String,
}

impl Site {
    /// Serves with the connectors that `connectors` writes when it is told the issuer and the application's address, and
    /// starts the application.
    pub(crate) async fn start(connectors: impl FnOnce(&str, &str) -> String) -> Self {
        Self::serve(connectors, false).await
    }

    /// The same, with browser sessions, which can be logged out.
    pub(crate) async fn with_sessions(connectors: impl FnOnce(&str, &str) -> String) -> Self {
        Self::serve(connectors, true).await
    }

    async fn serve(connectors: impl FnOnce(&str, &str) -> String, sessions: bool) -> Self {
        let port = free_port();
        let app = format!("http://127.0.0.1:{}/", free_port());
        let issuer = format!("http://127.0.0.1:{port}/dex");
        let configuration = format!(
            "\
issuer: {issuer}
storage: {{type: memory}}
web: {{http: '127.0.0.1:{port}'}}
oauth2: {{skipApprovalScreen: true}}
staticClients:
  - {{id: {id}, name: Web, secret: {secret}, redirectURIs: ['{app}callback']}}
{sessions}connectors:
  - {{type: mockCallback, id: mock, name: Mock}}
{connectors}",
            id = WEB.id,
            secret = WEB.secret,
            sessions = if sessions { "sessions: {}\n" } else { "" },
            connectors = connectors(&issuer, &app),
        );
        let dex = Dex::served(tempfile::tempdir().unwrap(), &configuration, port, sessions);
        let options = Options {
            issuer,
            listen: app.parse().unwrap(),
            redirect_uri: format!("{app}callback").parse().unwrap(),
            ..Options::default()
        };
        // Taken already by whatever else of this process speaks TLS.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = dex_example_app::bind(&options).await.unwrap();
        tokio::spawn(dex_example_app::serve(options, listener, real_clock(), std::future::pending()));
        Self { dex, port, app }
    }

    /// Where the application is called back.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}callback", self.app)
    }

    /// Has a person sign in, and returns the claims that the application shows, with the forms that were `posted`.
    pub(crate) fn log_in(&self, connector: &str, person: Person<'_>) -> Value {
        self.visit(&self.app, "login", connector, person)
    }

    /// Has a person try to, and returns the `url`, `status` and `text` of the page at which they get no further.
    pub(crate) fn refused(&self, connector: &str, person: Person<'_>) -> Value {
        self.visit(&self.app, "refused", connector, person)
    }

    /// One of the two, beginning elsewhere than at the application.
    pub(crate) fn visit(&self, begin: &str, mode: &str, connector: &str, person: Person<'_>) -> Value {
        let mut browser = person_at(begin, mode, connector, person);
        learnt(&output_of(browser.env("PROVIDER", PROVIDER)), || self.dex.log())
    }

    /// Has a person sign in, log out at dex or at the page `there` of the identity provider, and sign in again; returns what
    /// they saw.
    pub(crate) fn log_out(&self, connector: &str, person: Person<'_>, there: &str) -> Value {
        let mut browser = person_at(&self.app, "logout", connector, person);
        browser.env("PROVIDER", PROVIDER).env("ISSUER", &self.dex.issuer).env("THERE", there);
        learnt(&output_of(&mut browser), || self.dex.log())
    }

    /// What dex publishes of itself for the other side of a connector.
    pub(crate) fn metadata(&self, connector: &str) -> String {
        let answer = get(self.port, &format!("/dex/connectors/{connector}/metadata"), "");
        assert_eq!(answer.status, 200, "{answer:?}\n{}", self.dex.log());
        answer.body
    }
}

/// The user id and the connector in a `sub`.
pub(crate) fn subject(claims: &Value) -> (String, String) {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(claims["sub"].as_str().unwrap()).unwrap();
    // Two texts, each after its tag and its length.
    let (user, rest) = bytes[2..].split_at(usize::from(bytes[1]));
    (String::from_utf8_lossy(user).into_owned(), String::from_utf8_lossy(&rest[2..]).into_owned())
}

/// The XML of the response that the browser posted in a login.
pub(crate) fn response_of(claims: &Value) -> String {
    let field = claims["posted"][0]["SAMLResponse"].as_str().unwrap();
    String::from_utf8(BASE64_STANDARD.decode(field).unwrap()).unwrap()
}

/// The groups, in order.
pub(crate) fn groups(claims: &Value) -> Vec<&str> {
    let mut groups: Vec<&str> = claims["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    groups.sort_unstable();
    groups
}

/// Writes a key and its certificate, and answers the block of a connector that names them.
pub(crate) fn key(folder: &Path, name: &str) -> String {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let made = rcgen::CertificateParams::new(vec!["dex.example".to_owned()]).unwrap().self_signed(&pair).unwrap();
    let (key, cert) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.pem")));
    std::fs::write(&key, pair.serialize_pem()).unwrap();
    std::fs::write(&cert, made.pem()).unwrap();
    format!("{{key: '{}', cert: '{}'}}", key.display(), cert.display())
}
