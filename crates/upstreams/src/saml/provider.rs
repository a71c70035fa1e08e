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
use super::metadata::{Because, Metadata};
use super::send::Binding;

/// How long before a pinned certificate ends we begin to warn.
const WARN_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is known of the identity provider.
pub(super) struct Known {
    pub(super) trust: Trust,
    pub(super) issuer: Option<String>,
    pub(super) sso_url: Url,
    pub(super) binding: Binding,
    /// Nothing where it does not log people out, or what it says of that could be anybody's.
    pub(super) logout: Option<SingleLogout>,
}

/// Where it logs people out, and whose word about that counts.
#[derive(Clone)]
pub(super) struct SingleLogout {
    /// For requests.
    pub(super) url: Url,
    /// For answers.
    pub(super) response_url: Url,
    pub(super) binding: Binding,
    pub(super) issuer: String,
    pub(super) keys: TrustedKeys,
}

/// What the configuration says of it.
struct Configured {
    /// `None` where metadata tells the keys.
    trust: Option<Trust>,
    sha1: bool,
    issuer: Option<String>,
    sso_url: Option<Url>,
    binding: Option<Binding>,
    slo_url: Option<Url>,
    slo_binding: Option<Binding>,
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
        if !config.slo_url.is_empty() && matches!(trust, Some(Trust::Anybody)) {
            return Err(misconfigured("sloURL with insecureSkipSignatureValidation: anybody could log everybody out"));
        }
        if !config.slo_url.is_empty() && config.sso_issuer.is_empty() && config.metadata.is_empty() {
            return Err(misconfigured("sloURL without ssoIssuer: it is not known who may log people out"));
        }
        let sha1 = config.insecure_allow_sha1;
        let configured = Configured {
            trust,
            sha1,
            issuer: given(&config.sso_issuer),
            sso_url: address("ssoURL", &config.sso_url)?,
            binding: binding("requestBinding", &config.request_binding)?,
            slo_url: address("sloURL", &config.slo_url)?,
            slo_binding: binding("sloBinding", &config.slo_binding)?,
        };
        Ok(Self { name: opening.id.to_owned(), configured, metadata: Metadata::of(config, opening)? })
    }

    /// What is known of it, from metadata that is fresh, or as fresh as can be had.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when nothing is known that may be believed.
    pub(super) async fn known(&self, now: Timestamp) -> Result<Arc<Known>, UpstreamError> {
        let Some(metadata) = &self.metadata else { return self.configured.known(None).map(Arc::new) };
        self.read(metadata, now, Because::Needed).await
    }

    /// The same, read again for a signature by a key that is not known, unless that was just done. `None` if there is nothing
    /// to read.
    pub(super) async fn known_anew(&self, now: Timestamp) -> Option<Arc<Known>> {
        self.read(self.metadata.as_ref()?, now, Because::UnknownKey).await.ok()
    }

    async fn read(&self, metadata: &Metadata, now: Timestamp, because: Because) -> Result<Arc<Known>, UpstreamError> {
        if let Some(known) = metadata.held(now, because) {
            return Ok(known);
        }
        let _alone = metadata.reading.lock().await;
        if let Some(known) = metadata.held(now, because) {
            return Ok(known);
        }
        let read = metadata.read(self.configured.issuer.as_deref(), now).await;
        let read = read.and_then(|read| Ok((read.valid_until, Arc::new(self.configured.known(Some(read))?))));
        match read {
            Ok((until, known)) => {
                info!(connector.id = %self.name, "read the metadata of the identity provider");
                metadata.keep(known.clone(), until, now, because);
                Ok(known)
            }
            Err(error) => {
                warn!(connector.id = %self.name, %error, "the metadata of the identity provider cannot be read");
                metadata.failed(now, because).ok_or(error)
            }
        }
    }
}

impl Configured {
    /// What holds, given the metadata where there is any. The configuration wins.
    fn known(&self, read: Option<IdentityProvider>) -> Result<Known, UpstreamError> {
        let nothing = || misconfigured("neither the configuration nor the metadata says where to log in");
        let endpoint = read.as_ref().and_then(|read| endpoint(&read.single_sign_on, LOGIN_BINDINGS, self.binding));
        let (sso_url, binding) = match (&self.sso_url, endpoint) {
            (Some(url), _) => (url.clone(), self.binding.unwrap_or(Binding::Post)),
            (None, Some((there, binding))) => (there.location.parse().map_err(|_| nothing())?, binding),
            (None, None) => return Err(nothing()),
        };
        let logs_out = self.logs_out_at(read.as_ref());
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
        let logout = match (logs_out, &issuer, &trust) {
            (Some((url, response_url, binding)), Some(issuer), Trust::Keys(keys)) => {
                Some(SingleLogout { url, response_url, binding, issuer: issuer.clone(), keys: keys.clone() })
            }
            _ => None,
        };
        Ok(Known { trust, issuer, sso_url, binding, logout })
    }

    /// Where it takes requests and answers about logouts.
    fn logs_out_at(&self, read: Option<&IdentityProvider>) -> Option<(Url, Url, Binding)> {
        if let Some(url) = &self.slo_url {
            return Some((url.clone(), url.clone(), self.slo_binding.unwrap_or(Binding::Redirect)));
        }
        let (there, binding) = endpoint(&read?.single_logout, LOGOUT_BINDINGS, self.slo_binding)?;
        let web = |text: &str| text.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"));
        let url = web(&there.location)?;
        let response_url = there.response_location.as_deref().map_or_else(|| Some(url.clone()), web)?;
        Some((url, response_url, binding))
    }
}

const POST: (&str, Binding) = (Endpoint::POST, Binding::Post);
const REDIRECT: (&str, Binding) = (Endpoint::REDIRECT, Binding::Redirect);

/// In the order in which they are taken where there is a choice.
const LOGIN_BINDINGS: [(&str, Binding); 2] = [POST, REDIRECT];
/// The same for logouts: some publish a form that they do not take.
const LOGOUT_BINDINGS: [(&str, Binding); 2] = [REDIRECT, POST];

/// The endpoint of the binding that is wanted, or the first of `order`.
fn endpoint<'a>(
    endpoints: &'a [Endpoint],
    order: [(&str, Binding); 2],
    only: Option<Binding>,
) -> Option<(&'a Endpoint, Binding)> {
    let wanted = order.into_iter().filter(|(_, binding)| only.is_none_or(|only| only == *binding));
    wanted.into_iter().find_map(|(urn, binding)| {
        let found = endpoints.iter().find(|endpoint| endpoint.binding == urn)?;
        Some((found, binding))
    })
}

fn binding(key: &str, value: &str) -> Result<Option<Binding>, UpstreamError> {
    match value {
        "" => Ok(None),
        "post" => Ok(Some(Binding::Post)),
        "redirect" => Ok(Some(Binding::Redirect)),
        other => Err(misconfigured(format!("{key} is neither post nor redirect: {other:?}"))),
    }
}

fn address(key: &str, value: &str) -> Result<Option<Url>, UpstreamError> {
    let url = given(value).map(|url| url.parse::<Url>()).transpose();
    url.map_err(|error| misconfigured(format!("{key} is no URL: {error}")))
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
