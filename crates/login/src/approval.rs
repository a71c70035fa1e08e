//! `/approval`: the user is asked for consent (oidc-core spec, 15.3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::{AuthRequest, Client, Login};
use dex_oidc::{GrantType, Scope};
use dex_pages::Approval;
use dex_web::{App, Incoming, PageError, Step};
use http::{Method, StatusCode};

use crate::authorize::grant_of;
use crate::pending::{Kept, Pending, client_of, signed};
use crate::respond::AuthorizeError;
use crate::upstream::denied;
use crate::visit::{Visit, method_not_allowed};

/// How many other clients the page names.
const AUDIENCES_MAX: usize = 20;

/// `/approval`
pub(crate) async fn approval(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    let result = match incoming.method {
        Method::GET => ask(&visit).await.map_err(AuthorizeError::from),
        Method::POST => decide(&visit).await,
        _ => return method_not_allowed("GET, POST"),
    };
    visit.answer(result)
}

async fn ask(visit: &Visit<'_>) -> Result<Response, PageError> {
    let (request, _) = signed(visit, &[Step::Approval]).await?;
    let client = client_of(visit, &request).await?;
    let page = Approval {
        user: user(&request),
        client: named(&client),
        client_logo_url: client.logo_url,
        auth_req_id: request.id.clone(),
        scopes: Approval::describe(request.scopes.iter().map(String::as_str)),
        audiences: audiences(visit, &request).await?,
        device_code: device_code(visit, &request),
    };
    visit.page(StatusCode::OK, &page)
}

async fn decide(visit: &Visit<'_>) -> Result<Response, AuthorizeError> {
    let (request, _) = signed(visit, &[Step::Approval]).await?;
    let parameters = visit.parameters("Failed to parse request.")?;
    if parameters.get("approval") == "approve" {
        remember(visit, &request).await?;
        return Ok(visit.see_other("/auth", &Step::Approved.parameters(&request)));
    }
    let pending = Pending { request, kept: Kept::Stored, session: None };
    Err(denied(visit, &pending, "The user refused.").await?)
}

/// Remembers the consent with the user, if anything is remembered of users. Whoever answers once the user has left is
/// somebody else.
async fn remember(visit: &Visit<'_>, request: &AuthRequest) -> Result<(), PageError> {
    if let Login::Done { claims, .. } = &request.login
        && let Some(session) = visit.session().await?
        && session.is_of(&claims.user_id, &request.connector_id)
    {
        let user = (claims.user_id.as_str(), request.connector_id.as_str());
        dex_session::remember_consent(visit.app, user, &request.client_id, &request.scopes).await?;
    }
    Ok(())
}

/// The other clients that the token will be good for.
async fn audiences(visit: &Visit<'_>, request: &AuthRequest) -> Result<Vec<String>, PageError> {
    let mut names = Vec::new();
    let peers = request.scopes.iter().filter_map(|scope| match Scope::of(scope) {
        Scope::Audience(peer) if peer != request.client_id => Some(peer),
        _ => None,
    });
    for peer in peers.take(AUDIENCES_MAX) {
        let client = visit.app.store.get::<Client>(peer).await?;
        names.push(client.map_or_else(|| peer.to_owned(), |client| named(&client)));
    }
    Ok(names)
}

/// The code of the device that the login is for, where a session may have spared its user all else.
fn device_code(visit: &Visit<'_>, request: &AuthRequest) -> String {
    let grant = grant_of(&visit.app.issuer, request.asked_for(), &request.redirect_uri);
    let told = visit.app.settings.sessions.is_some() && grant == GrantType::DeviceCode;
    if told { request.state.clone() } else { String::new() }
}

fn named(client: &Client) -> String {
    if client.name.is_empty() { client.id.clone() } else { client.name.clone() }
}

fn user(request: &AuthRequest) -> String {
    let Login::Done { claims, .. } = &request.login else {
        return String::new();
    };
    let names = [&claims.username, &claims.preferred_username, &claims.email];
    names.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default()
}
