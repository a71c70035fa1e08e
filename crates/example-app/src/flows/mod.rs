//! The handlers, one file a flow: what to ask the provider, what to believe, what to remember.
//!
//! Not owned: how a page looks (`pages`), how the provider is spoken to (`provider`). Control leaves as a response, or as a
//! [`crate::pages::PageError`], which is the page that says what went wrong.

pub(crate) mod callback;
pub(crate) mod device;
pub(crate) mod events;
pub(crate) mod fields;
pub(crate) mod grants;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod overview;
mod pkce;
pub(crate) mod tokens;
pub(crate) mod tools;

use std::sync::Arc;

use crate::{
    app::App,
    pages::PageError,
    provider::{Expected, IdTokenError, ProviderError, TokenAnswer},
    session::{IdToken, TokenSet},
};

/// What is known about tokens before they come.
#[derive(Default)]
struct Awaited<'a> {
    /// How they were asked for, for the reader.
    grant: &'static str,
    nonce: Option<&'a str>,
    /// Who they must be about.
    sub: Option<&'a str>,
    of_browser: bool,
}

/// Believes a token response: its ID token, if there is one, is verified first.
async fn accept(app: &App, answer: TokenAnswer, awaited: Awaited<'_>, now: i64) -> Result<TokenSet, PageError> {
    let expected = Expected {
        issuer: &app.provider.metadata.issuer,
        client_id: app.provider.client_id(),
        nonce: awaited.nonce,
        access_token: Some(&answer.access_token),
        sub: awaited.sub,
        now,
    };
    let id_token = match &answer.id_token {
        Some(raw) => {
            let claims = app.provider.id_token(raw, &expected).await.map_err(not_believed)?;
            Some(Arc::new(IdToken { raw: raw.clone(), claims }))
        }
        None => None,
    };
    Ok(TokenSet {
        grant: awaited.grant,
        id_token,
        expires_at: answer.expires_in.map(|seconds| now.saturating_add(seconds)),
        of_browser: awaited.of_browser,
        answer,
    })
}

fn not_believed(error: IdTokenError) -> PageError {
    PageError::upstream("The ID token is not to be believed", error.to_string())
}

/// The provider said no, or nothing: which of the two decides whose fault it is.
fn refused(title: &'static str, error: &ProviderError) -> PageError {
    match error {
        ProviderError::Refused { .. } | ProviderError::NotOffered(_) => {
            PageError::bad_request(title, error.to_string())
        }
        _ => PageError::upstream(title, error.to_string()),
    }
}
