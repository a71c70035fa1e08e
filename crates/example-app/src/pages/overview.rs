//! The start page: sign in, the other grants, and what the provider says about itself.

use axum::{http::StatusCode, response::Response};
use dex_oidc::GrantType;
use maud::{Markup, html};

use super::{
    html as respond,
    layout::{Tab, field, frame, who},
};
use crate::{app::App, flows::grants::GrantForm, session::Session};

/// Scope, whether it is ticked at first, what it brings.
const SCOPES: [(&str, bool, &str); 5] = [
    ("profile", true, "name and preferred user name"),
    ("email", true, "address, and whether it is verified"),
    ("groups", true, "the groups the user is in"),
    ("offline_access", true, "a refresh token"),
    ("federated:id", false, "who the user is at the upstream"),
];

pub(crate) fn page(app: &App, session: &Session) -> Response {
    let body = html! {
        @match session.user() {
            Some(user) => (signed_in(session, user)),
            None => {
                h1 { "Try your provider" }
                p.lead {
                    "Signs you in at " b { (app.provider.metadata.issuer) }
                    " as the client " b { (app.provider.client_id()) } ", and shows the tokens that come back."
                }
            }
        }
        div.columns {
            (login_form(session.user().is_some()))
            div {
                (other_grants(app, session))
                (provider(app))
            }
        }
    };
    respond(StatusCode::OK, frame("Overview", Tab::Overview, Some(session), &body))
}

fn signed_in(session: &Session, user: &str) -> Markup {
    html! {
        section.card.hero aria-label="Who is signed in" {
            (who(session, user))
            div.actions {
                a.button.primary href="/tokens" { "See the tokens" }
                a #logout-button.button href="/logout" { "Sign out" }
            }
        }
    }
}

fn login_form(again: bool) -> Markup {
    html! {
        form #login-form.card action="/login" method="post" {
            h2 { @if again { "Sign in again" } @else { "Sign in" } }
            p.muted { "Authorization code flow. What should the tokens hold?" }
            fieldset {
                legend.sr { "Scopes" }
                label.check {
                    input type="checkbox" checked disabled;
                    span { b { "openid" } span.hint { "an ID token; always asked for" } }
                }
                @for (scope, ticked, brings) in SCOPES {
                    label.check {
                        input type="checkbox" name="extra_scopes" value=(scope) checked[ticked];
                        span { b { (scope) } span.hint { (brings) } }
                    }
                }
            }
            details {
                summary { "More options" }
                (field("cross_client", "Also meant for these clients",
                    "Client IDs, separated by spaces. They must trust this client.", "text", ""))
                (field("connector_id", "Connector ID", "Skips the choice of how to sign in.", "text", ""))
            }
            button #login-button.primary type="submit" { "Sign in" }
        }
    }
}

fn other_grants(app: &App, session: &Session) -> Markup {
    let offers_device =
        app.provider.offers(GrantType::DeviceCode) && app.provider.metadata.device_authorization_endpoint.is_some();
    let has_refresh_token = session.tokens.as_ref().is_some_and(|tokens| tokens.answer.refresh_token.is_some());
    let offered = GrantForm::ALL
        .into_iter()
        .filter(|form| app.provider.offers(form.grant()) && (*form != GrantForm::Refresh || has_refresh_token));
    html! {
        section.card {
            h2 { "Other ways to get tokens" }
            ul.rows {
                @if offers_device {
                    li {
                        div { b { "Device code" } p.hint { "For a television or a terminal: you confirm on another screen." } }
                        form action="/device/login" method="post" {
                            button #device-button type="submit" { "Start" }
                        }
                    }
                }
                @for form in offered {
                    li {
                        div { b { (form.title()) } p.hint { (purpose(form)) } }
                        a.button href={ "/grant/" (form.slug()) } { "Open" }
                    }
                }
            }
        }
    }
}

fn purpose(form: GrantForm) -> &'static str {
    match form {
        GrantForm::Refresh => "New tokens without asking anyone.",
        GrantForm::ClientCredentials => "The application itself, without a user.",
        GrantForm::Password => "The application asks for the password itself.",
        GrantForm::TokenExchange => "One token for another, of an upstream's perhaps.",
    }
}

fn provider(app: &App) -> Markup {
    let metadata = &app.provider.metadata;
    let endpoints = [
        ("Authorization", Some(&metadata.authorization_endpoint)),
        ("Token", Some(&metadata.token_endpoint)),
        ("Keys", Some(&metadata.jwks_uri)),
        ("User info", metadata.userinfo_endpoint.as_ref()),
        ("Introspection", metadata.introspection_endpoint.as_ref()),
        ("Device", metadata.device_authorization_endpoint.as_ref()),
        ("End session", metadata.end_session_endpoint.as_ref()),
    ];
    html! {
        section.card {
            h2 { "Provider and client" }
            dl {
                dt { "Issuer" } dd { (metadata.issuer) }
                dt { "Client ID" } dd { (app.provider.client_id()) }
                dt { "Redirect URI" } dd { (app.options.redirect_uri) }
                dt { "PKCE" } dd { @if app.options.pkce { "S256" } @else { "off" } }
                dt { "Sessions" } dd {
                    @if metadata.end_session_endpoint.is_some() { "kept by the provider" } @else { "not advertised" }
                    @if metadata.backchannel_logout_supported { ", tells of logouts" }
                }
            }
            details {
                summary { "Endpoints" }
                dl {
                    @for (name, endpoint) in endpoints {
                        @if let Some(endpoint) = endpoint {
                            dt { (name) } dd { (endpoint) }
                        }
                    }
                }
            }
        }
    }
}
