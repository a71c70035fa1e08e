//! Introspection and the local check of a token, and their outcome.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    html as respond, json,
    layout::{Tab, choice, frame},
};
use crate::session::Session;

/// What a tool found out.
pub(crate) struct ToolResult {
    pub(crate) title: &'static str,
    /// A sentence.
    pub(crate) verdict: String,
    pub(crate) good: bool,
    pub(crate) shown: Value,
}

pub(crate) fn page(session: &Session, result: Option<&ToolResult>) -> Response {
    let body = html! {
        h1 { "Tools" }
        @if let Some(result) = result {
            section #tool-result.card aria-live="polite" {
                h2 { (result.title) }
                p #tool-verdict.verdict.(if result.good { "good" } else { "bad" }) { (result.verdict) }
                pre #tool-claims tabindex="0" { (json::value(&result.shown)) }
            }
        }
        div.columns.even {
            (tool(session, "introspect", "Introspect", "Asks the provider whether a token is active."))
            (tool(session, "verify", "Check here", "Verifies signature, issuer, audience and times with the provider's public keys."))
        }
    };
    respond(StatusCode::OK, frame("Tools", Tab::Tools, Some(session), &body))
}

fn tool(session: &Session, slug: &str, title: &str, does: &str) -> Markup {
    let mut held = Vec::new();
    if let Some(tokens) = &session.tokens {
        held.push(("access_token", "access token"));
        if tokens.id_token.is_some() {
            held.push(("id_token", "ID token"));
        }
        if tokens.answer.refresh_token.is_some() && slug == "introspect" {
            held.push(("refresh_token", "refresh token"));
        }
    }
    let area = format!("{slug}-token");
    html! {
        form.card action={ "/tools/" (slug) } method="post" {
            h2 { (title) }
            p.muted { (does) }
            @if !held.is_empty() {
                (choice("which", "This browser's", &held))
            }
            div.field {
                label for=(area) { @if held.is_empty() { "Token" } @else { "Or another token" } }
                textarea id=(area) name="token" rows="4" spellcheck="false" autocomplete="off" autocapitalize="none" {}
            }
            button id={ (slug) "-tool-button" } type="submit" { (title) }
        }
    }
}
