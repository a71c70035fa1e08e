//! What the endpoints share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dex_mfa::SecondFactors;
use dex_model::RefreshPolicy;
use dex_oidc::{CodeChallengeMethod, GrantType};
use dex_pages::{Page, Pages};
use dex_storage::Store;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::discovery::ReadyDocument;
use crate::sealed::Seals;
use crate::signing::Signer;
use crate::{Attempts, Clock, Connectors, Issuer, LogoutNotices, PageError, Revoked, SessionSettings};

/// The server as its endpoints see it. A changed configuration makes a new one.
pub struct App {
    /// Who we are.
    pub issuer: Issuer,
    /// What was configured.
    pub settings: Settings,
    /// Where records are kept.
    pub store: Store,
    /// The upstreams.
    pub connectors: Connectors,
    /// The signing keys.
    pub signer: Arc<Signer>,
    /// The keys that seal what a browser carries.
    pub seals: Arc<Seals>,
    /// Access tokens that were revoked.
    pub revoked: Arc<Revoked>,
    /// Who tells clients of sessions that have ended.
    pub logouts: Arc<dyn LogoutNotices>,
    /// The discovery document.
    pub discovery: ReadyDocument,
    /// Failed passwords.
    pub attempts: Arc<Attempts>,
    /// The pages.
    pub pages: Arc<Pages>,
    /// The time.
    pub clock: Clock,
}

/// The configuration as far as endpoints depend on it (oidc-core spec, 3).
#[derive(Debug, Clone)]
pub struct Settings {
    /// `oauth2.responseTypes`, as configured.
    pub response_types: Vec<String>,
    /// The grants that are offered, sorted.
    pub grant_types: Vec<GrantType>,
    /// `oauth2.skipApprovalScreen`
    pub skip_approval_screen: bool,
    /// `oauth2.alwaysShowLoginScreen`
    pub always_show_login_screen: bool,
    /// `connectors[].emailDomains`: by domain, in lower case, the connector's id.
    pub email_domains: BTreeMap<String, String>,
    /// `oauth2.leanIDTokens`: ID tokens leave out what `/userinfo` tells.
    pub lean_id_tokens: bool,
    /// `oauth2.passwordConnector`
    pub password_connector: Option<String>,
    /// `oauth2.pkce.enforce`
    pub pkce_enforced: bool,
    /// `oauth2.pkce.codeChallengeMethodsSupported`
    pub code_challenge_methods: Vec<CodeChallengeMethod>,
    /// `oauth2.introspection.requireAuthentication`
    pub introspection_requires_authentication: bool,
    /// `expiry.idTokens`: how long ID and access tokens live.
    pub id_tokens_valid_for: Duration,
    /// `expiry.authRequests`: how long a login may take.
    pub auth_requests_valid_for: Duration,
    /// `expiry.authCodes`: how long a code may wait to be redeemed.
    pub auth_codes_valid_for: Duration,
    /// `expiry.deviceRequests`: how long a device may wait for its user.
    pub device_requests_valid_for: Duration,
    /// `expiry.refreshTokens`
    pub refresh: RefreshPolicy,
    /// `mfa`
    pub second_factors: SecondFactors,
    /// `sessions`; `None` when browsers do not stay signed in.
    pub sessions: Option<SessionSettings>,
    /// `web.allowedOrigins`; empty turns CORS off.
    pub allowed_origins: Vec<String>,
    /// `web.allowedHeaders`
    pub allowed_headers: Vec<String>,
    /// `web.headers`, on every response but static files.
    pub headers: HeaderMap,
}

impl Default for Settings {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self {
            response_types: vec!["code".into()],
            grant_types: GrantType::ALL
                .iter()
                .copied()
                .filter(|g| !matches!(g, GrantType::ClientCredentials | GrantType::Implicit | GrantType::Password))
                .collect(),
            skip_approval_screen: false,
            always_show_login_screen: false,
            lean_id_tokens: false,
            email_domains: BTreeMap::new(),
            password_connector: None,
            pkce_enforced: false,
            code_challenge_methods: vec![CodeChallengeMethod::S256, CodeChallengeMethod::Plain],
            introspection_requires_authentication: false,
            id_tokens_valid_for: day,
            auth_requests_valid_for: day,
            auth_codes_valid_for: Duration::from_secs(60),
            device_requests_valid_for: Duration::from_secs(300),
            refresh: RefreshPolicy {
                rotate: true,
                reuse_interval: Duration::ZERO,
                absolute_lifetime: None,
                idle_lifetime: None,
            },
            second_factors: SecondFactors::default(),
            sessions: None,
            allowed_origins: Vec::new(),
            allowed_headers: vec!["Authorization".into()],
            headers: HeaderMap::new(),
        }
    }
}

impl Settings {
    /// Whether a response type's single word is offered. Words are looked for inside the configured
    /// combinations too, since `code id_token` plainly means to offer both.
    pub fn offers(&self, word: &str) -> bool {
        self.response_types.iter().any(|configured| configured.split_whitespace().any(|w| w == word))
    }

    /// The connector to which the domain of an e-mail address leads.
    pub fn connector_of(&self, email: &str) -> Option<&str> {
        let (_, domain) = email.trim().rsplit_once('@')?;
        self.email_domains.get(&domain.to_lowercase()).map(String::as_str)
    }

    /// Whether a grant is offered.
    pub fn grants(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

impl App {
    /// A page as HTML for the address `path`.
    ///
    /// # Errors
    ///
    /// [`PageError`] when a custom template fails on this very data.
    pub fn page(&self, page: &(impl Page + ?Sized), path: &str) -> Result<String, PageError> {
        self.pages.render(page, path).map_err(|error| PageError::ours("Internal server error.", error))
    }

    /// The headers of every page: the strict defaults, then what the operator configured in their place.
    pub fn page_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.pages.headers() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        headers.extend(self.settings.headers.clone());
        headers
    }
}
