//! GitHub's API (connectors-platform spec, 2.3).

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, Call, CallError, PageLimits, Pages, Secret};
use http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::emails::Email;
use super::groups::{Organization, Team};
use crate::forge::{Forge, at, told};

/// The version of the API that is meant (GitHub REST API, "API versions").
const VERSION: (HeaderName, &str) = (HeaderName::from_static("x-github-api-version"), "2022-11-28");

/// GitHub's largest page.
const PER_PAGE: &str = "100";

/// How much of each list is read; beyond it the login fails, for a gate must not be decided by half a list.
const TEAMS: PageLimits = PageLimits { pages: 50, entries: 5_000, page_bytes: 4 * 1024 * 1024, what: "teams" };
const ORGS: PageLimits = PageLimits { pages: 50, entries: 5_000, what: "organizations", ..TEAMS };
const EMAILS: PageLimits = PageLimits { pages: 10, entries: 1_000, what: "addresses", ..TEAMS };

/// The user whose token it is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) login: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
}

/// The API, asked as one user.
pub(super) struct Api<'a> {
    pub(super) forge: &'a Forge,
    pub(super) root: &'a Url,
    pub(super) token: &'a Secret,
}

impl Api<'_> {
    pub(super) async fn user(&self) -> Result<User, UpstreamError> {
        let url = at(self.root, ["user"]);
        let answer = self.forge.client.call(self.get(&url)).await.and_then(|answer| answer.success()?.json());
        answer.map_err(|error| told("github: get user", error))
    }

    pub(super) async fn emails(&self) -> Result<Vec<Email>, UpstreamError> {
        self.list("emails", EMAILS).await.map_err(|error| told("github: get user", error))
    }

    pub(super) async fn orgs(&self) -> Result<Vec<Organization>, UpstreamError> {
        self.list("orgs", ORGS).await.map_err(|error| told("github: get orgs", error))
    }

    pub(super) async fn teams(&self) -> Result<Vec<Team>, UpstreamError> {
        self.list("teams", TEAMS).await.map_err(|error| told("github: get teams", error))
    }

    /// Whether somebody is in an organization. Who is not may be one of its public members still, which GitHub redirects to.
    pub(super) async fn is_member(&self, org: &str, login: &str) -> Result<bool, UpstreamError> {
        let url = at(self.root, ["orgs", org, "members", login]);
        let answer = match self.forge.client.call(self.get(&url)).await {
            // The redirect leads to another host: GitHub does not say yes.
            Err(CallError::BadLink(_)) => None,
            Err(error) => return Err(told("github: get org membership", error)),
            Ok(answer) => Some(answer),
        };
        match answer.as_ref().map(|answer| answer.status) {
            Some(StatusCode::NO_CONTENT) => Ok(true),
            // 403: the organization keeps our application out, or wants the user to sign on first.
            None | Some(StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) => {
                let status = answer.map_or(302, |answer| answer.status.as_u16());
                let text = "user not in org or application not authorized to read org data";
                tracing::info!(user = login, org, status, "{text}");
                Ok(false)
            }
            Some(status) => {
                let text = format!("github: unexpected return status: \"{status}\"");
                Err(match status.is_server_error() {
                    true => UpstreamError::Unreachable(text.into()),
                    false => UpstreamError::Unacceptable(text),
                })
            }
        }
    }

    fn get<'c>(&'c self, url: &'c Url) -> Call<'c> {
        let call = Call::get(url).auth(self.auth()).header(VERSION.0, VERSION.1);
        call.header(header::ACCEPT, "application/json")
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Bearer(self.token.expose())
    }

    async fn list<T: DeserializeOwned>(&self, of_user: &str, limits: PageLimits) -> Result<Vec<T>, CallError> {
        let mut first = at(self.root, ["user", of_user]);
        first.query_pairs_mut().append_pair("per_page", PER_PAGE);
        Pages::new(&self.forge.client, first, self.auth(), limits).header(VERSION.0, VERSION.1).all().await
    }
}
