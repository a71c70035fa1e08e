//! Second factors (sessions-ui spec, 3): the pages and endpoints at which a user who has logged in shows more.
//!
//! Owned here: which factor comes next, enrolment, and what a right answer leaves behind. Not owned: when second factors are
//! due (`next_step`), and the verdict on an answer (`dex-mfa`).
//!
//! Control leaves back to the dispatcher at `/auth`, once the last factor of the chain was shown.

mod asked;
mod chain;
mod json;
mod totp;
mod webauthn;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_web::{App, Incoming, Step};

pub(crate) use chain::{asked_by, is_due};
pub(crate) use totp::totp;
pub(crate) use webauthn::{login_begin, login_finish, page as webauthn, register_begin, register_finish};

use crate::pending::signed;
use crate::respond::AuthorizeError;
use crate::visit::Visit;

/// `/mfa`: on to the first factor of the chain.
pub(crate) async fn enter(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    visit.answer(first(&visit).await)
}

async fn first(visit: &Visit<'_>) -> Result<Response, AuthorizeError> {
    let (request, _) = signed(visit, &[Step::SecondFactor]).await?;
    let chain = chain::of(visit, &request).await?;
    // A chain that asks for nothing any more is the dispatcher's to see.
    let (route, parameters) = match chain.first() {
        Some(first) => chain::way_to(first, &request),
        None => ("/auth", Step::Continue.parameters(&request)),
    };
    Ok(visit.see_other(route, &parameters))
}
