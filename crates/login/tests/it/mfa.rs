//! Journeys past a second factor.

use std::time::Duration;

use dex_mfa::webauthn::RelyingParty;
use dex_mfa::{FactorKind, SecondFactor, SecondFactors, totp};
use dex_model::{Client, Kind, UserIdentity, WebAuthnCredential};
use dex_storage::{Change, StorageError};
use dex_testkit::{Browser, CLIENT, LOCAL_PASSWORD, LOCAL_USER, Shown, TestApp};
use dex_web::Settings;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::app_with;
use crate::sessions::sessions;

/// The user id of [`LOCAL_USER`].
const JANE: (&str, &str) = ("08a8684b-db88-4b73-90a9-3cd1661f5466", "local");

fn factor(id: &str, kind: FactorKind) -> SecondFactor {
    SecondFactor { id: id.into(), connector_kinds: vec!["local".into()], kind }
}

fn keys() -> FactorKind {
    FactorKind::WebAuthn(RelyingParty {
        id: "dex.example".into(),
        display_name: "dex".into(),
        origins: vec!["https://dex.example".into()],
        attestation: Some("indirect"),
        timeout: None,
        user_verification: None,
        authenticator_attachment: None,
    })
}

/// Local users show the factors of `chain`, out of `codes`, `more` and `keys`.
pub(crate) fn asking(chain: &[&str]) -> Settings {
    let codes = || FactorKind::Totp { issuer: "dex".into() };
    let second_factors = SecondFactors {
        factors: vec![factor("codes", codes()), factor("more", codes()), factor("keys", keys())],
        default_chain: chain.iter().map(|id| (*id).to_owned()).collect(),
    };
    Settings { second_factors, ..sessions() }
}

async fn dex(chain: &[&str]) -> TestApp {
    app_with(asking(chain)).await
}

async fn log_in(browser: &mut Browser<'_>) -> Shown {
    let form = browser.log_in_through("local", &[]).await;
    browser.submit(&form, &[("login", LOCAL_USER), ("password", LOCAL_PASSWORD)]).await
}

async fn identity(app: &TestApp) -> UserIdentity {
    app.app.store.get::<UserIdentity>(JANE).await.unwrap().unwrap()
}

async fn change(app: &TestApp, change: impl Fn(UserIdentity) -> UserIdentity + Send + Sync) {
    let changed = |identity| Ok(change(identity));
    let changed = app.app.store.update::<UserIdentity, StorageError, _>(JANE, changed).await.unwrap();
    assert!(matches!(changed, Change::Made(_)));
}

/// Gives [`CLIENT`] a chain of its own.
async fn set_chain(app: &TestApp, chain: &[&str]) {
    let chain: Vec<String> = chain.iter().map(|id| (*id).to_owned()).collect();
    let set = |client: Client| Ok(Client { mfa_chain: Some(chain.clone()), ..client });
    let changed = app.app.store.update::<Client, StorageError, _>(CLIENT, set).await.unwrap();
    assert!(matches!(changed, Change::Made(_)));
}

fn json(shown: &Shown) -> Value {
    serde_json::from_str(&shown.body).unwrap()
}

/// The code of now, made from what is stored.
pub(crate) async fn code(app: &TestApp, factor: &str) -> String {
    let secret = totp::typed(&identity(app).await.mfa_secrets[factor]).unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let generator = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    generator.generate(app.clock.now().as_second().unsigned_abs()).to_string()
}

