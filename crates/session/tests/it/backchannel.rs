//! What clients hear, and when: time stands still until everybody waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dex_session::backchannel::{Backchannel, DRAIN_MAX, Deliver, LogoutNotice, NOTICES_MAX, Undelivered};
use dex_testkit::TestApp;
use dex_web::LogoutNotices as _;
use http::StatusCode;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::kit::app;

/// A client elsewhere: refuses as it is told, by host, and keeps what it hears.
#[derive(Default)]
struct Elsewhere {
    answers: Mutex<HashMap<String, Vec<Result<(), Undelivered>>>>,
    heard: Mutex<Vec<(Duration, Url, String)>>,
    /// Hosts that never answer.
    silent: Vec<String>,
    told: Notify,
    began: Option<Instant>,
}

impl Elsewhere {
    fn new() -> Self {
        Self { began: Some(Instant::now()), ..Self::default() }
    }

    /// What `host` answers in turn, the first last; afterwards it takes everything.
    fn answers(self, host: &str, answers: &[Result<(), Undelivered>]) -> Self {
        self.answers
            .lock()
            .expect("no test panics with it")
            .insert(host.to_owned(), answers.iter().rev().cloned().collect());
        self
    }

    fn heard(&self) -> Vec<(Duration, Url, String)> {
        self.heard.lock().expect("no test panics with it").clone()
    }

    fn times(&self) -> Vec<u64> {
        self.heard().iter().map(|(at, ..)| at.as_secs()).collect()
    }
}

#[async_trait]
impl Deliver for Elsewhere {
    async fn deliver(&self, uri: &Url, logout_token: &str) -> Result<(), Undelivered> {
        let host = uri.host_str().unwrap_or_default().to_owned();
        let at = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        self.heard.lock().expect("no test panics with it").push((at, uri.clone(), logout_token.to_owned()));
        self.told.notify_one();
        if self.silent.contains(&host) {
            std::future::pending::<()>().await;
        }
        let next = self.answers.lock().expect("no test panics with it").get_mut(&host).and_then(Vec::pop);
        next.unwrap_or(Ok(()))
    }
}

fn notice(host: &str) -> LogoutNotice {
    LogoutNotice {
        issuer: "https://dex.example/dex".into(),
        client_id: host.into(),
        uri: format!("https://{host}/logout"),
        user_id: "user-1".into(),
        connector_id: "mock".into(),
        session_id: "s1".into(),
    }
}

fn backchannel(app: &TestApp, elsewhere: &Arc<Elsewhere>) -> Backchannel {
    Backchannel::new(app.app.signer.clone(), app.app.clock.clone(), elsewhere.clone())
}

fn down() -> Result<(), Undelivered> {
    Err(Undelivered::Failed("nobody there".into()))
}

fn status(status: StatusCode) -> Result<(), Undelivered> {
    Err(Undelivered::Answered(status))
}

