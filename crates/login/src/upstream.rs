//! Between a login and its connector.

use dex_connector::{LoginMethod, UpstreamError, Wanted};
use dex_model::{AuthRequest, Claims, Client, Connector, Login};
use dex_oidc::{AuthorizeErrorCode, GrantType};
use dex_token::policy::{Refusal, Whom, may_use};
use dex_web::PageError;
use dex_web::connectors::{ConnectorError, Opened};
use http::StatusCode;

use crate::authorize::grant_of;
use crate::finish::{blocked, locked};
use crate::mfa;
use crate::pending::{Pending, client_of};
use crate::respond::{AuthorizeError, Destination};
use crate::visit::Visit;

const ASK_FOR_GROUP: &str = "Ask whoever runs the application to add you to one of its groups.";

/// What a login that has begun goes through.
pub(crate) struct Chosen {
    pub(crate) client: Client,
    pub(crate) opened: Opened,
    grant: GrantType,
}

impl Chosen {
    /// What a request goes through that has just been checked.
    pub(crate) fn new(client: Client, opened: Opened, grant: GrantType) -> Self {
        Self { client, opened, grant }
    }

    /// What the connector must know of the request.
    pub(crate) fn wanted(&self, visit: &Visit<'_>, request: &AuthRequest) -> Wanted {
        wanted(visit, &self.client, &request.scopes, &self.opened)
    }

    /// Whether the client's users may be this one.
    pub(crate) fn admit(&self, claims: &Claims) -> Result<(), PageError> {
        may_use(&self.client, Whom::User(&self.opened.about, claims), self.grant).map_err(refused)
    }
}

/// The client and the connector of a login that has begun. `path` is the connector the address names, if it names one.
pub(crate) async fn chosen(visit: &Visit<'_>, request: &AuthRequest, path: Option<&str>) -> Result<Chosen, PageError> {
    if path.is_some_and(|path| path != request.connector_id) {
        return Err(PageError::bad_request("Requested resource does not exist."));
    }
    let client = client_of(visit, request).await?;
    let opened = open(visit, &request.connector_id).await?;
    let grant = grant_of(&visit.app.issuer, request.asked_for(), &request.redirect_uri);
    may_use(&client, Whom::Anyone(&opened.about), grant).map_err(refused)?;
    mfa::asked_by(visit, &client, &opened.about.kind)?;
    Ok(Chosen::new(client, opened, grant))
}

/// What the connector must know of a login for these scopes.
///
/// With browser sessions the next client will have what this login brings, so groups are asked for wherever that costs the
/// user nothing: where they type a password. An upstream's page would ask them for more than this client needs.
pub(crate) fn wanted(visit: &Visit<'_>, client: &Client, scopes: &[String], opened: &Opened) -> Wanted {
    let wanted = dex_token::wanted(client, scopes);
    let for_others = visit.app.settings.sessions.is_some() && !is_redirect(opened);
    Wanted { groups: wanted.groups || for_others, ..wanted }
}

/// Whether people log in on pages of the upstream's own.
pub(crate) fn is_redirect(opened: &Opened) -> bool {
    matches!(opened.connector.login(), LoginMethod::Redirect(_))
}

/// Whether the login may still end as it began: client, connector, policies and the account may have changed meanwhile.
pub(crate) async fn still_allowed(visit: &Visit<'_>, request: &AuthRequest) -> Result<(), PageError> {
    let client = client_of(visit, request).await?;
    let connector = visit.app.store.get::<Connector>(&request.connector_id).await?;
    let connector = connector.ok_or_else(unknown)?;
    let whom = match &request.login {
        Login::Done { claims, .. } if locked(visit, (&claims.user_id, &connector.id)).await? => return Err(blocked()),
        Login::Done { claims, .. } => Whom::User(&connector, claims),
        Login::Awaited => Whom::Anyone(&connector),
    };
    let grant = grant_of(&visit.app.issuer, request.asked_for(), &request.redirect_uri);
    may_use(&client, whom, grant).map_err(refused)
}

