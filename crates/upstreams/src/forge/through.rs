//! The connector of any forge: how its logins and refreshes go.

use async_trait::async_trait;
use dex_connector::{
    Arrival, Connector, Finish, Identity, LoginMethod, RedirectLogin, Redirection, Refresh, Renewed, Start,
    TokenIdentity, UpstreamError, Wanted,
};
use dex_upstream_client::Secret;

use super::{Forge, Held, Layout};

/// What one forge does its own way.
#[async_trait]
pub(crate) trait Platform: Send + Sync {
    fn forge(&self) -> &Forge;

    /// How its tokens are stored.
    fn layout(&self) -> Layout;

    /// The scopes to ask for.
    fn scopes(&self, wanted: Wanted) -> Vec<String>;

    /// Whether groups are read, for the client or for the gate.
    fn reads_groups(&self, wanted: Wanted) -> bool;

    /// Whose access token it is, if the gate lets them in. Without `connector_data`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::NotInRequiredGroups`] if it does not, and whatever the forge's API comes to.
    async fn identity(&self, wanted: Wanted, token: &Secret) -> Result<Identity, UpstreamError>;

    /// Token exchange, where there is one.
    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        None
    }
}

/// The connector through a forge.
pub(crate) struct Through<P>(pub(crate) P);

impl<P: Platform> Connector for Through<P> {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }

    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        self.0.token_identity()
    }
}

/// Refuses somebody without an id: all such users would be one.
fn known(identity: Identity, forge: &Forge) -> Result<Identity, UpstreamError> {
    match identity.user_id.is_empty() {
        false => Ok(identity),
        true => Err(UpstreamError::Unacceptable(format!("{}: the user has no id", forge.whose))),
    }
}

#[async_trait]
impl<P: Platform> RedirectLogin for Through<P> {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        self.0.forge().depart(login, &self.0.scopes(login.wanted))
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let forge = self.0.forge();
        let work = async {
            let held = forge.redeem(login).await?;
            let mut identity = known(self.0.identity(login.wanted, &held.access_token).await?, forge)?;
            if login.wanted.offline_access {
                identity.connector_data = held.write(self.0.layout());
            }
            Ok(identity.into())
        };
        forge.in_turn(work).await
    }
}

#[async_trait]
impl<P: Platform> Refresh for Through<P> {
    /// Groups that are not read stay as they were. The tokens are stored whatever was asked for, for they may be new ones.
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError> {
        self.refresh_once(wanted, identity, &Renewed::default()).await
    }

    /// Data that cannot be read uses up nothing.
    fn single_use(&self, data: &[u8]) -> bool {
        let (forge, layout) = (self.0.forge(), self.0.layout());
        Held::read(data, forge.whose).is_ok_and(|held| forge.soon_renews(&held, layout))
    }

    async fn refresh_once(
        &self,
        wanted: Wanted,
        identity: Identity,
        renewed: &Renewed,
    ) -> Result<Identity, UpstreamError> {
        let (forge, layout) = (self.0.forge(), self.0.layout());
        let work = async {
            let held = forge.current(&Held::read(&identity.connector_data, forge.whose)?, layout).await?;
            renewed.tell(held.write(layout));
            let mut fresh = known(self.0.identity(wanted, &held.access_token).await?, forge)?;
            if !self.0.reads_groups(wanted) {
                fresh.groups = identity.groups;
            }
            fresh.connector_data = held.write(layout);
            Ok(fresh)
        };
        forge.in_turn(work).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::forge::testing::{PLAIN, Trial};

    /// As Dex stores them: every key, defaults included, and `null` for lists.
    fn stored_by_dex() -> [(&'static str, Value); 4] {
        [
            (
                "github",
                json!({
                    "org": "", "orgs": null, "hostName": "", "rootCA": "", "teamNameField": "", "loadAllGroups": false,
                    "useLoginAsID": false, "preferredEmailDomain": "",
                }),
            ),
            (
                "gitlab",
                json!({
                    "baseURL": "https://gitlab.com", "groups": null, "useLoginAsID": false, "getGroupsPermission": false,
                    "inheritedGroups": false,
                }),
            ),
            (
                "gitea",
                json!({"baseURL": "https://gitea.com", "orgs": null, "loadAllGroups": false, "useLoginAsID": false}),
            ),
            ("bitbucket-cloud", json!({"teams": null})),
        ]
    }

    #[tokio::test]
    async fn configurations_that_dex_stored_are_opened_and_lead_where_they_did() {
        let places = [
            "https://github.com/login/oauth/authorize",
            "https://gitlab.com/oauth/authorize",
            "https://gitea.com/login/oauth/authorize",
            "https://bitbucket.org/site/oauth2/authorize",
        ];
        for ((kind, config), place) in stored_by_dex().into_iter().zip(places) {
            let (to, _) = Trial::open(kind, &config).unwrap().depart(PLAIN).await.unwrap();
            assert!(to.as_str().starts_with(place), "{kind}: {to}");
        }
    }
}
