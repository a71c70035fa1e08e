use std::sync::atomic::{AtomicUsize, Ordering};

use dex_storage_sql::{Layout, Sqlite, SqliteOptions};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_is_a_back_end() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicUsize::new(0);
    dex_storage::conformance::run(|| async {
        let name = format!("{}.db", made.fetch_add(1, Ordering::SeqCst));
        crate::open(&folder.path().join(name))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_without_a_file_is_a_back_end() {
    for file in [":memory:", "", "file::memory:?_txlock=immediate"] {
        let options = SqliteOptions { file: file.into(), ..SqliteOptions::default() };
        dex_storage::conformance::run(|| async { Sqlite::open(&options).unwrap() }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_journal_of_the_old_kind_is_a_back_end() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicUsize::new(0);
    dex_storage::conformance::run(|| async {
        let name = format!("{}.db?_journal=DELETE&_sync=OFF", made.fetch_add(1, Ordering::SeqCst));
        crate::open(&folder.path().join(name))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_in_the_other_layout_is_a_back_end() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicUsize::new(0);
    dex_storage::conformance::run(|| async {
        let name = format!("{}.db", made.fetch_add(1, Ordering::SeqCst));
        crate::open_in(&folder.path().join(name), Layout::Ent)
    })
    .await;
}
