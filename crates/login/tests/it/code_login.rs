use std::collections::BTreeMap;
use std::time::Duration;

use dex_model::{AuthCode, AuthRequest, Claims, Kind, Login};
use dex_testkit::{
    CALLBACK, CLIENT, CLIENT_SECRET, ISSUER, LOCAL_PASSWORD, LOCAL_USER, MOCK_PASSWORD, MOCK_USER, Shown, TestApp,
};
use dex_web::Settings;
use http::StatusCode;

use crate::{app, app_with, without_consent};

/// What the code in a response stands for.
fn code(app: &TestApp, shown: &Shown) -> AuthCode {
    let code = shown.told("code");
    app.app.seals.open_code(&code).unwrap_or_else(|| panic!("no code: {} {}", shown.status, shown.location()))
}

#[tokio::test]
async fn through_an_upstream_and_back_with_a_code() {
    let app = app().await;
    let mut browser = app.browser();
    let before = app.records().await;
    let shown = browser.log_in_through("mock", &[("scope", "openid email groups"), ("nonce", "n")]).await;

    assert_eq!(shown.status, StatusCode::SEE_OTHER);
    assert!(shown.location().starts_with(&format!("{CALLBACK}?code=")), "{}", shown.location());
    let rest: BTreeMap<_, _> = [("iss", ISSUER), ("state", "xyz")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let mut answer = shown.answer();
    answer.remove("code");
    assert_eq!(answer, rest);
    let code = code(&app, &shown);
    assert_eq!((code.client_id.as_str(), code.connector_id.as_str(), code.nonce.as_str()), ("web", "mock", "n"));
    assert_eq!((code.claims.user_id.as_str(), code.redirect_uri.as_str()), ("0-385-28089-0", CALLBACK));
    assert_eq!((code.auth_time, code.scopes.len()), (app.clock.now(), 3));
    assert!(code.connector_data.is_empty(), "kept for refreshes only");
    assert_eq!(app.records().await, before, "a login that asks nothing stores nothing");
    assert!(browser.cookies().is_empty(), "the login is taken back");
}

#[tokio::test]
async fn a_code_is_good_for_one_set_of_tokens() {
    let app = app().await;
    let shown = app.browser().log_in_through("mock", &[]).await;
    let code = shown.told("code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("client_id", CLIENT),
        ("client_secret", CLIENT_SECRET),
    ];
    let tokens = app.browser().post("/dex/token", &form).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    assert!(tokens.body.contains("\"id_token\":\""));
    let replayed = app.browser().post("/dex/token", &form).await;
    assert!(replayed.status == StatusCode::BAD_REQUEST && replayed.body.contains("invalid_grant"));
    let late = app.browser().log_in_through("mock", &[]).await.told("code");
    app.clock.advance(Duration::from_secs(61));
    let late = [form[0], ("code", &late), form[2], form[3], form[4]];
    assert_eq!(app.browser().post("/dex/token", &late).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_refresh_to_come_keeps_the_connectors_data() {
    let app = app().await;
    let shown = app.browser().log_in_through("mock", &[("scope", "openid offline_access")]).await;
    assert_eq!(code(&app, &shown).connector_data.expose(), b"foobar");
}

#[tokio::test]
async fn a_code_that_would_be_too_long_is_kept_in_a_row() {
    let app = app().await;
    let nonce = "n".repeat(1500);
    let shown = app.browser().log_in_through("mock", &[("nonce", &nonce)]).await;
    let id = shown.told("code");
    assert_eq!((id.len(), app.records_of(Kind::AuthCode).await), (51, 1));
    assert_eq!(app.app.store.get::<AuthCode>(&id).await.unwrap().unwrap().nonce, nonce);
}

#[tokio::test]
async fn local_password_wrong_then_right() {
    let app = app().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &[]).await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.body.contains("Email Address") && form.body.contains("Select another login method."));

    let again = browser.submit(&form, &[("login", LOCAL_USER), ("password", "wrong")]).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.body.contains("Invalid Email Address and password.") && again.body.contains(LOCAL_USER));
    let unknown = browser.submit(&again, &[("login", "nobody@example.com"), ("password", LOCAL_PASSWORD)]).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    let long = "x".repeat(5000);
    let long = browser.submit(&unknown, &[("login", LOCAL_USER), ("password", &long)]).await;
    assert_eq!(long.status, StatusCode::UNAUTHORIZED);

    let shown = browser.submit(&long, &[("login", "JANE@example.com"), ("password", LOCAL_PASSWORD)]).await;
    let code = code(&app, &shown);
    assert_eq!((code.claims.username.as_str(), code.claims.email_verified), ("Jane Doe", true));
    assert_eq!(code.connector_id, "local");
}

