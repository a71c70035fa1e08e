//! `/auth/{connector}`: the login begins (oidc-core spec, 10.2).

use axum::response::Response;
use dex_connector::{Departure, LoginMethod, Start};
use dex_model::{AuthRequest, ConnectorData};
use dex_oidc::{AuthorizeErrorCode, Form};
use dex_token::policy::{Refusal, Whom, may_use};
use dex_web::connectors::Opened;
use dex_web::{PageError, redirect};
use http::{Method, StatusCode};

use super::session::{self, WayIn};
use super::trusted::{Trusted, find_client};
use super::{entry, policy};
use crate::mfa;
use crate::respond::AuthorizeError;
use crate::visit::Visit;
use crate::{pending, upstream};

/// Checks the request, gives the browser the login to carry, and sends it to where its user logs in.
pub(super) async fn start(visit: &Visit<'_>, path: Option<&str>) -> Result<Response, AuthorizeError> {
    let parameters = visit.parameters("Failed to parse request.")?;
    let client = find_client(visit, &parameters).await?;
    let client = client.ok_or_else(|| PageError::new(StatusCode::NOT_FOUND, "Invalid client_id."))?;
    let trusted = Trusted::new(visit, client, &parameters)?;
    let checked = trusted.check(visit).await?;
    let opened = choose(visit, &trusted, path).await?;
    let named = parameters.get("connector_id");
    if !named.is_empty() && named != opened.about.id {
        return Err(PageError::bad_request("Bad connector ID").into());
    }
    let way_in = session::way_in(visit, &trusted, &checked, &opened).await?;
    if !visit.is(&Method::GET) {
        return Err(PageError::bad_request("Unsupported request method.").into());
    }
    match way_in {
        WayIn::Session(reuse) => return session::log_in(visit, trusted, checked, opened, *reuse).await,
        WayIn::Choice => {
            return Ok(entry::list(
                visit,
                &trusted,
                std::slice::from_ref(opened.about.as_ref()),
                checked.asked.prompt,
            )?);
        }
        WayIn::Login => {}
    }
    let login = trusted.login(visit, checked, &opened.about.id);
    let (login, way) = direct(visit, &trusted, login, &opened).await?;
    hand_over(visit, &trusted, &login, way)
}

/// The connector in the path, if this client may use it for this.
async fn choose(visit: &Visit<'_>, trusted: &Trusted<'_>, path: Option<&str>) -> Result<Opened, PageError> {
    let id = path.ok_or_else(|| PageError::bad_request("Requested resource does not exist"))?;
    if !trusted.client.allows_connector(id) {
        return Err(upstream::refused(Refusal::Client));
    }
    let opened = upstream::open(visit, id).await?;
    may_use(&trusted.client, Whom::Anyone(&opened.about), trusted.grant).map_err(upstream::refused)?;
    mfa::asked_by(visit, &trusted.client, &opened.about.kind)?;
    Ok(opened)
}

/// How the browser gets to where its user logs in.
enum Way {
    /// On our own host.
    Local(String),
    Upstream(Departure),
}

/// The way to where the user logs in, and the login with what the connector keeps of it.
async fn direct(
    visit: &Visit<'_>,
    trusted: &Trusted<'_>,
    login: AuthRequest,
    opened: &Opened,
) -> Result<(AuthRequest, Way), PageError> {
    let issuer = &visit.app.issuer;
    match opened.connector.login() {
        LoginMethod::Redirect(upstream) => {
            let callback = issuer.absolute("/callback");
            let start = Start {
                wanted: upstream::wanted(visit, &trusted.client, &login.scopes, opened),
                callback: &callback,
                state: &login.id,
                login_hint: trusted.parameters.get("login_hint"),
                now: visit.now,
            };
            let redirection = upstream.start(&start).await;
            let redirection = redirection.map_err(|error| upstream::page(error, &opened.about.id, "Login error."))?;
            let connector_data = ConnectorData::new(redirection.data);
            Ok((AuthRequest { connector_data, ..login }, Way::Upstream(redirection.to)))
        }
        LoginMethod::Password(_) => {
            let back = way_back(visit, trusted).await?;
            let route = format!("{}/login", policy::connector_route(&opened.about.id));
            let to = issuer.local_with(&route, &asked_of(&back, &login.id, trusted.parameters.get("login_hint")));
            Ok((login, Way::Local(to)))
        }
    }
}

/// The parameters of the password form.
fn asked_of(back: &str, state: &str, login_hint: &str) -> Form {
    let hint = (!login_hint.is_empty()).then_some(("login_hint", login_hint));
    Form::of([("back", back)].into_iter().chain(hint).chain([("state", state)]))
}

/// The link to the other connectors, if there are any.
async fn way_back(visit: &Visit<'_>, trusted: &Trusted<'_>) -> Result<String, PageError> {
    let connectors = policy::available(visit.app, &trusted.client, trusted.grant).await?;
    if connectors.len() < 2 {
        return Ok(String::new());
    }
    let parameters = session::asking_again(visit, trusted.parameters.clone().without("connector_id"));
    Ok(visit.app.issuer.local_with("/auth", &parameters))
}

/// Sends the browser on its way with the login sealed in a cookie. Nothing is stored.
fn hand_over(
    visit: &Visit<'_>,
    trusted: &Trusted<'_>,
    login: &AuthRequest,
    way: Way,
) -> Result<Response, AuthorizeError> {
    let Some(cookies) = pending::carry(visit, login)? else {
        return Err(trusted.refuse(AuthorizeErrorCode::InvalidRequest, pending::TOO_LONG));
    };
    visit.set_cookies(cookies);
    Ok(match way {
        Way::Local(to) => redirect(StatusCode::FOUND, &to),
        Way::Upstream(to) => visit.depart(StatusCode::FOUND, to)?,
    })
}
