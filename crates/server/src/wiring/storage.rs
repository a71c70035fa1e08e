//! `storage.type`, one line a back end.

use std::sync::Arc;

use anyhow::Context as _;
use dex_config::{Database, FeatureFlag, StorageConfig};
use dex_storage::{Backend, Memory};
use dex_storage_etcd::{CALL_TIMEOUT, Etcd, EtcdOptions, TlsFiles};
use dex_storage_kubernetes::{Kubernetes, KubernetesOptions, Place};
use dex_storage_sql::{DatabasePassword, Layout, Mysql, OpenError, Postgres, ServerOptions, Sqlite, SqliteOptions};

use crate::run::ProcessEnv;

/// What every failure here begins with, as in Dex.
const FAILED: &str = "failed to initialize storage";

/// Opens the back end.
pub(super) async fn open(config: &StorageConfig) -> anyhow::Result<Arc<dyn Backend>> {
    open_in(config, wanted()).await
}

/// Opens the back end as it is found: a database that holds the other set of Dex's tables is opened with that.
pub(crate) async fn open_as_found(config: &StorageConfig) -> anyhow::Result<Arc<dyn Backend>> {
    let (wanted, other) = match wanted() {
        Layout::Dex => (Layout::Dex, Layout::Ent),
        Layout::Ent => (Layout::Ent, Layout::Dex),
    };
    match open_in(config, wanted).await {
        Err(error) if matches!(error.downcast_ref(), Some(OpenError::OtherLayout { .. })) => {
            open_in(config, other).await
        }
        opened => opened,
    }
}

async fn open_in(config: &StorageConfig, layout: Layout) -> anyhow::Result<Arc<dyn Backend>> {
    let opened: Arc<dyn Backend> = match config {
        StorageConfig::Memory => Arc::new(Memory::default()),
        StorageConfig::Sqlite3 { file } => {
            let options = SqliteOptions { file: file.clone(), layout };
            let opened = tokio::task::spawn_blocking(move || Sqlite::open(&options)).await;
            Arc::new(opened.context("opening the database")?.context(FAILED)?)
        }
        StorageConfig::Mysql(database) => {
            Arc::new(Mysql::connect(&server_options(database, layout)).await.context(FAILED)?)
        }
        StorageConfig::Postgres(database) => {
            Arc::new(Postgres::connect(&server_options(database, layout)).await.context(FAILED)?)
        }
        StorageConfig::Etcd(config) => Arc::new(Etcd::open(&etcd_options(config)).await.context(FAILED)?),
        StorageConfig::Kubernetes(config) => {
            Arc::new(Kubernetes::open(&kubernetes_options(config)).await.context(FAILED)?)
        }
    };
    Ok(opened)
}

fn etcd_options(config: &dex_config::Etcd) -> EtcdOptions {
    EtcdOptions {
        endpoints: config.endpoints.clone(),
        namespace: config.namespace.clone(),
        username: config.username.clone(),
        password: config.password.expose().to_owned().into(),
        tls: TlsFiles {
            ca: config.ssl.ca.clone(),
            cert: config.ssl.cert.clone(),
            key: config.ssl.key.clone(),
            server_name: config.server_name.clone(),
        },
        call_timeout: CALL_TIMEOUT,
    }
}

fn kubernetes_options(config: &dex_config::Kubernetes) -> KubernetesOptions {
    let place = config.kube_config_file.as_ref().map_or(Place::InCluster, |file| Place::Kubeconfig(file.into()));
    KubernetesOptions { place, create_crds: config.create_crds }
}

/// Which of Dex's two sets of tables SQL databases hold.
fn wanted() -> Layout {
    if FeatureFlag::EntEnabled.enabled(&ProcessEnv) { Layout::Ent } else { Layout::Dex }
}

fn server_options(database: &Database, layout: Layout) -> ServerOptions {
    ServerOptions {
        database: database.database.clone(),
        user: database.user.clone(),
        password: DatabasePassword::new(database.password.expose()),
        host: database.host.clone(),
        port: database.port,
        connection_timeout: database.connection_timeout,
        max_open_conns: database.max_open_conns,
        max_idle_conns: database.max_idle_conns,
        conn_max_lifetime: database.conn_max_lifetime,
        ssl_mode: database.ssl_mode.clone(),
        ssl_ca: database.ssl.ca.clone(),
        ssl_cert: database.ssl.cert.clone(),
        ssl_key: database.ssl.key.clone(),
        layout,
    }
}
