//! What connectors' tests rely on: that a stand-in fails, goes down, comes back and is strict where upstreams are.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::{Duration, Instant};

use dex_fakes::github::GitHub;
use dex_fakes::kit::{Answer, CLIENT_ID, CLIENT_SECRET, Fault};
use reqwest::{Client, Response};
use url::Url;

fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().user_agent("test").timeout(Duration::from_secs(5)).build().unwrap()
}

async fn get(github: &GitHub, path: &str) -> reqwest::Result<Response> {
    client().get(github.fake.url().join(path).unwrap()).bearer_auth("at-1").send().await
}

#[tokio::test]
async fn a_stand_in_goes_down_and_comes_back_with_its_state() {
    let github = GitHub::start().await.unwrap();
    log_in(&github).await;
    assert_eq!(get(&github, "user").await.unwrap().status(), 200);
    github.fake.go_down().await;
    assert!(get(&github, "user").await.unwrap_err().is_connect());
    github.fake.come_back().await.unwrap();
    assert_eq!(get(&github, "user").await.unwrap().status(), 200);
}

#[tokio::test]
async fn faults_come_in_place_of_answers_as_often_as_told() {
    let github = GitHub::start().await.unwrap();
    log_in(&github).await;
    github.fake.fail(Fault::at("/user").status(429, "{}").header("retry-after", "1").times(1));
    let limited = get(&github, "user").await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    assert_eq!(get(&github, "user").await.unwrap().status(), 200);

    github.fake.fail(Fault::at("/user").delay(Duration::from_millis(200)));
    let begun = Instant::now();
    assert_eq!(get(&github, "user").await.unwrap().status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(200));

    github.fake.heal();
    github.fake.fail(Fault::at("/user").answer(Answer::Truncated));
    assert!(get(&github, "user").await.unwrap().bytes().await.is_err());

    github.fake.heal();
    github.fake.fail(Fault::at("/user").answer(Answer::Endless));
    let mut endless = get(&github, "user").await.unwrap();
    let mut read = 0;
    while read < 1 << 20 {
        read += endless.chunk().await.unwrap().expect("it never ends").len();
    }

    github.fake.heal();
    github.fake.fail(Fault::at("/user").html());
    assert_eq!(get(&github, "user").await.unwrap().headers()["content-type"], "text/html");
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_by_its_client_alone() {
    let github = GitHub::start().await.unwrap();
    let code = code(&github).await;
    let redeem = async |secret: &str, code: &str| {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        let url = github.fake.url().join("login/oauth/access_token").unwrap();
        let request = client().post(url).basic_auth(encoded(CLIENT_ID), Some(encoded(secret))).form(&form);
        request.send().await.unwrap().text().await.unwrap()
    };
    assert!(redeem("wrong", &code).await.contains("invalid_client"));
    assert_eq!(redeem(CLIENT_SECRET, &code).await, "access_token=at-1&token_type=bearer&scope=user%3Aemail+read%3Aorg");
    assert!(redeem(CLIENT_SECRET, &code).await.contains("error=invalid_grant"));
    let posts: Vec<_> = github.fake.recorded().into_iter().filter(|request| request.method == "POST").collect();
    assert_eq!(posts.len(), 3);
    assert_eq!(posts[1].field("code").as_deref(), Some(code.as_str()));
}

#[tokio::test]
async fn lists_come_in_pages_that_name_the_next() {
    let github = GitHub::start().await.unwrap();
    log_in(&github).await;
    let first = get(&github, "user/teams?per_page=2").await.unwrap();
    let next = format!("<{}user/teams?per_page=2&page=2>; rel=\"next\"", github.fake.url());
    assert!(first.headers()["link"].to_str().unwrap().starts_with(&next));
    let second = get(&github, "user/teams?per_page=2&page=2").await.unwrap().text().await.unwrap();
    assert!(second.contains("Ghost") && !second.contains("Docs"), "{second}");
}

const CALLBACK: &str = "https://dex.test/callback";

async fn code(github: &GitHub) -> String {
    let mut page = github.fake.url().join("login/oauth/authorize").unwrap();
    page.query_pairs_mut()
        .append_pair("client_id", CLIENT_ID)
        .append_pair("response_type", "code")
        .append_pair("scope", "user:email read:org")
        .append_pair("redirect_uri", CALLBACK);
    let back: Url = github.fake.browse(&page).await.unwrap();
    back.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned()
}

async fn log_in(github: &GitHub) {
    let code = code(github).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let url = github.fake.url().join("login/oauth/access_token").unwrap();
    assert_eq!(client().post(url).form(&form).send().await.unwrap().status(), 200);
}
