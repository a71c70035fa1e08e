//! What a client may ask of a user who has a session.

use std::time::Duration;

use dex_testkit::{CALLBACK, CLIENT, LOCAL_USER};
use dex_web::Settings;
use http::Method;

use crate::sessions::*;

#[tokio::test]
async fn each_prompt_means_what_it_says() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    for route in ["/auth", "/auth/local"] {
        let silent = browser.get(&app.authorization(route, &asking(CLIENT, &[("prompt", "none")]))).await;
        assert_eq!(silent.told("error"), "login_required", "{route}: nobody is there");
    }
    log_in(&mut browser, LOCAL_USER).await;
    for route in ["/auth", "/auth/local"] {
        let silent = browser.get(&app.authorization(route, &asking(CLIENT, &[("prompt", "none")]))).await;
        assert!(!claims(&silent)["sid"].is_null(), "{route}");
    }
    let elsewhere = browser.log_in_through("mock", &asking(CLIENT, &[("prompt", "none")])).await;
    assert_eq!(elsewhere.told("error"), "login_required");
    let not_shared = browser.log_in_through("local", &asking("wiki", &[("prompt", "none")])).await;
    assert_eq!(not_shared.told("error"), "login_required");
    let form = browser.get(&app.authorization("/auth", &asking(CLIENT, &[("prompt", "login")]))).await;
    app.clock.advance(Duration::from_secs(5));
    let fresh = submit(&mut browser, &form, LOCAL_USER).await;
    assert_eq!(claims(&fresh)["auth_time"], app.clock.now().as_second());
    let consent = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "consent")])).await;
    assert!(consent.body.contains("Grant Access"), "{}", consent.body);
    let unknown = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "none login")])).await;
    assert_eq!(unknown.told("error"), "invalid_request");
}

#[tokio::test]
async fn an_account_is_chosen_though_there_is_a_session() {
    let app = dex(sessions()).await;
    let choose = [("prompt", "select_account")];
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let list = browser.get(&app.authorization("/auth", &asking(CLIENT, &choose))).await;
    assert!(list.body.contains("/dex/auth/local?"), "{}", list.body);
    let form = browser.get(&link(&list.body, "/dex/auth/local?")).await;
    let joe = submit(&mut browser, &form, JOE).await;
    assert_eq!(claims(&joe)["sub"], dex_oidc::subject(JOE_ID, "local"));

    let form = browser.log_in_through("local", &asking(CLIENT, &choose)).await;
    assert!(asks(&form), "whoever types a name chooses");
    // Where the upstream may know its user, that would be silent.
    for route in ["/auth/mock", "/auth"] {
        let named = [("prompt", "select_account"), ("connector_id", "mock")];
        let page = browser.get(&app.authorization(route, &asking(CLIENT, &named))).await;
        assert!(page.body.contains("Log in with Example") && !page.body.contains("/dex/auth/local?"), "{route}");
        let shown = browser.get(&link(&page.body, "/dex/auth/mock?")).await;
        assert!(shown.location().starts_with(CALLBACK), "{}", shown.body);
    }
}

#[tokio::test]
async fn a_ticket_neither_chooses_nor_types_for_its_user() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    browser.set_header("authorization", "Negotiate dGlja2V0");
    let silent = browser.log_in_through("tickets", &asking(CLIENT, &[])).await;
    assert!(!claims(&silent)["sid"].is_null(), "who is asked nothing is let in");
    for prompt in ["login", "select_account"] {
        let form = browser.log_in_through("tickets", &asking(CLIENT, &[("prompt", prompt)])).await;
        assert!(asks(&form), "{prompt}: {}", form.location());
    }
    let list = browser.log_in_through("tickets-only", &asking(CLIENT, &[("prompt", "select_account")])).await;
    assert!(list.body.contains("Log in with Tickets"), "{}", list.body);
    let confirmed = browser.get(&link(&list.body, "/dex/auth/tickets-only?")).await;
    assert!(!claims(&confirmed)["sid"].is_null());

    let off = dex(crate::without_consent()).await;
    let mut browser = off.browser();
    browser.set_header("authorization", "Negotiate dGlja2V0");
    let ticket = browser.log_in_through("tickets", &asking(CLIENT, &[("prompt", "login")])).await;
    assert!(ticket.location().starts_with(CALLBACK), "without sessions all is as it was");
}

