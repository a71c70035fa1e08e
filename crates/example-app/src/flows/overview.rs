//! `GET /`: the start page, which may first ask the provider who is signed in.

use axum::response::Response;

use super::login::{self, Ask};
use crate::{app::App, pages, session::Session, session::Visitor};

/// The overview. Where the provider keeps sessions, a browser it may know is first sent there with `prompt=none`.
pub(crate) async fn get(visitor: Visitor) -> Response {
    let session = visitor.session();
    let app = &visitor.app;
    if app.can_check_silently() && is_check_due(app, &session, visitor.now) {
        return login::send(&visitor, &Ask::silent());
    }
    visitor.change(|session| session.notice = None);
    pages::overview(app, &session)
}

/// Once for a browser that is not signed in, and once an interval for one that signed in with the provider's own session.
///
/// Tokens that came by another grant say nothing about the provider's session, nor the other way round.
fn is_check_due(app: &App, session: &Session, now: i64) -> bool {
    let interval = i64::try_from(app.options.session_check_interval.as_secs()).unwrap_or(i64::MAX);
    match (&session.tokens, session.checked_at) {
        (None, checked_at) => checked_at.is_none(),
        (Some(tokens), checked_at) => {
            tokens.of_browser && checked_at.is_none_or(|at| now.saturating_sub(at) >= interval)
        }
    }
}
