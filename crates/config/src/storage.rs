//! `storage`: where records are kept. Opens nothing.

use std::time::Duration;

use crate::env::Env;
use crate::problem::quoted;
use crate::secret::Secret;
use crate::serving::address::split_host_port;
use crate::tree::{Map, Node};

/// The section `storage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageConfig {
    /// `memory`
    Memory,
    /// `sqlite3`
    Sqlite3 {
        /// A path, `:memory:` or `file:..?..`; empty means a temporary database.
        file: String,
    },
    /// `postgres`
    Postgres(Database),
    /// `mysql`
    Mysql(Database),
    /// `kubernetes`
    Kubernetes(Kubernetes),
    /// `etcd`
    Etcd(Etcd),
}

impl StorageConfig {
    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite3 { .. } => "sqlite3",
            Self::Postgres(_) => "postgres",
            Self::Mysql(_) => "mysql",
            Self::Kubernetes(_) => "kubernetes",
            Self::Etcd(_) => "etcd",
        }
    }
}

/// `storage.config` of `postgres` and `mysql`. Zero and empty mean not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The name of the database.
    pub database: String,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub password: Secret,
    /// A host name, an address without brackets, or a path that begins with `/` for a socket.
    pub host: String,
    /// The port; one that was written into `host` wins.
    pub port: u16,
    /// How long connecting may take; without a limit when zero.
    pub connection_timeout: Duration,
    /// As written: 0 for the back end's default, negative for no limit.
    pub max_open_conns: i64,
    /// As written: 0 for the back end's default, negative for none.
    pub max_idle_conns: i64,
    /// How long a connection is used; without a limit when zero.
    pub conn_max_lifetime: Duration,
    /// The mode, as the driver names it; empty means its strictest.
    pub ssl_mode: String,
    /// Paths of PEM files.
    pub ssl: SslFiles,
}

/// Paths of PEM files, empty when not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SslFiles {
    /// The CA of the server.
    pub ca: String,
    /// Our certificate.
    pub cert: String,
    /// Our key.
    pub key: String,
}

/// `storage.config` of `kubernetes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubernetes {
    /// The kubeconfig to use; the pod's service account when unset.
    pub kube_config_file: Option<String>,
    /// Whether missing custom resource definitions are created, or only reported.
    pub create_crds: bool,
}

/// `storage.config` of `etcd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcd {
    /// Client URLs, at least one.
    pub endpoints: Vec<String>,
    /// Put in front of every key as it is.
    pub namespace: String,
    /// Who logs in; empty for nobody.
    pub username: String,
    /// With what.
    pub password: Secret,
    /// The name the server's certificate must show; the host of the endpoint when empty.
    pub server_name: String,
    /// Paths of PEM files.
    pub ssl: SslFiles,
}

const KINDS: [&str; 6] = ["memory", "sqlite3", "postgres", "mysql", "kubernetes", "etcd"];

impl StorageConfig {
    /// `None` when it is missing or unknown, which is then reported.
    pub(crate) fn read(top: &mut Map<'_>, env: &dyn Env) -> Option<Self> {
        if !top.has("storage") {
            let text = "no storage supplied in config file";
            let hint = "add `storage:` with a `type:`";
            top.report().ranked(3, top.origin("storage"), "storage", text, hint);
            return top.section("storage", |_| None);
        }
        top.section("storage", |map| {
            map.keep_written();
            let kind = map.text("type");
            let node = map.expanded(env);
            if !KINDS.contains(&kind.as_str()) {
                let text = format!("unknown storage type {}", quoted(&kind));
                map.error("type", text, &format!("write one of {}", KINDS.join(", ")));
                return None;
            }
            Some(config(&kind, &node, map))
        })
    }
}

