//! Where the endpoints of this room are mounted.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use dex_web::{App, cors, discovery, keys, server_metadata};

use crate::{device, endpoint, introspection, revocation, userinfo};

/// The endpoints that clients call, under the issuer's path.
pub fn routes(app: &Arc<App>) -> Router {
    let at = |route: &str| app.issuer.local(route);
    let open = Router::new()
        .route(&at("/.well-known/openid-configuration"), any(discovery))
        .route(&at("/.well-known/oauth-authorization-server"), any(server_metadata))
        .route(&at("/keys"), any(keys))
        .route(&at("/token"), any(endpoint::token))
        .route(&at("/token/introspect"), any(introspection::introspect))
        .route(&at("/token/revoke"), any(revocation::revoke))
        .route(&at("/userinfo"), any(userinfo::userinfo))
        .layer(from_fn_with_state(app.clone(), cors));
    let mut router = open.route(&at("/device/code"), any(device::device_code));
    if !app.issuer.path().is_empty() {
        // RFC 8414 §3.1 puts the well-known part before the issuer's path.
        let inserted = format!("/.well-known/oauth-authorization-server{}", app.issuer.path());
        router = router.route(&inserted, any(server_metadata));
    }
    router.with_state(app.clone())
}