/// Why a client may not use a connector, for the person.
pub(crate) fn refused(refusal: Refusal) -> PageError {
    match refusal {
        Refusal::Client | Refusal::Disabled => PageError::new(StatusCode::FORBIDDEN, refusal.to_string()),
        Refusal::Groups => PageError::new(StatusCode::FORBIDDEN, refusal.to_string()).hint(ASK_FOR_GROUP),
        Refusal::Connector => PageError::bad_request(refusal.to_string()),
    }
}

fn unknown() -> PageError {
    PageError::bad_request("Connector failed to initialize")
}

/// The connector of this id, opened.
pub(crate) async fn open(visit: &Visit<'_>, id: &str) -> Result<Opened, PageError> {
    let opened = visit.app.connectors.get(id).await;
    opened.map_err(|error| match error {
        ConnectorError::Unknown => unknown(),
        ConnectorError::Broken(cause) => {
            tracing::error!(connector_id = id, err = %cause, "the connector cannot be opened");
            PageError::new(StatusCode::INTERNAL_SERVER_ERROR, "Connector failed to initialize")
                .hint("Please choose another way to log in, or tell the administrator.")
                .because(cause)
        }
        ConnectorError::Storage(error) => error.into(),
    })
}

/// Why nobody was logged in, for the person or for the client; `said` is for what only an administrator mends.
pub(crate) async fn failed(
    visit: &Visit<'_>,
    pending: &Pending,
    error: UpstreamError,
    said: &'static str,
) -> AuthorizeError {
    match error {
        UpstreamError::Denied(_) => {
            match denied(visit, pending, "The login was refused by the upstream or its user.").await {
                Ok(refusal) => {
                    tracing::info!(connector_id = pending.request.connector_id, err = %error, "login refused upstream");
                    refusal
                }
                Err(error) => error.into(),
            }
        }
        other => page(other, &pending.request.connector_id, said).into(),
    }
}

/// Tells the client that somebody said no; the login ends with that.
pub(crate) async fn denied(
    visit: &Visit<'_>,
    pending: &Pending,
    description: &str,
) -> Result<AuthorizeError, PageError> {
    ended(visit, pending, AuthorizeErrorCode::AccessDenied, description).await
}

/// Ends the login with an error for the client.
pub(crate) async fn ended(
    visit: &Visit<'_>,
    pending: &Pending,
    code: AuthorizeErrorCode,
    description: &str,
) -> Result<AuthorizeError, PageError> {
    let request = &pending.request;
    if pending.kept.in_store() && visit.app.store.remove::<AuthRequest>(&request.id).await? == dex_storage::Write::Lost
    {
        return Err(PageError::bad_request("User session error."));
    }
    Ok(AuthorizeError::Redirect {
        to: Destination::of(visit, request, pending.kept).await?,
        code,
        description: description.to_owned(),
    })
}

/// An upstream's failure as a page.
pub(crate) fn page(error: UpstreamError, connector_id: &str, said: &'static str) -> PageError {
    let page = match error {
        UpstreamError::NotInRequiredGroups { .. } => {
            PageError::new(StatusCode::FORBIDDEN, "You are not a member of any of the required groups to authenticate.")
                .hint(ASK_FOR_GROUP)
        }
        UpstreamError::Unreachable(_) => {
            PageError::new(StatusCode::SERVICE_UNAVAILABLE, "The login provider cannot be reached.")
                .hint("Please try again in a moment.")
                .of_upstream(connector_id)
        }
        UpstreamError::Misconfigured(_) => PageError::new(StatusCode::INTERNAL_SERVER_ERROR, said),
        _ => PageError::new(StatusCode::INTERNAL_SERVER_ERROR, said).of_upstream(connector_id),
    };
    page.because(error)
}
