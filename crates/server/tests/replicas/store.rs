//! The store of the replicas.

use dex_peers::{Etcd, KubeApiserver, Mariadb, Postgres};
use nix::sys::signal::Signal;

/// A store, and how it is configured.
pub(crate) struct Store {
    pub(crate) name: &'static str,
    /// The block `storage`.
    pub(crate) configuration: String,
    server: Server,
}

enum Server {
    Postgres(Postgres),
    Mariadb(Mariadb),
    Etcd(Etcd),
    Kubernetes(Box<KubeApiserver>),
}

impl Store {
    pub(crate) async fn postgres() -> Self {
        let server = Postgres::start().await.unwrap();
        let database = server.database().await.unwrap();
        let configuration = database_at("postgres", server.port(), &database, Postgres::USER, Postgres::PASSWORD);
        Self { name: "PostgreSQL", configuration, server: Server::Postgres(server) }
    }

    pub(crate) async fn mariadb() -> Self {
        let server = Mariadb::start().await.unwrap();
        let database = server.database().await.unwrap();
        let configuration = database_at("mysql", server.port(), &database, Mariadb::USER, Mariadb::PASSWORD);
        Self { name: "MariaDB", configuration, server: Server::Mariadb(server) }
    }

    pub(crate) async fn etcd() -> Self {
        let server = Etcd::start().await.unwrap();
        let configuration = format!("{{type: etcd, config: {{endpoints: ['{}']}}}}", server.url());
        Self { name: "etcd", configuration, server: Server::Etcd(server) }
    }

    pub(crate) async fn kubernetes() -> Self {
        let server = KubeApiserver::start(&[], &[]).await.unwrap();
        let file = server.admin("default").unwrap();
        let configuration = format!("{{type: kubernetes, config: {{kubeConfigFile: '{}'}}}}", file.display());
        Self { name: "Kubernetes", configuration, server: Server::Kubernetes(Box::new(server)) }
    }

    /// Stops it; whoever asks waits.
    pub(crate) fn pause(&self) {
        let paused = match &self.server {
            Server::Postgres(server) => server.pause(),
            Server::Mariadb(server) => server.pause(),
            Server::Etcd(server) => server.process().signal(Signal::SIGSTOP),
            Server::Kubernetes(server) => server.pause(),
        };
        paused.unwrap();
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        let resumed = match &self.server {
            Server::Postgres(server) => server.resume(),
            Server::Mariadb(server) => server.resume(),
            Server::Etcd(server) => server.process().signal(Signal::SIGCONT),
            Server::Kubernetes(server) => server.go_on(),
        };
        resumed.unwrap();
    }
}

fn database_at(kind: &str, port: u16, database: &str, user: &str, password: &str) -> String {
    let tls = if kind == "postgres" { "disable" } else { "false" };
    format!(
        "{{type: {kind}, config: {{host: 127.0.0.1, port: {port}, database: {database}, user: {user}, \
         password: '{password}', ssl: {{mode: '{tls}'}}}}}}"
    )
}
