//! `/approval`: the user is asked for consent (oidc-core spec, 15.3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::{AuthRequest, Client, Login};
use dex_oidc::Scope;
use dex_pages::Approval;
use dex_web::{App, Incoming, PageError, Step};
use http::{Method, StatusCode};

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
    };
    visit.page(StatusCode::OK, &page)
}

async fn decide(visit: &Visit<'_>) -> Result<Response, AuthorizeError> {
    let (request, _) = signed(visit, &[Step::Approval]).await?;
    let parameters = visit.parameters("Failed to parse request.")?;
    if parameters.get("approval") == "approve" {
        return Ok(visit.see_other("/auth", &Step::Approved.parameters(&request)));
    }
    let kept = Kept::Stored;
    Err(denied(visit, &Pending { request, kept }, "The user refused.").await?)
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
