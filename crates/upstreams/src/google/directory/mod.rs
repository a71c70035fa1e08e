//! The groups of a Google Workspace's users, from the Directory API (connectors-platform spec, 4.2, 4.3 and 4.6).
//!
//! Owned here: which administrator's rights are used for which domain, the service account that borrows them, and groups within
//! groups. Not owned: what groups are needed for. Nothing is kept but access tokens: groups are read for each login. Control
//! leaves to Google's APIs, and on Google's own machines to their metadata server, and comes back with addresses of groups.

mod api;
mod key;
mod metadata;
mod nested;
mod token;

use std::collections::BTreeMap;

use dex_connector::{Clock, Opening, UpstreamError};
use dex_upstream_client::{Client, ClientOptions};
use tokio::sync::Semaphore;
use url::Url;

use self::key::ServiceAccountKey;
use self::metadata::Metadata;
use self::token::{Admin, Source};
use super::config::{ANY_DOMAIN, Config};
use super::environment::Environment;
use crate::forge::base_url;

/// How many users' groups are read at once; further ones wait within their time. One with 10 000 groups holds about 1 MB.
const USERS_MAX: usize = 64;

/// How many calls to the directory run at once.
const CALLS_MAX: usize = 256;

/// The directory, as read by a service account on behalf of administrators.
pub(super) struct Directory {
    client: Client,
    clock: Clock,
    root: Url,
    source: Source,
    /// By the domain, or for any.
    admins: BTreeMap<String, Admin>,
    transitive: bool,
    places: Semaphore,
}

impl Directory {
    /// The directory, if the configuration has administrators to read it for. Reads the key file and asks nobody.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for a key file that cannot be read or is of another kind.
    pub(super) fn open(
        opening: &Opening<'_>,
        config: &Config,
        environment: &Environment,
    ) -> Result<Option<Self>, UpstreamError> {
        let admins = config.admins();
        if admins.is_empty() {
            return Ok(None);
        }
        let options = ClientOptions { concurrent_max: CALLS_MAX, ..ClientOptions::new(opening.id) };
        Ok(Some(Self {
            client: Client::open(options)?,
            clock: opening.clock.clone(),
            root: config.api("https://admin.googleapis.com")?,
            source: source(opening.id, config, environment)?,
            admins: admins.into_iter().map(|(domain, email)| (domain, Admin::new(email))).collect(),
            transitive: config.fetch_transitive_group_membership,
            places: Semaphore::new(USERS_MAX),
        }))
    }

    /// Finds out who we are, where a machine tells it.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if it does not.
    pub(super) async fn prepare(&self) -> Result<(), UpstreamError> {
        match &self.source {
            Source::Key(_) => Ok(()),
            Source::Metadata(metadata) => metadata.account(&self.client).await.map(drop),
        }
    }

    /// The addresses of the groups the user is in. `hosted_domain` is the domain of the account, where the address may be of
    /// another one.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unreachable`] when the directory is not there or is asked too often, others when it refuses or there are
    /// more groups than are read.
    pub(super) async fn groups_of(&self, email: &str, hosted_domain: &str) -> Result<Vec<String>, UpstreamError> {
        let domain = domain_of(email);
        let by_domain = [domain.as_str(), ANY_DOMAIN, hosted_domain];
        let admin = by_domain.into_iter().find_map(|domain| self.admins.get(&domain.to_ascii_lowercase()));
        let admin = admin.ok_or_else(|| {
            UpstreamError::Misconfigured(format!(
                "unable to find super admin email, domainToAdminEmail for domain: {domain} not set, * is also empty"
            ))
        })?;
        let _place = self.places.acquire().await;
        nested::groups(self, admin, email).await
    }
}

/// The domain of an address, in lower case; empty if it has none.
fn domain_of(email: &str) -> String {
    email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default()
}

/// Who we are towards Google: a key file, the application default credentials, or the machine's own service account.
fn source(connector: &str, config: &Config, environment: &Environment) -> Result<Source, UpstreamError> {
    let token_url = config.api("https://oauth2.googleapis.com")?;
    if !config.service_account_file_path.is_empty() {
        return ServiceAccountKey::read(config.service_account_file_path.as_ref(), &token_url).map(Source::Key);
    }
    tracing::warn!(
        connector_id = connector,
        "the application default credential is used since the service account file path is not used"
    );
    if let Some(path) = environment.key_file() {
        return ServiceAccountKey::read(&path, &token_url).map(Source::Key);
    }
    tracing::info!(connector_id = connector, "JSON is empty, using flow for GCE");
    let credentials = config.api("https://iamcredentials.googleapis.com")?;
    Ok(Source::Metadata(Metadata::new(base_url("GCE_METADATA_HOST", &environment.metadata())?, credentials, token_url)))
}
