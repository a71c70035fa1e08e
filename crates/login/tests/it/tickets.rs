use axum::body::Body;
use dex_testkit::{Browser, Shown, TestApp};
use http::{Request, StatusCode, header};

use crate::app;

/// Begins a login through a connector, and shows its page with a header; answers what came of it.
async fn show(app: &TestApp, connector: &str, authorization: Option<&str>) -> Shown {
    let mut browser: Browser<'_> = app.browser();
    let to = app.authorization(&format!("/auth/{connector}"), &[]);
    let begun = browser.step(http::Method::GET, &to, &[]).await;
    let cookie = begun.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut request = Request::get(begun.location()).header(header::COOKIE, cookie);
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn tickets_are_asked_for_and_the_form_is_in_the_challenge() {
    let app = app().await;
    // `ticket`, `realm`, `nobody` and `junk` in Base64.
    let cases = [
        ("tickets", None, 401, "Negotiate", true),
        ("tickets", Some("Bearer x"), 401, "Negotiate", true),
        ("tickets", Some("Negotiate cmVhbG0="), 401, "Negotiate", true),
        ("tickets", Some("Negotiate bm9ib2R5"), 401, "Negotiate", true),
        ("tickets", Some("Negotiate anVuaw=="), 401, "Negotiate bm8=", true),
        ("tickets", Some("Negotiate !"), 401, "Negotiate bm8=", true),
        ("tickets-only", None, 401, "Negotiate", false),
        ("tickets-only", Some("Negotiate cmVhbG0="), 401, "Negotiate", false),
        ("tickets-only", Some("Negotiate anVuaw=="), 401, "Negotiate bm8=", false),
        ("tickets-only", Some("Negotiate bm9ib2R5"), 500, "", false),
    ];
    for (connector, shown, status, challenge, form) in cases {
        let answered = show(&app, connector, shown).await;
        let challenged = answered.headers.get(header::WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap());
        assert_eq!((answered.status.as_u16(), challenged), (status, challenge), "{connector} {shown:?}");
        assert_eq!(answered.body.contains(r#"name="password""#), form, "{connector} {shown:?}");
    }
    for (connector, shown) in [("tickets", "Negotiate dGlja2V0"), ("tickets-only", "negotiate dGlja2V0")] {
        let answered = show(&app, connector, Some(shown)).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{connector}");
    }
}

/// The connector of this test remembers nothing, as that of another replica would not.
#[tokio::test]
async fn a_ticket_shown_to_another_replica_is_not_believed() {
    let app = app().await;
    for (connector, form) in [("tickets", true), ("tickets-only", false)] {
        let first = show(&app, connector, Some("Negotiate b25jZQ==")).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{connector}");
        let again = show(&app, connector, Some("Negotiate b25jZQ==")).await;
        let challenged = again.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert_eq!((again.status.as_u16(), challenged), (401, "Negotiate"), "{connector}");
        assert_eq!(again.body.contains(r#"name="password""#), form, "{connector}");
    }
}

#[tokio::test]
async fn an_expired_password_is_told_in_words_and_a_wrong_one_is_not() {
    let app = app().await;
    for (password, told) in [("expired", "The password has expired."), ("wrong", "Invalid Username and password.")] {
        let mut browser = app.browser();
        let form = browser.log_in_through("tickets", &[("login_hint", "jane")]).await;
        assert!(form.body.contains(r#"value="jane""#), "the hint is filled in");
        let answered = browser.submit(&form, &[("login", "jane"), ("password", password)]).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
        assert!(answered.body.contains(told), "{}", answered.body);
    }
}
