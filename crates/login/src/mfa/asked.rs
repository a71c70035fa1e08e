//! What every page of a factor has to know first (sessions-ui spec, 3.4).

use axum::response::Response;
use dex_mfa::SecondFactor;
use dex_model::{AuthRequest, Login, UserIdentity};
use dex_storage::{Change, StorageError};
use dex_web::{Attempt, PageError, Step};

use super::chain;
use crate::pending::signed;
use crate::visit::Visit;

/// A login whose user is asked for a factor.
pub(super) struct Asked<'a> {
    pub(super) request: AuthRequest,
    pub(super) factor: &'a SecondFactor,
    pub(super) identity: UserIdentity,
}

/// Who gets to a factor's page.
pub(super) enum Entry<'a> {
    /// Somebody who has to show the factor.
    Asked(Box<Asked<'a>>),
    /// Somebody who has shown all of them, and goes on.
    Done(Response),
}

/// The login that this browser was sent to show a factor for.
pub(super) async fn enter<'a>(visit: &Visit<'a>) -> Result<Entry<'a>, PageError> {
    let parameters = visit.query()?;
    let name = parameters.get("authenticator");
    let (request, _) = signed(visit, &[Step::Authenticator(name)]).await?;
    if request.mfa_validated {
        return Ok(Entry::Done(visit.see_other("/auth", &Step::Continue.parameters(&request))));
    }
    let chain = chain::of(visit, &request).await?;
    let factor = chain.into_iter().find(|factor| factor.id == name);
    let factor = factor.ok_or_else(|| PageError::bad_request("Unknown authenticator."))?;
    let identity = visit.app.store.get::<UserIdentity>(whose(&request)?).await?;
    let identity = identity.ok_or_else(gone)?;
    if identity.blocked_until > visit.now {
        return Err(crate::finish::blocked());
    }
    Ok(Entry::Asked(Box::new(Asked { request, factor, identity })))
}

pub(super) fn whose(request: &AuthRequest) -> Result<(&str, &str), PageError> {
    match &request.login {
        Login::Done { claims, .. } => Ok((claims.user_id.as_str(), request.connector_id.as_str())),
        Login::Awaited => Err(PageError::bad_request("Login process not yet finalized.")),
    }
}

fn gone() -> PageError {
    PageError::bad_request("User session error.").hint("Please go back to the application and start again.")
}

impl Asked<'_> {
    /// What is counted when the user shows something wrong.
    pub(super) fn attempt<'b>(&'b self, visit: &Visit<'_>) -> Attempt<'b> {
        Attempt::SecondFactor {
            connector_id: &self.request.connector_id,
            user_id: &self.identity.user_id,
            address: visit.incoming.address,
        }
    }

    /// Changes what is kept of the user. `None` when `change` gives up.
    pub(super) async fn update(
        &self,
        visit: &Visit<'_>,
        change: impl Fn(UserIdentity) -> Option<UserIdentity> + Send + Sync,
    ) -> Result<Option<UserIdentity>, PageError> {
        let whose = (self.identity.user_id.as_str(), self.request.connector_id.as_str());
        let changed = |identity| change(identity).ok_or(Kept::AsItWas);
        match visit.app.store.update(whose, changed).await {
            Ok(Change::Made(identity)) => Ok(Some(identity)),
            Ok(Change::Missing) => Err(gone()),
            Err(Kept::AsItWas) => Ok(None),
            Err(Kept::Failed(error)) => Err(error.into()),
        }
    }
}

/// Why an identity was not changed.
enum Kept {
    AsItWas,
    Failed(StorageError),
}

impl From<StorageError> for Kept {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}
