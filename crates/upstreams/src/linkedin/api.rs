//! LinkedIn's APIs: the profile (connectors-platform spec, 6.3), and userinfo ("Sign In with LinkedIn using OpenID Connect").

use dex_connector::{Identity, UpstreamError};
use dex_upstream_client::{Auth, Secret};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::LinkedIn;
use crate::forge::{at, told};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: String,
    localized_first_name: Option<String>,
    localized_last_name: Option<String>,
}

#[derive(Deserialize)]
struct Addresses {
    elements: Option<Vec<Element>>,
}

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "handle~")]
    handle: Option<Handle>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    email_address: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    name: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
}

impl LinkedIn {
    /// Whose token it is. Without `connector_data`.
    pub(super) async fn identity(&self, token: &Secret) -> Result<Identity, UpstreamError> {
        let read = match self.rules.openid() {
            true => self.by_userinfo(token).await,
            false => self.by_profile(token).await,
        };
        let identity = read.map_err(|error| told("linkedin: get profile", error))?;
        match identity.user_id.is_empty() {
            false => Ok(identity),
            true => Err(UpstreamError::Unacceptable("linkedin: get profile: the user has no id".into())),
        }
    }

    async fn by_profile(&self, token: &Secret) -> Result<Identity, UpstreamError> {
        let profile: Profile = self.ask(&["v2", "me"], None, token).await?;
        let email = self.email(token).await.map_err(|error| told("fetching email", error))?;
        let names = [profile.localized_first_name, profile.localized_last_name].map(Option::unwrap_or_default);
        let name = names.join(" ").trim().to_owned();
        Ok(user(profile.id, name, email, true))
    }

    /// The last address, as in Dex: one that is empty is none.
    async fn email(&self, token: &Secret) -> Result<String, UpstreamError> {
        let query = Some("q=members&projection=(elements*(handle~))");
        let addresses: Addresses = self.ask(&["v2", "emailAddress"], query, token).await?;
        let last = addresses.elements.unwrap_or_default().pop().and_then(|element| element.handle);
        let email = last.and_then(|handle| handle.email_address).filter(|email| !email.is_empty());
        email.ok_or_else(|| UpstreamError::Unacceptable("email is not set".into()))
    }

    async fn by_userinfo(&self, token: &Secret) -> Result<Identity, UpstreamError> {
        let info: UserInfo = self.ask(&["v2", "userinfo"], None, token).await?;
        let email = info.email.unwrap_or_default();
        let verified = info.email_verified == Some(true) && !email.is_empty();
        Ok(user(info.sub, info.name.unwrap_or_default(), email, verified))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: Option<&str>,
        token: &Secret,
    ) -> Result<T, UpstreamError> {
        let mut url = at(&self.rules.api, path.iter().copied());
        url.set_query(query);
        Ok(self.client.get_json(&url, Auth::Bearer(token.expose())).await?)
    }
}

/// A user whose address stands in for a missing name.
fn user(user_id: String, name: String, email: String, email_verified: bool) -> Identity {
    let username = if name.is_empty() { email.clone() } else { name };
    Identity { user_id, username, email, email_verified, ..Identity::default() }
}
