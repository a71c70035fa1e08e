//! Consent that is remembered, and consent that is not.

use dex_model::{Client, Kind, UserIdentity};
use dex_storage::StorageError;
use dex_testkit::{CLIENT, LOCAL_USER, TestApp};
use dex_web::Settings;
use http::{Method, StatusCode};

use crate::sessions::*;

const JANE_ID: &str = "08a8684b-db88-4b73-90a9-3cd1661f5466";

async fn asking_for_consent() -> TestApp {
    dex(Settings { skip_approval_screen: false, ..shared() }).await
}

async fn consents(app: &TestApp, client: &str) -> Vec<String> {
    user(app, JANE_ID, "local").await.unwrap().consents.get(client).cloned().unwrap_or_default()
}

#[tokio::test]
async fn consent_is_asked_for_once_and_for_what_is_new() {
    let app = asking_for_consent().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[("scope", "openid email")])).await;
    let page = submit(&mut browser, &form, LOCAL_USER).await;
    assert!(page.body.contains("Grant Access"), "the first time, though no more than logging in");
    let shown = browser.submit(&page, &[("approval", "approve")]).await;
    let sid = claims(&shown)["sid"].clone();
    assert!(!sid.is_null());

    let cases = [
        ("openid email", &[][..], false),
        ("openid", &[], false),
        ("openid email", &[("prompt", "consent")], true),
        ("openid email", &[("approval_prompt", "force")], true),
        ("openid email profile", &[], true),
    ];
    for (scope, forced, asked) in cases {
        let mut changes = vec![("scope", scope)];
        changes.extend(forced);
        let shown = browser.log_in_through("local", &asking(CLIENT, &changes)).await;
        assert_eq!(shown.body.contains("Grant Access"), asked, "{scope} {forced:?}");
    }
    let page = browser.log_in_through("local", &asking(CLIENT, &[("scope", "openid profile")])).await;
    assert_eq!(claims(&browser.submit(&page, &[("approval", "approve")]).await)["sid"], sid);
    assert_eq!(consents(&app, CLIENT).await, ["openid", "email", "profile"], "merged");
    let both = browser.log_in_through("local", &asking(CLIENT, &[("scope", "openid email profile")])).await;
    assert_eq!(claims(&both)["sid"], sid);
    let other = browser.log_in_through("local", &asking("wiki", &[])).await;
    assert!(other.body.contains("Grant Access"), "each client asks for itself");

    // Another browser of the same user.
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[("scope", "openid email profile")])).await;
    assert!(!claims(&submit(&mut browser, &form, LOCAL_USER).await)["sid"].is_null());
}

#[tokio::test]
async fn a_refusal_is_not_remembered_and_neither_is_what_the_operator_vouches_for() {
    let app = asking_for_consent().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    let page = submit(&mut browser, &form, LOCAL_USER).await;
    let refused = browser.submit(&page, &[("approval", "rejected")]).await;
    assert_eq!(refused.told("error"), "access_denied");
    assert!(consents(&app, CLIENT).await.is_empty());
    assert!(browser.log_in_through("local", &asking(CLIENT, &[])).await.body.contains("Grant Access"));

    let app = dex(sessions()).await;
    log_in(&mut app.browser(), LOCAL_USER).await;
    assert!(consents(&app, CLIENT).await.is_empty());
}

#[tokio::test]
async fn a_client_that_forbids_to_ask_hears_that_consent_is_wanting() {
    let app = asking_for_consent().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    let page = submit(&mut browser, &form, LOCAL_USER).await;
    let rows = app.records_of(Kind::AuthRequest).await;
    let refused = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "none")])).await;
    assert_eq!((refused.told("error"), refused.told("state")), ("consent_required".into(), "xyz".into()));
    assert_eq!(app.records_of(Kind::AuthRequest).await, rows, "nothing is kept of it");
    browser.submit(&page, &[("approval", "approve")]).await;
    let silent = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "none")])).await;
    assert!(!claims(&silent)["sid"].is_null());
}

#[tokio::test]
async fn a_page_that_is_asked_by_a_session_is_worth_nothing_elsewhere() {
    let app = asking_for_consent().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    submit(&mut browser, &form, LOCAL_USER).await;
    let page = browser.log_in_through("local", &asking("wiki", &[])).await;
    assert!(page.address.starts_with("/dex/approval?"), "{}", page.address);

    let mut thief = app.browser();
    for method in [Method::GET, Method::POST] {
        let stolen = thief.step(method, &page.address, &[("approval", "approve")]).await;
        assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    }
    // Another user's session is none either.
    let form = thief.log_in_through("local", &asking(CLIENT, &[])).await;
    submit(&mut thief, &form, JOE).await;
    assert_eq!(thief.step(Method::GET, &page.address, &[]).await.status, StatusCode::BAD_REQUEST);

    let approved = browser.step(Method::POST, &page.address, &[("approval", "approve")]).await;
    let next = approved.location().to_owned();
    assert_eq!(thief.get(&next).await.status, StatusCode::BAD_REQUEST);
    assert!(!claims(&browser.get(&next).await)["sid"].is_null());
    assert_eq!(browser.get(&next).await.status, StatusCode::BAD_REQUEST, "once");
}

