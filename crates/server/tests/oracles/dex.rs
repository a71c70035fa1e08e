//! `dex serve`, on a port of its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// A client of [`Dex`]. An empty secret makes it public.
pub(crate) struct Client {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
}

pub(crate) const WEB: Client = Client { id: "example-app", secret: "ZXhhbXBsZS1hcHAtc2VjcmV0" };
pub(crate) const PUBLIC: Client = Client { id: "public-app", secret: "" };
pub(crate) const SERVICE: Client = Client { id: "service", secret: "service-secret" };

/// Where the programs of `oracles/` are called back. Nothing listens there: they read the answer off the redirect.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:5555/callback";

pub(crate) struct Dex {
    child: Child,
    pub(crate) issuer: String,
    log: Arc<Mutex<String>>,
    directory: tempfile::TempDir,
}

impl Dex {
    /// Serves with a client called back at [`REDIRECT_URI`].
    pub(crate) fn start() -> Self {
        Self::called_back_at(REDIRECT_URI)
    }

    /// Serves with clients called back at `redirect_uri`.
    pub(crate) fn called_back_at(redirect_uri: &str) -> Self {
        let port = free_port();
        Self::configured(tempfile::tempdir().unwrap(), &configuration(port, redirect_uri), port)
    }

    /// Serves with two clients called back at their own addresses, which share the sessions of their users.
    pub(crate) fn with_sessions(redirect_uris: [&str; 2]) -> Self {
        let port = free_port();
        let [web, public] = redirect_uris;
        let configuration = configuration(port, web).replacen(
            &format!("public: true\n    redirectURIs: ['{web}'"),
            &format!("public: true\n    redirectURIs: ['{public}'"),
            1,
        );
        let configuration = format!("{configuration}sessions: {{ssoSharedWithDefault: all}}\n");
        Self::served(tempfile::tempdir().unwrap(), &configuration, port, true)
    }

    /// Serves with a client whose local users show a one-time code and a security key, at an address where browsers know such
    /// keys: they do not at one of numbers.
    pub(crate) fn with_second_factors(redirect_uri: &str) -> Self {
        let port = free_port();
        let issuer = format!("http://localhost:{port}/dex");
        let configuration = configuration(port, redirect_uri).replace(&format!("http://127.0.0.1:{port}/dex"), &issuer);
        let configuration = format!(
            "{configuration}sessions: {{}}\nmfa:\n  defaultMFAChain: [codes, keys]\n  authenticators:\n    \
             - {{id: codes, type: TOTP}}\n    - {{id: keys, type: WebAuthn, connectorTypes: [local]}}\n"
        );
        let mut dex = Self::served(tempfile::tempdir().unwrap(), &configuration, port, true);
        dex.issuer = issuer;
        dex
    }

    /// Serves on `port` as `configuration` says, and returns when it listens.
    pub(crate) fn configured(directory: tempfile::TempDir, configuration: &str, port: u16) -> Self {
        // One configuration that Dex left has a sessions block; everything else in it is served without.
        Self::served(directory, configuration, port, false)
    }

    /// The same, with browser sessions or without them, whatever the configuration says.
    pub(crate) fn served(directory: tempfile::TempDir, configuration: &str, port: u16, sessions: bool) -> Self {
        let config = directory.path().join("config.yaml");
        std::fs::write(&config, configuration).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dex"))
            .arg("serve")
            .arg(&config)
            .env("DEX_SESSIONS_ENABLED", sessions.to_string())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let keep = |log: &Mutex<String>, line: &str| {
            let mut log = log.lock().unwrap();
            log.push_str(line);
            log.push('\n');
        };
        let listens = lines.by_ref().any(|line| {
            keep(&log, &line);
            line.contains("server=http ") || line.contains("server=https ")
        });
        assert!(listens, "dex ended before it listened:\n{}", log.lock().unwrap());
        let kept = Arc::clone(&log);
        thread::spawn(move || lines.for_each(|line| keep(&kept, &line)));
        Self { child, issuer: format!("http://127.0.0.1:{port}/dex"), log, directory }
    }

    /// The file of its configuration.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.directory.path().join("config.yaml")
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Dex {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn configuration(port: u16, redirect_uri: &str) -> String {
    format!(
        "\
issuer: http://127.0.0.1:{port}/dex
storage: {{type: memory}}
web: {{http: '127.0.0.1:{port}'}}
oauth2:
  responseTypes: [code, 'code id_token']
  grantTypes:
    - authorization_code
    - refresh_token
    - client_credentials
    - urn:ietf:params:oauth:grant-type:device_code
staticClients:
  - id: {web}
    name: Example App
    secret: {web_secret}
    redirectURIs: ['{redirect_uri}', /dex/device/callback]
    postLogoutRedirectURIs: ['{redirect_uri}']
  - id: {public}
    name: Public App
    public: true
    redirectURIs: ['{redirect_uri}', /dex/device/callback]
  - {{id: {service}, name: Service, secret: {service_secret}}}
connectors:
  - {{type: mockCallback, id: mock, name: Mock}}
enablePasswordDB: true
staticPasswords:
  - email: admin@example.com
    # password
    hash: $2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W
    username: admin
    userID: 08a8684b-db88-4b73-90a9-3cd1661f5466
",
        web = WEB.id,
        web_secret = WEB.secret,
        public = PUBLIC.id,
        service = SERVICE.id,
        service_secret = SERVICE.secret,
    )
}
