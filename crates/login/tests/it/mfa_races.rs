//! Two logins of one request at once, of which only one shows its second factor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use dex_model::AnyRecord;
use dex_storage::{Backend, Memory, Seen, StorageError, Write};
use dex_testkit::{Bend, Bent, LOCAL_USER, TestApp};
use http::{Method, StatusCode};
use tokio::sync::Notify;

use crate::mfa::{asking, code};
use crate::routes;
use crate::sessions::{JOE, employ_joe, submit};

/// A store that keeps the next change of a user waiting.
#[derive(Default)]
struct Slow {
    below: Memory,
    armed: AtomicBool,
    reached: Notify,
    open: Notify,
}

#[async_trait]
impl Bend for Slow {
    fn below(&self) -> &dyn Backend {
        &self.below
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        if matches!(record, AnyRecord::UserIdentity(_)) && self.armed.swap(false, Ordering::SeqCst) {
            self.reached.notify_one();
            self.open.notified().await;
        }
        self.below.replace(seen, record).await
    }
}

#[tokio::test]
async fn a_factor_is_worth_nothing_to_who_logs_in_while_it_is_checked() {
    let store = Arc::new(Bent(Slow::default()));
    let app = TestApp::start_on(store.clone(), asking(&["codes"]), routes).await;
    employ_joe(&app).await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &[]).await;
    let page = submit(&mut browser, &form, LOCAL_USER).await;
    let mut other = browser.clone();
    let right = code(&app, "codes").await;
    let fields = [("totp", right.as_str())];
    let to = page.form_action();
    store.0.armed.store(true, Ordering::SeqCst);
    let (shown, joes) = tokio::join!(browser.step(Method::POST, &to, &fields), async {
        store.0.reached.notified().await;
        let joes = submit(&mut other, &form, JOE).await;
        store.0.open.notify_one();
        joes
    });
    let asked = other.get(&joes.address).await;
    assert!(asked.body.contains(r#"name="totp""#), "{} {}", asked.status, asked.location());
    assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{}", shown.location());
}
