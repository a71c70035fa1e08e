use std::path::Path;

use dex_model::{Client, Record as _};
use dex_storage::{Backend as _, StorageError, Store, Write};
use dex_storage_sql::{OpenError, Sqlite, SqliteOptions};
use rusqlite::Connection;

fn client(id: &str) -> Client {
    Client { id: id.into(), ..Client::default() }
}

fn refused(file: &Path, parameters: &str) -> OpenError {
    let file = format!("{}{parameters}", file.display());
    Sqlite::open(&SqliteOptions { file, ..SqliteOptions::default() }).err().unwrap()
}

#[tokio::test]
async fn a_locked_database_is_unavailable_until_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    let options = SqliteOptions { file: format!("{}?_busy_timeout=20", file.display()), ..SqliteOptions::default() };
    let store = Store::new(Sqlite::open(&options).unwrap());
    let other = Connection::open(&file).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let (first, second) = tokio::join!(store.insert(client("a")), store.insert(client("b")));
    assert!(matches!(first, Err(StorageError::Unavailable(_))), "{first:?}");
    assert!(matches!(second, Err(StorageError::Unavailable(_))), "{second:?}");
    assert!(store.get::<Client>("a").await.unwrap().is_none(), "readers are not locked out");
    other.execute_batch("rollback").unwrap();
    assert_eq!(store.insert(client("a")).await.unwrap(), Write::Done);
}

#[tokio::test]
async fn a_write_that_takes_its_transaction_with_it_takes_no_other_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    let store = Store::new(crate::open(&file));
    let other = Connection::open(&file).unwrap();
    other
        .execute_batch(
            "create trigger refuse before insert on client when new.name = 'large'
             begin select raise(rollback, 'refused'); end",
        )
        .unwrap();
    let mut writes = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = store.clone();
        let name = if n % 10 == 3 { "large" } else { "small" };
        let client = Client { id: format!("c{n}"), name: name.into(), ..Client::default() };
        writes.spawn(async move { (name, store.insert(client).await) });
    }
    for (name, written) in writes.join_all().await {
        match written {
            Ok(written) => assert_eq!((name, written), ("small", Write::Done)),
            Err(error) => assert_eq!(name, "large", "{error}"),
        }
    }
    assert_eq!(store.list::<Client>().await.unwrap().len(), 90);
}

#[tokio::test]
async fn a_closed_database_is_unavailable_and_leaves_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    let sqlite = crate::open(&file);
    assert_eq!(sqlite.insert(&client("a").into_any()).await.unwrap(), Write::Done);
    sqlite.close().await;
    let refused = sqlite.ping().await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the journal is gone");
    let store = Store::new(crate::open(&file));
    assert!(store.get::<Client>("a").await.unwrap().is_some());
}

#[test]
fn what_cannot_be_opened_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    drop(crate::open(&file));
    let other = Connection::open(&file).unwrap();
    other.execute("insert into migrations (num, at) values (24, date('now'))", ()).unwrap();
    let told = refused(&file, "").to_string();
    assert!(told.contains("migration 24") && told.contains("newer release"), "{told}");
    let nowhere = folder.path().join("nowhere").join("dex.db");
    assert!(matches!(refused(&nowhere, ""), OpenError::Open { .. }));
    let text = folder.path().join("text.db");
    std::fs::write(&text, "not a database, but long enough to look at as one").unwrap();
    let told = refused(&text, "").to_string();
    assert!(told.contains("not a database"), "{told}");
    assert!(matches!(refused(&file, "?_timeout=soon"), OpenError::Parameter { .. }));
}
