//! What the journeys with browser sessions share.

use dex_model::{AuthSession, Client, ClientSecret, Password, PasswordHash, UserIdentity};
use dex_storage::{StorageError, Write};
use dex_testkit::{Browser, CALLBACK, CLIENT, LOCAL_PASSWORD, LOCAL_USER, Shown, TestApp};
use dex_web::{SessionSettings, Settings};
use serde_json::Value;

use crate::{app_with, without_consent};

/// A second local user, with the password of the first.
pub(crate) const JOE: &str = "joe@example.com";

/// The user id of [`JOE`].
pub(crate) const JOE_ID: &str = "joe";

/// Sessions as they are by default, and no consent.
pub(crate) fn sessions() -> Settings {
    Settings { sessions: Some(SessionSettings::default()), ..without_consent() }
}

/// The same, and every client shares its sign-in.
pub(crate) fn shared() -> Settings {
    Settings {
        sessions: Some(SessionSettings { sso_shared_with_all: true, ..SessionSettings::default() }),
        ..sessions()
    }
}

/// A dex with sessions, the client `wiki` beside [`CLIENT`], and [`JOE`].
pub(crate) async fn dex(settings: Settings) -> TestApp {
    let app = app_with(settings).await;
    client(&app, Client { id: "wiki".into(), ..Client::default() }).await;
    employ_joe(&app).await;
    app
}

/// Puts [`JOE`] among the local users.
pub(crate) async fn employ_joe(app: &TestApp) {
    let store = &app.app.store;
    let jane = store.get::<Password>(LOCAL_USER).await.unwrap().unwrap();
    let joe = Password {
        email: JOE.into(),
        user_id: JOE_ID.into(),
        username: "joe".into(),
        name: "Joe Bloggs".into(),
        hash: PasswordHash::new(jane.hash.expose()),
        ..jane
    };
    assert_eq!(store.insert(joe).await.unwrap(), Write::Done);
}

/// Puts a client there, which is called back where [`CLIENT`] is.
pub(crate) async fn client(app: &TestApp, client: Client) {
    let secret = ClientSecret::new("secret");
    let client = Client { redirect_uris: vec![CALLBACK.into()], secret, name: client.id.clone(), ..client };
    assert_eq!(app.app.store.insert(client).await.unwrap(), Write::Done);
}

/// Says with whom a client shares its sign-in.
pub(crate) async fn share(app: &TestApp, id: &str, with: Option<&[&str]>) {
    let with: Option<Vec<String>> = with.map(|with| with.iter().map(|id| (*id).to_owned()).collect());
    let set = |client: Client| Ok(Client { sso_shared_with: with.clone(), ..client });
    let _ = app.app.store.update::<Client, StorageError, _>(id, set).await.unwrap();
}

/// Changes to an ordinary request that bring an ID token with the response.
pub(crate) fn asking<'a>(client_id: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("client_id", client_id), ("response_type", "id_token"), ("nonce", "n")];
    all.extend(changes);
    all
}

/// Logs a local user in for [`CLIENT`].
pub(crate) async fn log_in(browser: &mut Browser<'_>, login: &str) -> Shown {
    let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    let shown = submit(browser, &form, login).await;
    assert!(shown.location().starts_with(CALLBACK), "{} {}", shown.status, shown.body);
    shown
}

/// Fills in the form of the local users.
pub(crate) async fn submit(browser: &mut Browser<'_>, form: &Shown, login: &str) -> Shown {
    assert!(asks(form), "{} {} {}", form.status, form.location(), form.body);
    browser.submit(form, &[("login", login), ("password", LOCAL_PASSWORD)]).await
}

/// Whether a password is asked for.
pub(crate) fn asks(shown: &Shown) -> bool {
    shown.body.contains(r#"name="password""#)
}

/// The claims of the ID token in a response.
pub(crate) fn claims(shown: &Shown) -> Value {
    let token = shown.told("id_token");
    assert!(!token.is_empty(), "{} {} {}", shown.status, shown.location(), shown.body);
    Value::Object(dex_jose::parse_unverified_payload(&token).unwrap().into_iter().collect())
}

/// The session that a response is of.
pub(crate) async fn session(app: &TestApp, shown: &Shown) -> AuthSession {
    let sid = claims(shown)["sid"].as_str().unwrap().to_owned();
    app.app.store.get::<AuthSession>(&sid).await.unwrap().unwrap()
}

/// The stored user of a response.
pub(crate) async fn user(app: &TestApp, id: &str, connector_id: &str) -> Option<UserIdentity> {
    app.app.store.get::<UserIdentity>((id, connector_id)).await.unwrap()
}

/// The line that sets this cookie, if a response does.
pub(crate) fn set_cookie(shown: &Shown, name: &str) -> Option<String> {
    let lines = shown.headers.get_all(http::header::SET_COOKIE).into_iter();
    let lines = lines.map(|line| line.to_str().unwrap().to_owned());
    lines.into_iter().find(|line| line.starts_with(&format!("{name}=")))
}
