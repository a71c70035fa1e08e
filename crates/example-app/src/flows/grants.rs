//! `/grant/<name>`: the grants that need no browser at the provider.

use std::sync::Arc;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use dex_oidc::GrantType;

use super::{Awaited, accept, fields::Fields, refused, tokens::no_tokens};
use crate::{
    app::App,
    pages::{self, PageError},
    provider::TokenAnswer,
    session::{TokenSet, Visitor},
};

/// One of the grants with a form here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantForm {
    Refresh,
    ClientCredentials,
    Password,
    TokenExchange,
}

impl GrantForm {
    pub(crate) const ALL: [Self; 4] = [Self::Refresh, Self::ClientCredentials, Self::Password, Self::TokenExchange];

    /// Its name in the address.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::ClientCredentials => "client-credentials",
            Self::Password => "password",
            Self::TokenExchange => "token-exchange",
        }
    }

    pub(crate) const fn grant(self) -> GrantType {
        match self {
            Self::Refresh => GrantType::RefreshToken,
            Self::ClientCredentials => GrantType::ClientCredentials,
            Self::Password => GrantType::Password,
            Self::TokenExchange => GrantType::TokenExchange,
        }
    }

    /// Its name for a reader.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Refresh => "Refresh token",
            Self::ClientCredentials => "Client credentials",
            Self::Password => "Password",
            Self::TokenExchange => "Token exchange",
        }
    }

    fn find(name: &str, app: &App) -> Result<Self, PageError> {
        let form = Self::ALL.into_iter().find(|form| form.slug() == name);
        let form = form.ok_or_else(PageError::not_found)?;
        if app.provider.offers(form.grant()) {
            return Ok(form);
        }
        let told = format!("Its discovery document does not list {}.", form.grant());
        Err(PageError::bad_request("The provider does not offer this grant", told))
    }
}

/// The form of a grant.
///
/// # Errors
///
/// There is no such grant, here or at the provider.
pub(crate) async fn get(visitor: Visitor, Path(name): Path<String>) -> Result<Response, PageError> {
    let form = GrantForm::find(&name, &visitor.app)?;
    Ok(pages::grant(&visitor.session(), form))
}

/// Asks for tokens by a grant, and shows them.
///
/// # Errors
///
/// As [`get`]; the provider refuses; a token is not to be believed.
pub(crate) async fn post(visitor: Visitor, Path(name): Path<String>, fields: Fields) -> Result<Response, PageError> {
    let form = GrantForm::find(&name, &visitor.app)?;
    let before = visitor.session().tokens;
    if form == GrantForm::Refresh {
        return refresh(&visitor, before.ok_or_else(no_tokens)?, &fields).await;
    }
    let answer = match form {
        GrantForm::TokenExchange => exchange(&visitor.app, before.as_deref(), &fields).await?,
        _ => simple(&visitor.app, form, &fields).await?,
    };
    let awaited = Awaited { grant: form.title(), ..Awaited::default() };
    let tokens = accept(&visitor.app, answer, awaited, visitor.now).await?;
    let response = Redirect::to("/tokens").into_response();
    Ok(visitor.keep_renamed(|session| session.sign_in(tokens), response))
}

async fn ask(app: &App, form: GrantForm, parameters: &[(&str, &str)]) -> Result<TokenAnswer, PageError> {
    app.provider.token(form.grant(), parameters).await.map_err(|error| refused("The provider issued no tokens", &error))
}

async fn simple(app: &App, form: GrantForm, fields: &Fields) -> Result<TokenAnswer, PageError> {
    let mut parameters = vec![("scope", fields.text("scope"))];
    if form == GrantForm::Password {
        parameters.push(("username", fields.text("username")));
        parameters.push(("password", fields.exact("password")));
    }
    ask(app, form, &parameters).await
}

/// RFC 8693 section 2.1, with Dex's `connector_id`, which says who issued the subject token.
async fn exchange(app: &App, held: Option<&TokenSet>, fields: &Fields) -> Result<TokenAnswer, PageError> {
    let pasted = fields.text("subject_token");
    let kind = fields.text("subject_token_type");
    let subject_token = if !pasted.is_empty() {
        pasted
    } else {
        let held = held.ok_or_else(no_tokens)?;
        match (kind, &held.id_token) {
            ("id_token", Some(id_token)) => &id_token.raw,
            ("id_token", None) => return Err(no_tokens()),
            _ => &held.answer.access_token,
        }
    };
    let kind = token_type(kind);
    let requested = fields.text("requested_token_type");
    let requested = if requested.is_empty() { String::new() } else { token_type(requested) };
    let parameters = [
        ("connector_id", fields.text("connector_id")),
        ("scope", fields.text("scope")),
        ("subject_token", subject_token),
        ("subject_token_type", &kind),
        ("requested_token_type", &requested),
    ];
    ask(app, GrantForm::TokenExchange, &parameters).await
}

/// RFC 8693 section 3.
fn token_type(short: &str) -> String {
    let kind = if short == "id_token" { "id_token" } else { "access_token" };
    format!("urn:ietf:params:oauth:token-type:{kind}")
}

/// RFC 6749 section 6, OpenID Connect Core section 12. The answer counts only if nothing else changed the tokens meanwhile.
async fn refresh(visitor: &Visitor, before: Arc<TokenSet>, fields: &Fields) -> Result<Response, PageError> {
    let app = &visitor.app;
    let refresh_token = before.answer.refresh_token.as_deref().ok_or_else(|| {
        let told = "Sign in with the scope offline_access to get one.".to_owned();
        PageError::bad_request("There is no refresh token", told)
    })?;
    let parameters = [("refresh_token", refresh_token), ("scope", fields.text("scope"))];
    let mut answer = ask(app, GrantForm::Refresh, &parameters).await?;
    if answer.refresh_token.is_none() {
        answer.refresh_token = Some(refresh_token.to_owned());
    }
    let awaited = Awaited {
        grant: GrantForm::Refresh.title(),
        sub: before.claim("sub"),
        of_browser: before.of_browser,
        ..Awaited::default()
    };
    let mut tokens = accept(app, answer, awaited, visitor.now).await?;
    if tokens.id_token.is_none() {
        tokens.id_token = before.id_token.clone();
    }
    visitor.change(|session| {
        if session.tokens.as_ref().is_some_and(|current| Arc::ptr_eq(current, &before)) {
            session.sign_in(tokens);
            session.notice = Some("The tokens were refreshed.");
        }
    });
    Ok(Redirect::to("/tokens").into_response())
}
