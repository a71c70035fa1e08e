use std::sync::atomic::{AtomicUsize, Ordering};

use dex_model::{Kind, Record as _, Spent, Timestamp};
use dex_storage::{Backend as _, Write};
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

#[tokio::test]
async fn a_sweep_lets_others_write_before_it_is_done() {
    const MARKS: u32 = 500;
    let folder = tempfile::tempdir().unwrap();
    let store = crate::open(&folder.path().join("dex.db"));
    let mark = |id: String, second| Spent { id, expiry: Timestamp::constant(second, 0) }.into_any();
    for number in 0..MARKS {
        assert_eq!(store.insert(&mark(number.to_string(), 1)).await.unwrap(), Write::Done);
    }
    let write = async {
        assert_eq!(store.insert(&mark("other".into(), 9)).await.unwrap(), Write::Done);
        store.list(Kind::Spent, None, MARKS + 1).await.unwrap().len()
    };
    let (swept, left) = tokio::join!(store.sweep(Kind::Spent, Timestamp::constant(2, 0), MARKS), write);
    assert_eq!(swept.unwrap(), MARKS);
    assert!(left > MARKS as usize / 2, "{left} marks are left when another write is answered");
}
