//! `POST /login`: the browser goes to the provider (OpenID Connect Core section 3.1.2.1).

use axum::response::{IntoResponse, Redirect, Response};
use dex_oidc::AUDIENCE_PREFIX;
use url::Url;

use super::{fields::Fields, pkce};
use crate::{
    app::App,
    pages::PageError,
    session::{Attempt, Visitor},
};

/// How many scopes one login may ask for.
const SCOPES_MAX: usize = 32;

/// How long a scope or connector ID may be, in bytes.
const WORD_MAX: usize = 256;

/// What to ask the provider for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ask {
    scopes: Vec<String>,
    connector_id: String,
    /// `prompt=none`: answer without showing anything.
    silent: bool,
}

/// The form of the overview.
///
/// # Errors
///
/// A scope that cannot be one, or too many.
pub(crate) async fn post(visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    let ask = Ask::from_fields(&fields)?;
    Ok(send(&visitor, &ask))
}

/// Sends the browser off, and remembers what the answer must match.
pub(super) fn send(visitor: &Visitor, ask: &Ask) -> Response {
    let (code_verifier, challenge) = if visitor.app.options.pkce {
        let (verifier, challenge) = pkce::pair();
        (Some(verifier), Some(challenge))
    } else {
        (None, None)
    };
    let now = visitor.now;
    let attempt = Attempt {
        state: dex_jose::random_hex::<16>(),
        nonce: dex_jose::random_hex::<16>(),
        code_verifier,
        silent: ask.silent,
        began: now,
    };
    let target = authorization_url(&visitor.app, ask, &attempt, challenge.as_deref());
    let remember = |session: &mut crate::session::Session| {
        session.begin(attempt);
        // Whatever comes of it, even nothing: the next visit does not ask again.
        session.checked_at = Some(now);
    };
    visitor.keep(remember, Redirect::to(target.as_str()).into_response())
}

impl Ask {
    /// On a visit that asked for nothing: who is signed in, if anyone.
    pub(super) fn silent() -> Self {
        let scopes = ["openid", "profile", "email"].map(str::to_owned).to_vec();
        Self { scopes, connector_id: String::new(), silent: true }
    }

    fn from_fields(fields: &Fields) -> Result<Self, PageError> {
        let mut scopes = vec!["openid".to_owned()];
        let peers = fields.words("cross_client").map(|id| format!("{AUDIENCE_PREFIX}{id}"));
        for scope in fields.words("extra_scopes").map(str::to_owned).chain(peers) {
            if scopes.len() == SCOPES_MAX {
                let told = format!("This application asks for {SCOPES_MAX} at most.");
                return Err(PageError::bad_request("Too many scopes", told));
            }
            if !is_scope(&scope) {
                let told = "A scope is up to 256 printable ASCII characters without quotes and backslashes.";
                return Err(PageError::bad_request("That is no scope", told.to_owned()));
            }
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        let connector_id = fields.text("connector_id");
        if connector_id.len() > WORD_MAX {
            let told = format!("A connector ID is {WORD_MAX} bytes at most.");
            return Err(PageError::bad_request("That is no connector ID", told));
        }
        Ok(Self { scopes, connector_id: connector_id.to_owned(), silent: false })
    }
}

/// RFC 6749 section 3.3, `scope-token`.
fn is_scope(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    !text.is_empty() && text.len() <= WORD_MAX && text.bytes().all(allowed)
}

fn authorization_url(app: &App, ask: &Ask, attempt: &Attempt, challenge: Option<&str>) -> Url {
    let metadata = &app.provider.metadata;
    let wants_offline = ask.scopes.iter().any(|scope| scope == "offline_access");
    let scopes: Vec<&str> = ask
        .scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| *scope != "offline_access" || metadata.has_offline_scope())
        .collect();
    let mut url = metadata.authorization_endpoint.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", app.provider.client_id())
        .append_pair("redirect_uri", app.options.redirect_uri.as_str())
        .append_pair("scope", &scopes.join(" "))
        .append_pair("state", &attempt.state)
        .append_pair("nonce", &attempt.nonce);
    if let Some(challenge) = challenge {
        query.append_pair("code_challenge", challenge).append_pair("code_challenge_method", "S256");
    }
    if wants_offline && !metadata.has_offline_scope() {
        query.append_pair("access_type", "offline");
    }
    if !ask.connector_id.is_empty() {
        query.append_pair("connector_id", &ask.connector_id);
    }
    if ask.silent {
        query.append_pair("prompt", "none");
    }
    drop(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_becomes_scopes() {
        let cases = [
            ("", Some("openid")),
            ("extra_scopes=email&extra_scopes=groups", Some("openid email groups")),
            ("extra_scopes=openid&extra_scopes=email&extra_scopes=email", Some("openid email")),
            ("cross_client=cli%2C+web", Some("openid audience:server:client_id:cli audience:server:client_id:web")),
            ("extra_scopes=federated%3Aid", Some("openid federated:id")),
            ("extra_scopes=%22", None),
            ("extra_scopes=%C3%BC", None),
        ];
        for (body, expected) in cases {
            let scopes = Ask::from_fields(&Fields::of(body)).ok().map(|ask| ask.scopes.join(" "));
            assert_eq!(scopes.as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_login_asks_for_a_bounded_number_of_scopes() {
        for (count, fine) in [(SCOPES_MAX - 1, true), (SCOPES_MAX, false)] {
            let body: String = (0..count).map(|n| format!("extra_scopes=s{n}&")).collect();
            assert_eq!(Ask::from_fields(&Fields::of(&body)).is_ok(), fine, "{count}");
        }
    }
}
