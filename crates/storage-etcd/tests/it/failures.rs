use std::time::Duration;

use dex_model::{Client, Record as _};
use dex_peers::{Etcd as Peer, free_port};
use dex_storage::{Backend as _, StorageError, Store, Write};
use dex_storage_etcd::{Etcd, EtcdOptions, OpenError, TlsFiles};
use nix::sys::signal::Signal;

use crate::{connect, open, secure};

fn client(id: &str) -> Client {
    Client { id: id.into(), ..Client::default() }
}

async fn refused(options: &EtcdOptions) -> String {
    Etcd::open(options).await.err().map(|error| error.to_string()).unwrap_or_default()
}

/// Fails fast, so that a pause is noticed within it.
fn impatient(options: EtcdOptions) -> EtcdOptions {
    EtcdOptions { call_timeout: Duration::from_secs(1), ..options }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_may_pause_die_and_come_back() {
    let mut peer = Peer::start().await.unwrap();
    let dead = format!("http://127.0.0.1:{}", free_port().unwrap());
    let mut options = impatient(open(&peer, "dex/"));
    options.endpoints.insert(0, dead);
    let store = Store::new(connect(&options).await);
    assert_eq!(store.insert(client("before")).await.unwrap(), Write::Done);

    peer.process().signal(Signal::SIGSTOP).unwrap();
    let paused = std::time::Instant::now();
    // The signal arrives some time after it is sent.
    while store.get::<Client>("before").await.is_ok() {
        assert!(paused.elapsed() < Duration::from_secs(2), "it does not pause");
    }
    let (read, written) = tokio::join!(store.get::<Client>("before"), store.insert(client("during")));
    assert!(matches!(read, Err(StorageError::Unavailable(_))), "{read:?}");
    let told = written.unwrap_err().to_string();
    assert_eq!(told, "the storage is not available: etcd did not answer within 1s");
    tokio::time::sleep(Duration::from_secs(3).saturating_sub(paused.elapsed())).await;
    peer.process().signal(Signal::SIGCONT).unwrap();
    assert!(healed(&store).await, "it does not heal after a pause");

    peer.process().signal(Signal::SIGKILL).unwrap();
    peer.gone().await.unwrap();
    let told = store.get::<Client>("before").await.unwrap_err().to_string();
    assert!(told.contains("etcd cannot be reached at http://127.0.0.1:"), "{told}");
    peer.restart().await.unwrap();
    assert!(healed(&store).await, "it does not heal after a restart");
}

/// Whether it answers within the time of a few calls.
async fn healed(store: &Store) -> bool {
    for _ in 0..20 {
        if store.get::<Client>("before").await.is_ok_and(|found| found.is_some()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_let_in_is_told_why() {
    let mut peer = Peer::start_secure(&[("dex", "hunter2", "dex/")]).await.unwrap();
    let options = secure(&peer, "dex/", "dex", "hunter2");
    let store = Store::new(connect(&options).await);
    assert_eq!(store.insert(client("before")).await.unwrap(), Write::Done);

    let cases = [
        ("a wrong password", secure(&peer, "dex/", "dex", "hunter3"), "does not accept the user name or the password"),
        (
            "an unknown user",
            secure(&peer, "dex/", "nobody", "hunter2"),
            "does not accept the user name or the password",
        ),
        ("no user", secure(&peer, "dex/", "", ""), "etcd wants a user: set `username`"),
        (
            "no right",
            secure(&peer, "other/", "dex", "hunter2"),
            "the etcd user `dex` may not read and write the keys that begin with `other/`",
        ),
        ("no certificate", bare(&options), "etcd"),
        ("another authority", trusting_the_system(&options), "etcd cannot be reached at https://127.0.0.1:"),
    ];
    for (told, options, expected) in cases {
        let error = refused(&options).await;
        assert!(error.contains(expected), "{told}: {error}");
        assert!(!error.contains("hunter"), "{told}: {error}");
    }

    // Tokens live for a second, and none survives a restart.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(store.get::<Client>("before").await.unwrap().is_some(), "the token is not renewed");
    peer.restart().await.unwrap();
    assert!(healed(&store).await, "nobody logs in again");
    assert_eq!(store.remove::<Client>("before").await.unwrap(), Write::Done);
}

fn bare(options: &EtcdOptions) -> EtcdOptions {
    let tls = TlsFiles { cert: String::new(), key: String::new(), ..options.tls.clone() };
    EtcdOptions { tls, ..options.clone() }
}

fn trusting_the_system(options: &EtcdOptions) -> EtcdOptions {
    let tls = TlsFiles { ca: String::new(), ..options.tls.clone() };
    EtcdOptions { tls, ..options.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_may_lose_its_members_one_after_the_other() {
    let mut members = Peer::start_cluster(3).await.unwrap();
    let mut options = open(&members[0], "dex/");
    options.endpoints = members.iter().map(Peer::url).collect();
    let store = Store::new(connect(&options).await);
    assert_eq!(store.insert(client("before")).await.unwrap(), Write::Done);
    for (place, member) in members.iter_mut().enumerate() {
        member.process().signal(Signal::SIGKILL).unwrap();
        // Whoever led, a read waits for the new leader, and a write that is not under way does, too.
        assert!(store.get::<Client>("before").await.unwrap().is_some(), "without member {place}");
        assert_eq!(store.insert(client(&format!("without {place}"))).await.unwrap(), Write::Done);
        member.restart().await.unwrap();
    }
    for member in &members[..2] {
        member.process().signal(Signal::SIGKILL).unwrap();
    }
    let told = store.insert(client("alone")).await.unwrap_err();
    assert!(matches!(told, StorageError::Unavailable(_)), "{told}");
    members[0].restart().await.unwrap();
    assert!(healed(&store).await, "it does not heal when most are back");
}

#[tokio::test]
async fn what_etcd_does_not_take_is_refused_by_name() {
    let peer = Peer::start().await.unwrap();
    let etcd = connect(&open(&peer, "")).await;
    let large = Client { name: "x".repeat(3 << 20), ..client("large") };
    let error = etcd.insert(&large.into_any()).await.unwrap_err();
    assert!(matches!(error, StorageError::Unstorable { .. }), "{error}");
    assert_eq!(error.to_string(), "Client `large` cannot be stored: it is larger than etcd takes");
    assert_eq!(etcd.insert(&client("small").into_any()).await.unwrap(), Write::Done);
}

#[tokio::test]
async fn what_is_configured_wrongly_is_said_before_anybody_is_asked() {
    let with = |endpoints: &[&str]| EtcdOptions {
        endpoints: endpoints.iter().map(|text| (*text).to_owned()).collect(),
        ..EtcdOptions::default()
    };
    assert!(matches!(Etcd::open(&with(&[])).await, Err(OpenError::NoEndpoint)));
    assert!(refused(&with(&["unix:///run/etcd"])).await.contains("neither http nor https"));
    let mut missing = with(&["https://127.0.0.1:1"]);
    missing.tls.ca = "/nowhere/ca.pem".into();
    assert!(refused(&missing).await.contains("cannot use `/nowhere/ca.pem` for TLS with etcd"));
}
