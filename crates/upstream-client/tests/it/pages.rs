//! Lists in pages.

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, CallError, PageLimits, Pages};
use serde::Deserialize;
use serde_json::json;

use crate::server::{Asked, Server, client};

const LIMITS: PageLimits = PageLimits { pages: 3, entries: 5, page_bytes: 1000, what: "groups" };

fn page_of(asked: &Asked) -> usize {
    asked.path.rsplit('=').next().and_then(|page| page.parse().ok()).unwrap_or(1)
}

/// A list of `pages` pages with two entries each, linked by headers.
async fn linked(pages: usize) -> Server {
    Server::start(move |asked, _| {
        let page = page_of(asked);
        let link = match page < pages {
            true => format!("</list?page={}>; rel=\"next\"", page + 1),
            false => "</list?page=1>; rel=\"first\"".to_owned(),
        };
        ([("link", link)], format!("[{},{}]", page * 2 - 1, page * 2))
    })
    .await
}

#[tokio::test]
async fn pages_are_read_to_the_end_or_the_limit() {
    let (client, one, two) = (client(), linked(1).await, linked(2).await);
    let all: Vec<u32> = Pages::new(&client, one.at("/list"), Auth::Bearer("at"), LIMITS).all().await.unwrap();
    assert_eq!(all, [1, 2]);
    let all: Vec<u32> = Pages::new(&client, two.at("/list"), Auth::Bearer("at"), LIMITS).all().await.unwrap();
    assert_eq!(all, [1, 2, 3, 4]);
    assert!(two.asked().iter().all(|asked| asked.header("authorization") == "Bearer at"));
    let three = linked(3).await;
    let error = Pages::new(&client, three.at("/list"), Auth::None, LIMITS).all::<u32>().await.unwrap_err();
    assert_eq!(error.to_string(), "more than 5 groups");
    let four = linked(4).await;
    let limits = PageLimits { entries: 100, ..LIMITS };
    let error = Pages::new(&client, four.at("/list"), Auth::None, limits).all::<u32>().await.unwrap_err();
    assert_eq!(error.to_string(), "more than 3 pages");
    assert_eq!(four.asked().len(), 3);
    assert!(matches!(UpstreamError::from(error), UpstreamError::Unacceptable(_)));
}

#[derive(Deserialize)]
struct Document {
    values: Vec<u32>,
    next: Option<String>,
}

#[tokio::test]
async fn links_inside_documents_are_followed_at_home_only() {
    let other = Server::start(|_, _| "{}").await;
    let away = other.at("/list");
    let server = Server::start(move |asked, _| match (asked.path.as_str(), page_of(asked)) {
        ("/away", _) => format!(r#"{{"values":[],"next":"{away}"}}"#),
        ("/round", _) => r#"{"values":[],"next":"/round"}"#.to_owned(),
        ("/broken", _) => r#"{"values":[],"next":"http://["}"#.to_owned(),
        (_, 1) => r#"{"values":[1],"next":"?page=2"}"#.to_owned(),
        _ => r#"{"values":[2],"next":""}"#.to_owned(),
    })
    .await;
    let client = client();
    let read = |path: &str| {
        Pages::new(&client, server.at(path), Auth::Bearer("at"), LIMITS)
            .all_by(|page: Document| (page.values, page.next))
    };
    assert_eq!(read("/list").await.unwrap(), [1, 2]);
    for path in ["/away", "/round", "/broken"] {
        let error = read(path).await.unwrap_err();
        assert!(matches!(error, CallError::BadLink(_)), "{path}: {error}");
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_question_that_is_posted_is_posted_for_each_page() {
    let server = Server::start(move |asked, _| match page_of(asked) {
        1 => r#"{"values":[1],"next":"?page=2"}"#,
        _ => r#"{"values":[2],"next":null}"#,
    })
    .await;
    let client = client();
    let pages = Pages::new(&client, server.at("/list"), Auth::Bearer("at"), LIMITS).posting(json!({"ids": ["a"]}));
    assert_eq!(pages.all_by(|page: Document| (page.values, page.next)).await.unwrap(), [1, 2]);
    let asked = server.asked();
    assert_eq!(asked.iter().map(|asked| asked.body.as_str()).collect::<Vec<_>>(), [r#"{"ids":["a"]}"#; 2]);
    assert!(asked.iter().all(|asked| asked.header("content-type") == "application/json"));
}