#[tokio::test(start_paused = true)]
async fn a_logout_token_says_who_was_logged_out_where() {
    let app = app().await;
    let elsewhere = Arc::new(Elsewhere::new());
    backchannel(&app, &elsewhere).post(notice("app.example"));
    elsewhere.told.notified().await;
    let (_, uri, token) = elsewhere.heard().remove(0);
    assert_eq!(uri.as_str(), "https://app.example/logout");
    let keys = app.app.signer.current().await.unwrap();
    let verified = keys.accepted.verify_compact(&token, &keys.algorithms).unwrap();
    assert_eq!(verified.header.typ.as_deref(), Some("logout+jwt"));
    let mut claims: serde_json::Value = serde_json::from_slice(&verified.payload).unwrap();
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(jti.as_str().map(str::len), Some(36));
    let now = app.clock.now().as_second();
    let expected = serde_json::json!({
        "iss": "https://dex.example/dex",
        "sub": "CgZ1c2VyLTESBG1vY2s",
        "aud": "app.example",
        "iat": now,
        "exp": now + 120,
        "sid": "s1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    assert_eq!(claims, expected, "and no nonce");
}

#[tokio::test(start_paused = true)]
async fn who_is_down_is_told_later_with_another_token() {
    let app = app().await;
    let unavailable = status(StatusCode::SERVICE_UNAVAILABLE);
    let elsewhere = Arc::new(Elsewhere::new().answers("app.example", &[down(), unavailable, down()]));
    let backchannel = backchannel(&app, &elsewhere);
    backchannel.post(notice("app.example"));
    sleep(Duration::from_secs(1000)).await;
    assert_eq!(elsewhere.times(), [0, 2, 17, 77]);
    let mut tokens: Vec<String> = elsewhere.heard().into_iter().map(|(.., token)| token).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_for_ever_or_after_a_refusal() {
    let app = app().await;
    let refused = |status_code| vec![status(status_code); 10];
    let cases = [
        ("down for good", vec![down(); 10], vec![0, 2, 17, 77, 377]),
        ("a server error", refused(StatusCode::BAD_GATEWAY), vec![0, 2, 17, 77, 377]),
        ("too many", refused(StatusCode::TOO_MANY_REQUESTS), vec![0, 2, 17, 77, 377]),
        ("a token it does not take", refused(StatusCode::BAD_REQUEST), vec![0]),
        ("no such page", refused(StatusCode::NOT_FOUND), vec![0]),
        ("elsewhere", refused(StatusCode::FOUND), vec![0]),
    ];
    for (told, answers, expected) in cases {
        let elsewhere = Arc::new(Elsewhere::new().answers("app.example", &answers));
        backchannel(&app, &elsewhere).post(notice("app.example"));
        sleep(Duration::from_secs(1000)).await;
        assert_eq!(elsewhere.times(), expected, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_holds_up_nobody_else() {
    let app = app().await;
    let elsewhere = Arc::new(Elsewhere { silent: vec!["silent.example".into()], ..Elsewhere::new() });
    let backchannel = backchannel(&app, &elsewhere);
    for _ in 0..500 {
        backchannel.post(notice("silent.example"));
    }
    backchannel.post(notice("app.example"));
    sleep(Duration::from_millis(1)).await;
    let heard = elsewhere.heard();
    let silent = heard.iter().filter(|(_, uri, _)| uri.host_str() == Some("silent.example")).count();
    assert_eq!((silent, heard.len()), (4, 5));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(elsewhere.heard().len(), 9, "a call has its time");
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_answer_leave_places_to_the_others() {
    let app = app().await;
    let silent = ["silent.example", "mute.example"];
    let elsewhere = Arc::new(Elsewhere { silent: silent.map(str::to_owned).to_vec(), ..Elsewhere::new() });
    let backchannel = backchannel(&app, &elsewhere);
    for host in silent {
        for _ in 0..NOTICES_MAX {
            backchannel.post(notice(host));
        }
    }
    backchannel.post(notice("app.example"));
    sleep(Duration::from_millis(1)).await;
    assert!(elsewhere.heard().iter().any(|(_, uri, _)| uri.host_str() == Some("app.example")));
}

#[tokio::test(start_paused = true)]
async fn addresses_that_are_none_are_not_asked() {
    let app = app().await;
    let elsewhere = Arc::new(Elsewhere::new());
    let backchannel = backchannel(&app, &elsewhere);
    for uri in ["", "logout", "file:///etc/passwd", "https://app.example/#fragment"] {
        backchannel.post(LogoutNotice { uri: uri.into(), ..notice("app.example") });
    }
    sleep(Duration::from_secs(1000)).await;
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_has_those_that_wait_tried_once_more() {
    let app = app().await;
    let answers = [down(), down()];
    let elsewhere = Arc::new(Elsewhere::new().answers("back.example", &answers[..1]).answers("gone.example", &answers));
    let backchannel = backchannel(&app, &elsewhere);
    for host in ["back.example", "gone.example", "app.example"] {
        backchannel.post(notice(host));
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(elsewhere.heard().len(), 3);
    let began = Instant::now();
    backchannel.drain().await;
    assert!(began.elapsed() < Duration::from_secs(1), "nothing is waited for");
    assert_eq!(elsewhere.heard().len(), 5, "each of the two that wait is tried once");
    sleep(Duration::from_secs(1000)).await;
    assert_eq!(elsewhere.heard().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_waits_for_a_few_seconds() {
    let app = app().await;
    let elsewhere = Arc::new(Elsewhere { silent: vec!["silent.example".into()], ..Elsewhere::new() });
    let backchannel = backchannel(&app, &elsewhere);
    for _ in 0..20 {
        backchannel.post(notice("silent.example"));
    }
    let began = Instant::now();
    backchannel.drain().await;
    assert_eq!(began.elapsed(), DRAIN_MAX);
}

#[tokio::test(start_paused = true)]
async fn notices_take_a_bounded_number_of_places() {
    let app = app().await;
    let elsewhere = Arc::new(Elsewhere::new());
    let backchannel = backchannel(&app, &elsewhere);
    for _ in 0..NOTICES_MAX {
        backchannel.post(notice("app.example"));
    }
    sleep(Duration::from_secs(1000)).await;
    assert_eq!(elsewhere.heard().len(), NOTICES_MAX as usize / 2, "one client leaves as many as it has");
    backchannel.post(notice("app.example"));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(elsewhere.heard().len(), NOTICES_MAX as usize / 2 + 1, "the places are free again");
}