#[tokio::test]
async fn a_generator_is_set_up_once_and_asked_ever_after() {
    let app = dex(&["codes"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    assert!(page.address.starts_with("/dex/mfa/totp?authenticator=codes&hmac="), "{}", page.address);
    assert!(page.body.contains("data:image/png;base64,") && page.body.contains("otpauth://totp/dex"), "{}", page.body);
    assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
    let again = browser.get(&page.address).await;
    assert_eq!(again.body, page.body, "the same secret in every window");

    let wrong = browser.submit(&page, &[("totp", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.body.contains("Invalid code") && wrong.body.contains("data:image/png"), "{}", wrong.body);
    let shown = browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.body);
    assert_eq!(app.records_of(Kind::AuthRequest).await, 0);

    // The session spares the password, not the second factor.
    let page = browser.log_in_through("local", &[]).await;
    assert!(page.address.starts_with("/dex/mfa/totp?"), "{}", page.address);
    assert!(!page.body.contains("otpauth:") && !page.body.contains("data:image/png"), "{}", page.body);
    let reused = browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    assert_eq!(reused.status, StatusCode::UNAUTHORIZED, "a code counts once");
    app.clock.advance(Duration::from_secs(30));
    let shown = browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.body);
}

#[tokio::test]
async fn nobody_gets_by_a_factor() {
    let app = dex(&["codes", "more"]).await;
    let mut browser = app.browser();
    let first = log_in(&mut browser).await;
    // Neither the way on, nor the way to the next factor, can be signed by who has not shown the first.
    let query = first.address.split_once('?').unwrap().1;
    for route in ["/dex/auth", "/dex/approval", "/dex/mfa"] {
        let shown = browser.get(&format!("{route}?{query}")).await;
        assert_eq!(shown.status, StatusCode::UNAUTHORIZED, "{route}");
    }
    let next = first.address.replace("authenticator=codes", "authenticator=more");
    assert_eq!(browser.get(&next).await.status, StatusCode::UNAUTHORIZED);
    let none = browser.get("/dex/mfa/totp").await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    // In another browser the address is worth nothing.
    assert_eq!(app.browser().get(&first.address).await.status, StatusCode::BAD_REQUEST);
    let put = browser.step(Method::PUT, &first.address, &[]).await;
    assert_eq!(put.status, StatusCode::METHOD_NOT_ALLOWED);

    let second = browser.submit(&first, &[("totp", &code(&app, "codes").await)]).await;
    assert!(second.address.starts_with("/dex/mfa/totp?authenticator=more"), "{}", second.address);
    let shown = browser.submit(&second, &[("totp", &code(&app, "more").await)]).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.body);
    // The pages of a login that is over lead nowhere.
    assert_eq!(browser.get(&second.address).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn one_code_at_once_lets_in_once() {
    let app = dex(&["codes"]).await;
    let (mut one, mut other) = (app.browser(), app.browser());
    let page = log_in(&mut one).await;
    one.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    app.clock.advance(Duration::from_secs(30));
    let (mine, theirs) = (one.log_in_through("local", &[]).await, log_in(&mut other).await);
    let code = code(&app, "codes").await;
    let fields = [("totp", code.as_str())];
    let (mine, theirs) = tokio::join!(one.submit(&mine, &fields), other.submit(&theirs, &fields));
    let let_in = [&mine, &theirs].iter().filter(|shown| !shown.told("code").is_empty()).count();
    assert_eq!(let_in, 1, "{} {}", mine.status, theirs.status);
}

#[tokio::test]
async fn a_secret_is_confirmed_by_the_login_it_was_shown_to() {
    let app = dex(&["codes"]).await;
    let (mut thief, mut owner) = (app.browser(), app.browser());
    let planted = log_in(&mut thief).await;
    let known = code(&app, "codes").await;
    let page = log_in(&mut owner).await;
    let mine = code(&app, "codes").await;
    assert_ne!(known, mine, "whoever knew the password before knows no secret");
    let again = thief.get(&planted.address).await;
    assert_eq!(again.body, planted.body, "nor sees that of another login");
    let shown = owner.submit(&page, &[("totp", &mine)]).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.body);
    let refused = thief.submit(&planted, &[("totp", &known)]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(!refused.body.contains("otpauth:"), "{}", refused.body);
}

#[tokio::test]
async fn guessing_is_held_up() {
    let app = dex(&["codes"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    for _ in 0..10 {
        let shown = browser.submit(&page, &[("totp", "000000")]).await;
        assert_eq!(shown.status, StatusCode::UNAUTHORIZED);
    }
    let right = code(&app, "codes").await;
    let shown = browser.submit(&page, &[("totp", &right)]).await;
    assert_eq!(shown.status, StatusCode::TOO_MANY_REQUESTS);
    app.clock.advance(Duration::from_secs(301));
    let shown = browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.body);
}

#[tokio::test]
async fn a_client_has_its_own_chain_and_one_that_leads_nowhere_lets_nobody_in() {
    let app = dex(&["codes"]).await;
    let set = async |chain: &[&str]| set_chain(&app, chain).await;
    set(&[]).await;
    assert!(!log_in(&mut app.browser()).await.told("code").is_empty(), "asked for nothing");
    set(&["keys"]).await;
    assert!(log_in(&mut app.browser()).await.address.starts_with("/dex/mfa/webauthn?"));
    set(&["gone"]).await;
    let refused = app.browser().log_in_through("local", &[]).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(refused.body.contains("second factor of this application is not set up"), "{}", refused.body);
    set(&["codes"]).await;
    let other = app.browser().log_in_through("mock", &[]).await;
    assert!(!other.told("code").is_empty(), "the factor is for local users");
}

#[tokio::test]
async fn an_audience_is_worth_what_its_own_client_asks_for() {
    let app = dex(&["codes"]).await;
    set_chain(&app, &[]).await;
    let scope = [("scope", "openid audience:server:client_id:peer")];
    for (changes, asked) in [(&scope[..], true), (&[], false)] {
        let mut browser = app.browser();
        let form = browser.log_in_through("local", changes).await;
        let shown = browser.submit(&form, &[("login", LOCAL_USER), ("password", LOCAL_PASSWORD)]).await;
        assert_eq!(shown.address.starts_with("/dex/mfa/totp?authenticator=codes"), asked, "{changes:?}");
    }
    let mut browser = app.browser();
    log_in(&mut browser).await;
    let page = browser.log_in_through("local", &scope).await;
    let shown = browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.body);
}

#[tokio::test]
async fn who_must_not_be_asked_hears_of_it() {
    let app = dex(&["codes"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    let shown = browser.log_in_through("local", &[("prompt", "none")]).await;
    assert_eq!(shown.told("error"), "interaction_required");
}

#[tokio::test]
async fn the_chain_may_change_while_somebody_is_asked() {
    let app = dex(&["codes"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    let right = code(&app, "codes").await;
    set_chain(&app, &["more"]).await;
    let shown = browser.submit(&page, &[("totp", &right)]).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains("Unknown authenticator."), "{}", shown.body);
}

#[tokio::test]
async fn a_key_is_registered_by_who_has_none_only() {
    let app = dex(&["keys"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    assert!(page.body.contains("Register security key"), "{}", page.body);
    let at = |half: &str| page.address.replace("/mfa/webauthn?", &format!("/mfa/webauthn/{half}?"));
    let none = browser.post(&at("login/begin"), &[]).await;
    assert_eq!(
        (none.status, json(&none)["error"].as_str()),
        (StatusCode::BAD_REQUEST, Some("No WebAuthn credentials registered."))
    );
    let early = browser.post(&at("register/finish"), &[]).await;
    assert_eq!((early.status, json(&early)["error"].as_str()), (StatusCode::BAD_REQUEST, Some("Invalid session.")));
    let options = browser.post(&at("register/begin"), &[]).await;
    assert_eq!(json(&options)["publicKey"]["rp"]["id"], "dex.example");
    let empty = browser.post(&at("register/finish"), &[]).await;
    assert_eq!(json(&empty)["error"], "Registration failed: the answer cannot be read.");
    let wrong = browser.step(Method::GET, &at("register/begin"), &[]).await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);

    change(&app, |mut identity| {
        identity.webauthn_credentials.insert("keys".into(), vec![credential()]);
        identity
    })
    .await;
    assert!(browser.get(&page.address).await.body.contains("Use your security key"));
    for half in ["register/begin", "register/finish"] {
        let refused = browser.post(&at(half), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{half}: a password registers no second key");
    }
    let options = browser.post(&at("login/begin"), &[]).await;
    assert_eq!(json(&options)["publicKey"]["allowCredentials"][0]["id"], "AQID");
    let refused = browser.post(&at("login/finish"), &[]).await;
    assert_eq!(
        (refused.status, json(&refused)["error"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("Authentication failed."))
    );
    let again = browser.post(&at("login/finish"), &[]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "a ceremony is answered once");
    let unsigned = browser.post("/dex/mfa/webauthn/login/begin?authenticator=keys", &[]).await;
    assert_eq!(unsigned.status, StatusCode::UNAUTHORIZED);
    assert!(json(&unsigned)["error"].is_string());
    let codes = page.address.replace("/mfa/webauthn?", "/mfa/totp?");
    assert!(browser.get(&codes).await.body.contains("Not a TOTP authenticator."));
}

#[tokio::test]
async fn whoever_has_a_factor_shows_it_before_another_is_set_up() {
    let app = dex(&["codes"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    browser.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
    for chain in [&["keys"][..], &["keys", "codes"], &["more"]] {
        set_chain(&app, chain).await;
        app.clock.advance(Duration::from_secs(30));
        let mut thief = app.browser();
        let page = log_in(&mut thief).await;
        assert!(page.address.contains("authenticator=codes&"), "{chain:?} {}", page.address);
        let next = thief.submit(&page, &[("totp", &code(&app, "codes").await)]).await;
        let wanted = format!("authenticator={}&", chain[0]);
        assert!(next.address.contains(&wanted), "{chain:?} {} {}", next.address, next.body);
    }
    let page = log_in(&mut app.browser()).await;
    assert!(page.address.contains("authenticator=codes&"), "what was shown and not confirmed is not set up");
}

#[tokio::test]
async fn a_locked_account_is_asked_for_nothing() {
    let app = dex(&["codes"]).await;
    let mut browser = app.browser();
    let page = log_in(&mut browser).await;
    let until = dex_model::later(app.clock.now(), Duration::from_secs(60));
    change(&app, |identity| UserIdentity { blocked_until: until, ..identity }).await;
    assert_eq!(browser.get(&page.address).await.status, StatusCode::FORBIDDEN);
}

fn credential() -> WebAuthnCredential {
    WebAuthnCredential {
        credential_id: vec![1, 2, 3],
        public_key: vec![],
        attestation_type: "none".into(),
        aaguid: vec![0; 16],
        sign_count: 0,
        clone_warning: false,
        transport: vec![],
        backup_eligible: false,
        backup_state: false,
        display_name: "Security Key".into(),
        created_at: dex_model::ZERO_TIME,
    }
}
