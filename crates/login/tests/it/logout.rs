//! Leaving, by a link or because an application asks for it (RP-Initiated Logout 1.0).

use dex_model::{Client, Kind};
use dex_oidc::Form;
use dex_storage::{Change, StorageError};
use dex_testkit::{Browser, CALLBACK, CLIENT, CLIENT_SECRET, LOCAL_USER, Shown, TestApp};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::app;
use crate::sessions::{self, JOE, asking, log_in, sessions, submit};

/// Where [`CLIENT`] wants its users after a logout.
pub(crate) const BYE: &str = "https://app.example/bye?x=1";

const ASKS: &str = "Do you want to log out?";
const LOGGED_OUT: &str = "You have been successfully logged out.";
const NO_SESSION: &str = "No active session found.";

/// A dex with sessions, where [`CLIENT`] has registered [`BYE`].
pub(crate) async fn dex() -> TestApp {
    let app = sessions::dex(sessions()).await;
    change(&app, CLIENT, |client| client.post_logout_redirect_uris = vec![BYE.into(), "com.example.app:/bye".into()])
        .await;
    app
}

/// Changes a client.
pub(crate) async fn change(app: &TestApp, id: &str, change: impl Fn(&mut Client) + Send + Sync) {
    let set = |mut client: Client| {
        change(&mut client);
        Ok(client)
    };
    let changed = app.app.store.update::<Client, StorageError, _>(id, set).await.unwrap();
    assert!(matches!(changed, Change::Made(_)));
}

/// A browser in which the first local user is logged in, and the ID token the client got.
async fn logged_in(app: &TestApp) -> (Browser<'_>, String) {
    let mut browser = app.browser();
    let token = log_in(&mut browser, LOCAL_USER).await.told("id_token");
    (browser, token)
}

/// The address of a logout with these parameters.
pub(crate) fn logout(parameters: &[(&str, &str)]) -> String {
    format!("/dex/logout?{}", Form::of(parameters.iter().copied()).encode_sorted())
}

/// How many sessions there are.
pub(crate) async fn count(app: &TestApp) -> usize {
    app.records_of(Kind::AuthSession).await
}

/// Presses the button of a page, with all that its form holds.
async fn press(browser: &mut Browser<'_>, page: &Shown) -> Shown {
    let fields: Vec<(&str, &str)> = hidden(page);
    browser.submit(page, &fields).await
}

