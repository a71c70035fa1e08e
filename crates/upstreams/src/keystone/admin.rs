//! The administrator of the domain, who looks users up.

use dex_connector::UpstreamError;
use dex_upstream_client::{CallError, Secret};
use http::StatusCode;
use tokio::sync::Mutex;

use super::api::{Api, Authenticated, Refusal, User};
use crate::forge::told;

/// The administrator, and the token that is used until it ends, because checking a password costs Keystone much.
pub(super) struct Admin {
    username: String,
    password: Secret,
    token: Mutex<Option<Secret>>,
}

impl Admin {
    pub(super) fn new((username, password): (String, Secret)) -> Self {
        Self { username, password, token: Mutex::default() }
    }

    /// A user, as the administrator sees them.
    ///
    /// # Errors
    ///
    /// As [`Admin::ask`].
    pub(super) async fn user(&self, api: &Api, id: &str) -> Result<Result<User, CallError>, UpstreamError> {
        self.ask(api, |token| async move { api.user(id, &token).await }).await
    }

    /// A user's groups, as the administrator sees them.
    ///
    /// # Errors
    ///
    /// As [`Admin::ask`].
    pub(super) async fn groups(&self, api: &Api, id: &str) -> Result<Result<Vec<String>, CallError>, UpstreamError> {
        self.ask(api, |token| async move { api.groups(id, &token).await }).await
    }

    /// Asks with the administrator's token; once more with a new one if it has ended.
    ///
    /// # Errors
    ///
    /// The outer one if there is no token: [`UpstreamError::Misconfigured`] if Keystone refuses the password. The inner one is
    /// what was asked.
    async fn ask<T, F: Future<Output = Result<T, CallError>>>(
        &self,
        api: &Api,
        question: impl Fn(Secret) -> F,
    ) -> Result<Result<T, CallError>, UpstreamError> {
        let token = self.token(api, None).await?;
        let answer = question(token.clone()).await;
        if !matches!(&answer, Err(error) if error.status() == Some(StatusCode::UNAUTHORIZED)) {
            return Ok(answer);
        }
        let token = self.token(api, Some(&token)).await?;
        Ok(question(token).await)
    }

    /// A token that is not `ended`. One is fetched at a time.
    async fn token(&self, api: &Api, ended: Option<&Secret>) -> Result<Secret, UpstreamError> {
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_ref().filter(|token| Some(*token) != ended) {
            return Ok(token.clone());
        }
        *held = None;
        let token = self.log_in(api).await.map_err(|error| told("keystone: failed to obtain admin token", error))?;
        Ok(held.insert(token).clone())
    }

    async fn log_in(&self, api: &Api) -> Result<Secret, UpstreamError> {
        let granted = match api.authenticate(&self.username, self.password.expose()).await? {
            Authenticated::Granted(granted) => granted,
            Authenticated::Refused(refusal) => {
                let why = match refusal {
                    Refusal::PasswordExpired => "the password has expired".to_owned(),
                    Refusal::FurtherFactor => "a further factor is asked for".to_owned(),
                    Refusal::Wrong(message) => message,
                };
                let text = format!("Keystone refuses {:?} with keystonePassword: {why}", self.username);
                return Err(UpstreamError::Misconfigured(text));
            }
        };
        if granted.scoped {
            return Ok(granted.token);
        }
        Ok(api.with_roles(&granted.token).await?.unwrap_or(granted.token))
    }
}
