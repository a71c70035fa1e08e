//! etcd as a back end, on a real one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod failures;
mod fixtures;
mod suite;

use dex_peers::Etcd as Peer;
use dex_storage_etcd::{CALL_TIMEOUT, Etcd, EtcdOptions, TlsFiles};

/// How to reach an open one.
fn open(peer: &Peer, namespace: &str) -> EtcdOptions {
    EtcdOptions {
        endpoints: vec![peer.url()],
        namespace: namespace.into(),
        call_timeout: CALL_TIMEOUT,
        ..EtcdOptions::default()
    }
}

/// How a user of a secure one reaches it.
fn secure(peer: &Peer, namespace: &str, user: &str, password: &str) -> EtcdOptions {
    let file = |name: &str| peer.file(name).display().to_string();
    EtcdOptions {
        username: user.into(),
        password: password.to_owned().into(),
        tls: TlsFiles {
            ca: file("ca.pem"),
            cert: file("client.pem"),
            key: file("client-key.pem"),
            server_name: String::new(),
        },
        ..open(peer, namespace)
    }
}

async fn connect(options: &EtcdOptions) -> Etcd {
    Etcd::open(options).await.unwrap()
}
