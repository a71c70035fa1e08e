//! Logging in by SPNEGO before the form is shown (RFC 4559; connectors-protocol spec, 5.3).
//!
//! A browser that cannot answer the challenge shows its body, so the body is the form where the connector falls back to
//! it. No cookie is needed to know who was challenged before, as Dex does.

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::{Arrival, Identity, Negotiate, Negotiated, UpstreamError};
use dex_web::PageError;
use http::{HeaderValue, StatusCode, header};

use crate::once;
use crate::password::FAILED;
use crate::pending::Pending;
use crate::respond::AuthorizeError;
use crate::upstream::{self, Chosen};
use crate::visit::Visit;

/// The longest token that is looked at, in characters of Base64: a ticket of a user in a thousand groups.
const TOKEN_CHARACTERS_MAX: usize = 64 * 1024;

/// What came of it.
pub(crate) enum Attempt {
    /// Somebody has logged in.
    Identity(Identity),
    /// The form is shown, with this challenge.
    Form(HeaderValue),
    /// There is no form to fall back to.
    Challenge(HeaderValue),
}

/// Looks at what the browser shows. A token that another replica was shown before is not believed.
///
/// # Errors
///
/// [`AuthorizeError`] when a believed token leads to nobody, or it cannot be told.
pub(crate) async fn attempt(
    visit: &Visit<'_>,
    pending: &Pending,
    chosen: &Chosen,
    negotiate: &dyn Negotiate,
) -> Result<Attempt, AuthorizeError> {
    let wanted = chosen.wanted(visit, &pending.request);
    let challenge = match shown(visit) {
        Some(token) => match negotiate.accept(wanted, &token, visit.incoming.peer).await {
            Ok(Negotiated::Arrival(Arrival { identity, once, .. })) => match &once {
                Some(once) if !once::spend(visit, &chosen.opened, once).await? => challenge(&[]),
                _ => return Ok(Attempt::Identity(identity)),
            },
            Ok(Negotiated::Rejected(answer)) => challenge(&answer),
            Ok(Negotiated::WrongRealm) => challenge(&[]),
            // Whoever has a ticket and no account here may have another one.
            Err(error @ UpstreamError::Gone(_)) if negotiate.falls_back_to_password() => {
                tracing::info!(err = %error, "no account for the ticket; showing the form");
                challenge(&[])
            }
            Err(error) => return Err(upstream::failed(visit, pending, error, FAILED).await),
        },
        None => challenge(&[]),
    };
    Ok(if negotiate.falls_back_to_password() { Attempt::Form(challenge) } else { Attempt::Challenge(challenge) })
}

/// The refusal without a form.
pub(crate) fn unauthorized(challenge: HeaderValue) -> Response {
    let hint = "Your browser has to be allowed to use your ticket here.";
    let page = PageError::new(StatusCode::UNAUTHORIZED, "Unauthorised.").hint(hint);
    let mut response = page.into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// The token the browser shows; an empty one if it cannot be read.
fn shown(visit: &Visit<'_>) -> Option<Vec<u8>> {
    let value = visit.incoming.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Negotiate") {
        return None;
    }
    let token = token.trim();
    let readable = token.len() <= TOKEN_CHARACTERS_MAX;
    Some(if readable { STANDARD.decode(token).unwrap_or_default() } else { Vec::new() })
}

fn challenge(answer: &[u8]) -> HeaderValue {
    let text =
        if answer.is_empty() { "Negotiate".to_owned() } else { format!("Negotiate {}", STANDARD.encode(answer)) };
    HeaderValue::try_from(text).expect("Base64 is visible ASCII")
}
