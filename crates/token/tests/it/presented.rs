//! Tokens that somebody presents: userinfo, introspection, revocation.

use axum::body::Body;
use dex_token::mint::logout_token;
use dex_web::LogoutNotice;
use http::{Request, header};

use crate::kit::{app, app_with, code, member, post, post_as, redeem, refresh, refusal, userinfo};

const SCOPES: &[&str] = &["openid", "email", "offline_access"];

#[tokio::test]
async fn userinfo_takes_access_tokens_only() {
    let app = app().await;
    let tokens = redeem(&app, &code(&app, SCOPES)).await;
    let shown = userinfo(&app, &member(&tokens, "access_token")).await;
    assert_eq!((shown.status.as_u16(), member(&shown, "email").as_str()), (200, "kilgore@kilgore.trout"));
    let refreshed = refresh(&app, &member(&tokens, "refresh_token")).await;
    let broken = member(&tokens, "access_token").replacen("e", "f", 1);
    for token in [&member(&tokens, "id_token"), &member(&refreshed, "id_token"), &broken, "x", "a.b.c"] {
        let shown = userinfo(&app, token).await;
        assert_eq!(shown.status, 403, "{token}");
        assert!(shown.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    }
    let nobody = app.send(Request::get("/dex/userinfo").body(Body::empty()).unwrap()).await;
    assert_eq!((nobody.status.as_u16(), &nobody.headers[header::WWW_AUTHENTICATE]), (401, &"Bearer".parse().unwrap()));
    let posted = post_as(&app, ("", ""), "/userinfo", &[("access_token", &member(&tokens, "access_token"))]).await;
    assert_eq!(posted.status, 200);
}

#[tokio::test]
async fn tokens_die_with_their_time() {
    let app = app().await;
    let access = member(&redeem(&app, &code(&app, SCOPES)).await, "access_token");
    app.clock.advance(app.app.settings.id_tokens_valid_for);
    assert_eq!(userinfo(&app, &access).await.status, 200);
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(userinfo(&app, &access).await.status, 403);
}

#[tokio::test]
async fn introspection_says_what_lives_and_refuses_wrong_credentials() {
    let app = app().await;
    let tokens = redeem(&app, &code(&app, SCOPES)).await;
    let ask =
        async |credentials, token: &str| post_as(&app, credentials, "/token/introspect", &[("token", token)]).await;
    for (name, kind) in [("access_token", "access_token"), ("refresh_token", "refresh_token")] {
        let shown = ask(("", ""), &member(&tokens, name)).await;
        assert_eq!(member(&shown, "token_use"), kind, "{}", shown.body);
        assert_eq!(member(&shown, "client_id"), "web");
    }
    for unknown in ["fake-token", "a.b.c", "CgR0ZXN0EgNiYXI"] {
        assert_eq!(ask(("", ""), unknown).await.body, "{\"active\":false}\n", "{unknown}");
    }
    assert_eq!(refusal(&ask(("web", "wrong"), "x").await), (401, "invalid_client".into()));
    let empty = post_as(&app, ("", ""), "/token/introspect", &[]).await;
    assert_eq!(member(&empty, "error_description"), "The POST body can not be empty.");
}

#[tokio::test]
async fn introspection_asks_for_credentials_where_configured() {
    let app = app_with(|settings| settings.introspection_requires_authentication = true).await;
    let anonymous = post_as(&app, ("", ""), "/token/introspect", &[("token", "x")]).await;
    assert_eq!(refusal(&anonymous), (401, "invalid_client".into()));
    assert_eq!(anonymous.headers["www-authenticate"], "Basic realm=\"dex\"");
    assert_eq!(post(&app, "/token/introspect", &[("token", "x")]).await.status, 200);
}

#[tokio::test]
async fn a_client_revokes_its_own_tokens_only() {
    let app = app().await;
    let tokens = redeem(&app, &code(&app, SCOPES)).await;
    let (access, held) = (member(&tokens, "access_token"), member(&tokens, "refresh_token"));
    for token in [&access, &held] {
        let foreign = post_as(&app, ("peer", "peer-secret"), "/token/revoke", &[("token", token)]).await;
        assert_eq!(foreign.status, 200, "what is not theirs is as good as gone to them");
    }
    assert_eq!(userinfo(&app, &access).await.status, 200);
    assert_eq!(post(&app, "/token/revoke", &[("token", &access)]).await.status, 200);
    assert_eq!(userinfo(&app, &access).await.status, 403);
    assert_eq!(post(&app, "/token/revoke", &[("token", &held)]).await.status, 200);
    assert_eq!(refusal(&refresh(&app, &held).await), (400, "invalid_grant".into()));
    assert_eq!(post(&app, "/token/revoke", &[("token", "unknown")]).await.status, 200);
    assert_eq!(refusal(&post(&app, "/token/revoke", &[]).await), (400, "invalid_request".into()));
}

#[tokio::test]
async fn a_logout_token_is_no_other_token() {
    let app = app().await;
    let notice = LogoutNotice {
        issuer: app.app.issuer.as_str().into(),
        client_id: "web".into(),
        uri: String::new(),
        user_id: "jane".into(),
        connector_id: "mock".into(),
        session_id: "s1".into(),
    };
    let token = logout_token(&app.app.signer, &notice, app.clock.now()).await.unwrap();
    assert_eq!(userinfo(&app, &token).await.status, 403);
    assert_eq!(post(&app, "/token/introspect", &[("token", &token)]).await.body, "{\"active\":false}\n");
}
