//! The connector's keys: what each changes in a login.

use dex_connector::{Identity, UpstreamError};
use dex_fakes::kit::Fault;
use dex_fakes::oidc::Oidc;
use serde_json::{Value, json};

use super::open;
use crate::kit::{ALL, log_in};

async fn identity(op: &Oidc, keys: Value) -> Result<Identity, UpstreamError> {
    log_in(&open(op, &keys), &op.fake, ALL).await
}

#[tokio::test]
async fn claims_are_mapped_to_the_user() {
    let op = Oidc::start().await.unwrap();
    op.change(|script| {
        script.claims =
            json!({"oid": "o-1", "upn": "n@corp.example", "mail": "m@up.example", "roles": ["r1", {"name": "r2"}]});
    });
    let mapping = json!({"preferred_username": "upn", "email": "mail", "groups": "roles"});
    let usual = identity(&op, json!({"insecureEnableGroups": true, "claimMapping": mapping})).await.unwrap();
    assert_eq!((usual.preferred_username.as_str(), usual.email.as_str()), ("nadia", "nadia@up.example"));
    assert_eq!(usual.groups, ["staff", "admins"]);
    let all = json!({
        "userIDKey": "oid", "userNameKey": "upn", "overrideClaimMapping": true, "claimMapping": mapping,
        "insecureEnableGroups": true,
        "claimModifications": {
            "newGroupFromClaims": [{"prefix": "up", "delimiter": ":", "clearDelimiter": true, "claims": ["oid", "email_verified"]}],
            "filterGroupClaims": {"groupsFilter": "1$"},
            "modifyGroupNames": {"prefix": "<", "suffix": ">"},
        },
    });
    let mapped = identity(&op, all).await.unwrap();
    let names = [&mapped.user_id, &mapped.username, &mapped.preferred_username, &mapped.email];
    assert_eq!(names, ["o-1", "n@corp.example", "n@corp.example", "m@up.example"]);
    assert_eq!(mapped.groups, ["<r1>", "up:o-1"]);
}

#[tokio::test]
async fn userinfo_completes_a_thin_id_token() {
    let op = Oidc::start().await.unwrap();
    op.change(|script| {
        script.claims =
            json!({"name": null, "email": null, "email_verified": null, "groups": null, "preferred_username": null});
        script.userinfo = json!({"name": "N", "email": "n@up.example", "email_verified": true, "groups": ["u"]});
    });
    let keys = json!({"insecureEnableGroups": true, "getUserInfo": true});
    assert!(identity(&op, json!({"insecureEnableGroups": true})).await.is_err());
    for signed in [false, true] {
        op.change(|script| script.signs_userinfo = signed);
        let identity = identity(&op, keys.clone()).await.unwrap();
        assert_eq!((identity.username.as_str(), identity.email.as_str()), ("N", "n@up.example"), "{signed}");
        assert_eq!(identity.groups, ["u"]);
    }
    op.change(|script| {
        script.signs_userinfo = false;
        script.userinfo = json!({"sub": "another"});
    });
    let error = identity(&op, keys).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains("another subject")), "{error}");
}

#[tokio::test]
async fn unverified_addresses_are_taken_if_that_is_configured() {
    let op = Oidc::start().await.unwrap();
    op.change(|script| script.claims = json!({"email_verified": null}));
    let error = identity(&op, json!({})).await.unwrap_err();
    assert!(error.to_string().contains("missing \"email_verified\" claim"), "{error}");
    assert!(identity(&op, json!({"insecureSkipEmailVerified": true})).await.unwrap().email_verified);
    assert!(!identity(&op, json!({"scopes": ["profile"]})).await.unwrap().email_verified);
}

#[tokio::test]
async fn the_secret_is_sent_where_it_is_taken() {
    let op = Oidc::start().await.unwrap();
    let posts = |op: &Oidc| op.fake.recorded().iter().filter(|asked| asked.path == "/token").count();
    op.oauth().change(|terms| terms.basic = false);
    let learning = open(&op, &json!({}));
    log_in(&learning, &op.fake, ALL).await.unwrap();
    assert_eq!(posts(&op), 2, "first the header, then the body");
    log_in(&learning, &op.fake, ALL).await.unwrap();
    assert_eq!(posts(&op), 3, "it was learned");
    op.fake.forget();
    identity(&op, json!({"basicAuthUnsupported": true})).await.unwrap();
    assert_eq!(posts(&op), 1);
    op.change(|script| script.document = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}));
    op.fake.forget();
    identity(&op, json!({})).await.unwrap();
    assert_eq!(posts(&op), 1, "the provider says so");
    let error = identity(&op, json!({"clientSecret": "wrong"})).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Misconfigured(text) if text.contains("invalid_client")), "{error}");
}

#[tokio::test]
async fn endpoints_are_replaced_one_by_one_and_the_rest_is_kept() {
    let op = Oidc::start().await.unwrap();
    let nowhere = "http://127.0.0.1:9/";
    op.change(|script| {
        script.document =
            json!({"authorization_endpoint": nowhere, "token_endpoint": nowhere, "jwks_uri": nowhere, "userinfo_endpoint": nowhere});
    });
    let at = |path: &str| format!("{}/{path}", op.issuer());
    let overrides = json!({"authURL": at("auth"), "tokenURL": at("token"), "jwksURL": at("keys"), "userInfoURL": at("userinfo"), "deviceAuthURL": ""});
    let keys = json!({"providerDiscoveryOverrides": overrides, "getUserInfo": true});
    identity(&op, keys.clone()).await.unwrap();
    let browsed = op.fake.lines().into_iter().find(|line| line.starts_with("GET /auth?")).unwrap();
    assert!(browsed.contains("code_challenge_method=S256"), "PKCE is still detected: {browsed}");
    op.fake.fail(Fault::at("/.well-known/").status(404, "{}"));
    let manual = json!({"providerDiscoveryOverrides": overrides, "getUserInfo": true});
    op.change(|script| script.document = json!({}));
    identity(&op, manual).await.unwrap();
}

#[tokio::test]
async fn an_alias_names_the_issuer_of_tokens() {
    let op = Oidc::start().await.unwrap();
    let alias = "https://alias.example/";
    op.change(|script| {
        script.document = json!({"issuer": "https://placeholder.example/{tenant}"});
        script.claims = json!({"iss": alias});
    });
    identity(&op, json!({"issuerAlias": alias})).await.unwrap();
    assert!(identity(&op, json!({})).await.is_err());
    op.change(|script| script.claims = json!({}));
    let error = identity(&op, json!({"issuerAlias": alias})).await.unwrap_err();
    assert!(error.to_string().contains("it is of issuer"), "{error}");
}
