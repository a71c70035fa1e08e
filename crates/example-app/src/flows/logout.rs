//! Signing out: from here (RP-Initiated Logout), and from the provider's side (Back-Channel Logout).

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;
use std::sync::Arc;

use super::{events::Ended, fields::Fields};
use crate::{
    app::App,
    provider::{Expected, IdTokenError, check_logout_token},
    session::{Session, Visitor},
};

/// `GET /logout`: forgets the tokens, then has the provider end its session, where it has such a thing.
///
/// Without an ID token to show there is nothing to ask it for: Dex refuses a return address without a hint.
pub(crate) async fn get(visitor: Visitor) -> Response {
    let hint = visitor
        .change(|session| {
            let hint = session.tokens.as_ref().and_then(|tokens| tokens.id_token.clone());
            session.sign_out(visitor.now);
            session.notice = Some("You are signed out.");
            hint
        })
        .flatten();
    let app = &visitor.app;
    match (&app.provider.metadata.end_session_endpoint, hint) {
        (Some(endpoint), Some(id_token)) => {
            let mut target = endpoint.clone();
            target
                .query_pairs_mut()
                .append_pair("id_token_hint", &id_token.raw)
                .append_pair("post_logout_redirect_uri", &app.options.home());
            Redirect::to(target.as_str()).into_response()
        }
        _ => Redirect::to("/").into_response(),
    }
}

/// `POST /backchannel-logout`: the provider says that a session ended (Back-Channel Logout section 2.5).
///
/// 200 also when nobody here was signed in. 400 and a JSON error for a token that is not to be believed.
pub(crate) async fn backchannel(State(app): State<Arc<App>>, fields: Fields) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-cache, no-store")];
    match end_sessions(&app, fields.text("logout_token")).await {
        Ok(ended) => {
            tracing::info!(sessions = ended, "back-channel logout");
            (StatusCode::OK, no_store).into_response()
        }
        Err(error) => {
            tracing::info!(%error, "logout token was refused");
            let told = json!({"error": "invalid_request", "error_description": error.to_string()});
            (StatusCode::BAD_REQUEST, no_store, Json(told)).into_response()
        }
    }
}

async fn end_sessions(app: &App, logout_token: &str) -> Result<usize, IdTokenError> {
    let now = app.now();
    let expected = Expected {
        issuer: &app.provider.metadata.issuer,
        client_id: app.provider.client_id(),
        nonce: None,
        access_token: None,
        sub: None,
        now,
    };
    let verified = app.provider.signed(logout_token, now).await?;
    let who = check_logout_token(&verified.payload, &expected)?;
    let is_named = |named: &Option<String>, session: &Session, claim| {
        named.as_deref().is_none_or(|named| session.claim(claim) == Some(named))
    };
    let whose = |session: &Session| {
        session.tokens.is_some() && is_named(&who.sub, session, "sub") && is_named(&who.sid, session, "sid")
    };
    let ended = app.sessions.change_all(whose, |session| {
        session.sign_out(now);
        session.notice = Some("The provider signed you out.");
    });
    for session in &ended {
        app.events.tell(Ended { session: session.clone(), at: now, sid: who.sid.clone() });
    }
    Ok(ended.len())
}
