//! What every handler holds: the options, the provider as discovered, who is signed in, and the clock.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::ensure;

use crate::{flows::events::Events, options::Options, provider::Provider, session::Sessions};

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub(crate) struct App {
    pub(crate) options: Options,
    pub(crate) provider: Provider,
    pub(crate) sessions: Sessions,
    pub(crate) events: Events,
    clock: Clock,
}

impl App {
    pub(crate) async fn start(options: Options, clock: Clock) -> anyhow::Result<Self> {
        options.check()?;
        ensure!(
            rustls::crypto::CryptoProvider::get_default().is_some(),
            "no default crypto provider is installed for TLS"
        );
        let provider = Provider::discover(&options).await?;
        Ok(Self { options, provider, sessions: Sessions::default(), events: Events::default(), clock })
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        let since = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Whether the provider keeps browser sessions, so that `prompt=none` can be answered without showing a page.
    ///
    /// Dex advertises an `end_session_endpoint` exactly then. Without sessions it would show its login page on a visit that asked
    /// for nothing, hence no silent check.
    pub(crate) fn can_check_silently(&self) -> bool {
        self.provider.metadata.end_session_endpoint.is_some() && !self.options.session_check_interval.is_zero()
    }
}
