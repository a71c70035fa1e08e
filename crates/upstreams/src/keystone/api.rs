//! Keystone's Identity API v3.

use dex_connector::UpstreamError;
use dex_upstream_client::{Answer, Auth, Call, CallError, Client, PageLimits, Pages, Secret};
use http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::config::Domain;
use crate::forge::at;

/// How the token is shown that asks.
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// How a token comes.
const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// What comes with a refusal when the password is right and a further factor is missing.
const RECEIPT: HeaderName = HeaderName::from_static("openstack-auth-receipt");

/// How many groups of one user are read.
const GROUPS: PageLimits = PageLimits::of("groups");

/// Keystone, and the domain all users are in.
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) root: Url,
    pub(super) domain: Domain,
}

/// What came of a password.
pub(super) enum Authenticated {
    Granted(Granted),
    Refused(Refusal),
}

/// A token and whose it is.
pub(super) struct Granted {
    pub(super) token: Secret,
    pub(super) user: TokenUser,
    /// Whether it is good for a project, a domain or the system, and so carries roles.
    pub(super) scoped: bool,
}

/// Why there is no token.
pub(super) enum Refusal {
    /// The password is right and has expired.
    PasswordExpired,
    /// The password is right and not enough.
    FurtherFactor,
    /// Anything else: Keystone tells nobody more.
    Wrong(String),
}

#[derive(Deserialize)]
pub(super) struct TokenUser {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
}

/// A user as looked up.
#[derive(Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub(super) name: String,
    pub(super) email: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    user: TokenUser,
    project: Option<Value>,
    domain: Option<Value>,
    system: Option<Value>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: Message,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct UserAnswer {
    user: User,
}

#[derive(Deserialize)]
struct GroupsAnswer {
    groups: Vec<Group>,
    #[serde(default)]
    links: Links,
    /// Set when an operator's `list_limit` cut the list.
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct Group {
    name: String,
}

#[derive(Default, Deserialize)]
struct Links {
    next: Option<String>,
}

impl Api {
    /// A token for a user of the domain, good for nothing in particular unless the user has a default project.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when Keystone says nothing of the password.
    pub(super) async fn authenticate(&self, name: &str, password: &str) -> Result<Authenticated, UpstreamError> {
        let user = json!({"name": name, "domain": self.domain, "password": password});
        let answer =
            self.tokens(json!({"identity": {"methods": ["password"], "password": {"user": user}}}), password).await?;
        match answer.status {
            StatusCode::CREATED => Ok(Authenticated::Granted(granted(&answer)?)),
            StatusCode::UNAUTHORIZED => Ok(Authenticated::Refused(refusal(&answer))),
            _ => Err(unexpected(answer).into()),
        }
    }

    /// A token like another one that carries the user's roles in the system or in the domain; `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when Keystone is not there.
    pub(super) async fn with_roles(&self, token: &Secret) -> Result<Option<Secret>, UpstreamError> {
        for scope in [json!({"system": {"all": true}}), json!({"domain": self.domain})] {
            let identity = json!({"methods": ["token"], "token": {"id": token.expose()}});
            let answer = self.tokens(json!({"identity": identity, "scope": scope}), token.expose()).await?;
            match answer.status {
                StatusCode::CREATED => return Ok(Some(granted(&answer)?.token)),
                status if status.is_client_error() => {}
                _ => return Err(unexpected(answer).into()),
            }
        }
        Ok(None)
    }

    /// # Errors
    ///
    /// [`CallError`]; 403 if the token may not ask, 404 if there is no such user, 401 if the token has ended.
    pub(super) async fn user(&self, id: &str, token: &Secret) -> Result<User, CallError> {
        let url = at(&self.root, ["v3", "users", id]);
        let call = Call::get(&url).header(AUTH_TOKEN, token.expose()).secret(token.expose());
        let answer = self.client.call(call.header(header::ACCEPT, "application/json")).await?.success()?;
        Ok(answer.json::<UserAnswer>()?.user)
    }

    /// The names of a user's groups.
    ///
    /// # Errors
    ///
    /// As [`Api::user`], and [`CallError::TooMany`] for a list that is cut or too long: a gate must not be decided by a part.
    pub(super) async fn groups(&self, id: &str, token: &Secret) -> Result<Vec<String>, CallError> {
        let url = at(&self.root, ["v3", "users", id, "groups"]);
        let mut cut_at = None;
        let pages = Pages::new(&self.client, url, Auth::None, GROUPS).header(AUTH_TOKEN, token.expose());
        let all = pages.all_by(|page: GroupsAnswer| {
            let names: Vec<_> = page.groups.into_iter().map(|group| group.name).collect();
            if page.truncated && page.links.next.is_none() {
                cut_at = Some(names.len());
            }
            (names, page.links.next)
        });
        let all = all.await?;
        match cut_at {
            None => Ok(all),
            Some(limit) => Err(CallError::TooMany { limit, what: "groups, which is Keystone's list_limit" }),
        }
    }

    async fn tokens(&self, auth: Value, secret: &str) -> Result<Answer, UpstreamError> {
        let url = at(&self.root, ["v3", "auth", "tokens", ""]);
        let call = Call::post(&url).header(header::ACCEPT, "application/json").secret(secret);
        Ok(self.client.call(call.json(&json!({"auth": auth}))?).await?)
    }
}

fn granted(answer: &Answer) -> Result<Granted, CallError> {
    let expected = "the token that was asked for";
    let token = answer.headers.get(SUBJECT_TOKEN).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token.is_empty() {
        return Err(answer.not_understood(expected, "it has no X-Subject-Token"));
    }
    let Token { user, project, domain, system } = answer.json::<TokenAnswer>()?.token;
    if !names_a_segment(&user.id) {
        return Err(answer.not_understood(expected, "its user has no id that a URL can hold"));
    }
    let scoped = project.is_some() || domain.is_some() || system.is_some();
    Ok(Granted { token: Secret::new(token), user, scoped })
}

/// Whether a URL with this segment asks for this and nothing else: building one leaves out line breaks and steps.
fn names_a_segment(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && !id.contains(char::is_control)
}

/// Keystone tells by its words alone that a password has expired; it says so only to whoever knows it.
fn refusal(answer: &Answer) -> Refusal {
    if answer.headers.contains_key(RECEIPT) {
        return Refusal::FurtherFactor;
    }
    let message = answer.json::<ErrorAnswer>().map(|answer| answer.error.message).unwrap_or_default();
    match message.contains("password is expired") {
        true => Refusal::PasswordExpired,
        false => Refusal::Wrong(message),
    }
}

fn unexpected(answer: Answer) -> CallError {
    match answer.success() {
        Ok(answer) => answer.not_understood("a new token", "its status is not 201"),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_to_itself_alone() {
        let root = Url::parse("https://k.example/identity").unwrap();
        for id in ["0123456789abcdef", "a/../b", "...", "ż ?#%2e"] {
            assert!(names_a_segment(id), "{id:?}");
            assert_eq!(at(&root, ["v3", "users", id]).path_segments().unwrap().count(), 4, "{id:?}");
        }
        for id in ["", ".", "..", "a\nb", "\t", "a\u{7f}"] {
            assert!(!names_a_segment(id), "{id:?}");
        }
    }
}
