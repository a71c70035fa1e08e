//! Who and what there is in a test: clients, connectors, users.

use std::sync::Arc;

use dex_connector::mock::{MockCallback, MockPassword};
use dex_connector::{Connector, UpstreamError};
use dex_model::{Client, ClientSecret, Connector as Stored, Password, PasswordHash};
use dex_storage::{Store, Write};
use dex_web::connectors::Opener;
use dex_web::{LocalPasswords, PasswordWorkers};

use crate::Rotating;
use crate::tickets::Tickets;
use crate::upstream::Scripted;

/// The issuer.
pub const ISSUER: &str = "https://dex.example/dex";

/// The confidential client. `cli` is a public one without redirect URIs, and `peer` trusts [`CLIENT`].
pub const CLIENT: &str = "web";

/// The secret of [`CLIENT`].
pub const CLIENT_SECRET: &str = "web-secret";

/// The redirect URI of [`CLIENT`].
pub const CALLBACK: &str = "https://app.example/callback";

/// The e-mail of the local user, who comes in through `local`.
pub const LOCAL_USER: &str = "jane@example.com";

/// The password of [`LOCAL_USER`].
pub const LOCAL_PASSWORD: &str = "password";

/// bcrypt of [`LOCAL_PASSWORD`] at cost 10.
const LOCAL_HASH: &str = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W";

/// The user who comes in through `mock-password`.
pub const MOCK_USER: &str = "kilgore";

/// The password of [`MOCK_USER`].
pub const MOCK_PASSWORD: &str = "trout";

/// Opens the kinds of connector a test has.
pub(crate) fn opener(store: Store, rotating: Rotating) -> Opener {
    let workers = PasswordWorkers::default();
    Arc::new(move |about: &Stored| -> Result<Arc<dyn Connector>, UpstreamError> {
        match about.kind.as_str() {
            "mockCallback" => Ok(Arc::new(MockCallback)),
            "mockPassword" => Ok(Arc::new(MockPassword::new(MOCK_USER, MOCK_PASSWORD)?)),
            "scripted" => Ok(Arc::new(Scripted { logs_out: false })),
            "scriptedLogout" => Ok(Arc::new(Scripted { logs_out: true })),
            "rotating" => Ok(Arc::new(rotating.clone())),
            "tickets" => Ok(Arc::new(Tickets { form: true })),
            "ticketsOnly" => Ok(Arc::new(Tickets { form: false })),
            "local" => Ok(Arc::new(LocalPasswords::new(store.clone(), workers.clone()))),
            kind => Err(UpstreamError::Misconfigured(format!("unknown kind {kind:?}"))),
        }
    })
}

/// Puts everybody into an empty store.
///
/// # Panics
///
/// When the store is not empty.
pub(crate) async fn populate(store: &Store) {
    let connector = |id: &str, kind: &str, name: &str| Stored {
        id: id.into(),
        kind: kind.into(),
        name: name.into(),
        resource_version: "1".into(),
        ..Stored::default()
    };
    for connector in [
        connector("mock", "mockCallback", "Example"),
        connector("mock-password", "mockPassword", "Passwords"),
        connector("scripted", "scripted", "Elsewhere"),
        connector("leaving", "scriptedLogout", "Company"),
        connector("tickets", "tickets", "Directory"),
        connector("tickets-only", "ticketsOnly", "Tickets"),
        connector("local", "local", "Email"),
    ] {
        insert(store, connector).await;
    }
    for client in clients() {
        insert(store, client).await;
    }
    let jane = Password {
        email: LOCAL_USER.into(),
        hash: PasswordHash::new(LOCAL_HASH),
        username: "jane".into(),
        name: "Jane Doe".into(),
        preferred_username: "jane".into(),
        email_verified: None,
        user_id: "08a8684b-db88-4b73-90a9-3cd1661f5466".into(),
        groups: vec!["admins".into()],
    };
    insert(store, jane).await;
}

fn clients() -> [Client; 3] {
    let client = |id: &str| Client { id: id.into(), name: format!("The {id} client"), ..Client::default() };
    [
        Client {
            secret: ClientSecret::new(CLIENT_SECRET),
            redirect_uris: vec![CALLBACK.into(), "/dex/device/callback".into()],
            ..client(CLIENT)
        },
        Client { public: true, ..client("cli") },
        Client { secret: ClientSecret::new("peer-secret"), trusted_peers: vec![CLIENT.into()], ..client("peer") },
    ]
}

async fn insert<T: dex_model::Record>(store: &Store, record: T) {
    let written = store.insert(record).await.expect("memory takes every record");
    assert_eq!(written, Write::Done, "each record of a test has a key of its own");
}
