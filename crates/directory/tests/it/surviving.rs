//! Several servers, one of which dies, and a pool that stays within its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dex_peers::Slapd;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::openldap::{PEOPLE, config};
use crate::support::{End, merged, open};

const LOGINS: usize = 1000;
const AT_ONCE: usize = 16;
const CONNECTIONS: usize = 4;
const NOBODY: [String; 0] = [];

fn both(first: &Slapd, second: &Slapd) -> Value {
    let hosts = [first.port, second.port].map(|port| format!("127.0.0.1:{port}"));
    merged(config(first), json!({"host": "", "hosts": hosts, "maxConnections": CONNECTIONS, "connectTimeout": 2}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_takes_nobody_along() {
    let mut first = Slapd::start(PEOPLE, None, "").await.unwrap();
    let second = Slapd::start(PEOPLE, None, "").await.unwrap();
    let corp = Arc::new(open(&both(&first, &second)));
    let failed = run(&corp, LOGINS, async |done| {
        if done == LOGINS / 4 {
            first.kill().unwrap();
        }
    })
    .await;
    assert!(failed.len() <= AT_ONCE, "{} logins failed: {:?}", failed.len(), failed.first());
    assert!((1..=CONNECTIONS).contains(&second.connections().await.unwrap()));
    first.restart(false).await.unwrap();
    drop(second);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let failed = run(&corp, 50, async |_| {}).await;
    assert_eq!(failed, NOBODY, "the first one is back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_holds_nobody_up_for_long() {
    let first = Slapd::start(PEOPLE, None, "").await.unwrap();
    let second = Slapd::start(PEOPLE, None, "").await.unwrap();
    let change = json!({"requestTimeout": 1, "connectTimeout": 1});
    let corp = Arc::new(open(&merged(both(&first, &second), change)));
    let failed = run(&corp, LOGINS, async |done| {
        if done == LOGINS / 4 {
            first.hang(true).unwrap();
        }
    })
    .await;
    assert!(failed.len() <= AT_ONCE, "{} logins failed: {:?}", failed.len(), failed.first());
    let begun = std::time::Instant::now();
    assert_eq!(run(&corp, 50, async |_| {}).await, NOBODY);
    assert!(begun.elapsed() < Duration::from_secs(3), "it is asked again now and then only");
    first.hang(false).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pool_stays_within_its_size_and_keeps_identities_apart() {
    let server = Slapd::start(PEOPLE, None, "").await.unwrap();
    let change = json!({"maxConnections": CONNECTIONS, "groupSearch": {"userMatchers": [{"userAttr": "DN", "groupAttr": "member", "recursionGroupAttr": "member"}]}});
    let corp = Arc::new(open(&merged(config(&server), change)));
    let (over, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let failed = run(&corp, LOGINS, async |done| {
        if done % 100 == 0 {
            let count = server.connections().await.unwrap();
            most.fetch_max(count, Ordering::SeqCst);
            over.fetch_or(count > CONNECTIONS, Ordering::SeqCst);
        }
    })
    .await;
    assert_eq!(failed, NOBODY);
    assert!(!over.load(Ordering::SeqCst), "{} connections", most.load(Ordering::SeqCst));
    assert!(most.load(Ordering::SeqCst) >= 2, "connections are kept");
    drop(corp);
    for _ in 0..100 {
        if server.connections().await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("connections are left when the connector is gone");
}

/// More logins at once than connections, of two searches each: few of those need the service to be bound anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_pool_does_not_bind_its_connections_anew() {
    let server = Slapd::start(PEOPLE, None, "").await.unwrap();
    let corp = Arc::new(open(&merged(config(&server), json!({"maxConnections": CONNECTIONS}))));
    let before = server.binds().await.unwrap();
    assert_eq!(run(&corp, LOGINS, async |_| {}).await, NOBODY);
    let of_the_service = server.binds().await.unwrap() - before - 1 - LOGINS;
    // Now and then a half has nothing to do, and the other one takes from it.
    assert!((1..=LOGINS / 3).contains(&of_the_service), "{of_the_service} binds besides {LOGINS} logins");
}

#[tokio::test]
async fn one_connection_is_enough_for_everybody() {
    let server = Slapd::start(PEOPLE, None, "").await.unwrap();
    let corp = Arc::new(open(&merged(config(&server), json!({"maxConnections": 1}))));
    assert_eq!(run(&corp, 100, async |_| {}).await, NOBODY);
    assert_eq!(server.connections().await.unwrap(), 1);
}

/// Logs in so many times, some at once, alternately as two people and with a wrong password; how those ended that should
/// not have ended so.
async fn run(corp: &Arc<crate::support::Opened>, logins: usize, mut after: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut running = JoinSet::new();
    let mut failed = Vec::new();
    let (mut begun, mut done) = (0, 0);
    while done < logins {
        while begun < logins && running.len() < AT_ONCE {
            let corp = corp.clone();
            running.spawn(async move { one(&corp, begun).await });
            begun += 1;
        }
        failed.extend(running.join_next().await.unwrap().unwrap());
        done += 1;
        after(done).await;
    }
    failed
}

async fn one(corp: &crate::support::Opened, number: usize) -> Option<String> {
    let (name, password, expected) = match number % 3 {
        0 => ("jane", "foo", End::In("cn=jane,ou=People,dc=example,dc=org".to_owned())),
        1 => ("john", "bar", End::In("cn=john,ou=Seattle,ou=People,dc=example,dc=org".to_owned())),
        _ => ("nomail", "wrong", End::Wrong),
    };
    let end = corp.end(name, password).await;
    (end != expected).then(|| format!("{name}: {end:?}"))
}
