//! The factors that a login asks for, and the way from one to the next.

use dex_mfa::{FactorKind, SecondFactor, UnknownFactor};
use dex_model::{AuthRequest, Client, Connector, UserIdentity};
use dex_oidc::{Form, Scope};
use dex_storage::Change;
use dex_token::{FactorsError, second_factors};
use dex_web::{PageError, Step};
use http::StatusCode;

use super::asked::whose;
use crate::pending::client_of;
use crate::visit::Visit;

/// Whether this login has to show more than it has (sessions-ui spec, 3.2).
///
/// # Errors
///
/// The page of a chain that cannot be asked for: nobody gets by.
pub(crate) async fn is_due(visit: &Visit<'_>, request: &AuthRequest) -> Result<bool, PageError> {
    if request.mfa_validated {
        return Ok(false);
    }
    // Whether a client asks for what is not there was seen when its connector was chosen, but not what its audiences do.
    let audience = |scope: &String| matches!(Scope::of(scope), Scope::Audience(_));
    if visit.app.settings.second_factors.factors.is_empty() && !request.scopes.iter().any(audience) {
        return Ok(false);
    }
    Ok(!of(visit, request).await?.is_empty())
}

/// The chain that this client asks for of who comes through a connector of this kind.
///
/// # Errors
///
/// The page of a chain that cannot be asked for.
pub(crate) fn asked_by<'a>(
    visit: &Visit<'a>,
    client: &Client,
    connector_kind: &str,
) -> Result<Vec<&'a SecondFactor>, PageError> {
    visit.app.settings.second_factors.chain(client, connector_kind).map_err(not_set_up)
}

fn not_set_up(error: UnknownFactor) -> PageError {
    PageError::new(StatusCode::INTERNAL_SERVER_ERROR, "The second factor of this application is not set up.")
        .hint("Please tell the administrator.")
        .because(error)
}

/// The chain of a login, with what the audiences of its token ask for. Whoever is to set its first factor up and has another
/// shows that one before: a password alone sets up the very first.
pub(super) async fn of<'a>(visit: &Visit<'a>, request: &AuthRequest) -> Result<Vec<&'a SecondFactor>, PageError> {
    let client = client_of(visit, request).await?;
    let connector = visit.app.store.get::<Connector>(&request.connector_id).await?;
    let connector = connector.ok_or_else(|| PageError::bad_request("Requested resource does not exist."))?;
    let chain = second_factors(visit.app, &client, &request.scopes, &connector.kind).await;
    let mut chain = chain.map_err(|error| match error {
        FactorsError::Unknown(error) => not_set_up(error),
        FactorsError::Storage(error) => error.into(),
    })?;
    let Some(first) = chain.first() else { return Ok(chain) };
    let Some(user) = visit.app.store.get::<UserIdentity>(whose(request)?).await? else { return Ok(chain) };
    let mut all = visit.app.settings.second_factors.factors.iter();
    let had = all.find(|factor| factor.applies_to(&connector.kind) && factor.is_set_up(&user));
    if let Some(had) = had.filter(|_| !first.is_set_up(&user)) {
        chain.retain(|factor| factor.id != had.id);
        chain.insert(0, had);
    }
    Ok(chain)
}

/// Where a factor is shown: its page and the parameters that let in there.
pub(super) fn way_to(factor: &SecondFactor, request: &AuthRequest) -> (&'static str, Form) {
    let route = match factor.kind {
        FactorKind::Totp { .. } => "/mfa/totp",
        FactorKind::WebAuthn(_) => "/mfa/webauthn",
    };
    let signed = Step::Authenticator(&factor.id).parameters(request);
    (route, Form::of([("authenticator", factor.id.as_str())]).and(signed))
}

/// Where to go once `factor` was shown: to the next one of the chain, or back to the dispatcher, all being shown.
pub(super) async fn after(
    visit: &Visit<'_>,
    request: &AuthRequest,
    factor: &SecondFactor,
) -> Result<(&'static str, Form), PageError> {
    let chain = of(visit, request).await?;
    let place = chain.iter().position(|one| one.id == factor.id);
    // Whoever has shown what is not asked for any more has shown nothing of what is.
    let place = place.ok_or_else(|| {
        PageError::bad_request("The second factors of this application have changed.")
            .hint("Please go back to the application and start again.")
    })?;
    if let Some(next) = chain.get(place + 1) {
        return Ok(way_to(next, request));
    }
    let request = change(visit, request, |row| AuthRequest { mfa_validated: true, ..row }).await?;
    Ok(("/auth", Step::Continue.parameters(&request)))
}

/// Changes what is kept of this login. Not that of whoever has logged in for the same request meanwhile, whose key is another:
/// what one has shown lets nobody else in.
pub(super) async fn change(
    visit: &Visit<'_>,
    request: &AuthRequest,
    change: impl Fn(AuthRequest) -> AuthRequest + Send + Sync,
) -> Result<AuthRequest, PageError> {
    let gone =
        || PageError::bad_request("User session error.").hint("Please go back to the application and start again.");
    let changed = |row: AuthRequest| if row.hmac_key == request.hmac_key { Ok(change(row)) } else { Err(gone()) };
    match visit.app.store.update(request.id.as_str(), changed).await? {
        Change::Made(request) => Ok(request),
        Change::Missing => Err(gone()),
    }
}
