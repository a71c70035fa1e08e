//! Opening a connector, and asking it.

use std::sync::Arc;

use dex_connector::{
    AccountState, Clock, Connector, Identity, LoginMethod, Opening, PasswordAnswer, PasswordLogin, Refresh,
    UpstreamError, Wanted,
};
use serde_json::{Value, json};

/// The time of all tests that do not say otherwise.
pub(crate) const NOW: &str = "2026-11-25T12:00:00Z";

/// Everything a client can ask for.
pub(crate) const ALL: Wanted = Wanted { offline_access: true, groups: true };
/// Nothing beyond who it is.
pub(crate) const NOTHING: Wanted = Wanted { offline_access: false, groups: false };

pub(crate) struct Opened(pub(crate) Arc<dyn Connector>);

pub(crate) fn open(config: &Value) -> Opened {
    open_at(config, Clock::new(|| NOW.parse().unwrap()))
}

pub(crate) fn open_at(config: &Value, clock: Clock) -> Opened {
    let callback = "https://dex.example.com/callback".parse().unwrap();
    let opening = Opening { id: "corp", config, callback: &callback, clock };
    Opened(dex_directory::open(&opening).unwrap())
}

/// How a login ended, to be compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As this user id.
    In(String),
    Wrong,
    Refused(AccountState),
    Failed(String),
}

impl Opened {
    pub(crate) fn form(&self) -> &dyn PasswordLogin {
        match self.0.login() {
            LoginMethod::Password(form) => form,
            LoginMethod::Redirect(_) => panic!("a directory has a form"),
        }
    }

    pub(crate) async fn log_in(
        &self,
        wanted: Wanted,
        name: &str,
        password: &str,
    ) -> Result<PasswordAnswer, UpstreamError> {
        self.form().log_in(wanted, name, password).await
    }

    pub(crate) async fn identity(&self, name: &str, password: &str) -> Identity {
        match self.log_in(ALL, name, password).await {
            Ok(PasswordAnswer::Identity(identity)) => identity,
            other => panic!("{name} was not let in: {other:?}"),
        }
    }

    pub(crate) async fn end(&self, name: &str, password: &str) -> End {
        match self.log_in(ALL, name, password).await {
            Ok(PasswordAnswer::Identity(identity)) => End::In(identity.user_id),
            Ok(PasswordAnswer::Wrong) => End::Wrong,
            Ok(PasswordAnswer::Refused(state)) => End::Refused(state),
            Err(error) => End::Failed(error.to_string()),
        }
    }

    pub(crate) fn refresher(&self) -> &dyn Refresh {
        self.0.refresh().unwrap()
    }
}

/// The values of `change` instead of those in `base`, section by section.
pub(crate) fn merged(mut base: Value, change: Value) -> Value {
    let Value::Object(change) = change else { return change };
    for (key, value) in change {
        let old = base.get(&key).cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
        base[&key] = if value.is_object() { merged(old, value) } else { value };
    }
    base
}

/// Collects what is logged while it lives.
pub(crate) struct Logged(
    Arc<std::sync::Mutex<Vec<u8>>>,
    #[expect(dead_code, reason = "held for its end")] tracing::subscriber::DefaultGuard,
);

impl Logged {
    pub(crate) fn here() -> Self {
        let lines = Arc::new(std::sync::Mutex::new(Vec::new()));
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || Writer(writer.clone()))
            .finish();
        Self(lines, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

struct Writer(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
