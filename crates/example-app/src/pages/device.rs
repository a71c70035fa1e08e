//! The screen of the device: a code to type, and where.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};

use super::{
    html as respond,
    layout::{Tab, frame},
    time::distance,
};
use crate::{
    app::App,
    session::{DeviceFlow, Session},
};

pub(crate) fn page(app: &App, session: &Session, now: i64) -> Response {
    let body = match &session.device {
        Some(flow) => waiting(flow, now),
        None => html! {
            section.card.empty {
                h1 { "No device flow is running" }
                @if app.provider.metadata.device_authorization_endpoint.is_some() {
                    form action="/device/login" method="post" {
                        button #device-button.primary type="submit" { "Start one" }
                    }
                } @else {
                    p { "The provider does not offer it." }
                }
            }
        },
    };
    respond(StatusCode::OK, frame("Device", Tab::None, Some(session), &body))
}

fn waiting(flow: &DeviceFlow, now: i64) -> Markup {
    html! {
        section.card.device {
            p.eyebrow { "Device flow" }
            h1 { "Confirm on another screen" }
            p { "Open " b { (flow.verification_uri) } " and enter this code:" }
            p #device-user-code.code { (flow.user_code) }
            p { a #device-verification-link.button.primary href=(flow.link) target="_blank" rel="noopener" { "Open it here" } }
            p #device-status.muted role="status" data-poll=(flow.interval) {
                "Waiting for you. The code expires " (distance(flow.expires_at, now)) "."
            }
            form action="/device/check" method="post" {
                button #device-check-button.small type="submit" { "Check now" }
            }
        }
    }
}