#[tokio::test]
async fn the_only_connector_is_confirmed_where_an_account_is_chosen() {
    let app = dex(sessions()).await;
    for connector in app.app.connectors.list().await.unwrap().iter().filter(|connector| connector.id != "mock") {
        let _ = app.app.store.remove::<dex_model::Connector>(&connector.id).await.unwrap();
    }
    let mut browser = app.browser();
    let page = browser.get(&app.authorization("/auth", &asking(CLIENT, &[("prompt", "select_account")]))).await;
    assert!(page.body.contains("Log in with Example"), "{} {}", page.location(), page.body);
    assert!(browser.get(&link(&page.body, "/dex/auth/mock?")).await.location().starts_with(CALLBACK));
}

#[tokio::test]
async fn whoever_goes_back_to_the_list_still_has_to_log_in() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let form = browser.get(&app.authorization("/auth", &asking(CLIENT, &[("prompt", "login")]))).await;
    let list = browser.get(&link(&form.body, "/dex/auth?")).await;
    assert!(list.address.contains("prompt=login+select_account"), "{}", list.address);
    let again = browser.get(&link(&list.body, "/dex/auth/local?")).await;
    assert!(asks(&again), "{}", again.location());
    assert!(again.body.contains("Select another login method."));
}

#[tokio::test]
async fn a_login_screen_that_is_always_shown_is_not_shown_to_a_client_that_forbids_it() {
    let app = dex(Settings { always_show_login_screen: true, ..sessions() }).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let list = browser.get(&app.authorization("/auth", &asking(CLIENT, &[]))).await;
    assert!(list.body.contains("/dex/auth/local?"));
    let silent = browser.get(&app.authorization("/auth", &asking(CLIENT, &[("prompt", "none")]))).await;
    assert!(!claims(&silent)["sid"].is_null());
}

#[tokio::test]
async fn a_hint_names_who_may_log_in() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    let hint = log_in(&mut browser, JOE).await.told("id_token");
    let hinted = [("id_token_hint", hint.as_str())];
    let silent = [("id_token_hint", hint.as_str()), ("prompt", "none")];
    assert!(!asks(&browser.log_in_through("local", &asking(CLIENT, &hinted)).await), "it is him");
    assert!(!claims(&browser.log_in_through("local", &asking(CLIENT, &silent)).await)["sid"].is_null());

    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    for route in ["/auth", "/auth/local"] {
        let refused = browser.get(&app.authorization(route, &asking(CLIENT, &silent))).await;
        assert_eq!(refused.told("error"), "login_required", "{route}");
    }
    let form = browser.get(&app.authorization("/auth", &asking(CLIENT, &hinted))).await;
    let jane = submit(&mut browser, &form, LOCAL_USER).await;
    assert_eq!((jane.told("error"), jane.told("state")), ("login_required".into(), "xyz".into()));
    let again = browser.log_in_through("local", &asking(CLIENT, &hinted)).await;
    let joe = submit(&mut browser, &again, JOE).await;
    assert_eq!(claims(&joe)["sub"], dex_oidc::subject(JOE_ID, "local"));

    // Through another connector it would be in vain, though this browser came through it.
    let mut browser = app.browser();
    browser.log_in_through("mock", &asking(CLIENT, &[])).await;
    let form = browser.get(&app.authorization("/auth", &asking(CLIENT, &hinted))).await;
    assert!(form.address.starts_with("/dex/auth/local/login?"), "{}", form.address);
    let elsewhere = browser.log_in_through("mock", &asking(CLIENT, &hinted)).await;
    assert_eq!(elsewhere.told("error"), "login_required");
}

#[tokio::test]
async fn an_address_that_a_client_thinks_of_spares_no_choice_and_no_session() {
    let email_domains = [("corp.example".to_owned(), "mock-password".to_owned())].into();
    let app = dex(Settings { email_domains, ..sessions() }).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let hint = ("login_hint", "jane@corp.example");
    let silent = browser.get(&app.authorization("/auth", &asking(CLIENT, &[hint, ("prompt", "none")]))).await;
    assert!(!claims(&silent)["sid"].is_null());
    let list = browser.get(&app.authorization("/auth", &asking(CLIENT, &[hint, ("prompt", "select_account")]))).await;
    assert!(list.body.contains(r#"name="email""#));
    let typed = [("email", "jane@corp.example"), ("prompt", "select_account")];
    let step = browser.step(Method::GET, &app.authorization("/auth", &asking(CLIENT, &typed)), &[]).await;
    assert!(step.location().starts_with("/dex/auth/mock-password?") && step.location().contains("prompt=login"));
}

/// The first link of a page that begins like this.
fn link(body: &str, beginning: &str) -> String {
    let at = body.find(&format!("href=\"{beginning}")).unwrap_or_else(|| panic!("no link {beginning}: {body}"));
    let rest = &body[at + "href=\"".len()..];
    rest[..rest.find('"').unwrap()].replace("&amp;", "&").replace("&#43;", "+")
}
