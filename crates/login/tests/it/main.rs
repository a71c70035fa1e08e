//! Journeys of a browser through a login.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod authorize_errors;
mod changed;
mod code_login;
mod consent;
mod credentials;
mod device;
mod device_abuse;
mod logout;
mod logout_failures;
mod logout_upstream;
mod mfa;
mod mfa_races;
mod page_errors;
mod policies;
mod refusals;
mod same_browser;
mod sessions;
mod sessions_consent;
mod sessions_pages;
mod sessions_prompt;
mod sessions_sso;
mod tickets;
mod upstream;

use std::sync::Arc;

use axum::Router;
use dex_testkit::TestApp;
use dex_web::{App, Settings};

/// A dex that asks for no consent.
async fn app() -> TestApp {
    app_with(without_consent()).await
}

async fn app_with(settings: Settings) -> TestApp {
    TestApp::start_with(settings, routes).await
}

fn routes(app: &Arc<App>) -> Router {
    dex_login::routes(app.clone()).merge(dex_token::routes(app))
}

fn without_consent() -> Settings {
    Settings {
        skip_approval_screen: true,
        response_types: ["code", "id_token", "token"].map(str::to_owned).to_vec(),
        ..Settings::default()
    }
}