/// The hidden fields of a page, none of which holds what HTML must escape.
pub(crate) fn hidden(page: &Shown) -> Vec<(&str, &str)> {
    let inputs = page.body.split(r#"<input type="hidden" name=""#).skip(1);
    inputs
        .filter_map(|input| input.split_once(r#"" value=""#))
        .filter_map(|(name, rest)| Some((name, rest.split_once('"')?.0)))
        .collect()
}

#[tokio::test]
async fn each_row_of_the_decision_table() {
    let app = dex().await;
    let (_, joes) = {
        let mut browser = app.browser();
        let token = log_in(&mut browser, JOE).await.told("id_token");
        (browser, token)
    };
    let (_, of_another_browser) = logged_in(&app).await;
    for method in [Method::GET, Method::POST] {
        let post = method == Method::POST;
        let cases = [
            ("no hint", "", if post { LOGGED_OUT } else { ASKS }),
            ("the hint of this session", "own", LOGGED_OUT),
            ("the hint of another user", joes.as_str(), ASKS),
            ("the hint of another browser", of_another_browser.as_str(), ASKS),
            ("no token at all", "x", ASKS),
        ];
        for (told, hint, expected) in cases {
            let (mut browser, own) = logged_in(&app).await;
            let before = count(&app).await;
            let hint = if hint == "own" { own.as_str() } else { hint };
            let shown = browser.step(method.clone(), &logout(&[("id_token_hint", hint)]), &[]).await;
            assert_eq!(shown.status, StatusCode::OK, "{told} {method}");
            assert!(shown.body.contains(expected), "{told} {method}: {}", shown.body);
            let ended = expected == LOGGED_OUT;
            assert_eq!(before - count(&app).await, usize::from(ended), "{told} {method}");
            assert_eq!(browser.cookies().is_empty(), ended, "{told} {method}");

            let nobody = app.browser().step(method.clone(), &logout(&[("id_token_hint", hint)]), &[]).await;
            let nobody = if post { app.browser().post(&nobody.form_action(), &hidden(&nobody)).await } else { nobody };
            assert!(nobody.body.contains(NO_SESSION), "{told} {method}: {}", nobody.body);
        }
    }
}

#[tokio::test]
async fn the_way_back_survives_the_question() {
    let app = dex().await;
    let there = "https://app.example/bye?state=a%2Fb+c&x=1";
    let wanted = [("post_logout_redirect_uri", BYE), ("state", "a/b c")];
    let (_, another) = logged_in(&app).await;
    let cases = [
        ("a client that names itself", ("client_id", CLIENT), ASKS),
        ("the hint of another session", ("id_token_hint", another.as_str()), ASKS),
    ];
    for (told, by, asks) in cases {
        let (mut browser, _) = logged_in(&app).await;
        let page = browser.get(&logout(&[by, wanted[0], wanted[1]])).await;
        assert!(page.body.contains(asks), "{told}: {}", page.body);
        assert!(!page.body.contains(&another), "no token is put into a page");
        let left = press(&mut browser, &page).await;
        assert_eq!((left.status, left.location()), (StatusCode::FOUND, there), "{told}");
        assert!(browser.cookies().is_empty());
    }
    let (mut browser, own) = logged_in(&app).await;
    let left = browser.get(&logout(&[("id_token_hint", &own), ("client_id", CLIENT), wanted[0], wanted[1]])).await;
    assert_eq!((left.status, left.location()), (StatusCode::FOUND, there), "nothing is asked");
    let again = browser.get(&logout(&[("id_token_hint", &own), wanted[0], wanted[1]])).await;
    assert_eq!(again.location(), there, "nobody is left to be asked");
    let scheme =
        browser.get(&logout(&[("client_id", CLIENT), ("post_logout_redirect_uri", "com.example.app:/bye")])).await;
    assert_eq!(scheme.location(), "com.example.app:/bye");
}

#[tokio::test]
async fn a_hint_that_proves_nothing_asks_and_leads_nowhere_by_itself() {
    let app = dex().await;
    let (mut browser, own) = logged_in(&app).await;
    let forged = format!("{}A", &own[..own.len() - 1]);
    let forged = if forged == own { format!("{}Q", &own[..own.len() - 1]) } else { forged };
    for hint in [forged.as_str(), "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let alone = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE)];
        let asked = browser.get(&logout(&alone)).await;
        assert!(asked.body.contains(ASKS) && hidden(&asked).is_empty(), "{}", asked.body);
        let named = [alone[0], alone[1], ("client_id", CLIENT)];
        let asked = browser.get(&logout(&named)).await;
        assert_eq!(hidden(&asked), [("client_id", CLIENT), ("post_logout_redirect_uri", BYE)]);
        let unregistered = [alone[0], ("post_logout_redirect_uri", "https://evil.example/"), ("client_id", CLIENT)];
        assert_eq!(browser.get(&logout(&unregistered)).await.status, StatusCode::BAD_REQUEST);

        let nobody = app.browser().get(&logout(&alone)).await;
        assert!(nobody.body.contains(NO_SESSION) && !nobody.body.contains("app.example"), "{}", nobody.body);
        let nobody = app.browser().get(&logout(&named)).await;
        assert!(
            nobody.body.contains(NO_SESSION) && nobody.body.contains(&format!(r#"href="{BYE}""#)),
            "{}",
            nobody.body
        );
    }
    let asked =
        browser.get(&logout(&[("id_token_hint", "x"), ("client_id", CLIENT), ("post_logout_redirect_uri", BYE)])).await;
    assert_eq!(press(&mut browser, &asked).await.location(), BYE);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_ends_nothing() {
    let app = dex().await;
    let (mut browser, own) = logged_in(&app).await;
    let hint = ("id_token_hint", own.as_str());
    let to = |uri| ("post_logout_redirect_uri", uri);
    let long = "s".repeat(4097);
    let cases = [
        ("a state that is too long", vec![hint, to(BYE), ("state", &long)], "The state is too long."),
        ("no client", vec![to(BYE)], "post_logout_redirect_uri requires id_token_hint or client_id."),
        ("an unknown client", vec![to(BYE), ("client_id", "nope")], "Invalid client."),
        (
            "another client than the hint's",
            vec![hint, ("client_id", "wiki")],
            "client_id does not match id_token_hint.",
        ),
        ("another client's page", vec![to(BYE), ("client_id", "wiki")], "Unregistered post_logout_redirect_uri."),
        ("a page of no client's", vec![hint, to("https://evil.example/")], "Unregistered post_logout_redirect_uri."),
        ("a longer one", vec![hint, to("https://app.example/bye?x=1&y")], "Unregistered post_logout_redirect_uri."),
        ("a script", vec![hint, to("javascript:alert(1)")], "Unregistered post_logout_redirect_uri."),
        ("another host's", vec![hint, to("//evil.example/")], "Unregistered post_logout_redirect_uri."),
        ("two pages", vec![hint, to("https://evil.example/"), to(BYE)], "Unregistered post_logout_redirect_uri."),
        ("a line break", vec![hint, to("https://app.example/bye?x=1\r\nSet-Cookie: a=b")], "Unregistered"),
    ];
    for (told, parameters, text) in cases {
        for method in [Method::GET, Method::POST] {
            let shown = browser.step(method.clone(), &logout(&parameters), &[]).await;
            assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{told} {method}");
            assert!(shown.body.contains(text), "{told} {method}: {}", shown.body);
            assert!(!shown.body.contains("evil.example"), "{told}");
        }
    }
    let broken = browser.step(Method::GET, "/dex/logout?state=%zz", &[]).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    for method in [Method::PUT, Method::DELETE, Method::HEAD] {
        let shown = browser.step(method.clone(), "/dex/logout", &[]).await;
        assert_eq!(shown.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(shown.headers["allow"], "GET, POST");
    }
    assert_eq!(count(&app).await, 1);
    assert!(browser.get("/dex").await.body.contains("Log out"), "the user is still logged in");
}

#[tokio::test]
async fn another_site_logs_nobody_out() {
    let app = dex().await;
    let (mut browser, own) = logged_in(&app).await;
    let fields = [("state", "s"), ("client_id", CLIENT), ("post_logout_redirect_uri", BYE)];
    // Another site's form comes without the cookie, and is posted again from our own page; that is no answer of the user's.
    let page = app.browser().step(Method::POST, "/dex/logout", &fields).await;
    assert_eq!(page.form_action(), "/dex/logout?reposted=1");
    assert_eq!(hidden(&page), fields);
    let asked = press(&mut browser, &page).await;
    assert!(asked.body.contains(ASKS), "{}", asked.body);
    // A neighbour's form brings the cookie.
    for (name, value) in [("sec-fetch-site", "same-site"), ("origin", "https://app.dex.example")] {
        let mut neighbour = browser.clone();
        neighbour.set_header(name, value);
        let asked = neighbour.step(Method::POST, "/dex/logout", &fields).await;
        assert!(asked.body.contains(ASKS), "{name}: {}", asked.body);
    }
    assert_eq!(count(&app).await, 1);
    // Ours is taken, and so is one of the application that holds the user's token.
    let mut ours = browser.clone();
    ours.set_header("sec-fetch-site", "same-origin");
    assert_eq!(ours.step(Method::POST, "/dex/logout", &fields[1..]).await.location(), BYE);
    let (mut browser, _) = (logged_in(&app).await.0, own);
    let own = log_in_again(&mut browser).await;
    let page = app.browser().step(Method::POST, "/dex/logout", &[("id_token_hint", &own), fields[2]]).await;
    assert_eq!(press(&mut browser, &page).await.location(), BYE);
    assert_eq!(count(&app).await, 0);
}

/// The ID token of another login in the same browser.
async fn log_in_again(browser: &mut Browser<'_>) -> String {
    let form = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "login")])).await;
    submit(browser, &form, LOCAL_USER).await.told("id_token")
}

#[tokio::test]
async fn without_sessions_there_is_no_logout() {
    let app = app().await;
    for route in ["/dex/logout", "/dex/logout/callback", "/dex/logout/callback/leaving"] {
        for method in [Method::GET, Method::POST] {
            let shown = app.browser().step(method, route, &[]).await;
            assert_eq!(shown.status, StatusCode::NOT_FOUND, "{route}");
        }
    }
}

/// The refresh token of a login for a client with a secret.
async fn refresh_token(browser: &mut Browser<'_>, client: (&str, &str)) -> String {
    let asked = [("client_id", client.0), ("scope", "openid offline_access")];
    let shown = browser.log_in_through("local", &asked).await;
    let shown = if shown.location().is_empty() { submit(browser, &shown, LOCAL_USER).await } else { shown };
    let code = shown.told("code");
    let tokens = redeem(browser, client, &[("grant_type", "authorization_code"), ("code", &code)]).await;
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

async fn redeem(browser: &mut Browser<'_>, (id, secret): (&str, &str), fields: &[(&str, &str)]) -> Value {
    let client = [("client_id", id), ("client_secret", secret), ("redirect_uri", CALLBACK)];
    let shown = browser.post("/dex/token", &[&client, fields].concat()).await;
    serde_json::from_str(&shown.body).unwrap()
}

#[tokio::test]
async fn a_logout_ends_this_browsers_session_and_what_is_bound_to_it() {
    let app = dex().await;
    change(&app, "wiki", |client| client.refresh_token_lifetime = "session".into()).await;
    let clients = [(CLIENT, CLIENT_SECRET), ("wiki", "secret")];
    let (mut one, mut two) = (app.browser(), app.browser());
    let mut held = Vec::new();
    for (name, browser) in [("one", &mut one), ("two", &mut two)] {
        for client in clients {
            held.push((name, client, refresh_token(browser, client).await));
        }
    }
    let page = one.get("/dex/logout").await;
    assert!(press(&mut one, &page).await.body.contains(LOGGED_OUT));
    assert_eq!(count(&app).await, 1);
    assert!(one.log_in_through("local", &[]).await.location().is_empty(), "this browser is asked again");
    assert!(!two.log_in_through("local", &[]).await.told("code").is_empty(), "the other one is not");
    for (name, client, token) in held {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let answer = redeem(&mut two, client, &fields).await;
        let refused = name == "one" && client.0 == "wiki";
        assert_eq!(answer["error"] == "invalid_grant", refused, "{name} {}: {answer}", client.0);
    }
}

#[tokio::test]
async fn a_session_that_is_over_needs_no_logout() {
    let app = dex().await;
    let (mut browser, _) = logged_in(&app).await;
    app.clock.advance(std::time::Duration::from_secs(3601));
    let shown = browser.get("/dex/logout").await;
    assert!(shown.body.contains(NO_SESSION), "{}", shown.body);
    assert!(browser.cookies().is_empty(), "the cookie is taken back");
    browser.set_cookie("dex_session", "nonsense");
    assert!(browser.get("/dex/logout").await.body.contains(NO_SESSION));
    assert!(browser.cookies().is_empty());
}

/// Two windows log out at once: both end well.
#[tokio::test]
async fn who_is_logged_out_twice_is_logged_out() {
    let app = dex().await;
    let (mut browser, _) = logged_in(&app).await;
    let page = browser.get("/dex/logout").await;
    let mut other = browser.clone();
    assert!(press(&mut browser, &page).await.body.contains(LOGGED_OUT));
    assert!(press(&mut other, &page).await.body.contains(NO_SESSION));
    assert!(other.cookies().is_empty());
}

#[tokio::test]
async fn the_clients_of_the_session_hear_of_the_logout() {
    let app = dex().await;
    change(&app, "wiki", |client| client.backchannel_logout_uri = "https://wiki.example/logout".into()).await;
    let (mut one, mut two) = (app.browser(), app.browser());
    for browser in [&mut one, &mut two] {
        log_in(browser, LOCAL_USER).await;
    }
    let shown = one.log_in_through("local", &asking("wiki", &[])).await;
    let of_wiki = sessions::session(&app, &submit(&mut one, &shown, LOCAL_USER).await).await;
    assert!(app.logouts().is_empty(), "nobody has left");
    for browser in [&mut two, &mut one] {
        let page = browser.get("/dex/logout").await;
        press(browser, &page).await;
    }
    let told = app.logouts();
    let told: Vec<_> = told.iter().map(|told| (&*told.client_id, &*told.uri, &*told.session_id)).collect();
    assert_eq!(told, [("wiki", "https://wiki.example/logout", of_wiki.id.as_str())], "the other browser was not there");
}
