//! `keystone`: names and passwords that OpenStack Keystone checks (connectors-protocol spec, 10).
//!
//! Owned here: what Keystone's answers mean for a login and a refresh, and the gate of groups, which is checked at both whatever
//! scopes the client asked for. Not owned: the calls, which are `api`'s, the administrator's token, which is `admin`'s, and HTTP,
//! which is `dex-upstream-client`'s.
//!
//! Control leaves to Keystone with the user's token, or the administrator's, and comes back with an identity or an
//! [`UpstreamError`].

mod admin;
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
use dex_upstream_client::{CallError, Client, ClientOptions, Secret, filter_groups, read_config};
use http::StatusCode;

use self::admin::Admin;
use self::api::{Api, Authenticated, Granted, Refusal, User};
use self::config::Config;
use crate::forge::told;
use crate::typed::worth_asking;

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] without a host or a domain, and for certificates that cannot be read.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let (root, domain) = (config.root()?, config.domain()?);
    let admin = config.administrator(opening.id).map(Admin::new);
    let client = Client::open(ClientOptions {
        root_cas: config.root_cas,
        insecure_skip_verify: config.insecure_skip_verify,
        ..ClientOptions::new(opening.id)
    })?;
    Ok(Arc::new(Keystone { api: Api { client, root, domain }, admin, gate: config.groups }))
}

struct Keystone {
    api: Api,
    /// Without one nobody can be looked up after the login.
    admin: Option<Admin>,
    gate: Vec<String>,
}

impl Connector for Keystone {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Password(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        self.admin.as_ref().map(|_| self as &dyn Refresh)
    }
}

#[async_trait]
impl PasswordLogin for Keystone {
    fn prompt(&self) -> &str {
        "username"
    }

    async fn log_in(&self, wanted: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        if !worth_asking(username, password) {
            return Ok(PasswordAnswer::Wrong);
        }
        self.api.client.login(self.checked(wanted, username, password)).await
    }
}

#[async_trait]
impl Refresh for Keystone {
    /// Groups that are not read stay as they were.
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError> {
        self.api.client.login(self.refreshed(wanted, identity)).await
    }

    fn needs_data(&self) -> bool {
        false
    }
}

impl Keystone {
    async fn checked(&self, wanted: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        let authenticated = self.api.authenticate(username, password).await;
        let Granted { token, user, .. } = match authenticated.map_err(|error| told("keystone: error", error))? {
            Authenticated::Granted(granted) => granted,
            Authenticated::Refused(refusal) => return refused(&refusal),
        };
        let groups = self.own_groups(wanted, &user.id, &token).await?;
        let profile = self.own_profile(&user.id, &token).await?;
        if !profile.enabled {
            return Ok(PasswordAnswer::Refused(AccountState::Disabled));
        }
        let email = profile.email.unwrap_or_default();
        Ok(PasswordAnswer::Identity(Identity {
            user_id: user.id,
            username: if user.name.is_empty() { username.to_owned() } else { user.name },
            preferred_username: String::new(),
            email_verified: !email.is_empty(),
            email,
            groups,
            connector_data: Vec::new(),
        }))
    }

    /// A user's groups, asked with the user's own token, and with the administrator's where users may not ask.
    async fn own_groups(&self, wanted: Wanted, id: &str, token: &Secret) -> Result<Vec<String>, UpstreamError> {
        if !self.reads_groups(wanted) {
            return Ok(Vec::new());
        }
        let groups = match self.api.groups(id, token).await {
            Err(error) if forbidden(&error) => match (&self.admin, self.gate.is_empty()) {
                (Some(admin), _) => admin.groups(&self.api, id).await?,
                (None, true) => {
                    tracing::warn!(user_id = id, err = %error, "keystone: users may not read their own groups");
                    Ok(Vec::new())
                }
                (None, false) => Err(error),
            },
            groups => groups,
        };
        self.admitted(id, groups.map_err(|error| asked("get groups of user", id, error))?)
    }

    /// The same for what is known of a user. Where nobody may ask, there is no address.
    async fn own_profile(&self, id: &str, token: &Secret) -> Result<User, UpstreamError> {
        let user = match self.api.user(id, token).await {
            Err(error) if forbidden(&error) => match &self.admin {
                Some(admin) => admin.user(&self.api, id).await?,
                None => {
                    tracing::warn!(user_id = id, err = %error, "keystone: users may not read their own address");
                    Ok(User { name: String::new(), email: None, enabled: true })
                }
            },
            user => user,
        };
        user.map_err(|error| asked("get user", id, error))
    }

    async fn refreshed(&self, wanted: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        let no_admin = || UpstreamError::Misconfigured("keystone: keystoneUsername is not set".into());
        let admin = self.admin.as_ref().ok_or_else(no_admin)?;
        let id = known.user_id.as_str();
        let user = admin.user(&self.api, id).await?;
        let user = user.map_err(|error| match error.status() {
            Some(StatusCode::NOT_FOUND) => UpstreamError::Gone(format!("keystone: user {id:?} does not exist")),
            _ => asked("get user", id, error),
        })?;
        if !user.enabled {
            return Err(UpstreamError::Gone(format!("keystone: user {id:?} is disabled")));
        }
        let mut groups = known.groups;
        if self.reads_groups(wanted) {
            let read = admin.groups(&self.api, id).await?;
            groups = self.admitted(id, read.map_err(|error| asked("get groups of user", id, error))?)?;
        }
        let email = user.email.unwrap_or_default();
        Ok(Identity {
            username: if user.name.is_empty() { known.username } else { user.name },
            email_verified: !email.is_empty(),
            email,
            groups,
            user_id: known.user_id,
            ..Identity::default()
        })
    }

    fn reads_groups(&self, wanted: Wanted) -> bool {
        wanted.groups || !self.gate.is_empty()
    }

    /// The groups that pass the gate.
    fn admitted(&self, user_id: &str, all: Vec<String>) -> Result<Vec<String>, UpstreamError> {
        if self.gate.is_empty() {
            return Ok(all);
        }
        let kept = filter_groups(&all, &self.gate);
        match kept.is_empty() {
            false => Ok(kept),
            true => Err(UpstreamError::NotInRequiredGroups { user_id: user_id.to_owned(), groups: self.gate.clone() }),
        }
    }
}

/// What a refusal means for whoever typed a password.
fn refused(refusal: &Refusal) -> Result<PasswordAnswer, UpstreamError> {
    match refusal {
        Refusal::PasswordExpired => Ok(PasswordAnswer::Refused(AccountState::PasswordExpired)),
        Refusal::FurtherFactor => {
            let text = "keystone: the user needs a further factor there, which cannot be asked for here";
            Err(UpstreamError::Denied(text.into()))
        }
        Refusal::Wrong(_) => Ok(PasswordAnswer::Wrong),
    }
}

fn forbidden(error: &CallError) -> bool {
    error.status() == Some(StatusCode::FORBIDDEN)
}

/// A call that failed; that nobody may ask is for the operator to mend.
fn asked(doing: &str, id: &str, error: CallError) -> UpstreamError {
    let doing = format!("keystone: {doing} {id:?}");
    match forbidden(&error) {
        true => UpstreamError::Misconfigured(format!("{doing}: {error}")),
        false => told(&doing, error),
    }
}
