//! The browser's side of a login.
//!
//! Owned here: `/auth` and what it checks, the way to an upstream and back, the password page, consent, the
//! authorization response, the device flow's pages, the landing page, and the way out. Not owned: tokens (`dex-token` mints
//! them), upstreams, what pages look like, and cookies.
//!
//! Until somebody has logged in, a login is kept by its browser, sealed; nothing is stored. Whatever
//! comes later asks for that browser again.
//!
//! Control enters through [`routes`]. It leaves to upstreams by redirect, to the store, to `dex-token`, and at
//! the end to the client, at a redirect URI it has registered.

mod approval;
mod authorize;
mod callback;
mod device;
mod dispatch;
mod finish;
mod hint;
mod home;
mod logout;
mod metadata;
mod mfa;
mod negotiate;
mod next_step;
mod once;
mod password;
mod pending;
mod repost;
mod respond;
mod upstream;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use dex_web::{App, render_page_errors};

/// Every page of a login, below the issuer's path.
pub fn routes(app: Arc<App>) -> Router {
    let at = |route: &str| app.issuer.local(route);
    let home = match app.issuer.path() {
        "" => "/",
        path => path,
    };
    let router = Router::new()
        .route(home, any(home::home))
        .route(&at("/auth"), any(authorize::authorize))
        .route(&at("/auth/{connector}"), any(authorize::begin))
        .route(&at("/auth/{connector}/login"), any(password::password))
        .route(&at("/callback"), any(callback::callback))
        .route(&at("/callback/{connector}"), any(callback::callback_through))
        .route(&at("/connectors/{connector}/metadata"), any(metadata::metadata))
        .route(&at("/approval"), any(approval::approval))
        .route(&at("/device"), any(device::enter))
        .route(&at("/device/auth/verify_code"), any(device::verify))
        .route(&at("/device/callback"), any(device::callback));
    let router = match app.settings.sessions {
        Some(_) => router
            .route(&at("/logout"), any(logout::logout))
            .route(&at("/logout/callback"), any(logout::callback))
            .route(&at("/logout/callback/{connector}"), any(logout::callback_through)),
        None => router,
    };
    let router = match app.settings.second_factors.factors.is_empty() {
        true => router,
        false => router
            .route(&at("/mfa"), any(mfa::enter))
            .route(&at("/mfa/totp"), any(mfa::totp))
            .route(&at("/mfa/webauthn"), any(mfa::webauthn))
            .route(&at("/mfa/webauthn/register/begin"), any(mfa::register_begin))
            .route(&at("/mfa/webauthn/register/finish"), any(mfa::register_finish))
            .route(&at("/mfa/webauthn/login/begin"), any(mfa::login_begin))
            .route(&at("/mfa/webauthn/login/finish"), any(mfa::login_finish)),
    };
    router.route_layer(from_fn_with_state(app.clone(), render_page_errors)).with_state(app)
}
