//! Leaving while the store does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use dex_model::Key;
use dex_storage::{Backend, Memory, StorageError, Write};
use dex_testkit::{Bend, Bent, LOCAL_USER, TestApp};
use http::{Method, StatusCode};

use crate::logout::count;
use crate::logout_upstream::arrive;
use crate::routes;
use crate::sessions::{log_in, sessions};

/// A store that cannot remove anything for a while.
#[derive(Default)]
struct Stuck {
    below: Memory,
    stuck: AtomicBool,
}

#[async_trait]
impl Bend for Stuck {
    fn below(&self) -> &dyn Backend {
        &self.below
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        if self.stuck.load(Ordering::SeqCst) {
            return Err(StorageError::unavailable("connection refused"));
        }
        self.below.remove(key).await
    }
}

#[tokio::test]
async fn a_logout_that_fails_says_so_and_can_be_done_again() {
    let store = Arc::new(Bent(Stuck::default()));
    let app = TestApp::start_on(store.clone(), sessions(), routes).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    store.0.stuck.store(true, Ordering::SeqCst);
    let shown = browser.step(Method::POST, "/dex/logout", &[]).await;
    assert_eq!(shown.status, StatusCode::SERVICE_UNAVAILABLE, "{}", shown.body);
    assert!(!shown.body.contains("connection refused"), "what failed is for the log");
    assert_eq!((browser.cookies(), count(&app).await), (vec!["dex_session"], 1), "nobody is told they are logged out");
    assert!(app.logouts().is_empty());
    store.0.stuck.store(false, Ordering::SeqCst);
    let shown = browser.step(Method::POST, "/dex/logout", &[]).await;
    assert!(shown.body.contains("You have been successfully logged out."), "{}", shown.body);
    assert_eq!((browser.cookies().len(), count(&app).await), (0, 0));
}

#[tokio::test]
async fn the_upstream_is_told_that_its_user_is_still_logged_in_here() {
    let store = Arc::new(Bent(Stuck::default()));
    let app = TestApp::start_on(store.clone(), sessions(), routes).await;
    let mut browser = app.browser();
    arrive(&mut browser, "jane", "one").await;
    store.0.stuck.store(true, Ordering::SeqCst);
    for session in ["", "&session=one"] {
        let address = format!("/dex/logout/callback/leaving?asks=jane&signed=1{session}");
        let shown = browser.get(&address).await;
        assert!(shown.location().contains("logged_out=no"), "{} {}", shown.location(), shown.body);
    }
    assert!(browser.cookies().contains(&"dex_session"));
    store.0.stuck.store(false, Ordering::SeqCst);
    let shown = browser.get("/dex/logout/callback/leaving?asks=jane&signed=1").await;
    assert!(shown.location().contains("logged_out=yes"), "{}", shown.location());
    assert_eq!(count(&app).await, 0);
}
