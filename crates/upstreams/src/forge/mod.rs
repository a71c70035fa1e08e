//! What the forges (GitHub, GitLab, Gitea, Bitbucket Cloud) and Microsoft have in common: an OAuth 2.0 application there, tokens
//! that are kept between refreshes, and groups that decide who may enter.
//!
//! Owned here: logins and refreshes with any of them, PKCE, and the stored tokens in Dex's layouts. Not owned: what a forge's
//! API answers, which is each connector's, and HTTP and the token endpoint, which are `dex-upstream-client`'s.
//!
//! Control enters by [`Through`], leaves to the forge's token endpoint and to the API in [`Platform::identity`], and comes
//! back with an identity.

mod held;
#[cfg(test)]
pub(crate) mod testing;
mod through;
mod url;

use std::path::PathBuf;
use std::time::Duration;

use ::url::Url;
use dex_connector::{Clock, Departure, Finish, Opening, Redirection, Start, UpstreamError};
use dex_model::later;
use dex_oidc::CodeChallengeMethod;
use dex_upstream_client::{
    AuthorizationUrl, Client, ClientAuth, ClientOptions, Pkce, Secret, TokenEndpoint, expect_callback, returned_code,
};
use serde::Deserialize;
use tokio::sync::Semaphore;

pub(crate) use self::held::{Held, Layout};
pub(crate) use self::through::{Platform, Through};
pub(crate) use self::url::{at, base_url};

/// How many logins and refreshes through one forge run at once; further ones wait within their time. One that reads 5000
/// groups holds about 1 MB. A login makes a dozen calls of 200 ms, one after another, so this serves a hundred a second.
const LOGINS_MAX: usize = 256;

/// How many calls to one forge run at once.
const CALLS_MAX: usize = 256;

/// How long a refresh may wait for its turn here until it uses a token, and then take.
const REFRESH_MAX: Duration = Duration::from_secs(60);

/// How many redirects within the forge are followed: renamed organizations answer with one.
const REDIRECTS_MAX: usize = 5;

/// An organization whose people may enter, and which of its teams; none means all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Org {
    pub(crate) name: String,
    pub(crate) teams: Vec<String>,
}

impl Org {
    /// The gate's groups as an error names them.
    pub(crate) fn required(orgs: &[Self]) -> Vec<String> {
        let of = |org: &Self| match org.teams.is_empty() {
            true => vec![org.name.clone()],
            false => org.teams.iter().map(|team| format!("{}:{team}", org.name)).collect(),
        };
        orgs.iter().flat_map(of).collect()
    }
}

/// Our application at a forge, as its operator set it up.
pub(crate) struct Application {
    /// What error texts begin with: `github`.
    pub(crate) whose: &'static str,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    /// As configured; compared with our callback.
    pub(crate) redirect_uri: String,
    pub(crate) authorize: Url,
    pub(crate) token: Url,
    /// Whether the forge is told where to send the browser and takes PKCE, or knows only what was registered.
    pub(crate) registered_only: bool,
    /// Trusted beside the system's authorities.
    pub(crate) root_cas: Vec<String>,
}

/// A forge we have an application at.
pub(crate) struct Forge {
    pub(crate) client: Client,
    clock: Clock,
    whose: &'static str,
    client_id: String,
    redirect_uri: String,
    authorize: Url,
    registered_only: bool,
    tokens: TokenEndpoint,
    places: Semaphore,
}

impl Forge {
    /// Asks nobody yet.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for certificates that cannot be read.
    pub(crate) fn open(opening: &Opening<'_>, application: Application) -> Result<Self, UpstreamError> {
        let Application { whose, client_id, client_secret, redirect_uri, authorize, token, registered_only, root_cas } =
            application;
        let options = ClientOptions {
            root_cas,
            concurrent_max: CALLS_MAX,
            redirects_max: REDIRECTS_MAX,
            ..ClientOptions::new(opening.id)
        };
        Ok(Self {
            client: Client::open(options)?,
            clock: opening.clock.clone(),
            tokens: TokenEndpoint::new(token, client_id.as_str(), client_secret, ClientAuth::Detect),
            whose,
            client_id,
            redirect_uri,
            authorize,
            registered_only,
            places: Semaphore::new(LOGINS_MAX),
        })
    }

    /// Proves our application by the JWT in a file instead of its secret.
    #[must_use]
    pub(crate) fn with_assertion(self, file: PathBuf) -> Self {
        Self { tokens: self.tokens.with_assertion(file), ..self }
    }

