//! Logins and refreshes with Google accounts (connectors-platform spec, 4.4 to 4.7).

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_connector::{
    Arrival, Departure, Finish, Identity, RedirectLogin, Redirection, Refresh, Start, UpstreamError, Wanted,
};
use dex_jose::random_bytes;
use dex_oidc::CodeChallengeMethod;
use dex_upstream_client::{
    AuthorizationUrl, Expected, Pkce, TokenAnswer, expect_callback, filter_groups, returned_code,
};

use super::identity::User;
use super::{Google, Upstream};
use crate::forge::told;
use crate::oidc::Pending;

#[async_trait]
impl RedirectLogin for Google {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let rules = &self.rules;
        expect_callback(&rules.redirect_uri, login.callback)?;
        let upstream = self.client.login(self.upstream()).await?;
        let (pkce, nonce) = (Pkce::generate(CodeChallengeMethod::S256), URL_SAFE_NO_PAD.encode(random_bytes::<16>()));
        let endpoint = &upstream.provider.metadata.authorization_endpoint;
        let mut url = AuthorizationUrl::new(endpoint, &rules.client_id, login.state)
            .redirect_uri(&rules.redirect_uri)
            .scopes(&rules.scopes)
            .set("nonce", &nonce);
        let prompt = Some(rules.prompt.as_str()).filter(|prompt| login.wanted.offline_access && !prompt.is_empty());
        let optional = [
            ("hd", rules.hosted_domain()),
            ("access_type", login.wanted.offline_access.then_some("offline")),
            ("prompt", prompt),
            ("login_hint", Some(login.login_hint).filter(|hint| !hint.is_empty())),
        ];
        for (name, value) in optional {
            url = value.into_iter().fold(url, |url, value| url.set(name, value));
        }
        let to = Departure::Get(pkce.announce(url).build());
        let method = pkce.method.as_str().to_owned();
        let pending = Pending { code_challenge: pkce.verifier, code_challenge_method: method, nonce };
        Ok(Redirection { to, data: pending.write() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let code = returned_code(login.parameters)?;
        let pending = Pending::read(login.data)?;
        let work = async {
            let upstream = self.upstream().await?;
            upstream.expect_issuer(login.parameters.get("iss"))?;
            let redirect_uri = Some(self.rules.redirect_uri.as_str());
            let redeemed = upstream.tokens.exchange_code(&self.client, code, redirect_uri, pending.verifier()).await;
            let answer = redeemed.map_err(|error| told("google: failed to get token", error))?;
            let user = self.user(&upstream, &answer, pending.nonce()).await?;
            let groups = self.groups(login.wanted, &user).await?.unwrap_or_default();
            Ok(user.identity("", groups, kept(&answer)).into())
        };
        self.client.login(work).await
    }
}

#[async_trait]
impl Refresh for Google {
    /// Groups that are not read stay as they were.
    async fn refresh(&self, wanted: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        let refresh_token = std::str::from_utf8(&known.connector_data)
            .map_err(|_| UpstreamError::Unacceptable("google: what is stored is no refresh token".into()))?;
        let work = async {
            let upstream = self.upstream().await?;
            let refreshed = upstream.tokens.refresh(&self.client, refresh_token).await;
            let answer = refreshed.map_err(|error| told("google: failed to get token", error))?;
            let user = self.user(&upstream, &answer, None).await?;
            if user.subject != known.user_id {
                return Err(UpstreamError::Unacceptable("google: the refresh answers for another user".into()));
            }
            let groups = self.groups(wanted, &user).await?.unwrap_or_else(|| known.groups.clone());
            Ok(user.identity(&known.username, groups, kept(&answer)))
        };
        self.client.login(work).await
    }
}

impl Google {
    /// Whom the ID token speaks of.
    async fn user(
        &self,
        upstream: &Upstream,
        answer: &TokenAnswer,
        nonce: Option<&str>,
    ) -> Result<User, UpstreamError> {
        let Some(token) = &answer.id_token else {
            return Err(UpstreamError::Unacceptable("google: no id_token in token response".into()));
        };
        let client_id = self.rules.client_id.as_str();
        let expected = Expected {
            audiences: &[client_id],
            authorized_party: Some(client_id),
            nonce,
            access_token: Some(answer.access_token.expose()),
        };
        let now = self.clock.now();
        let verified = upstream.provider.verify_id_token(&self.client, token.expose(), &expected, now).await;
        let claims = verified.map_err(|error| told("google: failed to verify ID Token", error))?;
        User::of(&claims, &self.rules)
    }

    /// The groups that pass the gate, if they are read: for the client or for the gate.
    ///
    /// An address that Google has not verified is not looked up: somebody else's groups may be known by it.
    async fn groups(&self, wanted: Wanted, user: &User) -> Result<Option<Vec<String>>, UpstreamError> {
        let required = &self.rules.groups;
        let Some(directory) = self.directory.as_ref().filter(|_| wanted.groups || !required.is_empty()) else {
            return Ok(None);
        };
        if user.email.is_empty() || !user.email_verified {
            let text = "google: could not retrieve groups: the account has no address that Google has verified";
            return Err(UpstreamError::Denied(text.into()));
        }
        let read = directory.groups_of(&user.email, &user.hosted_domain).await;
        let all = read.map_err(|error| told("google: could not retrieve groups", error))?;
        if required.is_empty() {
            return Ok(Some(all));
        }
        let kept = filter_groups(&all, required);
        match kept.is_empty() {
            false => Ok(Some(kept)),
            true => Err(UpstreamError::NotInRequiredGroups { user_id: user.email.clone(), groups: required.clone() }),
        }
    }
}

impl Upstream {
    /// Whoever answers, if they name themselves, must be who was asked (RFC 9207 §2.4).
    fn expect_issuer(&self, named: &str) -> Result<(), UpstreamError> {
        match named.is_empty() || named == self.provider.metadata.issuer {
            true => Ok(()),
            false => Err(UpstreamError::Unacceptable("google: the browser came back from another issuer".into())),
        }
    }
}

/// What is stored: the refresh token as it is, or nothing.
fn kept(answer: &TokenAnswer) -> Vec<u8> {
    answer.refresh_token.as_ref().map(|token| token.expose().as_bytes().to_vec()).unwrap_or_default()
}
