//! A dex whose management API is called without a socket.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use axum::Router;
use dex_admin::proto::dex_client::DexClient;
use dex_admin::{Health, Options};
use dex_model::{Client, Connector, Password, PasswordHash, Record};
use dex_storage::{Fixed, Memory, Overlay, Write};
use dex_testkit::TestApp;
use dex_web::Settings;
use tonic::{Code, Response, Status};

/// bcrypt of `password` at cost 10.
pub(crate) const HASH: &str = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W";

/// What the configuration has: the client `fixed`, the user `fixed@example.com`, the connector `fixed`.
pub(crate) fn fixed() -> Fixed {
    let config = dex_model::ConnectorData::new(r#"{"clientSecret":"from the environment"}"#);
    Fixed {
        clients: vec![Client { id: "fixed".into(), ..Client::default() }],
        passwords: vec![user("fixed@example.com", "fixed-id")],
        connectors: vec![Connector { id: "fixed".into(), kind: "mockCallback".into(), config, ..Connector::default() }],
    }
}

pub(crate) fn user(email: &str, user_id: &str) -> Password {
    Password {
        email: email.into(),
        hash: PasswordHash::new(HASH),
        username: "somebody".into(),
        name: String::new(),
        preferred_username: String::new(),
        email_verified: None,
        user_id: user_id.into(),
        groups: Vec::new(),
    }
}

/// A dex, and what calls it.
pub(crate) struct Kit {
    pub(crate) app: TestApp,
    pub(crate) client: DexClient<Router>,
    pub(crate) router: Router,
}

impl Kit {
    /// With everything turned on.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let backend = Arc::new(Overlay::new(Memory::new(), fixed()));
        let app = TestApp::start_on(backend, Settings::default(), |_| Router::new()).await;
        let mut options = Options {
            version: "v1.2.3",
            workers: dex_web::PasswordWorkers::default(),
            connectors: true,
            sessions: true,
            reflection: true,
            configured_connectors: BTreeSet::from(["fixed".to_owned()]),
            health: Health::new().await,
        };
        change(&mut options);
        let router = dex_admin::routes(app.app.clone(), options);
        Self { app, client: DexClient::new(router.clone()), router }
    }

    pub(crate) fn client(&self) -> DexClient<Router> {
        self.client.clone()
    }

    pub(crate) async fn keep<T: Record>(&self, record: T) {
        assert_eq!(self.app.app.store.insert(record).await.unwrap(), Write::Done);
    }

    pub(crate) async fn stored<T: Record>(&self, id: T::Id<'_>) -> Option<T> {
        self.app.app.store.get::<T>(id).await.unwrap()
    }
}

/// The response.
pub(crate) fn answered<T>(result: Result<Response<T>, Status>) -> T {
    result.unwrap().into_inner()
}

/// The code and the text of a call that was refused.
#[track_caller]
pub(crate) fn assert_refused<T: Debug>(result: Result<Response<T>, Status>, code: Code, text: &str) {
    let status = result.unwrap_err();
    assert_eq!((status.code(), status.message()), (code, text));
}