fn config(kind: &str, node: &Node, storage: &Map<'_>) -> StorageConfig {
    Map::read(node, &storage.path("config"), storage.report(), |map| {
        map.keep_written();
        match kind {
            "sqlite3" => StorageConfig::Sqlite3 { file: map.text("file") },
            "postgres" => StorageConfig::Postgres(database(map)),
            "mysql" => StorageConfig::Mysql(database(map)),
            "kubernetes" => StorageConfig::Kubernetes(kubernetes(map)),
            "etcd" => StorageConfig::Etcd(etcd(map)),
            _ => StorageConfig::Memory,
        }
    })
}

fn database(map: &mut Map<'_>) -> Database {
    let (host, port) = host_and_port(map);
    let (ssl_mode, ssl) = map.section("ssl", |map| (map.text("mode"), ssl_files(map)));
    Database {
        database: map.text("database"),
        user: map.text("user"),
        password: map.secret("password"),
        host,
        port,
        connection_timeout: seconds(map, "connectionTimeout"),
        max_open_conns: map.int("maxOpenConns"),
        max_idle_conns: map.int("maxIdleConns"),
        conn_max_lifetime: seconds(map, "connMaxLifetime"),
        ssl_mode,
        ssl,
    }
}

/// Both keys, or `host:port` and `[v6]:port` in the first alone.
fn host_and_port(map: &mut Map<'_>) -> (String, u16) {
    let (host, port) = (map.text("host"), map.int("port"));
    let port = u16::try_from(port).unwrap_or_else(|_| {
        map.error("port", "is not between 0 and 65535", "write 5432 or 3306");
        0
    });
    if host.starts_with('/') {
        return (host, port);
    }
    match split_host_port(&host).map(|(host, inner)| (host.to_owned(), inner.parse())) {
        Ok((host, Ok(inner))) => (host, inner),
        _ => (host, port),
    }
}

fn seconds(map: &mut Map<'_>, key: &'static str) -> Duration {
    let seconds = map.int(key);
    u64::try_from(seconds).map_or_else(
        |_| {
            map.error(key, "must not be negative", "write a number of seconds");
            Duration::ZERO
        },
        Duration::from_secs,
    )
}

fn ssl_files(map: &mut Map<'_>) -> SslFiles {
    SslFiles { ca: map.text("caFile"), cert: map.text("certFile"), key: map.text("keyFile") }
}

fn kubernetes(map: &mut Map<'_>) -> Kubernetes {
    let in_cluster = map.bool("inCluster", false);
    let kube_config_file = map.optional("kubeConfigFile");
    match (in_cluster, &kube_config_file) {
        (true, Some(_)) => {
            let text = "cannot specify both 'inCluster' and 'kubeConfigFile'";
            map.error("kubeConfigFile", text, "remove one of them");
        }
        (false, None) => {
            let text = "must specify either 'inCluster' or 'kubeConfigFile'";
            map.error("inCluster", text, "write `inCluster: true` when dex runs in the cluster");
        }
        _ => {}
    }
    let create_crds = match map.text("crdHandling").as_str() {
        "" | "ensure" => true,
        "check" => false,
        _ => {
            map.error("crdHandling", "invalid crdHandling value", "write ensure or check");
            true
        }
    };
    Kubernetes { kube_config_file, create_crds }
}

fn etcd(map: &mut Map<'_>) -> Etcd {
    let endpoints = map.texts("endpoints");
    if endpoints.is_empty() {
        let hint = "list client URLs, such as http://127.0.0.1:2379";
        map.error("endpoints", "etcdclient: no available endpoints", hint);
    }
    let (server_name, ssl) = map.section("ssl", |map| {
        let files = ssl_files(map);
        if files.cert.is_empty() != files.key.is_empty() {
            map.error("certFile", "certFile and keyFile come together", "name both or none");
        }
        (map.text("serverName"), files)
    });
    Etcd {
        endpoints,
        namespace: map.text("namespace"),
        username: map.text("username"),
        password: map.secret("password"),
        server_name,
        ssl,
    }
}
