//! The token endpoint (RFC 6749 §3.2).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use dex_connector::UpstreamError;
use url::Url;

use super::TokenAnswer;
use super::answer::TokenRefusal;
use super::rotation::Rotations;
use crate::Secret;
use crate::client::{Auth, Client};

/// RFC 7523 §2.2
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the client proves who it is (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// Basic first, and once more in the body when the upstream does not take it; what worked is remembered.
    Detect,
}

/// A token endpoint, and which way of authenticating it takes. Kept as long as the connector, so that it learns once.
pub struct TokenEndpoint {
    url: Url,
    client_id: String,
    client_secret: Secret,
    /// As it was opened.
    configured: ClientAuth,
    /// As it was learned.
    auth: AtomicU8,
    assertion: Option<PathBuf>,
    /// The code that says of a refresh token what `invalid_grant` should.
    worthless: Option<&'static str>,
    rotations: Rotations,
}

impl TokenEndpoint {
    /// The endpoint for this client.
    pub fn new(url: Url, client_id: impl Into<String>, client_secret: Secret, auth: ClientAuth) -> Self {
        Self {
            url,
            client_id: client_id.into(),
            client_secret,
            configured: auth,
            auth: AtomicU8::new(auth as u8),
            assertion: None,
            worthless: None,
            rotations: Rotations::default(),
        }
    }

    /// Whether it is the endpoint at `url`, opened with this way of authenticating.
    pub fn is(&self, url: &Url, auth: ClientAuth) -> bool {
        self.url == *url && self.configured == auth
    }

    /// Proves the client by the JWT in this file (RFC 7523 §2.2) and never by its secret. The file is read for each grant, since
    /// whoever issues it writes it anew.
    #[must_use]
    pub fn with_assertion(self, file: PathBuf) -> Self {
        Self { assertion: Some(file), ..self }
    }

    /// Takes this code, in the answer to a refresh, for `invalid_grant`.
    #[must_use]
    pub fn with_worthless(self, code: &'static str) -> Self {
        Self { worthless: Some(code), ..self }
    }

    /// Redeems a code (RFC 6749 §4.1.3). `redirect_uri` is sent if the authorization request had one.
    ///
    /// # Errors
    ///
    /// As of [`Self::grant`].
    pub async fn exchange_code(
        &self,
        client: &Client,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<TokenAnswer, UpstreamError> {
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code)];
        fields.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        self.grant(client, &fields).await
    }

    /// Refreshes (RFC 6749 §6). An answer without a refresh token keeps the one that was used. One that brings another is
    /// repeated for ten minutes to whoever still has the old one.
    ///
    /// # Errors
    ///
    /// As of [`Self::grant`]; [`UpstreamError::Denied`] without asking if there is no refresh token.
    pub async fn refresh(&self, client: &Client, refresh_token: &str) -> Result<TokenAnswer, UpstreamError> {
        if refresh_token.is_empty() {
            return Err(UpstreamError::Denied("oauth2: token expired and refresh token is not set".into()));
        }
        let slot = self.rotations.slot(refresh_token);
        let mut last = slot.lock().await;
        if let Some(answer) = last.repeat() {
            return Ok(answer);
        }
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let mut answer = self.grant(client, &fields).await?;
        match &answer.refresh_token {
            Some(other) if other.expose() != refresh_token => last.keep(answer.clone()),
            _ => answer.refresh_token = Some(Secret::new(refresh_token)),
        }
        Ok(answer)
    }

    /// Any grant. The fields must not authenticate the client.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Denied`] for `invalid_grant` and the like, [`UpstreamError::Misconfigured`] when the client is not
    /// accepted or its assertion cannot be read, [`UpstreamError::Unreachable`] when the upstream is not there, [`UpstreamError::Unacceptable`] for answers that
    /// are none.
    pub async fn grant(&self, client: &Client, fields: &[(&str, &str)]) -> Result<TokenAnswer, UpstreamError> {
        if let Some(file) = &self.assertion {
            return self.grant_by_assertion(client, fields, file).await;
        }
        let (first, detecting) = match self.auth() {
            // A public client has nothing to put into the header.
            ClientAuth::Detect if self.client_secret.is_empty() => (ClientAuth::Post, false),
            ClientAuth::Detect => (ClientAuth::Basic, true),
            known => (known, false),
        };
        match self.ask(client, fields, first).await? {
            Ok(answer) => {
                self.learn(first);
                Ok(answer)
            }
            // A code may be spent by the first try, so only a refusal of the client is worth a second one.
            Err(refusal) if detecting && refusal.about_client => {
                let answer = self.ask(client, fields, ClientAuth::Post).await?.map_err(TokenRefusal::into_error)?;
                self.learn(ClientAuth::Post);
                Ok(answer)
            }
            Err(refusal) => Err(refusal.into_error()),
        }
    }

    async fn grant_by_assertion(
        &self,
        client: &Client,
        fields: &[(&str, &str)],
        file: &Path,
    ) -> Result<TokenAnswer, UpstreamError> {
        let read = tokio::fs::read_to_string(file).await.map(Secret::new);
        let assertion = read.map_err(|error| {
            UpstreamError::Misconfigured(format!("failed to read client assertion: {}: {error}", file.display()))
        })?;
        let mut fields = fields.to_vec();
        fields.push(("client_id", &self.client_id));
        fields.push(("client_assertion_type", ASSERTION_TYPE));
        fields.push(("client_assertion", assertion.expose().trim()));
        let answer = client.post_form(&self.url, Auth::None, &fields).await?;
        TokenAnswer::read(&answer).map_err(TokenRefusal::into_error)
    }

    async fn ask(
        &self,
        client: &Client,
        fields: &[(&str, &str)],
        auth: ClientAuth,
    ) -> Result<Result<TokenAnswer, TokenRefusal>, UpstreamError> {
        let refreshes = fields.contains(&("grant_type", "refresh_token"));
        let (id, secret) = (self.client_id.as_str(), self.client_secret.expose());
        let mut fields = fields.to_vec();
        let auth = match auth {
            ClientAuth::Basic | ClientAuth::Detect => Auth::Client(id, secret),
            ClientAuth::Post => {
                fields.push(("client_id", id));
                if !secret.is_empty() {
                    fields.push(("client_secret", secret));
                }
                Auth::None
            }
        };
        let read = TokenAnswer::read(&client.post_form(&self.url, auth, &fields).await?);
        Ok(read.map_err(|refusal| match refreshes && self.worthless == Some(&refusal.code) {
            true => TokenRefusal { code: "invalid_grant".into(), about_client: false, ..refusal },
            false => refusal,
        }))
    }

    fn auth(&self) -> ClientAuth {
        match self.auth.load(Ordering::Relaxed) {
            0 => ClientAuth::Basic,
            1 => ClientAuth::Post,
            _ => ClientAuth::Detect,
        }
    }

    fn learn(&self, auth: ClientAuth) {
        self.auth.store(auth as u8, Ordering::Relaxed);
    }
}