#[tokio::test]
async fn a_request_that_no_cookie_holds_is_refused_where_something_is_to_be_asked() {
    let app = asking_for_consent().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    let page = submit(&mut browser, &form, LOCAL_USER).await;
    let long = "n".repeat(4000);
    let refused = browser.log_in_through("local", &asking(CLIENT, &[("nonce", &long)])).await;
    assert_eq!(refused.told("error"), "invalid_request");
    browser.submit(&page, &[("approval", "approve")]).await;
    let shown = browser.log_in_through("local", &asking(CLIENT, &[("nonce", &long)])).await;
    assert_eq!(claims(&shown)["nonce"], long, "nothing is carried");
}

#[tokio::test]
async fn a_login_does_not_outlive_the_session_it_was_made_in() {
    let app = asking_for_consent().await;
    for end in ["idle", "another user"] {
        let mut browser = app.browser();
        let form = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "login consent")])).await;
        let page = submit(&mut browser, &form, LOCAL_USER).await;
        assert!(page.body.contains("Grant Access"));
        if end == "idle" {
            app.clock.advance(std::time::Duration::from_secs(3601));
        } else {
            let form = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "login")])).await;
            submit(&mut browser, &form, JOE).await;
        }
        let shown = browser.submit(&page, &[("approval", "approve")]).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{end}");
        assert!(shown.body.contains("You are not signed in any more."), "{end}: {}", shown.body);
        assert!(consents(&app, CLIENT).await.is_empty(), "{end}: nor has anybody else agreed for them");
    }
}

#[tokio::test]
async fn a_user_who_may_not_use_a_client_does_not_get_in_by_a_session() {
    let app = dex(shared()).await;
    let restrictions = |groups: &[&str]| dex_model::ClientRestrictions {
        allowed_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..Default::default()
    };
    client(&app, Client { id: "admins".into(), restrictions: restrictions(&["admins"]), ..Client::default() }).await;
    client(&app, Client { id: "staff".into(), restrictions: restrictions(&["staff"]), ..Client::default() }).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let admitted = browser.log_in_through("local", &asking("admins", &[])).await;
    assert!(!claims(&admitted)["sid"].is_null(), "the groups are known though nobody asked for them");
    let refused = browser.log_in_through("local", &asking("staff", &[])).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let silent = browser.log_in_through("local", &asking("staff", &[("prompt", "none")])).await;
    assert_eq!(silent.told("error"), "access_denied");
}

#[tokio::test]
async fn a_locked_account_gets_in_neither_way() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let until = dex_model::later(app.clock.now(), std::time::Duration::from_secs(60));
    let lock = |user: UserIdentity| Ok(UserIdentity { blocked_until: until, ..user });
    let whose = (JANE_ID, "local");
    let _ = app.app.store.update::<UserIdentity, StorageError, _>(whose, lock).await.unwrap();

    let by_session = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    assert_eq!(by_session.status, StatusCode::FORBIDDEN);
    assert!(by_session.body.contains("This account is locked."), "{}", by_session.body);
    let silent = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "none")])).await;
    assert_eq!(silent.told("error"), "access_denied");
    let form = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "login")])).await;
    let by_password = submit(&mut browser, &form, LOCAL_USER).await;
    assert_eq!(by_password.status, StatusCode::FORBIDDEN);
    assert!(by_password.body.contains("This account is locked."));

    app.clock.advance(std::time::Duration::from_secs(61));
    assert!(!claims(&browser.log_in_through("local", &asking(CLIENT, &[])).await)["sid"].is_null());
}

#[tokio::test]
async fn an_account_that_is_locked_while_its_user_is_asked_gets_nothing() {
    let app = asking_for_consent().await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    let page = submit(&mut browser, &form, LOCAL_USER).await;
    let until = dex_model::later(app.clock.now(), std::time::Duration::from_secs(60));
    let lock = |user: UserIdentity| Ok(UserIdentity { blocked_until: until, ..user });
    let _ = app.app.store.update::<UserIdentity, StorageError, _>((JANE_ID, "local"), lock).await.unwrap();
    let shown = browser.submit(&page, &[("approval", "approve")]).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN, "{}", shown.location());
    assert!(shown.body.contains("This account is locked."), "{}", shown.body);
}

#[tokio::test]
async fn a_browser_is_one_user_at_a_time() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    let jane = log_in(&mut browser, LOCAL_USER).await;
    let form = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "login")])).await;
    let joe = submit(&mut browser, &form, JOE).await;
    assert_ne!(claims(&jane)["sid"], claims(&joe)["sid"]);
    assert_eq!(app.records_of(Kind::AuthSession).await, 1, "the former one has ended");
    assert_eq!(session(&app, &joe).await.user_id, JOE_ID);
    let again = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    assert_eq!(claims(&again)["sub"], claims(&joe)["sub"]);
    // Another browser of the first user knows nothing of that.
    let mut other = app.browser();
    log_in(&mut other, LOCAL_USER).await;
    assert_eq!(app.records_of(Kind::AuthSession).await, 2);
}
