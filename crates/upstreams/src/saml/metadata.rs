//! The identity provider's metadata: where it is, and what came of reading it.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use dex_connector::{Opening, UpstreamError};
use dex_model::{Timestamp, later};
use dex_saml::{IdentityProvider, MESSAGE_BYTES_MAX, TrustedKeys};
use dex_upstream_client::{Call, Client, ClientOptions};
use tokio::sync::Mutex;
use url::Url;

use super::config::{Config, misconfigured};
use super::files::certificates;
use super::provider::Known;

/// How long metadata is taken for fresh.
const FRESH_FOR: Duration = Duration::from_secs(3600);
/// How long after it could not be read, and after it was read for a key that nobody knows, that is not done again, however much
/// somebody posts.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Why it is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// Somebody logs in.
    Needed,
    /// A signature is by a key that is not in it. Strangers can make such signatures.
    UnknownKey,
}

enum Place {
    File(PathBuf),
    Url(Url, Box<Client>),
}

pub(super) struct Metadata {
    place: Place,
    /// Who signs it.
    keys: Option<TrustedKeys>,
    held: RwLock<Held>,
    /// Held while it is read, so that this is done once at a time.
    pub(super) reading: Mutex<()>,
}

/// What came of reading.
#[derive(Default)]
struct Held {
    known: Option<Arc<Known>>,
    /// After when it is not to be believed.
    until: Option<Timestamp>,
    /// When it was read last.
    read: Option<Timestamp>,
    /// When that was tried last.
    tried: Option<Timestamp>,
    /// When it was tried last because of an unknown key.
    looked: Option<Timestamp>,
}

impl Held {
    fn believable(&self, now: Timestamp) -> Option<&Arc<Known>> {
        self.known.as_ref().filter(|_| self.until.is_none_or(|until| now < until))
    }

    fn looked_at(&self, now: Timestamp, because: Because) -> Option<Timestamp> {
        if because == Because::UnknownKey { Some(now) } else { self.looked }
    }
}

impl Metadata {
    /// The metadata of the configuration, if it has any.
    pub(super) fn of(config: &Config, opening: &Opening<'_>) -> Result<Option<Self>, UpstreamError> {
        if config.metadata.is_empty() {
            return Ok(None);
        }
        let keys = match &*config.metadata_ca {
            "" => None,
            path => {
                let text =
                    std::fs::read(path).map_err(|error| misconfigured(format!("read metadataCA file: {error}")))?;
                let keys = TrustedKeys::new(certificates(&text)?);
                Some(keys.map_err(|error| misconfigured(format!("metadataCA: {error}")))?)
            }
        };
        let place = match config.metadata.parse::<Url>() {
            Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && keys.is_some()) => {
                let options = ClientOptions { root_cas: config.root_cas.clone(), ..ClientOptions::new(opening.id) };
                Place::Url(url, Box::new(Client::open(options)?))
            }
            Ok(url) if url.scheme() == "http" => {
                return Err(misconfigured("metadata that is fetched by http must be signed: metadataCA is missing"));
            }
            _ => Place::File(PathBuf::from(&config.metadata)),
        };
        Ok(Some(Self { place, keys, held: RwLock::default(), reading: Mutex::default() }))
    }

    /// What is held, unless it is time to read it.
    pub(super) fn held(&self, now: Timestamp, because: Because) -> Option<Arc<Known>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let within = |at: Option<Timestamp>, span| at.is_some_and(|at| now < later(at, span));
        let rested = match because {
            Because::Needed => !within(held.read, FRESH_FOR) && !within(held.tried, AGAIN_AFTER),
            Because::UnknownKey => !within(held.looked, AGAIN_AFTER),
        };
        if rested { None } else { held.believable(now).cloned() }
    }

    /// Reads it where it is.
    pub(super) async fn read(
        &self,
        entity_id: Option<&str>,
        now: Timestamp,
    ) -> Result<IdentityProvider, UpstreamError> {
        let text = match &self.place {
            Place::File(path) => tokio::fs::read_to_string(path)
                .await
                .map_err(|error| misconfigured(format!("read metadata file {}: {error}", path.display())))?,
            Place::Url(url, client) => {
                let answer = client.call(Call::get(url).body_max(MESSAGE_BYTES_MAX)).await?.success()?;
                let text = String::from_utf8(answer.body.to_vec());
                text.map_err(|_| UpstreamError::Unacceptable("the metadata is not UTF-8".into()))?
            }
        };
        let read = IdentityProvider::read(&text, entity_id, self.keys.as_ref(), now);
        read.map_err(|error| UpstreamError::Unacceptable(error.to_string()))
    }

    pub(super) fn keep(&self, known: Arc<Known>, until: Option<Timestamp>, now: Timestamp, because: Because) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let looked = held.looked_at(now, because);
        *held = Held { known: Some(known), until, read: Some(now), tried: Some(now), looked };
    }

    /// Notes that it could not be read. What was known before, as long as it may be believed.
    pub(super) fn failed(&self, now: Timestamp, because: Because) -> Option<Arc<Known>> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tried = Some(now);
        held.looked = held.looked_at(now, because);
        held.believable(now).cloned()
    }
}
