//! Following redirects, as far as that is safe.

use http::{Method, StatusCode, header};
use url::Url;

use super::{Answer, Auth, Call};
use crate::error::CallError;

/// Where an answer to a call sent to `asked` leads on to, if it is a redirect that is to be followed.
///
/// What authenticates a call travels along, in whichever header it is, so such a call stays at the origin that was asked
/// first. Any other may lead elsewhere, but never from TLS into the open.
pub(super) fn target(call: &Call<'_>, asked: &Url, answer: &Answer) -> Result<Option<Url>, CallError> {
    let redirects = matches!(
        answer.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = answer.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location.filter(|_| redirects && call.method == Method::GET) else { return Ok(None) };
    let refused = |text: &str| Err(CallError::BadLink(text.to_owned()));
    let Ok(next) = asked.join(location) else { return refused("it is no URL") };
    if carries_something(call) && next.origin() != call.url.origin() {
        return refused("it leads to another host");
    }
    match (asked.scheme(), next.scheme()) {
        (_, "https") | ("http", "http") => Ok(Some(next)),
        _ => refused("it leads out of TLS"),
    }
}

/// Whether a call has more to it than its URL. What a header of an upstream's own means is not known here.
fn carries_something(call: &Call<'_>) -> bool {
    !matches!(call.auth, Auth::None)
        || !call.secrets.is_empty()
        || call.headers.iter().any(|(name, _)| name != header::ACCEPT)
}
