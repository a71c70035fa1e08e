//! One reading of a configuration, from text to [`Config`].

use crate::env::{Env, FeatureFlag};
use crate::problem::{ConfigErrors, Origin, Warning};
use crate::report::Report;
use crate::serving::address::ListenAddress;
use crate::serving::frontend::Frontend;
use crate::serving::grpc::Grpc;
use crate::serving::logger::Logger;
use crate::serving::telemetry::Telemetry;
use crate::serving::web::Web;
use crate::storage::StorageConfig;
use crate::support::{Feature, NOT_YET, Supported};
use crate::tokens::expiry::Expiry;
use crate::tokens::issuer::Issuer;
use crate::tokens::oauth2::OAuth2;
use crate::tokens::signer::Signer;
use crate::tree::{Map, parse};
use crate::users::connectors::ConnectorConfig;
use crate::users::mfa::{AuthenticatorKind, Mfa};
use crate::users::sessions::Sessions;
use crate::users::static_clients::StaticClient;
use crate::users::static_passwords::StaticPassword;

/// A configuration that has passed every check that needs no file, network or storage.
#[derive(Clone, Debug)]
pub struct Config {
    /// The issuer as written, a trailing slash included.
    pub issuer: String,
    /// `web`
    pub web: Web,
    /// `telemetry`
    pub telemetry: Telemetry,
    /// `grpc`, when it has an address
    pub grpc: Option<Grpc>,
    /// `expiry`
    pub expiry: Expiry,
    /// `signer`
    pub signer: Signer,
    /// `oauth2`
    pub oauth2: OAuth2,
    /// `frontend`
    pub frontend: Frontend,
    /// `logger`
    pub logger: Logger,
    /// `staticClients`
    pub static_clients: Vec<StaticClient>,
    /// `staticPasswords`
    pub static_passwords: Vec<StaticPassword>,
    /// `connectors`
    pub connectors: Vec<ConnectorConfig>,
    /// `storage`
    pub storage: StorageConfig,
    /// `enablePasswordDB`: whether there is a connector `local`
    pub enable_password_db: bool,
    /// `sessions`, when they are on
    pub sessions: Option<Sessions>,
    /// `mfa`
    pub mfa: Mfa,
    /// What an operator should know, in the order found.
    pub warnings: Vec<Warning>,
}

/// Values of command line flags; empty means not given.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--web-http-addr`
    pub web_http_addr: String,
    /// `--web-https-addr`
    pub web_https_addr: String,
    /// `--telemetry-addr`
    pub telemetry_addr: String,
    /// `--grpc-addr`
    pub grpc_addr: String,
}

/// Reads a configuration: YAML or JSON in `text`, called `path_name` in messages, with flags
/// applied before anything is checked.
///
/// # Errors
///
/// Every problem found, not only the first; the caller prints them and does not start, or keeps
/// the configuration it has.
pub fn load(
    path_name: &str,
    text: &str,
    env: &dyn Env,
    overrides: &Overrides,
    supported: &Supported<'_>,
) -> Result<Config, ConfigErrors> {
    let strict = FeatureFlag::ConfigDisallowUnknownFields.enabled(env);
    let report = Report::new(path_name, strict);
    let config = read(text, env, overrides, supported, &report);
    supported.check_keys(&report);
    let warnings = report.close()?;
    let config = config.map(|config| Config { warnings, ..config });
    // A missing storage or a syntax error is a problem, and with one `close` has returned.
    Ok(config.expect("a configuration without problems is complete"))
}

/// Reads what the text says; `None` only if a problem was reported.
pub(crate) fn read(
    text: &str,
    env: &dyn Env,
    overrides: &Overrides,
    supported: &Supported<'_>,
    report: &Report,
) -> Option<Config> {
    let root = match parse(text, report) {
        Ok(root) => root,
        Err(error) => {
            let text = format!("error parse config file {}: {}", report.file(), error.text);
            report.error(error.at, "", text, error.hint);
            return None;
        }
    };
    if !root.is_null() && !root.is_map() {
        let text =
            format!("error unmarshalling config file {}: must be a block of keys, not {}", report.file(), root.kind());
        report.error(root.at, "", text, "begin with `issuer: ...`");
        return None;
    }
    let reading = Reading { env, overrides, supported };
    Map::read(&root, "", report, |top| reading.config(top))
}

struct Reading<'r> {
    env: &'r dyn Env,
    overrides: &'r Overrides,
    supported: &'r Supported<'r>,
}