#[tokio::test]
async fn who_guesses_passwords_is_held_up() {
    let app = app().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("mock-password", &[]).await;
    for n in 0..10 {
        let guess = browser.submit(&form, &[("login", MOCK_USER), ("password", &n.to_string())]).await;
        assert_eq!(guess.status, StatusCode::UNAUTHORIZED);
    }
    let right = [("login", MOCK_USER), ("password", MOCK_PASSWORD)];
    let held_up = browser.submit(&form, &right).await;
    assert_eq!(held_up.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(held_up.headers["retry-after"], "31");
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(browser.submit(&form, &right).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_user_chooses_a_connector() {
    let app = app().await;
    let mut browser = app.browser();
    let list = browser.get(&app.authorization("/auth", &[])).await;
    assert_eq!(list.status, StatusCode::OK);
    for link in ["/dex/auth/local?", "/dex/auth/mock?", "/dex/auth/mock-password?"] {
        assert!(list.body.contains(link), "{link}");
    }
    let named = app.authorization("/auth", &[("connector_id", "mock-password")]);
    let form = browser.get(&named).await;
    let shown = browser.submit(&form, &[("login", MOCK_USER), ("password", MOCK_PASSWORD)]).await;
    assert_eq!(code(&app, &shown).connector_id, "mock-password");
    let unknown = browser.get(&app.authorization("/auth", &[("connector_id", "nope")])).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(unknown.body.contains("Connector ID does not match a valid Connector"));
}

#[tokio::test]
async fn the_only_connector_is_taken_unless_the_login_screen_is_always_shown() {
    for (always_show_login_screen, expected) in [(false, StatusCode::SEE_OTHER), (true, StatusCode::OK)] {
        let app = app_with(Settings { always_show_login_screen, ..without_consent() }).await;
        for id in ["local", "mock-password", "scripted", "leaving", "tickets", "tickets-only"] {
            let _ = app.app.store.remove::<dex_model::Connector>(id).await.unwrap();
        }
        let shown = app.browser().get(&app.authorization("/auth", &[])).await;
        assert_eq!(shown.status, expected);
    }
}

#[tokio::test]
async fn tokens_travel_in_the_fragment_and_forms_are_posted() {
    let app = app().await;
    let hybrid = [("response_type", "code id_token token"), ("nonce", "n")];
    let shown = app.browser().log_in_through("mock", &hybrid).await;
    let names: Vec<String> = shown.answer().into_keys().collect();
    let expected = ["access_token", "code", "expires_in", "id_token", "iss", "state", "token_type"];
    assert_eq!(names, expected, "{}", shown.location());
    assert!(shown.location().starts_with(&format!("{CALLBACK}#access_token=")));

    let posted = app.browser().log_in_through("mock", &[("response_mode", "form_post"), ("state", "\"><b>")]).await;
    assert_eq!((posted.status, posted.form_action()), (StatusCode::OK, CALLBACK.to_owned()));
    for name in ["code", "state", "iss"] {
        assert!(posted.body.contains(&format!("name=\"{name}\"")), "{name}");
    }
    assert!(!posted.body.contains("\"><b>"));

    let fragment = app.browser().log_in_through("mock", &[("response_mode", "fragment")]).await;
    assert!(fragment.location().starts_with(&format!("{CALLBACK}#code=")));
}

#[tokio::test]
async fn out_of_band_shows_the_code() {
    let app = app().await;
    let oob = [("client_id", "cli"), ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob")];
    let shown = app.browser().log_in_through("mock", &oob).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.body.contains("theme-form-input"));
    let refused = app.browser().log_in_through("mock", &[oob[0], oob[1], ("scope", "email")]).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::BAD_REQUEST, ""));
    assert!(refused.body.contains("Missing required scope(s)"));
}

#[tokio::test]
async fn logins_that_nobody_completes_leave_nothing_behind() {
    let app = app().await;
    let mut browser = app.browser();
    let before = app.records().await;
    for _ in 0..1000 {
        let shown = browser.step(http::Method::GET, &app.authorization("/auth/local", &[]), &[]).await;
        assert_eq!(shown.status, StatusCode::FOUND);
    }
    assert_eq!(app.records().await, before);
    assert!(browser.cookies().len() <= 8, "{:?}", browser.cookies());
}

#[tokio::test]
async fn a_login_that_takes_too_long_begins_again() {
    let app = app().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &[]).await;
    app.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let late = browser.submit(&form, &[("login", LOCAL_USER), ("password", LOCAL_PASSWORD)]).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    assert!(late.body.contains("start again"));
}

