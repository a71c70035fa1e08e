//! A server that is none, or a broken one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dex_connector::{PasswordAnswer, Wanted};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{End, Logged, NOTHING, merged, open};

/// What a server says to each request, after which it waits, or hangs up.
#[derive(Clone)]
struct Script {
    answers: Vec<Vec<u8>>,
    hangs_up: bool,
}

struct Server {
    port: u16,
    open: Arc<AtomicUsize>,
}

/// A server that answers the first request of a connection with the first answer, and so on.
async fn serve(script: Script) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let open = Arc::new(AtomicUsize::new(0));
    let count = open.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (script, count) = (script.clone(), count.clone());
            tokio::spawn(async move {
                converse(stream, script).await;
                count.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Server { port, open }
}

async fn converse(mut stream: TcpStream, script: Script) {
    let mut request = vec![0; 64 * 1024];
    for answer in script.answers {
        if !matches!(stream.read(&mut request).await, Ok(1..)) || stream.write_all(&answer).await.is_err() {
            return;
        }
    }
    if !script.hangs_up {
        while matches!(stream.read(&mut request).await, Ok(1..)) {}
    }
}

fn config(port: u16) -> Value {
    json!({
        "host": format!("127.0.0.1:{port}"),
        "insecureNoSSL": true,
        "requestTimeout": 1,
        "userSearch": {"baseDN": "dc=x", "username": "cn", "idAttr": "DN", "emailAttr": "mail"},
    })
}

/// An answer to the request of this number: tag and body of the operation.
fn answer(id: u8, operation: u8, body: &[u8]) -> Vec<u8> {
    let body_length = u8::try_from(body.len()).unwrap();
    let mut message = vec![0x30, body_length + 5, 0x02, 0x01, id, operation, body_length];
    message.extend_from_slice(body);
    message
}

/// An element of any length.
fn long(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, body].concat()
}

/// An entry of a megabyte in answer to request 2.
fn large() -> Vec<u8> {
    let values = long(0x31, &long(0x04, &vec![b'x'; 1 << 20]));
    let attributes = long(0x30, &long(0x30, &[b"\x04\x04mail", values.as_slice()].concat()));
    let entry = long(0x64, &[b"\x04\x07cn=jane", attributes.as_slice()].concat());
    long(0x30, &[&[0x02, 0x01, 2], entry.as_slice()].concat())
}

/// Success.
const DONE: &[u8] = &[0x0a, 1, 0, 4, 0, 4, 0];

/// `cn=jane` with a mail address.
fn jane() -> Vec<u8> {
    let attribute = b"\x30\x0b\x04\x04mail\x31\x03\x04\x01j";
    let mut body = b"\x04\x07cn=jane".to_vec();
    body.extend_from_slice(&[0x30, u8::try_from(attribute.len()).unwrap()]);
    body.extend_from_slice(attribute);
    body
}

fn found(id: u8) -> Vec<u8> {
    [answer(id, 0x64, &jane()), answer(id, 0x65, DONE)].concat()
}

/// An entry with these attributes in answer to request `id`.
fn entry(id: u8, dn: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
    let list = attributes.iter().map(|(name, values)| {
        let values: Vec<u8> = values.iter().flat_map(|value| long(0x04, value.as_bytes())).collect();
        long(0x30, &[long(0x04, name.as_bytes()), long(0x31, &values)].concat())
    });
    let body = [long(0x04, dn.as_bytes()), long(0x30, &list.collect::<Vec<_>>().concat())].concat();
    let entry = long(0x30, &[&[0x02, 0x01, id], long(0x64, &body).as_slice()].concat());
    [entry, answer(id, 0x65, DONE)].concat()
}

#[tokio::test]
async fn nobody_is_let_in_by_a_server_that_misbehaves() {
    let bound = || answer(1, 0x61, DONE);
    let levels = 200_000_u32;
    let deep =
        (0..levels).rev().flat_map(|below| [&[0x30, 0x84][..], &(below * 6).to_be_bytes()[..]].concat()).collect();
    let cases = [
        ("it hangs up at once", vec![vec![]], true, "closed the connection"),
        ("it never answers", vec![vec![]], false, "no answer within 1s"),
        ("it speaks HTTP", vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()], false, "something else altogether"),
        ("half an answer, then silence", vec![bound()[..5].to_vec()], false, "no answer within 1s"),
        ("half an answer, then the end", vec![bound()[..5].to_vec()], true, "closed the connection"),
        ("an answer without an end", vec![b"\x30\x84\x7f\xff\xff\xff".to_vec()], false, "larger than any message"),
        ("a length of another form", vec![b"\x30\x80\x02\x01\x01".to_vec()], false, "a length of that form"),
        ("a message nested without end", vec![deep], false, "an element of another type"),
        ("an empty message", vec![b"\x30\x00".to_vec()], false, "cut short"),
        ("an answer to another request", vec![answer(9, 0x61, DONE)], false, "an answer to another request"),
        ("an operation of another kind", vec![answer(1, 0x65, DONE)], false, "an answer of another kind"),
        ("an operation nobody knows", vec![answer(1, 0x7e, DONE)], false, "an operation nobody asked for"),
        (
            "a notice of disconnection",
            vec![answer(0, 0x78, &[0x0a, 1, 52, 4, 0, 4, 0])],
            false,
            "closed the connection",
        ),
        ("a result without a code", vec![answer(1, 0x61, &[])], false, "cut short"),
        (
            "a DN that is not UTF-8",
            vec![bound(), answer(2, 0x64, b"\x04\x01\xff\x30\x00")],
            false,
            "a DN that is not UTF-8",
        ),
        ("an entry, then the end", vec![bound(), answer(2, 0x64, &jane())], true, "closed the connection"),
        ("entries without end", vec![bound(), large().repeat(33)], false, "more than the answers to any search"),
        (
            "an entry without a DN",
            vec![bound(), [answer(2, 0x64, b"\x04\x00\x30\x00"), answer(2, 0x65, DONE)].concat()],
            false,
            "an entry without a DN",
        ),
    ];
    for (told, answers, hangs_up, expected) in cases {
        let logged = Logged::here();
        let server = serve(Script { answers, hangs_up }).await;
        let begun = std::time::Instant::now();
        let End::Failed(error) = open(&config(server.port)).end("jane", "foo").await else { panic!("{told}") };
        assert!(error.contains(expected), "{told}: {error}");
        assert!(begun.elapsed() < Duration::from_millis(2500), "{told}: it is asked once, and waited for once");
        // Whoever asked tells of it, and nobody else does.
        let text = logged.text();
        assert!(!text.contains(expected), "{told}: {text}");
        closed(&server, told).await;
    }
}

