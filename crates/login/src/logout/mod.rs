//! `/logout`: the user leaves, by a link or because an application asks for it (OpenID Connect RP-Initiated Logout 1.0;
//! sessions spec, 4).
//!
//! Owned here: whether to ask, where the logout leads, the way through the upstream's own logout and back, and what an
//! upstream asks that logs its users out everywhere. Not owned: what the end of a session brings about, which is
//! `dex-session`'s, and how an upstream is asked, which is its connector's.
//!
//! Control enters with the browser at `/logout`, leaves to the upstream if that can log people out, comes back to
//! `/logout/callback`, and leaves to a page its client has registered, or ends with a page of ours. The session ends only
//! then: whoever stays at the upstream is still logged in here.

mod callback;
mod carried;
mod decide;
mod leave;
mod origin;
mod way_back;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::AuthSession;
use dex_pages::{HiddenField, Logout, LogoutState};
use dex_web::{App, Incoming, Issuer, PageError, cookies, redirect};
use http::{Method, StatusCode};
use url::Url;

use crate::hint::{self, HintError};
use crate::repost::repost;
use crate::respond::AuthorizeError;
use crate::visit::{Visit, method_not_allowed};
use decide::{Hint, Outcome, decide};
use leave::{Left, leave};
use way_back::{WayBack, client_id, way_back};

pub(crate) use callback::{callback, callback_through};
pub(crate) use carried::remember;

/// What the confirmation carries, besides the answer.
const CARRIED: [&str; 3] = ["client_id", "post_logout_redirect_uri", "state"];

/// The callback of one connector.
pub(crate) fn callback_of(issuer: &Issuer, connector_id: &str) -> Url {
    let mut callback = issuer.absolute("/logout/callback");
    callback.path_segments_mut().expect("an issuer is http or https").push(connector_id);
    callback
}

/// `GET|POST /logout`
pub(crate) async fn logout(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    if !visit.is(&Method::GET) && !visit.is(&Method::POST) {
        return method_not_allowed("GET, POST");
    }
    visit.answer(asked(&visit).await.map_err(AuthorizeError::from))
}

async fn asked(visit: &Visit<'_>) -> Result<Response, PageError> {
    let parameters = visit.parameters("Failed to parse request.")?;
    if origin::held_back_cookies(visit) {
        return repost(visit, &parameters);
    }
    let session = visit.session().await?;
    let hint = hint(visit, parameters.get("id_token_hint")).await?;
    let client_id = client_id(&hint, parameters.get("client_id"))?;
    let wanted = (parameters.get("post_logout_redirect_uri"), parameters.get("state"));
    let way_back = way_back(visit, &hint, client_id, wanted).await?;
    match decide(session.as_ref(), &hint, origin::confirmed(visit)) {
        Outcome::Nobody => nobody(visit, &hint, way_back.as_ref()),
        Outcome::Ask => ask(visit, way_back.as_ref()),
        Outcome::LogOut(session) => log_out(visit, session, way_back.as_ref()).await,
    }
}

async fn hint(visit: &Visit<'_>, hint: &str) -> Result<Hint, PageError> {
    if hint.is_empty() {
        return Ok(Hint::None);
    }
    match hint::verified(visit.app, hint).await {
        Ok(claims) => Ok(Hint::Verified(Box::new(claims))),
        Err(HintError::Invalid) => Ok(Hint::Unverified),
        Err(error @ HintError::NoKeys) => {
            Err(PageError::new(StatusCode::SERVICE_UNAVAILABLE, "Please try again later.").because(error))
        }
    }
}

/// There is no session. A hint that proves nothing sends nobody anywhere: the user may follow a link.
fn nobody(visit: &Visit<'_>, hint: &Hint, way_back: Option<&WayBack>) -> Result<Response, PageError> {
    match (hint, way_back) {
        (Hint::Unverified, Some(way_back)) => {
            let page = Logout { back_url: way_back.address(), ..Logout::default() };
            visit.page(StatusCode::OK, &page)
        }
        (_, Some(way_back)) => Ok(redirect(StatusCode::FOUND, &way_back.address())),
        (_, None) => visit.page(StatusCode::OK, &Logout::default()),
    }
}

/// Asks the user. The form holds what its answer leads to, and no token. No link leads to the application, whose page for the
/// time after a logout would say that one has happened.
fn ask(visit: &Visit<'_>, way_back: Option<&WayBack>) -> Result<Response, PageError> {
    let values = way_back.map(|way_back| [way_back.client_id(), way_back.uri(), way_back.state()]);
    let pairs = values.into_iter().flat_map(|values| CARRIED.into_iter().zip(values));
    let fields = pairs.filter(|(_, value)| !value.is_empty()).map(|(name, value)| HiddenField::new(name, value));
    let page = Logout { state: LogoutState::Confirm, fields: fields.collect(), ..Logout::default() };
    visit.page(StatusCode::OK, &page)
}

async fn log_out(visit: &Visit<'_>, session: &AuthSession, way_back: Option<&WayBack>) -> Result<Response, PageError> {
    match leave(visit, session, way_back).await? {
        Left::For(response) => Ok(response),
        Left::Stayed => {
            end(visit, session).await?;
            finish(visit, way_back)
        }
        Left::Unreachable(upstream) => {
            end(visit, session).await?;
            let back_url = way_back.map(WayBack::address).unwrap_or_default();
            let page = Logout { state: LogoutState::LoggedOut, back_url, still_at: upstream, ..Logout::default() };
            visit.page(StatusCode::OK, &page)
        }
    }
}

/// Ends the session, here and wherever it reaches. Whoever ended it a moment before has done the same.
async fn end(visit: &Visit<'_>, session: &AuthSession) -> Result<(), PageError> {
    dex_session::end(visit.app, session, visit.now).await?;
    forget(visit);
    Ok(())
}

/// Takes back what the browser has of its session.
fn forget(visit: &Visit<'_>) {
    let issuer = &visit.app.issuer;
    let name = visit.app.settings.sessions.as_ref().map(|settings| settings.cookie_name.as_str());
    visit.set_cookies(name.map(|name| cookies::end_session(issuer, name)));
    visit.set_cookies([cookies::forget_upstream(issuer)]);
}

/// The user is logged out: back to the application, or to a page that says so.
fn finish(visit: &Visit<'_>, way_back: Option<&WayBack>) -> Result<Response, PageError> {
    match way_back {
        Some(way_back) => Ok(redirect(StatusCode::FOUND, &way_back.address())),
        None => visit.page(StatusCode::OK, &Logout { state: LogoutState::LoggedOut, ..Logout::default() }),
    }
}
