//! `microsoft`: logins with accounts of Microsoft Entra ID, or with personal ones (connectors-platform spec, 5).
//!
//! Owned here: the user, their groups in the directory, and the gate they make, checked at login and refresh whatever scopes the
//! client asked for. Not owned: tokens and their renewal, which is `forge`'s.
//!
//! Control leaves to Microsoft Graph with the user's token and comes back with an [`Identity`].

mod api;
mod config;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, Opening, UpstreamError, Wanted};
use dex_upstream_client::{Secret, filter_groups, read_config};

use self::api::{Api, User};
use self::config::{Config, GroupNames, PreferredUsername, Rules};
use crate::forge::{Application, Forge, Layout, Platform, Through};

pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let rules = Rules::of(&config)?;
    config.warn(opening.id);
    let application = Application {
        whose: "microsoft",
        authorize: config.authorize()?,
        token: config.token()?,
        client_id: config.client_id,
        client_secret: config.client_secret,
        redirect_uri: config.redirect_uri,
        registered_only: false,
        root_cas: Vec::new(),
    };
    let forge = Forge::open(opening, application)?;
    let forge = match config.client_assertion.as_str() {
        "" => forge,
        file => forge.with_assertion(PathBuf::from(file)),
    };
    Ok(Arc::new(Through(Microsoft { forge, rules })))
}

struct Microsoft {
    forge: Forge,
    rules: Rules,
}

#[async_trait]
impl Platform for Microsoft {
    fn forge(&self) -> &Forge {
        &self.forge
    }

    fn layout(&self) -> Layout {
        Layout::Whole
    }

    fn scopes(&self, wanted: Wanted) -> Vec<String> {
        let mut scopes = self.rules.scopes.clone();
        if self.reads_groups(wanted) && !self.rules.scopes_read_groups() {
            scopes.push("directory.read.all".into());
        }
        if wanted.offline_access {
            scopes.push("offline_access".into());
        }
        scopes
    }

    fn reads_groups(&self, wanted: Wanted) -> bool {
        self.rules.one_tenant && (wanted.groups || !self.rules.groups.is_empty())
    }

    async fn identity(&self, wanted: Wanted, token: &Secret) -> Result<Identity, UpstreamError> {
        let api = Api { forge: &self.forge, root: &self.rules.graph, token };
        let user = api.user().await?;
        let groups = if self.reads_groups(wanted) { self.groups(&api, &user.id).await? } else { Vec::new() };
        let mut email = user.user_principal_name.clone().unwrap_or_default();
        if self.rules.lower_case_email {
            email = email.to_lowercase();
        }
        let username = user.display_name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| email.clone());
        Ok(Identity {
            preferred_username: self.preferred_username(&user, &username, &email),
            email_verified: !email.is_empty(),
            user_id: user.id,
            username,
            email,
            groups,
            connector_data: Vec::new(),
        })
    }
}

impl Microsoft {
    fn preferred_username(&self, user: &User, username: &str, email: &str) -> String {
        let chosen = match self.rules.preferred_username {
            PreferredUsername::None => None,
            PreferredUsername::Name => Some(username),
            PreferredUsername::Email => Some(email),
            PreferredUsername::MailNickname => user.mail_nickname.as_deref(),
            PreferredUsername::OnPremises => user.on_premises_sam_account_name.as_deref(),
        };
        chosen.unwrap_or_default().to_owned()
    }

    /// The groups that clients see, of a user whom the gate lets in.
    async fn groups(&self, api: &Api<'_>, user_id: &str) -> Result<Vec<String>, UpstreamError> {
        let ids = api.group_ids(self.rules.security_groups_only).await?;
        let all = match self.rules.group_names {
            GroupNames::Ids => ids,
            GroupNames::DisplayNames => api.group_names(&ids).await?,
        };
        let required = &self.rules.groups;
        let kept = filter_groups(&all, required);
        if !required.is_empty() && kept.is_empty() {
            return Err(UpstreamError::NotInRequiredGroups { user_id: user_id.to_owned(), groups: required.clone() });
        }
        Ok(if self.rules.required_only { kept } else { all })
    }
}