#[tokio::test]
async fn a_login_that_dex_began_is_finished() {
    let settings = Settings { skip_approval_screen: false, ..without_consent() };
    let app = app_with(settings).await;
    let mut browser = app.browser();
    // Our own login, kept as Dex keeps one: in a row with an id of Dex's length.
    let shown = browser.step(http::Method::GET, &app.authorization("/auth/mock", &[]), &[]).await;
    let id = shown.location().rsplit_once("state=").unwrap().1.to_owned();
    let name = format!("dex_login_{id}=");
    let cookie = shown.headers["set-cookie"].to_str().unwrap();
    let sealed = cookie.strip_prefix(&name).unwrap().split(';').next().unwrap();
    let request = app.app.seals.open_request(&id, sealed, app.clock.now()).unwrap();
    let row = AuthRequest { id: "a".repeat(25), ..request };
    let _ = app.app.store.insert(row.clone()).await.unwrap();

    let mut other = app.browser();
    let page = other.get(&format!("/dex/callback?state={}", row.id)).await;
    assert!(page.body.contains("Grant Access"), "{} {}", page.status, page.body);
    let again = other.get(&format!("/dex/callback?state={}", row.id)).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "someone has logged in already");
    let stored = app.app.store.get::<AuthRequest>(&row.id).await.unwrap().unwrap();
    assert!(
        matches!(stored.login, Login::Done { claims: Claims { ref user_id, .. }, .. } if user_id == "0-385-28089-0")
    );
    let shown = other.submit(&page, &[("approval", "approve")]).await;
    assert_eq!(code(&app, &shown).claims.email, "kilgore@kilgore.trout");
}

#[tokio::test]
async fn an_address_leads_to_the_connector_of_its_domain() {
    let email_domains = [("corp.example".to_owned(), "mock-password".to_owned())].into();
    let app = app_with(Settings { email_domains, ..without_consent() }).await;
    let mut browser = app.browser();
    let list = browser.get(&app.authorization("/auth", &[])).await;
    assert!(list.body.contains(r#"name="email""#) && list.body.contains(r#"value="https://app.example/callback""#));
    for (changes, leads) in [
        ([("email", "Jane@Corp.Example"), ("login_hint", "")], true),
        ([("email", ""), ("login_hint", "jane@corp.example")], true),
        ([("email", "jane@corp.example"), ("login_hint", "joe@elsewhere.example")], true),
        ([("email", "jane@elsewhere.example"), ("login_hint", "")], false),
        ([("email", "jane@corp.example.evil"), ("login_hint", "")], false),
        ([("email", "corp.example"), ("login_hint", "")], false),
        ([("email", "jane@corp.example"), ("connector_id", "tickets")], false),
    ] {
        let shown = browser.get(&app.authorization("/auth", &changes)).await;
        assert_eq!(shown.address.starts_with("/dex/auth/mock-password/login?"), leads, "{changes:?}");
        if leads {
            let typed = changes[0].1;
            let address = if typed.is_empty() { changes[1].1 } else { typed };
            assert!(shown.body.contains(&format!(r#"value="{address}""#)), "it is filled in: {address}");
        } else if changes[1].0 == "login_hint" {
            assert!(shown.body.contains("No login provider is known for this address."), "{changes:?}");
        }
    }
}
