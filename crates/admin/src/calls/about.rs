//! What the server says of itself (gRPC spec, 5.4).

use crate::Admin;
use crate::proto::{DiscoveryReq, DiscoveryResp, VersionReq, VersionResp};
use crate::refusal::Refusal;

/// The version of this API, Dex's number for these calls.
const API_VERSION: i32 = 4;

pub(crate) async fn version(admin: &Admin, _: VersionReq) -> Result<VersionResp, Refusal> {
    Ok(VersionResp { server: admin.options.version.to_owned(), api: API_VERSION })
}

/// What the discovery document says, as far as the message has a place for it.
pub(crate) async fn discovery(admin: &Admin, _: DiscoveryReq) -> Result<DiscoveryResp, Refusal> {
    let document = dex_web::discovery_document(&admin.app).await;
    let document: serde_json::Value = serde_json::from_slice(&document).expect("the discovery document is JSON");
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| {
        let values = document[name].as_array().map_or(&[][..], Vec::as_slice);
        values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    Ok(DiscoveryResp {
        issuer: text("issuer"),
        authorization_endpoint: text("authorization_endpoint"),
        token_endpoint: text("token_endpoint"),
        jwks_uri: text("jwks_uri"),
        userinfo_endpoint: text("userinfo_endpoint"),
        device_authorization_endpoint: text("device_authorization_endpoint"),
        introspection_endpoint: text("introspection_endpoint"),
        grant_types_supported: list("grant_types_supported"),
        response_types_supported: list("response_types_supported"),
        subject_types_supported: list("subject_types_supported"),
        id_token_signing_alg_values_supported: list("id_token_signing_alg_values_supported"),
        code_challenge_methods_supported: list("code_challenge_methods_supported"),
        scopes_supported: list("scopes_supported"),
        token_endpoint_auth_methods_supported: list("token_endpoint_auth_methods_supported"),
        claims_supported: list("claims_supported"),
    })
}
