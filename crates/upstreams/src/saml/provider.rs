//! The identity provider: from the configuration, or from its metadata, which is read again while we run.

use std::sync::Arc;
use std::time::Duration;

use dex_connector::{Opening, UpstreamError};
use dex_model::{Timestamp, later};
use dex_saml::{Endpoint, IdentityProvider, Trust, TrustedKeys};
use tracing::{info, warn};
use url::Url;

use super::config::{Config, given, misconfigured};
use super::files::pinned;
use super::metadata::{AGAIN_AFTER, Metadata};

/// How long metadata is taken for fresh.
const FRESH_FOR: Duration = Duration::from_secs(3600);
/// How long before a pinned certificate ends we begin to warn.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is known of the identity provider.
pub(super) struct Known {
    pub(super) trust: Trust,
    pub(super) issuer: Option<String>,
    pub(super) sso_url: Url,
    pub(super) binding: Binding,
}

/// How a request reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    Post,
    Redirect,
}

/// What the configuration says of it.
struct Configured {
    /// `None` where metadata tells the keys.
    trust: Option<Trust>,
    sha1: bool,
    issuer: Option<String>,
    sso_url: Option<Url>,
    binding: Option<Binding>,
}

pub(super) struct Provider {
    name: String,
    configured: Configured,
    metadata: Option<Metadata>,
}

impl Provider {
    pub(super) fn of(config: &Config, opening: &Opening<'_>) -> Result<Self, UpstreamError> {
        let trust = match config.insecure_skip_signature_validation {
            true => {
                warn!(connector.id = %opening.id, "insecureSkipSignatureValidation: whoever reaches the callback can be anyone");
                Some(Trust::Anybody)
            }
            false => pinned_trust(config, opening)?,
        };
        let binding = match &*config.request_binding {
            "" => None,
            "post" => Some(Binding::Post),
            "redirect" => Some(Binding::Redirect),
            other => return Err(misconfigured(format!("requestBinding is neither post nor redirect: {other:?}"))),
        };
        let sso_url = given(&config.sso_url).map(|url| url.parse::<Url>());
        let sso_url = sso_url.transpose().map_err(|error| misconfigured(format!("ssoURL is no URL: {error}")))?;
        let sha1 = config.insecure_allow_sha1;
        let configured = Configured { trust, sha1, issuer: given(&config.sso_issuer), sso_url, binding };
        Ok(Self { name: opening.id.to_owned(), configured, metadata: Metadata::of(config, opening)? })
    }

    /// What is known of it, from metadata that is fresh, or as fresh as can be had.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when nothing is known that may be believed.
    pub(super) async fn known(&self, now: Timestamp) -> Result<Arc<Known>, UpstreamError> {
        let Some(metadata) = &self.metadata else { return self.configured.known(None).map(Arc::new) };
        self.read(metadata, now, FRESH_FOR).await
    }

    /// The same, read again unless that was just done: for a signature by a key that is not known. `None` if there is
    /// nothing to read.
    pub(super) async fn known_anew(&self, now: Timestamp) -> Option<Arc<Known>> {
        self.read(self.metadata.as_ref()?, now, AGAIN_AFTER).await.ok()
    }

    async fn read(&self, metadata: &Metadata, now: Timestamp, fresh: Duration) -> Result<Arc<Known>, UpstreamError> {
        if let Some(known) = metadata.held(now, fresh) {
            return Ok(known);
        }
        let _alone = metadata.reading.lock().await;
        if let Some(known) = metadata.held(now, fresh) {
            return Ok(known);
        }
        let read = metadata.read(self.configured.issuer.as_deref(), now).await;
        let read = read.and_then(|read| Ok((read.valid_until, Arc::new(self.configured.known(Some(read))?))));
        match read {
            Ok((until, known)) => {
                info!(connector.id = %self.name, "read the metadata of the identity provider");
                metadata.keep(known.clone(), until, now);
                Ok(known)
            }
            Err(error) => {
                warn!(connector.id = %self.name, %error, "the metadata of the identity provider cannot be read");
                metadata.failed(now).ok_or(error)
            }
        }
    }
}

impl Configured {
    /// What holds, given the metadata where there is any. The configuration wins.
    fn known(&self, read: Option<IdentityProvider>) -> Result<Known, UpstreamError> {
        let nothing = || misconfigured("neither the configuration nor the metadata says where to log in");
        let endpoint = read.as_ref().and_then(|read| self.endpoint(&read.single_sign_on));
        let (sso_url, binding) = match (&self.sso_url, endpoint) {
            (Some(url), _) => (url.clone(), self.binding.unwrap_or(Binding::Post)),
            (None, Some((url, binding))) => (url.parse().map_err(|_| nothing())?, binding),
            (None, None) => return Err(nothing()),
        };
        let issuer = self.issuer.clone().or_else(|| read.as_ref().map(|read| read.entity_id.clone()));
        let trust = match (&self.trust, read) {
            (Some(trust), _) => trust.clone(),
            (None, Some(read)) => {
                let keys = TrustedKeys::new(read.certificates);
                let keys = keys.map_err(|error| UpstreamError::Unacceptable(error.to_string()))?;
                Trust::Keys(keys.with_sha1(self.sha1))
            }
            (None, None) => return Err(misconfigured("must provide either 'ca' or 'caData'")),
        };
        Ok(Known { trust, issuer, sso_url, binding })
    }

    /// The endpoint of the binding that is wanted; HTTP-POST if there is a choice.
    fn endpoint<'a>(&self, endpoints: &'a [Endpoint]) -> Option<(&'a str, Binding)> {
        let both = [(Endpoint::POST, Binding::Post), (Endpoint::REDIRECT, Binding::Redirect)];
        let wanted = both.into_iter().filter(|(_, binding)| self.binding.is_none_or(|only| only == *binding));
        wanted.into_iter().find_map(|(urn, binding)| {
            let found = endpoints.iter().find(|endpoint| endpoint.binding == urn)?;
            Some((&*found.location, binding))
        })
    }
}

/// The pinned keys; `None` where metadata tells them.
fn pinned_trust(config: &Config, opening: &Opening<'_>) -> Result<Option<Trust>, UpstreamError> {
    let Some(certificates) = pinned(config)? else { return Ok(None) };
    let soon = later(opening.clock.now(), WARN_BEFORE);
    for certificate in certificates.iter().filter(|certificate| !certificate.holds_at(soon)) {
        let until = certificate.not_after();
        let fingerprint = certificate.fingerprint();
        warn!(connector.id = %opening.id, fingerprint, ?until, "a certificate of the identity provider ends");
    }
    let keys = TrustedKeys::new(certificates).map_err(|error| misconfigured(error.to_string()))?;
    Ok(Some(Trust::Keys(keys.with_sha1(config.insecure_allow_sha1))))
}
