//! Crowd's user management API.

use std::fmt;

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, Call, CallError, Client, PageLimits, Pages, Secret};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::forge::at;

/// How many groups are asked for at a time. Crowd tells as many if it is not asked.
const PAGE_GROUPS: usize = 1000;

/// How many groups of one user are read: ten full pages, and an empty one that says there are no more.
const GROUPS: PageLimits = PageLimits { pages: 11, entries: 10_000, page_bytes: 4 * 1024 * 1024, what: "groups" };

/// Crowd, as our application there sees it.
pub(super) struct Api {
    pub(super) client: Client,
    /// With the context path.
    pub(super) root: Url,
    pub(super) id: String,
    pub(super) secret: Secret,
}

/// A user's profile.
#[derive(Deserialize)]
pub(super) struct User {
    /// Stable. Old servers have none.
    #[serde(default)]
    pub(super) key: String,
    /// The login name in Crowd's own spelling.
    pub(super) name: String,
    #[serde(default)]
    pub(super) email: String,
    #[serde(default = "yes")]
    pub(super) active: bool,
}

fn yes() -> bool {
    true
}

/// Why Crowd begins no session.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    pub(super) reason: String,
    #[serde(default)]
    message: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

#[derive(Serialize)]
struct Credentials<'a> {
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

#[derive(Deserialize)]
struct GroupPage {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
}

impl Api {
    /// Begins a session for whoever has this password, or for this user without one. The inner error is what Crowd says of the
    /// user.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when Crowd says nothing of the user.
    pub(super) async fn begin_session(
        &self,
        username: &str,
        password: Option<&str>,
    ) -> Result<Result<(), Said>, UpstreamError> {
        let mut url = self.resource(&["session"]);
        if password.is_none() {
            url.set_query(Some("validate-password=false"));
        }
        let call = Call::post(&url).auth(self.auth()).header(header::ACCEPT, "application/json");
        let call = call.secret(password.unwrap_or_default()).json(&Credentials { username, password })?;
        let answer = self.client.call(call).await?;
        if answer.status.is_client_error()
            && answer.status != StatusCode::UNAUTHORIZED
            && let Ok(said) = answer.json::<Said>()
            && said.reason != "APPLICATION_PERMISSION_DENIED"
        {
            return Ok(Err(said));
        }
        answer.success().map_err(|error| self.judged(error))?.json::<Map<String, Value>>()?;
        Ok(Ok(()))
    }

    /// A user's profile.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Gone`] if Crowd knows nobody of this name.
    pub(super) async fn user(&self, username: &str) -> Result<User, UpstreamError> {
        let mut url = self.resource(&["user"]);
        url.query_pairs_mut().append_pair("username", username);
        self.client.get_json(&url, self.auth()).await.map_err(|error| self.judged(error))
    }

    /// The groups a user is in, those that hold only other groups too.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unacceptable`] beyond the limits: a gate must not be decided by half a list.
    pub(super) async fn groups(&self, username: &str) -> Result<Vec<String>, UpstreamError> {
        let page = |url: &mut Url, start: usize| {
            url.query_pairs_mut()
                .clear()
                .append_pair("username", username)
                .append_pair("start-index", &start.to_string())
                .append_pair("max-results", &PAGE_GROUPS.to_string());
        };
        let (mut url, mut start) = (self.resource(&["user", "group", "nested"]), 0);
        page(&mut url, start);
        let all = Pages::new(&self.client, url.clone(), self.auth(), GROUPS).all_by(|read: GroupPage| {
            start += read.groups.len();
            let more = read.groups.len() >= PAGE_GROUPS;
            page(&mut url, start);
            (read.groups.into_iter().map(|group| group.name).collect(), more.then(|| url.to_string()))
        });
        all.await.map_err(|error| self.judged(error))
    }

    fn resource(&self, path: &[&str]) -> Url {
        at(&self.root, ["rest", "usermanagement", "1"].iter().chain(path).copied())
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Basic(&self.id, self.secret.expose())
    }

    /// Tells what is wrong with our application apart, in Dex's words.
    fn judged(&self, error: CallError) -> UpstreamError {
        match error {
            CallError::Refused { status: StatusCode::UNAUTHORIZED, .. } => UpstreamError::Misconfigured(format!(
                "dex failed to authenticate Crowd Application with ID {:?}; compare clientSecret with the application's password",
                self.id
            )),
            CallError::Refused { status: StatusCode::FORBIDDEN, excerpt, .. } => UpstreamError::Misconfigured(format!(
                "dex is forbidden from making requests to the Atlassian Crowd application by URL \"{}\"; add its address to \
                     the application's remote addresses: {excerpt}",
                self.root
            )),
            CallError::Refused { status: StatusCode::NOT_FOUND, excerpt, .. } => UpstreamError::Gone(excerpt),
            other => other.into(),
        }
    }
}
