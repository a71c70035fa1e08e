//! The last tokens, decoded and raw, and what can be done with them.

use axum::{http::StatusCode, response::Response};
use dex_jose::parse_unverified_payload;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    html as respond, json,
    layout::{Tab, frame, who},
    time::{distance, utc},
};
use crate::{
    app::App,
    session::{IdToken, Session, TokenSet},
};

/// Claims that are points in time, and what they say.
const TIMES: [(&str, &str); 3] = [("iat", "Issued"), ("exp", "Expires"), ("auth_time", "User signed in")];

pub(crate) fn page(app: &App, session: &Session, now: i64) -> Response {
    let body = match &session.tokens {
        None => nothing(),
        Some(tokens) => html! {
            (head(app, session, tokens, now))
            @if let Some(id_token) = &tokens.id_token {
                (id_token_card(id_token, now))
            }
            (access_token_card(&tokens.answer.access_token, tokens.expires_at, now))
            @if let Some(token) = &tokens.answer.refresh_token {
                section.card {
                    h2 { "Refresh token" }
                    p.muted { "Opaque: only the provider can read it." }
                    (raw("refresh-token-raw", token))
                }
            }
            @if let Some(info) = &session.userinfo {
                section #userinfo.card {
                    h2 { "User info" }
                    p.muted { "What the provider answers to the access token." }
                    pre #userinfo-claims tabindex="0" { (json::value(info)) }
                }
            }
        },
    };
    respond(StatusCode::OK, frame("Tokens", Tab::Tokens, Some(session), &body))
}

fn nothing() -> Markup {
    html! {
        section.card.empty {
            h1 { "No tokens yet" }
            p { "Sign in, or use another grant; what the provider issues is shown here." }
            p { a.button.primary href="/" { "To the overview" } }
        }
    }
}

fn head(app: &App, session: &Session, tokens: &TokenSet, now: i64) -> Markup {
    let name = session.user().unwrap_or(app.provider.client_id());
    let expired = tokens.expires_at.is_some_and(|at| at <= now);
    html! {
        section.card.hero aria-label="Summary" {
            (who(session, name))
            p.chips {
                span.chip { (tokens.grant) }
                span.chip { (tokens.answer.token_type) }
                @if let Some(kind) = &tokens.answer.issued_token_type {
                    span.chip { (kind.rsplit(':').next().unwrap_or(kind)) }
                }
                @if let Some(scope) = &tokens.answer.scope {
                    span.chip { (scope) }
                }
                @if let Some(at) = tokens.expires_at {
                    span.chip.(if expired { "bad" } else { "good" }) {
                        @if expired { "expired " } @else { "expires " } (distance(at, now))
                    }
                }
            }
            div.actions {
                @if tokens.answer.refresh_token.is_some() {
                    (action("/grant/refresh", "refresh-button", "Refresh"))
                }
                @if app.provider.metadata.userinfo_endpoint.is_some() {
                    (action("/userinfo", "userinfo-button", "User info"))
                }
                (action("/tools/introspect", "introspect-button", "Introspect"))
                a #logout-button.button href="/logout" { "Sign out" }
            }
        }
    }
}

fn action(to: &str, id: &str, text: &str) -> Markup {
    html! { form action=(to) method="post" { button id=(id) type="submit" { (text) } } }
}

fn id_token_card(id_token: &IdToken, now: i64) -> Markup {
    html! {
        section.card {
            div.title { h2 { "ID token" } span.chip.good { "verified" } }
            p.muted { "Who signed in, for this application." }
            pre #id-token-claims tabindex="0" { (json::claims(&id_token.claims)) }
            (times(&id_token.claims, now))
            (raw("id-token-raw", &id_token.raw))
        }
    }
}

fn access_token_card(token: &str, expires_at: Option<i64>, now: i64) -> Markup {
    html! {
        section.card {
            h2 { "Access token" }
            @match parse_unverified_payload(token) {
                Ok(claims) => {
                    p.muted { "For the services this application calls. Its contents are theirs to check." }
                    pre #access-token-claims tabindex="0" { (json::claims(&claims)) }
                    (times(&claims, now))
                }
                Err(_) => {
                    p.muted { "Opaque: only the provider can read it." }
                    @if let Some(at) = expires_at {
                        dl.times { dt { "Expires" } dd { (utc(at)) " " span.muted { (distance(at, now)) } } }
                    }
                }
            }
            (raw("access-token-raw", token))
        }
    }
}

fn times(claims: &Map<String, Value>, now: i64) -> Markup {
    let found = TIMES.iter().filter_map(|(name, says)| Some((says, claims.get(*name)?.as_i64()?)));
    html! {
        dl.times {
            @for (says, at) in found {
                dt { (says) } dd { (utc(at)) " " span.muted { (distance(at, now)) } }
            }
        }
    }
}

fn raw(id: &str, token: &str) -> Markup {
    html! {
        details {
            summary { "As it was sent" }
            code.raw id=(id) tabindex="0" { (token) }
            button.small type="button" data-copy=(id) hidden { "Copy" }
        }
    }
}
