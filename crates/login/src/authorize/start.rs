//! `/auth/{connector}`: the login begins (oidc-core spec, 10.2).

use axum::response::Response;
use dex_connector::{Departure, LoginMethod, Start};
use dex_model::{AuthRequest, ConnectorData};
use dex_oidc::{AuthorizeErrorCode, Form};
use dex_pages::{FormPost, HiddenField};
use dex_token::policy::{Refusal, Whom, may_use};
use dex_web::connectors::Opened;
use dex_web::cookies::{self, COOKIE_BYTES_MAX};
use dex_web::{PageError, redirect};
use http::{Method, StatusCode, header};

use super::policy;
use super::trusted::{Trusted, find_client};
use crate::respond::AuthorizeError;
use crate::upstream;
use crate::visit::Visit;

/// Checks the request, gives the browser the login to carry, and sends it to where its user logs in.
pub(super) async fn start(visit: &Visit<'_>, path: Option<&str>) -> Result<Response, AuthorizeError> {
    let parameters = visit.parameters("Failed to parse request.")?;
    let client = find_client(visit, &parameters).await?;
    let client = client.ok_or_else(|| PageError::new(StatusCode::NOT_FOUND, "Invalid client_id."))?;
    let trusted = Trusted::new(visit, client, &parameters)?;
    let asked = trusted.check(visit).await?;
    let opened = choose(visit, &trusted, path).await?;
    let named = parameters.get("connector_id");
    if !named.is_empty() && named != opened.about.id {
        return Err(PageError::bad_request("Bad connector ID").into());
    }
    if asked.prompt.none {
        return Err(trusted.refuse(AuthorizeErrorCode::LoginRequired, "User not authenticated"));
    }
    if !visit.is(&Method::GET) {
        return Err(PageError::bad_request("Unsupported request method.").into());
    }
    let login = trusted.login(visit, asked, &opened.about.id);
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
    Ok(opened)
}

/// How the browser gets to where its user logs in.
enum Way {
    Redirect(String),
    Form(FormPost),
}

impl From<Departure> for Way {
    fn from(departure: Departure) -> Self {
        match departure {
            Departure::Get(url) => Self::Redirect(url.into()),
            Departure::Post { action, fields } => Self::Form(FormPost {
                action: action.into(),
                fields: fields.into_iter().map(|(name, value)| HiddenField::new(name, value)).collect(),
            }),
        }
    }
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
                wanted: dex_token::wanted(&trusted.client, &login.scopes),
                callback: &callback,
                state: &login.id,
                login_hint: trusted.parameters.get("login_hint"),
                now: visit.now,
            };
            let redirection = upstream.start(&start).await;
            let redirection = redirection.map_err(|error| upstream::page(error, "Login error."))?;
            let connector_data = ConnectorData::new(redirection.data);
            Ok((AuthRequest { connector_data, ..login }, redirection.to.into()))
        }
        LoginMethod::Password(_) => {
            let back = way_back(visit, trusted).await?;
            let route = format!("{}/login", policy::connector_route(&opened.about.id));
            let to = issuer.local_with(&route, &asked_of(&back, &login.id, trusted.parameters.get("login_hint")));
            Ok((login, Way::Redirect(to)))
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
    let parameters = trusted.parameters.clone().without("connector_id");
    Ok(visit.app.issuer.local_with("/auth", &parameters))
}

/// Sends the browser on its way with the login sealed in a cookie. Nothing is stored.
fn hand_over(
    visit: &Visit<'_>,
    trusted: &Trusted<'_>,
    login: &AuthRequest,
    way: Way,
) -> Result<Response, AuthorizeError> {
    let app = visit.app;
    let Some(sealed) = app.seals.seal_request(login) else {
        return Err(PageError::new(StatusCode::SERVICE_UNAVAILABLE, "Login error.").into());
    };
    if sealed.len() > COOKIE_BYTES_MAX {
        return Err(trusted.refuse(AuthorizeErrorCode::InvalidRequest, "The request is too long."));
    }
    let seconds = app.settings.auth_requests_valid_for.as_secs();
    let mut response = match way {
        Way::Redirect(to) => redirect(StatusCode::FOUND, &to),
        Way::Form(page) => visit.page(StatusCode::OK, &page)?,
    };
    for cookie in cookies::begin_login(&app.issuer, &visit.incoming.headers, &login.id, &sealed, seconds) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
