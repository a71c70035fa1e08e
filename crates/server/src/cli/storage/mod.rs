//! `dex storage copy` and `dex storage check`: every record of a storage, without serving.
//!
//! Owns what is asked and printed: counts on standard output, what is amiss and the progress on standard error. The walk
//! itself is `dex_storage::copy`. Control leaves by an [`Ended`], which fails when a single record is amiss.

mod bar;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use dex_config::StorageConfig;
use dex_storage::Backend;
use dex_storage::copy::{self, Existing, FAULTS_NAMED_MAX, Report};

use self::bar::Bar;
use super::args::{Check, Copy, Storage};
use crate::lifecycle::Ended;
use crate::run::Source;
use crate::wiring;

/// Does what was asked.
pub(super) async fn run(asked: Storage) -> Ended {
    let done = match asked {
        Storage::Copy(asked) => copy_all(&asked).await,
        Storage::Check(asked) => check_all(&asked).await,
    };
    done.map_or_else(Ended::Failed, |()| Ended::AsAsked)
}

async fn copy_all(asked: &Copy) -> anyhow::Result<()> {
    let (from, to) = (open_there(&asked.from).await?, open(&asked.to).await?);
    let existing = if asked.overwrite { Existing::Overwrite } else { Existing::Keep };
    let mut bar = Bar::on_terminal();
    let report = copy::copy(&*from, &*to, existing, |report| bar.show(report)).await;
    bar.clear();
    from.close().await;
    to.close().await;
    let report = report.context("the copy ended early; made again, it goes on from there")?;
    super::print(&table::of_copy(&report));
    name(&report);
    let differ = report.counts.iter().flat_map(|count| &count.faults).any(copy::Fault::is_difference);
    let hint = if differ { "; --overwrite replaces those that differ" } else { "" };
    ensure!(report.clean(), "{} records were not copied{hint}", report.failed());
    Ok(())
}

async fn check_all(asked: &Check) -> anyhow::Result<()> {
    let store = open_there(&asked.config).await?;
    let mut bar = Bar::on_terminal();
    let report = copy::check(&*store, |report| bar.show(report)).await;
    bar.clear();
    store.close().await;
    let report = report.context("the check ended early")?;
    super::print(&table::of_check(&report));
    name(&report);
    ensure!(report.clean(), "{} records cannot be read", report.failed());
    Ok(())
}

/// Opens the storage that a configuration names.
async fn open(file: &Path) -> anyhow::Result<Arc<dyn Backend>> {
    open_named(file, named(file)?).await
}

/// The same, for reading: a file that is not there is not made.
async fn open_there(file: &Path) -> anyhow::Result<Arc<dyn Backend>> {
    let storage = named(file)?;
    if let StorageConfig::Sqlite3 { file: database } = &storage {
        let path = database.split('?').next().unwrap_or_default();
        // What is no plain path is SQLite's to find.
        let plain = !path.is_empty() && !path.starts_with("file:") && path != ":memory:";
        ensure!(!plain || Path::new(path).exists(), "{}: there is no database `{path}`", file.display());
    }
    open_named(file, storage).await
}

async fn open_named(file: &Path, storage: StorageConfig) -> anyhow::Result<Arc<dyn Backend>> {
    wiring::open_storage(&storage).await.with_context(|| file.display().to_string())
}

/// The storage that a configuration names.
fn named(file: &Path) -> anyhow::Result<StorageConfig> {
    let config = Source::of(PathBuf::from(file)).read()?;
    if config.storage == StorageConfig::Memory {
        bail!("{}: the storage is `memory`, which ends with the process that holds it", file.display());
    }
    Ok(config.storage)
}

/// Names what is amiss.
#[expect(clippy::print_stderr, reason = "what is amiss is told on standard error")]
fn name(report: &Report) {
    for count in &report.counts {
        for fault in &count.faults {
            eprintln!("{fault}");
        }
        if count.failed > FAULTS_NAMED_MAX as u64 {
            eprintln!("and {} more of {}", count.failed - FAULTS_NAMED_MAX as u64, count.kind.name());
        }
    }
}
