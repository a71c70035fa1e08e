//! The cookie, and the extractor that finds the visitor by it.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::Response,
};

use super::{Session, SessionId, store::IDLE_MAX};
use crate::app::App;

const COOKIE: &str = "example_app_session";

/// Who sent a request, and when it came. Every handler takes one, and asks the clock through it only.
pub(crate) struct Visitor {
    pub(crate) app: Arc<App>,
    pub(crate) now: i64,
    id: Option<SessionId>,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self { app: Arc::clone(app), now: app.now(), id: find(&parts.headers) })
    }
}

impl Visitor {
    /// The name in the cookie, if there is a record of it.
    pub(crate) fn id(&self) -> Option<&SessionId> {
        let id = self.id.as_ref()?;
        self.app.sessions.with(id, self.now, |_| id)
    }

    /// A copy of the record; an empty one for a stranger.
    pub(crate) fn session(&self) -> Session {
        self.change(|session| session.clone()).unwrap_or_default()
    }

    /// Reads or changes the record; `None` for a stranger.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.app.sessions.with(self.id.as_ref()?, self.now, change)
    }

    /// Changes the record, starting one for a stranger, and has the response carry its name.
    pub(crate) fn keep(&self, change: impl FnOnce(&mut Session), response: Response) -> Response {
        let mut change = Some(change);
        let known = self.change(|session| change.take().map(|change| change(session)));
        let id = match (known, &self.id) {
            (Some(_), Some(id)) => id.clone(),
            _ => {
                let mut session = Session::default();
                if let Some(change) = change {
                    change(&mut session);
                }
                self.app.sessions.insert(session, self.now)
            }
        };
        self.named(&id, response)
    }

    /// As [`Self::keep`], under a fresh name: for when the visitor becomes someone.
    pub(crate) fn keep_renamed(&self, change: impl FnOnce(&mut Session), response: Response) -> Response {
        let id = match self.id() {
            Some(old) => self.app.sessions.rename(old, self.now),
            None => self.app.sessions.insert(Session::default(), self.now),
        };
        self.app.sessions.with(&id, self.now, change);
        self.named(&id, response)
    }

    fn named(&self, id: &SessionId, mut response: Response) -> Response {
        let secure = if self.app.options.is_https() { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={}; Path=/; Max-Age={IDLE_MAX}; HttpOnly; SameSite=Lax{secure}", id.expose());
        let value = HeaderValue::try_from(cookie).expect("hex digits and constants are ASCII");
        response.headers_mut().append(header::SET_COOKIE, value);
        response
    }
}

fn find(headers: &HeaderMap) -> Option<SessionId> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .find_map(|(_, value)| SessionId::parse(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let id = "ab".repeat(32);
        let cases = [
            (format!("{COOKIE}={id}"), true),
            (format!("a=b; {COOKIE}={id}; c=d"), true),
            (format!("{COOKIE}=forged; {COOKIE}={id}"), true),
            (format!("x{COOKIE}={id}"), false),
            (format!("{COOKIE}={id}0"), false),
            (String::new(), false),
        ];
        for (line, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::try_from(&line).unwrap());
            assert_eq!(find(&headers).is_some(), expected, "{line}");
        }
    }
}
