//! A key that another program keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dex_jose::{Algorithm, SigningKey};
use dex_model::Kind;
use dex_testkit::TestApp;
use dex_web::signing::{RemoteError, RemoteKey, RemoteSigner};
use tokio::sync::Notify;

use crate::kit::{app, app_with, claims, code, member, redeem, refresh, refusal, userinfo};

/// A signer that can be away.
struct Away {
    key: SigningKey,
    away: AtomicBool,
}

#[async_trait]
impl RemoteSigner for Away {
    async fn keys(&self) -> Result<Vec<RemoteKey>, RemoteError> {
        Ok(vec![RemoteKey { version: 1, public: self.key.public(), signs: true }])
    }

    async fn sign(&self, _: &RemoteKey, signing_input: &str) -> Result<Vec<u8>, RemoteError> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(RemoteError::Unavailable("503: sealed".to_owned())),
            false => Ok(self.key.sign(signing_input.as_bytes()).expect("the library signs")),
        }
    }
}

async fn signed_remotely(app: &TestApp, algorithm: Algorithm) -> Arc<Away> {
    let signer = Arc::new(Away { key: SigningKey::generate(algorithm), away: AtomicBool::new(false) });
    let remote: Arc<dyn RemoteSigner> = signer.clone();
    app.app.signer.follow(&remote).await.expect("it has a key");
    signer
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_bound_and_believed() {
    for algorithm in [Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA] {
        let app = app().await;
        signed_remotely(&app, algorithm).await;
        let answer = redeem(&app, &code(&app, &["openid", "email"])).await;
        let access_token = member(&answer, "access_token");
        let bound = claims(&member(&answer, "id_token"))["at_hash"].as_str().unwrap_or_default().to_owned();
        assert_eq!(bound, dex_jose::half_hash(algorithm, &access_token), "{algorithm}");
        let told = userinfo(&app, &access_token).await;
        assert_eq!(told.status, 200, "{algorithm}: {}", told.body);
    }
}

#[tokio::test]
async fn a_signer_that_is_away_costs_nobody_a_code_or_a_refresh_token() {
    // Without an interval in which the former token is answered again.
    let app = app_with(|settings| settings.refresh.reuse_interval = Duration::ZERO).await;
    let signer = signed_remotely(&app, Algorithm::ES256).await;
    signer.away.store(true, Ordering::SeqCst);
    let code = code(&app, &["openid", "offline_access"]);
    assert_eq!(refusal(&redeem(&app, &code).await), (503, "temporarily_unavailable".into()));
    assert_eq!(app.records_of(Kind::Spent).await + app.records_of(Kind::RefreshToken).await, 0);
    signer.away.store(false, Ordering::SeqCst);
    let first = member(&redeem(&app, &code).await, "refresh_token");
    signer.away.store(true, Ordering::SeqCst);
    let away = refresh(&app, &first).await;
    assert_eq!(refusal(&away), (503, "temporarily_unavailable".into()));
    assert!(away.headers.contains_key("retry-after"));
    signer.away.store(false, Ordering::SeqCst);
    let second = member(&refresh(&app, &first).await, "refresh_token");
    assert!(!second.is_empty() && second != first);
    assert_eq!(refresh(&app, &second).await.status, 200);
    assert_eq!(refusal(&refresh(&app, &first).await), (400, "invalid_grant".into()), "a replay is still one");
}

/// A signer that holds its first request until it is told to go on.
struct Holding {
    key: SigningKey,
    first: AtomicBool,
    holds: Notify,
    go_on: Notify,
}

#[async_trait]
impl RemoteSigner for Holding {
    async fn keys(&self) -> Result<Vec<RemoteKey>, RemoteError> {
        Ok(vec![RemoteKey { version: 1, public: self.key.public(), signs: true }])
    }

    async fn sign(&self, _: &RemoteKey, signing_input: &str) -> Result<Vec<u8>, RemoteError> {
        if self.first.swap(false, Ordering::SeqCst) {
            self.holds.notify_one();
            self.go_on.notified().await;
        }
        Ok(self.key.sign(signing_input.as_bytes()).expect("the library signs"))
    }
}

#[tokio::test]
async fn a_code_that_died_while_a_signer_was_slow_is_used_up_all_the_same() {
    let app = app().await;
    let signer = Arc::new(Holding {
        key: SigningKey::generate(Algorithm::ES256),
        first: AtomicBool::new(true),
        holds: Notify::new(),
        go_on: Notify::new(),
    });
    let remote: Arc<dyn RemoteSigner> = signer.clone();
    app.app.signer.follow(&remote).await.expect("it has a key");
    let code = code(&app, &["openid", "offline_access"]);
    let forget = async || app.app.store.sweep(Kind::Spent, app.clock.now(), 100).await.expect("memory is swept");
    let meanwhile = async {
        signer.holds.notified().await;
        app.clock.advance(app.app.settings.auth_codes_valid_for);
        let first = redeem(&app, &code).await;
        app.clock.advance(Duration::from_secs(60));
        forget().await;
        signer.go_on.notify_one();
        first
    };
    let (held, first) = tokio::join!(redeem(&app, &code), meanwhile);
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(refusal(&held), (400, "invalid_grant".into()));

    // The request that came second began before the first one's token was made.
    app.clock.advance(app.app.settings.id_tokens_valid_for - Duration::from_secs(61));
    forget().await;
    app.app.revoked.refresh(&app.app.store, app.clock.now()).await.expect("memory answers");
    assert_eq!(userinfo(&app, &member(&first, "access_token")).await.status, 403, "revoked while it lives");
}
