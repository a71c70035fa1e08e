//! Introspection (RFC 7662; oidc-core spec, 23).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::{Client, RefreshToken, Timestamp, later};
use dex_oidc::Audience;
use dex_web::{App, Incoming, TokenError, with_headers};
use http::{Method, header};
use serde::Serialize;

use crate::family::Held;
use crate::mint::{FederatedClaims, TokenClaims, response_not_kept};
use crate::{AuthenticatedClient, Credentials, presented, session};

#[derive(Serialize)]
struct Active {
    active: bool,
    client_id: String,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    nbf: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    aud: Audience,
    iss: String,
    token_type: &'static str,
    token_use: &'static str,
    ext: Ext,
}

#[derive(Serialize, Default)]
struct Ext {
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    federated_claims: Option<FederatedClaims>,
}

/// The handler. Who sends no credentials is answered too, as Dex does, unless the configuration asks for them;
/// who sends wrong ones is not.
pub(crate) async fn introspect(State(app): State<Arc<App>>, request: Incoming) -> Result<Response, TokenError> {
    let now = app.clock.now();
    let token = parse(&request)?;
    let credentials = Credentials::read(&request.headers, &request.body.clone().unwrap_or_default())?;
    // What is sent but cannot be read proves nothing either.
    let given = credentials.given() || request.headers.contains_key(header::AUTHORIZATION);
    if given || app.settings.introspection_requires_authentication {
        AuthenticatedClient::check(&app, &credentials).await?;
    }
    let active = if dex_jose::parse_unverified_payload(&token).is_ok() {
        access_token(&app, &token, now).await?
    } else {
        refresh_token(&app, &token, now).await?
    };
    let body = active.map_or_else(|| b"{\"active\":false}\n".to_vec(), |active| dex_oidc::to_json(&active));
    Ok(with_headers(&app, response_not_kept(body)))
}

fn parse(request: &Incoming) -> Result<String, TokenError> {
    if request.method != Method::POST {
        let text = format!("HTTP method is \"{}\", expected \"POST\".", request.method);
        return Err(TokenError::invalid_request(text));
    }
    let unreadable = "Unable to parse HTTP body, make sure to send a properly formatted form request body.";
    let form = request.body.clone().map_err(|error| TokenError::invalid_request(unreadable).because(error))?;
    if form.is_empty() {
        return Err(TokenError::invalid_request("The POST body can not be empty."));
    }
    if let Some(name) = form.repeated(&["token", "client_id", "client_secret"]) {
        return Err(TokenError::invalid_request(format!("Parameter {name} is given more than once.")));
    }
    match form.get("token") {
        "" => Err(TokenError::invalid_request("The POST body doesn't contain 'token' parameter.")),
        token => Ok(token.to_owned()),
    }
}

async fn access_token(app: &App, token: &str, now: Timestamp) -> Result<Option<Active>, TokenError> {
    let Some(presented) = presented::check(app, token, now).await? else {
        return Ok(None);
    };
    let TokenClaims { iss, sub, aud, exp, iat, azp, sid, email, email_verified, groups, .. } = presented.claims.clone();
    let Some(client_id) = presented.claims.client_id().map(str::to_owned) else {
        return Ok(None);
    };
    let Some(client) = app.store.get::<Client>(&client_id).await? else {
        return Ok(None);
    };
    let bound = app.settings.sessions.is_some() && client.refresh_ends_with_session();
    if let Some(sid) = sid.as_deref().filter(|_| bound)
        && !session::alive(app, sid, now).await?
    {
        return Ok(None);
    }
    let TokenClaims { name, preferred_username, federated_claims, .. } = presented.claims;
    Ok(Some(Active {
        active: true,
        client_id,
        sub,
        exp: Some(exp),
        iat,
        nbf: iat,
        username: preferred_username.clone(),
        aud,
        iss,
        token_type: "Bearer",
        token_use: "access_token",
        ext: Ext { azp, sid, email, email_verified, groups, name, preferred_username, federated_claims },
    }))
}

async fn refresh_token(app: &App, token: &str, now: Timestamp) -> Result<Option<Active>, TokenError> {
    let held = Held::read(token);
    let policy = &app.settings.refresh;
    let stored = app.store.get::<RefreshToken>(&held.id).await?;
    let Some(stored) = stored.filter(|stored| stored.check(held.secret.expose(), policy, now).is_ok()) else {
        return Ok(None);
    };
    if session::outlived(app, &stored, now).await? {
        return Ok(None);
    }
    let filled = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let claims = &stored.claims;
    let iat = stored.created_at.as_second();
    Ok(Some(Active {
        active: true,
        client_id: stored.client_id.clone(),
        sub: dex_oidc::subject(&claims.user_id, &stored.connector_id),
        exp: policy.absolute_lifetime.map(|span| later(stored.created_at, span).as_second()),
        iat,
        nbf: iat,
        username: filled(&claims.preferred_username),
        aud: Audience(vec![stored.client_id.clone()]),
        iss: app.issuer.as_str().to_owned(),
        token_type: "Bearer",
        token_use: "refresh_token",
        ext: Ext {
            email: filled(&claims.email),
            email_verified: Some(claims.email_verified),
            groups: claims.groups.clone(),
            name: filled(&claims.username),
            preferred_username: filled(&claims.preferred_username),
            ..Ext::default()
        },
    }))
}
