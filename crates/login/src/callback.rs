//! `/callback`: the browser is back from an upstream (oidc-core spec, 13.1).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_connector::{Callback, LoginMethod};
use dex_web::{App, Incoming, PageError};
use http::{HeaderMap, Method};

use crate::finish::finish;
use crate::pending::{awaited, wanted};
use crate::respond::AuthorizeError;
use crate::upstream;
use crate::visit::Visit;

/// What people read when only an administrator can find out more.
const FAILED: &str = "Authentication failed. Please contact your administrator or try again later.";

/// Headers by which a proxy names a user begin so; anybody can send them to the bare `/callback`.
const REMOTE_USER_PREFIX: &str = "x-remote-";

/// `/callback`
pub(crate) async fn callback(State(app): State<Arc<App>>, mut incoming: Incoming) -> Response {
    incoming.headers = without_remote_user(&incoming.headers);
    let visit = Visit::new(&app, &incoming);
    visit.answer(come_back(&visit, None).await)
}

/// `/callback/{connector}`, which a proxy guards that says who the user is.
pub(crate) async fn callback_through(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    incoming: Incoming,
) -> Response {
    let visit = Visit::new(&app, &incoming);
    let connector = path.map(|Path(connector)| connector).unwrap_or_default();
    visit.answer(come_back(&visit, Some(&connector)).await)
}

async fn come_back(visit: &Visit<'_>, path: Option<&str>) -> Result<Response, AuthorizeError> {
    if !visit.is(&Method::GET) {
        return Err(PageError::bad_request("Method not supported").into());
    }
    let query = visit.query()?;
    let pending = awaited(visit, query.get("state")).await?;
    let opened = upstream::chosen(visit, &pending.request, path).await?;
    let LoginMethod::Redirect(login) = opened.connector.login() else {
        return Err(PageError::bad_request("Invalid request").into());
    };
    let callback =
        Callback { url: &visit.app.issuer.absolute("/callback"), parameters: query, headers: &visit.incoming.headers };
    let request = &pending.request;
    let data = request.connector_data.expose();
    match login.finish(wanted(request), data, &callback).await {
        Ok(identity) => finish(visit, pending, identity).await,
        Err(error) => Err(upstream::failed(visit, &pending, error, FAILED).await),
    }
}

fn without_remote_user(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| !name.as_str().starts_with(REMOTE_USER_PREFIX));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_stranger_cannot_name_the_user() {
        let sent = ["X-Remote-User", "x-remote-group", "x-remot", "cookie", "Cookie"];
        let mut headers = HeaderMap::new();
        for name in sent {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_static("v"));
        }
        let kept = without_remote_user(&headers);
        let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names.len(), kept.get_all("cookie").iter().count()), (3, 2), "{names:?}");
    }
}
