//! `atlassian-crowd`: names and passwords that Atlassian Crowd checks (connectors-protocol spec, 11).
//!
//! Owned here: what Crowd's answers mean for a login and a refresh, and the gate of groups, which is checked at both whatever
//! scopes the client asked for. Not owned: the calls, which are `api`'s, and HTTP, which is `dex-upstream-client`'s.
//!
//! Control leaves to Crowd with our application's password and comes back with an identity or an [`UpstreamError`].

mod api;
mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{
    AccountState, Connector, Identity, LoginMethod, Opening, PasswordAnswer, PasswordLogin, Refresh, UpstreamError,
    Wanted,
};
use dex_upstream_client::{Client, ClientOptions, filter_groups, read_config};
use serde::{Deserialize, Serialize};

use self::api::{Api, Said, User};
use self::config::{Config, PreferredUsername};
use crate::forge::told;
use crate::typed::worth_asking;

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for a `baseURL` that is none and certificates that cannot be read.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let root = config.root()?;
    let preferred_username = config.preferred_username(opening.id);
    let client = Client::open(ClientOptions { root_cas: config.root_cas, ..ClientOptions::new(opening.id) })?;
    let api = Api { client, root, id: config.client_id, secret: config.client_secret };
    Ok(Arc::new(Crowd { api, gate: config.groups, preferred_username, prompt: config.username_prompt }))
}

struct Crowd {
    api: Api,
    gate: Vec<String>,
    preferred_username: PreferredUsername,
    prompt: String,
}

/// What is stored for the next refresh, as Dex does.
#[derive(Serialize, Deserialize)]
struct Stored {
    username: String,
}

impl Connector for Crowd {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Password(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

#[async_trait]
impl PasswordLogin for Crowd {
    fn prompt(&self) -> &str {
        &self.prompt
    }

    async fn log_in(&self, wanted: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        if !worth_asking(username, password) {
            return Ok(PasswordAnswer::Wrong);
        }
        self.api.client.login(self.checked(wanted, username, password)).await
    }
}

#[async_trait]
impl Refresh for Crowd {
    /// Groups that are not read stay as they were.
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError> {
        let stored: Stored = serde_json::from_slice(&identity.connector_data)
            .map_err(|_| UpstreamError::Unacceptable("crowd: failed to unmarshal internal data".into()))?;
        self.api.client.login(self.refreshed(wanted, identity, &stored.username)).await
    }
}

impl Crowd {
    async fn checked(&self, wanted: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        let begun = self.api.begin_session(username, Some(password)).await;
        if let Err(said) = begun.map_err(|error| told("crowd: check password", error))? {
            return refused(username, said);
        }
        let user = self.user(username).await?;
        if !user.active {
            return Ok(PasswordAnswer::Refused(AccountState::Disabled));
        }
        let groups = self.groups(wanted, &user).await?;
        let mut identity = self.identity(user, groups.unwrap_or_default());
        if wanted.offline_access {
            let stored = Stored { username: username.to_owned() };
            identity.connector_data = serde_json::to_vec(&stored).expect("a text is JSON");
        }
        Ok(PasswordAnswer::Identity(identity))
    }

    /// A session without a password asks whether the user may still use our application.
    async fn refreshed(&self, wanted: Wanted, known: Identity, username: &str) -> Result<Identity, UpstreamError> {
        let user = self.user(username).await?;
        if !user.active {
            return Err(UpstreamError::Gone(format!("crowd: user {username:?} is inactive")));
        }
        let begun = self.api.begin_session(username, None).await;
        begun.map_err(|error| told("crowd: authenticate user", error))?.map_err(ended)?;
        let groups = self.groups(wanted, &user).await?.unwrap_or(known.groups);
        Ok(Identity { connector_data: known.connector_data, ..self.identity(user, groups) })
    }

    async fn user(&self, username: &str) -> Result<User, UpstreamError> {
        let user = self.api.user(username).await;
        let user = user.map_err(|error| told(&format!("crowd: get user {username:?}"), error))?;
        match user.key.is_empty() {
            false => Ok(user),
            // All such users would be one.
            true => Err(UpstreamError::Unacceptable(format!(
                "crowd: get user {username:?}: Crowd tells no key, which the user id is made of; Crowd 2.8 and later do"
            ))),
        }
    }

    /// The groups that pass the gate; `None` if nobody wants to know.
    async fn groups(&self, wanted: Wanted, user: &User) -> Result<Option<Vec<String>>, UpstreamError> {
        if !wanted.groups && self.gate.is_empty() {
            return Ok(None);
        }
        let all = self.api.groups(&user.name).await;
        let all = all.map_err(|error| told("crowd: failed to query groups", error))?;
        if self.gate.is_empty() {
            return Ok(Some(all));
        }
        let kept = filter_groups(&all, &self.gate);
        match kept.is_empty() {
            false => Ok(Some(kept)),
            true => Err(UpstreamError::NotInRequiredGroups { user_id: user.name.clone(), groups: self.gate.clone() }),
        }
    }

    fn identity(&self, user: User, groups: Vec<String>) -> Identity {
        let preferred_username = match self.preferred_username {
            PreferredUsername::Key => user.key.clone(),
            PreferredUsername::Name => user.name.clone(),
            PreferredUsername::Email => user.email.clone(),
            PreferredUsername::Nothing => String::new(),
        };
        Identity {
            user_id: user.key,
            username: user.name,
            preferred_username,
            email: user.email,
            email_verified: true,
            groups,
            connector_data: Vec::new(),
        }
    }
}

/// What a refusal means for whoever typed a password. That an account is inactive Crowd says before it looks at the password,
/// so it is not told.
fn refused(username: &str, said: Said) -> Result<PasswordAnswer, UpstreamError> {
    match said.reason.as_str() {
        "INVALID_USER_AUTHENTICATION" | "USER_NOT_FOUND" => Ok(PasswordAnswer::Wrong),
        "INACTIVE_ACCOUNT" => {
            tracing::info!(user = username, "crowd: the account is inactive");
            Ok(PasswordAnswer::Wrong)
        }
        "EXPIRED_CREDENTIAL" => Ok(PasswordAnswer::Refused(AccountState::PasswordExpired)),
        "APPLICATION_ACCESS_DENIED" => Err(UpstreamError::Denied(format!("crowd: {said}"))),
        _ => Err(UpstreamError::Unacceptable(format!("crowd: {said}"))),
    }
}

/// What a refusal means for a refresh.
fn ended(said: Said) -> UpstreamError {
    let text = format!("crowd: authenticate user: {said}");
    match said.reason.as_str() {
        "INVALID_USER_AUTHENTICATION" | "USER_NOT_FOUND" | "INACTIVE_ACCOUNT" | "EXPIRED_CREDENTIAL" => {
            UpstreamError::Gone(text)
        }
        "APPLICATION_ACCESS_DENIED" => UpstreamError::Denied(text),
        _ => UpstreamError::Unacceptable(text),
    }
}