impl Reading<'_> {
    fn config(&self, top: &mut Map<'_>) -> Option<Config> {
        let env = self.env;
        let issuer = Issuer::read(top);
        let (static_passwords, place) = StaticPassword::read_all(top, env);
        let enable_password_db = password_db(top, &static_passwords, place);
        let storage = self.storage(top);
        let web = top.section("web", |map| Web::read(map, self.overrides));
        let telemetry = top.section("telemetry", |map| Telemetry::read(map, self.overrides));
        let (expiry, signing_keys) = top.section("expiry", Expiry::read);
        let sessions = self.sessions(top);
        let mfa = self.mfa(top, &issuer, sessions.is_some());
        let static_clients = StaticClient::read_all(top, env);
        mfa.check_chains(&static_clients, top);
        let sockets = [&web.http, &telemetry.http].into_iter().flatten();
        self.check_sockets(sockets, top);
        Some(Config {
            grpc: top.section("grpc", |map| Grpc::read(map, self.overrides)),
            signer: self.signer(top, signing_keys),
            oauth2: top.section("oauth2", |map| OAuth2::read(map, env)),
            frontend: top.section("frontend", |map| Frontend::read(map, env)),
            logger: top.section("logger", Logger::read),
            connectors: self.connectors(top),
            issuer: issuer.text,
            web,
            telemetry,
            expiry,
            static_clients,
            static_passwords,
            storage: storage?,
            enable_password_db,
            sessions,
            mfa,
            warnings: Vec::new(),
        })
    }

    fn storage(&self, top: &mut Map<'_>) -> Option<StorageConfig> {
        let storage = StorageConfig::read(top, self.env)?;
        let kind = storage.kind();
        self.kind(top, "storage", kind, self.supported.storage_kinds);
        let sql = matches!(kind, "sqlite3" | "postgres" | "mysql");
        let ent = FeatureFlag::EntEnabled;
        if sql && ent.enabled(self.env) && !self.supported.can(Feature::EntStorage) {
            let origin = Origin::Variable(ent.variable());
            let hint = "unset the variable to use Dex's other layout";
            top.report().error_of(origin, "storage.type", NOT_YET, hint);
        }
        Some(storage)
    }

    /// Reports a kind, named by `type` in the section, that this build does not have.
    fn kind(&self, top: &Map<'_>, section: &str, kind: &str, have: &[&str]) {
        if !have.contains(&kind) {
            let text = format!("`{kind}` is {NOT_YET}");
            let hint = format!("this build has {}", have.join(", "));
            top.report().error(top.at(section), &format!("{section}.type"), text, &hint);
        }
    }

    fn signer(&self, top: &mut Map<'_>, signing_keys: Option<std::time::Duration>) -> Signer {
        let signer = Signer::read(top, signing_keys, self.env);
        let (kind, algorithm) = match &signer {
            Signer::Local { algorithm, .. } => ("local", Some(algorithm.as_str())),
            Signer::Vault { .. } => ("vault", None),
        };
        self.kind(top, "signer", kind, self.supported.signer_kinds);
        let have = self.supported.signer_algorithms;
        if let Some(algorithm) = algorithm.filter(|algorithm| !have.contains(algorithm)) {
            let text = format!("`{algorithm}` is {NOT_YET}");
            let hint = format!("this build has {}", have.join(", "));
            top.report().error(top.at("signer"), "signer.config.algorithm", text, &hint);
        }
        signer
    }

    fn connectors(&self, top: &mut Map<'_>) -> Vec<ConnectorConfig> {
        let connectors = ConnectorConfig::read_all(top, self.env);
        let have = self.supported.connector_kinds;
        for (at, connector) in connectors.iter().enumerate() {
            let known = !connector.config.is_null();
            if known && !have.contains(&connector.kind.as_str()) {
                let text = format!("`{}` is {NOT_YET}", connector.kind);
                let position = connector.places.kind_at();
                top.report().error(position, &format!("connectors[{at}].type"), text, "");
            }
        }
        connectors
    }

    /// A `sessions` block turns sessions on, the flag does so without one, and turned off it
    /// wins over the block.
    fn sessions(&self, top: &mut Map<'_>) -> Option<Sessions> {
        let flag = FeatureFlag::SessionsEnabled.setting(self.env);
        let block = top.has("sessions");
        if flag == Some(false) || (flag.is_none() && !block) {
            if top.node("sessions").is_some() {
                top.warn("sessions", "turned off by DEX_SESSIONS_ENABLED=false");
            }
            return None;
        }
        let sessions = top.section("sessions", Sessions::read);
        if !self.supported.can(Feature::Sessions) {
            top.error("sessions", NOT_YET, "set DEX_SESSIONS_ENABLED=false to do without");
        }
        Some(sessions)
    }

    fn mfa(&self, top: &mut Map<'_>, issuer: &Issuer, sessions: bool) -> Mfa {
        let mfa = top.section("mfa", |map| Mfa::read(map, issuer));
        if !mfa.is_empty() && !sessions {
            let text = "mfa requires sessions to be enabled (DEX_SESSIONS_ENABLED=true)";
            top.error("mfa", text, "add a `sessions:` block");
        }
        for authenticator in &mfa.authenticators {
            let kind = match authenticator.kind {
                AuthenticatorKind::Totp { .. } => "TOTP",
                AuthenticatorKind::WebAuthn(_) => "WebAuthn",
            };
            if !self.supported.authenticator_kinds.contains(&kind) {
                top.error("mfa", format!("the authenticator `{kind}` is {NOT_YET}"), "");
            }
        }
        mfa
    }

    fn check_sockets<'s>(&self, listeners: impl Iterator<Item = &'s ListenAddress>, top: &Map<'_>) {
        let mut listeners = listeners;
        let unix = listeners.any(|address| matches!(address, ListenAddress::Unix(_)));
        if unix && !self.supported.can(Feature::UnixSockets) {
            top.error("web", format!("unix sockets are {NOT_YET}"), "listen on host:port");
        }
    }
}

fn password_db(top: &mut Map<'_>, passwords: &[StaticPassword], place: Origin) -> bool {
    let enabled = top.bool("enablePasswordDB", false);
    if !enabled && !passwords.is_empty() {
        let text = "cannot specify static passwords without enabling password db";
        let hint = "add `enablePasswordDB: true`";
        top.report().ranked(2, place, "staticPasswords", text, hint);
    }
    enabled
}