/// A user's bind is a request of its own connection, the first one there.
#[tokio::test]
async fn no_answer_but_the_right_one_is_taken_for_a_password() {
    let cases = [
        ("the right one", answer(1, 0x61, DONE), true),
        ("to a search", answer(1, 0x65, DONE), false),
        ("to another request", answer(2, 0x61, DONE), false),
        ("extended", answer(1, 0x78, DONE), false),
        ("a code that is negative", answer(1, 0x61, &[0x0a, 1, 0x80, 4, 0, 4, 0]), false),
        ("a code of five bytes", answer(1, 0x61, &[0x0a, 5, 0, 0, 0, 0, 0, 4, 0, 4, 0]), false),
        ("in progress", answer(1, 0x61, &[0x0a, 1, 14, 4, 0, 4, 0]), false),
        ("a referral", answer(1, 0x61, &[0x0a, 1, 10, 4, 0, 4, 0]), false),
    ];
    for (told, last, let_in) in cases {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (service, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(service, Script { answers: vec![answer(1, 0x61, DONE), found(2)], hangs_up: false }));
            while let Ok((user, _)) = listener.accept().await {
                tokio::spawn(converse(user, Script { answers: vec![last.clone()], hangs_up: false }));
            }
        });
        let end = open(&config(port)).end("jane", "foo").await;
        assert_eq!(matches!(end, End::In(_)), let_in, "{told}: {end:?}");
    }
}

/// Active Directory sends the first 1500 values of an attribute, which are two here.
#[tokio::test]
async fn values_that_come_in_parts_are_asked_for_until_none_is_left() {
    let part = |id, range: &str, values: &[&str]| entry(id, "cn=jane", &[(&format!("memberOf;range={range}"), values)]);
    let first = || entry(2, "cn=jane", &[("mail", &["j@x"]), ("memberOf", &[]), ("memberOf;range=0-1", &["a", "b"])]);
    let group = |id| entry(id, "cn=ops", &[("cn", &["ops"])]);
    let ones: Vec<_> = (0..60).map(|at| part(at + 3, &format!("{0}-{0}", at + 2), &["c"])).collect();
    let cases = [
        ("two parts", vec![part(3, "2-*", &["c"]), group(4)], ""),
        ("three", vec![part(3, "2-2", &["c"]), part(4, "3-*", &["d", "e"]), group(5)], ""),
        ("the last one is empty", vec![part(3, "2-*", &[]), group(4)], ""),
        ("the same again", vec![part(3, "0-1", &["a", "b"])], "do not fit together"),
        ("a gap", vec![part(3, "3-*", &["d"])], "do not fit together"),
        ("fewer than it says", vec![part(3, "2-4", &["c"])], "do not fit together"),
        ("without a range", vec![entry(3, "cn=jane", &[("memberOf", &["c"])])], "cannot be read"),
        ("the entry is gone", vec![answer(3, 0x65, DONE)], "is gone"),
        ("it is refused", vec![answer(3, 0x65, &[0x0a, 1, 50, 4, 0, 4, 0])], "LDAP Result Code 50"),
        ("one by one without end", ones, "in more than 50 parts"),
        ("too many", vec![part(3, "2-*", &["c"; 10_000])], "more than 10000 values"),
    ];
    let matched =
        json!({"baseDN": "dc=x", "nameAttr": "cn", "userMatchers": [{"userAttr": "memberOf", "groupAttr": "x"}]});
    for (told, further, error) in cases {
        let server =
            serve(Script { answers: [vec![answer(1, 0x61, DONE), first()], further].concat(), hangs_up: false });
        let corp = open(&merged(config(server.await.port), json!({"groupSearch": matched})));
        match corp.log_in(Wanted { groups: true, ..NOTHING }, "jane", "foo").await {
            Ok(PasswordAnswer::Identity(jane)) => {
                assert_eq!((jane.groups, error), (vec!["ops".to_owned()], ""), "{told}")
            }
            Err(failed) => assert!(!error.is_empty() && failed.to_string().contains(error), "{told}: {failed}"),
            Ok(other) => panic!("{told}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_login_that_is_given_up_leaves_no_connection() {
    let server = serve(Script { answers: vec![answer(1, 0x61, DONE)], hangs_up: false }).await;
    let corp = open(&merged(config(server.port), json!({"requestTimeout": 60, "maxConnections": 2})));
    for _ in 0..5 {
        let given_up = tokio::time::timeout(Duration::from_millis(50), corp.end("jane", "foo")).await;
        assert!(given_up.is_err());
    }
    closed(&server, "given up").await;
}

async fn closed(server: &Server, told: &str) {
    for _ in 0..200 {
        if server.open.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{told}: {} connections are left", server.open.load(Ordering::SeqCst));
}
