//! `storage.type`, one line a back end.

use std::sync::Arc;

use anyhow::Context as _;
use dex_config::StorageConfig;
use dex_storage::{Backend, Memory};
use dex_storage_sql::{Sqlite, SqliteOptions};

/// Opens the back end.
pub(super) async fn open(config: &StorageConfig) -> anyhow::Result<Arc<dyn Backend>> {
    let opened: Arc<dyn Backend> = match config {
        StorageConfig::Memory => Arc::new(Memory::default()),
        StorageConfig::Sqlite3 { file } => {
            let options = SqliteOptions { file: file.clone() };
            let opened = tokio::task::spawn_blocking(move || Sqlite::open(&options)).await;
            Arc::new(opened.context("opening the database")?.context("failed to initialize storage")?)
        }
        other => anyhow::bail!("failed to initialize storage: `{}` is not supported yet", other.kind()),
    };
    Ok(opened)
}