    /// Takes this code, in the answer to a refresh, for `invalid_grant`.
    #[must_use]
    pub(crate) fn with_worthless(self, code: &'static str) -> Self {
        Self { tokens: self.tokens.with_worthless(code), ..self }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Runs the calls of one login, refresh or exchange, when it is its turn and within the time it may take.
    ///
    /// # Errors
    ///
    /// What `work` fails with, or [`UpstreamError::Unreachable`] when the time is up.
    pub(crate) async fn in_turn<T>(
        &self,
        work: impl Future<Output = Result<T, UpstreamError>>,
    ) -> Result<T, UpstreamError> {
        let placed = async {
            let _place = self.places.acquire().await;
            work.await
        };
        self.client.login(placed).await
    }

    /// Sends the browser to the forge. The verifier of PKCE (RFC 7636) comes back with it, so that a stolen code is worth
    /// nothing in another browser.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if the configured `redirectURI` is not our callback.
    fn depart(&self, login: &Start<'_>, scopes: &[String]) -> Result<Redirection, UpstreamError> {
        expect_callback(&self.redirect_uri, login.callback)?;
        let url = AuthorizationUrl::new(&self.authorize, &self.client_id, login.state).scopes(scopes);
        if self.registered_only {
            return Ok(Redirection { to: Departure::Get(url.build()), data: Vec::new() });
        }
        let pkce = Pkce::generate(CodeChallengeMethod::S256);
        let to = Departure::Get(pkce.announce(url.redirect_uri(&self.redirect_uri)).build());
        Ok(Redirection { to, data: pkce.verifier.into_bytes() })
    }

    /// The tokens for the code the browser came back with. A login that Dex began has no verifier.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Denied`] when the user or the forge said no, and as of [`TokenEndpoint::grant`].
    async fn redeem(&self, login: &Finish<'_>) -> Result<Held, UpstreamError> {
        let code = returned_code(login.parameters)?;
        let verifier = std::str::from_utf8(login.data).ok().filter(|verifier| !verifier.is_empty());
        let redirect_uri = Some(self.redirect_uri.as_str()).filter(|_| !self.registered_only);
        let granted = self.tokens.exchange_code(&self.client, code, redirect_uri, verifier).await;
        let granted = granted.map_err(|error| told(&format!("{}: failed to get token", self.whose), error))?;
        Ok(Held::granted(granted, self.clock.now()))
    }

    /// Whether a refresh that begins now may have to ask for new tokens.
    fn soon_renews(&self, held: &Held, layout: Layout) -> bool {
        let lives_on = held.works(later(self.clock.now(), REFRESH_MAX));
        !held.refresh_token.is_empty() && (!lives_on || renews_always(held, layout))
    }

    /// Tokens that work: `held` itself while its access token lives, otherwise new ones for its refresh token. Where the end
    /// of an access token is not stored, a refresh token is always used.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Denied`] if there is nothing to refresh with, and as of [`TokenEndpoint::refresh`].
    async fn current(&self, held: &Held, layout: Layout) -> Result<Held, UpstreamError> {
        if held.is_empty() {
            return Err(UpstreamError::Denied(format!("{}: no refresh or access token found", self.whose)));
        }
        if held.works(self.clock.now()) && !renews_always(held, layout) {
            return Ok(held.clone());
        }
        let granted = self.tokens.refresh(&self.client, held.refresh_token.expose()).await;
        let granted = granted.map_err(|error| told(&format!("{}: failed to refresh token", self.whose), error))?;
        Ok(Held::granted(granted, self.clock.now()))
    }
}

/// Where the end of an access token is not stored, nobody knows whether it still works.
fn renews_always(held: &Held, layout: Layout) -> bool {
    layout == Layout::GitLab && !held.refresh_token.is_empty()
}

/// The same error with what was being done before its text.
pub(crate) fn told(doing: &str, error: impl Into<UpstreamError>) -> UpstreamError {
    match error.into() {
        UpstreamError::Denied(text) => UpstreamError::Denied(format!("{doing}: {text}")),
        UpstreamError::Gone(text) => UpstreamError::Gone(format!("{doing}: {text}")),
        UpstreamError::Unreachable(source) => UpstreamError::Unreachable(format!("{doing}: {source}").into()),
        UpstreamError::Unacceptable(text) => UpstreamError::Unacceptable(format!("{doing}: {text}")),
        UpstreamError::Misconfigured(text) => UpstreamError::Misconfigured(format!("{doing}: {text}")),
        told @ UpstreamError::NotInRequiredGroups { .. } => told,
    }
}
