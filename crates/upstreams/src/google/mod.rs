//! `google`: logins with Google accounts, with groups from the directory of a Google Workspace (connectors-platform spec, 4).
//!
//! Owned here: what the connector's keys mean, the gates on domains and groups, which are checked at login and refresh whatever
//! scopes the client asked for, and the user. Not owned: discovery, keys and ID tokens, which are `dex-upstream-client`'s, and
//! how the directory is asked, which is `directory`'s. Control leaves to Google at the callback and at a refresh, and comes back
//! with an identity or an [`UpstreamError`].

mod config;
mod directory;
mod environment;
mod identity;
mod login;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Clock, Connector, LoginMethod, Opening, Refresh, UpstreamError};
use dex_upstream_client::{
    Client, ClientAuth, ClientOptions, Overrides, Prepared, Provider, TokenEndpoint, read_config,
};

use self::config::{Config, Rules};
use self::directory::Directory;
use self::environment::Environment;

/// The connector.
struct Google {
    rules: Rules,
    client: Client,
    clock: Clock,
    upstream: Prepared<Upstream>,
    /// Where groups are, if an administrator is configured on whose behalf they are read.
    directory: Option<Directory>,
}

/// What is known of Google once it was asked.
struct Upstream {
    provider: Provider,
    tokens: TokenEndpoint,
}

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for a key file that is none, and for a gate on groups that could not be checked.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    open_in(opening, &Environment::of_this_process())
}

fn open_in(opening: &Opening<'_>, environment: &Environment) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let rules = Rules::of(&config, opening.id)?;
    let directory = Directory::open(opening, &config, environment)?;
    let client = Client::open(ClientOptions::new(opening.id))?;
    Ok(Arc::new(Google { rules, client, clock: opening.clock.clone(), upstream: Prepared::default(), directory }))
}

#[async_trait]
impl Connector for Google {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    async fn prepare(&self) -> Result<(), UpstreamError> {
        self.upstream().await?;
        match &self.directory {
            Some(directory) => directory.prepare().await,
            None => Ok(()),
        }
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

impl Google {
    /// Google, discovered if it was not.
    async fn upstream(&self) -> Result<Arc<Upstream>, UpstreamError> {
        self.upstream.get(|| self.discover()).await
    }

    async fn discover(&self) -> Result<Upstream, UpstreamError> {
        let rules = &self.rules;
        let provider = Provider::discover(&self.client, &rules.issuer, None, &Overrides::default()).await?;
        let endpoint = provider.metadata.token_endpoint.clone();
        let tokens = TokenEndpoint::new(endpoint, &rules.client_id, rules.client_secret.clone(), ClientAuth::Detect);
        Ok(Upstream { provider, tokens })
    }
}
