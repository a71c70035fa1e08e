//! The mock connectors: `mockCallback` and `mockPassword` (oidc-core spec, 9.3).

use std::fmt;

use async_trait::async_trait;

use crate::{
    Arrival, Connector, Departure, Finish, Identity, LoginMethod, PasswordAnswer, PasswordLogin, RedirectLogin,
    Redirection, Refresh, Start, SubjectToken, TokenIdentity, UpstreamError, Wanted,
};

/// Who every mock login is.
fn kilgore(groups: &[&str], data: &[u8]) -> Identity {
    Identity {
        user_id: "0-385-28089-0".into(),
        username: "Kilgore Trout".into(),
        preferred_username: String::new(),
        email: "kilgore@kilgore.trout".into(),
        email_verified: true,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        connector_data: data.into(),
    }
}

/// `mockCallback`: comes back at once, always as the same user.
#[derive(Debug, Clone, Copy, Default)]
pub struct MockCallback;

impl MockCallback {
    fn identity() -> Identity {
        kilgore(&["authors"], b"foobar")
    }
}

impl Connector for MockCallback {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }

    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        Some(self)
    }
}

#[async_trait]
impl RedirectLogin for MockCallback {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let mut to = login.callback.clone();
        to.query_pairs_mut().append_pair("state", login.state);
        Ok(Redirection { to: Departure::Get(to), data: Vec::new() })
    }

    async fn finish(&self, _: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        Ok(Self::identity().into())
    }
}

#[async_trait]
impl Refresh for MockCallback {
    async fn refresh(&self, _: Wanted, _: Identity) -> Result<Identity, UpstreamError> {
        Ok(Self::identity())
    }

    fn needs_data(&self) -> bool {
        false
    }
}

#[async_trait]
impl TokenIdentity for MockCallback {
    async fn identify(&self, _: SubjectToken<'_>) -> Result<Identity, UpstreamError> {
        Ok(Self::identity())
    }
}

/// `mockPassword`: one user name and one password.
#[derive(Clone)]
pub struct MockPassword {
    username: String,
    password: String,
}

impl MockPassword {
    /// The connector for one user.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if either is empty, in Dex's words.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Result<Self, UpstreamError> {
        let (username, password) = (username.into(), password.into());
        for (value, name) in [(&username, "username"), (&password, "password")] {
            if value.is_empty() {
                return Err(UpstreamError::Misconfigured(format!("no {name} supplied")));
            }
        }
        Ok(Self { username, password })
    }
}

impl fmt::Debug for MockPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockPassword").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Connector for MockPassword {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Password(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

#[async_trait]
impl PasswordLogin for MockPassword {
    async fn log_in(&self, _: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        let same = username == self.username && password == self.password;
        let kilgore = || PasswordAnswer::Identity(kilgore(&[], br#"{"test": "true"}"#));
        Ok(if same { kilgore() } else { PasswordAnswer::Wrong })
    }
}

#[async_trait]
impl Refresh for MockPassword {
    async fn refresh(&self, _: Wanted, identity: Identity) -> Result<Identity, UpstreamError> {
        Ok(identity)
    }

    fn needs_data(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_without_credentials_is_not_opened() {
        for (username, password, told) in [("", "x", "no username supplied"), ("x", "", "no password supplied")] {
            let error = MockPassword::new(username, password).unwrap_err();
            assert!(error.to_string().ends_with(told), "{error}");
        }
    }
}
