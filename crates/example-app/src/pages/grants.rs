//! The forms of the grants that need no browser at the provider.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};

use super::{
    html as respond,
    layout::{Tab, choice, field, frame},
};
use crate::{flows::grants::GrantForm, session::Session};

const KINDS: [(&str, &str); 2] = [("access_token", "access token"), ("id_token", "ID token")];

pub(crate) fn page(session: &Session, form: GrantForm) -> Response {
    let body = html! {
        form #grant-form.card.narrow action={ "/grant/" (form.slug()) } method="post" {
            p.eyebrow { "Grant" }
            h1 { (form.title()) }
            p.muted { code { (form.grant()) } }
            (fields(form))
            button #grant-button.primary type="submit" { "Ask for tokens" }
        }
    };
    respond(StatusCode::OK, frame(form.title(), Tab::None, Some(session), &body))
}

fn fields(form: GrantForm) -> Markup {
    let scope = |value| field("scope", "Scopes", "Separated by spaces.", "text", value);
    match form {
        GrantForm::Refresh => html! {
            p { "Uses the refresh token that this browser holds." }
            (field("scope", "Scopes", "Fewer than before, or empty for the same.", "text", ""))
        },
        GrantForm::ClientCredentials => scope("openid profile"),
        GrantForm::Password => html! {
            (field("username", "User name", "", "text", ""))
            (field("password", "Password", "", "password", ""))
            (scope("openid profile email groups offline_access"))
        },
        GrantForm::TokenExchange => html! {
            (field("connector_id", "Connector ID", "Whose token it is.", "text", ""))
            (choice("subject_token_type", "The token is an", &KINDS))
            (field("subject_token", "Token", "Empty for the one this browser holds.", "text", ""))
            (choice("requested_token_type", "Ask for an", &KINDS))
            (scope("openid profile email groups"))
        },
    }
}
