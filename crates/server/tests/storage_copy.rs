//! `dex storage`: records that Dex wrote to SQLite go to etcd and back, and what has decayed is named.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dex_model::{AnyRecord, Kind};
use dex_peers::Etcd;
use dex_storage::Backend as _;
use dex_storage_sql::{Sqlite, SqliteOptions};

/// The databases that Dex wrote, and how many records each holds.
const FIXTURES: [(&str, usize); 3] = [("dex-2.45.1", 18), ("dex-master", 18), ("dex-master-sessions", 28)];

/// More records than any kind of them has.
const ALL: u32 = 100;

fn dex(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dex")).args(arguments).output().unwrap()
}

/// A configuration file whose storage is `storage`.
fn config(folder: &Path, name: &str, storage: &str) -> String {
    let file = folder.join(name);
    let text = format!("issuer: http://127.0.0.1:5556/dex\nstorage: {storage}\nweb: {{ http: 127.0.0.1:5556 }}\n");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn sqlite(folder: &Path, name: &str) -> (PathBuf, String) {
    let file = folder.join(format!("{name}.db"));
    let storage = format!("{{ type: sqlite3, config: {{ file: '{}' }} }}", file.display());
    let config = config(folder, &format!("{name}.yaml"), &storage);
    (file, config)
}

/// A copy of a database that Dex wrote.
fn fixture(folder: &Path, name: &str) -> (PathBuf, String) {
    let (file, config) = sqlite(folder, name);
    let written =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../storage-sql/tests/fixtures").join(format!("{name}.db"));
    std::fs::copy(written, &file).unwrap();
    (file, config)
}

async fn records(file: &Path) -> Vec<AnyRecord> {
    let options = SqliteOptions { file: file.display().to_string(), ..SqliteOptions::default() };
    let store = Sqlite::open(&options).unwrap();
    let mut all = Vec::new();
    for kind in Kind::ALL {
        all.extend(store.list(*kind, None, ALL).await.unwrap());
    }
    store.close().await;
    all
}

/// What was printed, if the exit status is `status`.
#[track_caller]
fn printed(done: &Output, status: i32) -> (String, String) {
    let [out, err] = [&done.stdout, &done.stderr].map(|stream| String::from_utf8_lossy(stream).into_owned());
    assert_eq!(done.status.code(), Some(status), "{out}{err}");
    (out, err)
}

/// The numbers of the last line of a table.
fn sums(table: &str) -> Vec<usize> {
    let last = table.lines().next_back().unwrap();
    last.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect()
}

#[tokio::test]
async fn what_dex_wrote_goes_to_etcd_and_back() {
    let etcd = Etcd::start().await.unwrap();
    for (name, count) in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let (from, from_config) = fixture(folder.path(), name);
        let (to, to_config) = sqlite(folder.path(), "back");
        let storage = format!("{{ type: etcd, config: {{ endpoints: ['{}'], namespace: '{name}/' }} }}", etcd.url());
        let etcd_config = config(folder.path(), "etcd.yaml", &storage);

        let (table, errors) = printed(&dex(&["storage", "copy", "--from", &from_config, "--to", &etcd_config]), 0);
        assert_eq!((sums(&table), errors.as_str()), (vec![count, 0, 0, 0], ""), "{name}");
        let (table, _) = printed(&dex(&["storage", "copy", "--from", &from_config, "--to", &etcd_config]), 0);
        assert_eq!(sums(&table), [0, count, 0, 0], "{name}: the second time");
        let (table, _) = printed(&dex(&["storage", "check", &etcd_config]), 0);
        assert_eq!(sums(&table), [count, 0], "{name}");
        let (table, _) = printed(&dex(&["storage", "copy", "--from", &etcd_config, "--to", &to_config]), 0);
        assert_eq!(sums(&table), [count, 0, 0, 0], "{name}: back");
        assert_eq!(records(&from).await, records(&to).await, "{name}");
    }
}

/// A database is read in the layout that it has, and a new one is made in the layout that is asked for.
#[tokio::test]
async fn what_dex_wrote_goes_to_the_tables_of_its_orm_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (from, from_config) = fixture(folder.path(), "dex-master");
    let ((ent, ent_config), (back, back_config)) = (sqlite(folder.path(), "ent"), sqlite(folder.path(), "back"));
    let copy = ["storage", "copy", "--from", &from_config, "--to", &ent_config];
    let mut command = Command::new(env!("CARGO_BIN_EXE_dex"));
    let (table, _) = printed(&command.args(copy).env("DEX_ENT_ENABLED", "true").output().unwrap(), 0);
    assert_eq!(sums(&table), [18, 0, 0, 0]);
    let made = rusqlite::Connection::open(&ent).unwrap();
    let clients: i64 = made.query_row("select count(*) from oauth2clients", (), |row| row.get(0)).unwrap();
    assert_eq!(clients, 2);
    let (table, _) = printed(&dex(&["storage", "copy", "--from", &ent_config, "--to", &back_config]), 0);
    assert_eq!(sums(&table), [18, 0, 0, 0]);
    assert_eq!(records(&from).await, records(&back).await);
}

#[tokio::test]
async fn what_has_decayed_or_differs_is_named_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (from, from_config) = fixture(folder.path(), "dex-master");
    let (to, to_config) = sqlite(folder.path(), "to");
    records(&from).await;
    let db = rusqlite::Connection::open(&from).unwrap();
    db.execute("update client set redirect_uris = '{\"hunter2' where id = 'api-app'", ()).unwrap();
    let (table, errors) = printed(&dex(&["storage", "check", &from_config]), 2);
    assert_eq!(sums(&table), [17, 1]);
    assert!(errors.starts_with("Client `api-app` cannot be read: redirect_uris: "), "{errors}");
    assert!(errors.ends_with("1 records cannot be read\n") && !errors.contains("hunter2"), "{errors}");

    let copy = ["storage", "copy", "--from", &from_config, "--to", &to_config];
    let (table, _) = printed(&dex(&copy), 2);
    assert_eq!(sums(&table), [17, 0, 0, 1]);
    db.execute("update client set redirect_uris = '[]' where id = 'api-app'", ()).unwrap();
    let other = rusqlite::Connection::open(&to).unwrap();
    other.execute("update password set username = 'somebody'", ()).unwrap();
    let (table, errors) = printed(&dex(&copy), 2);
    assert_eq!(sums(&table), [1, 16, 0, 1]);
    assert!(errors.starts_with("Password `jane@example.com` is there already and differs\n"), "{errors}");
    assert!(errors.contains("--overwrite"), "{errors}");
    let (table, _) = printed(&dex(&[copy.as_slice(), &["--overwrite"]].concat()), 0);
    assert_eq!(sums(&table), [0, 17, 1, 0]);
    assert_eq!(records(&from).await, records(&to).await);
}

#[test]
fn what_cannot_be_copied_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let memory = config(folder.path(), "memory.yaml", "{ type: memory }");
    let (_, errors) = printed(&dex(&["storage", "check", &memory]), 2);
    assert!(errors.contains("the storage is `memory`, which ends with the process that holds it"), "{errors}");
    let nowhere =
        config(folder.path(), "nowhere.yaml", "{ type: etcd, config: { endpoints: ['http://127.0.0.1:1'] } }");
    let (_, errors) = printed(&dex(&["storage", "check", &nowhere]), 2);
    assert!(errors.contains("etcd cannot be reached at http://127.0.0.1:1: Connection refused"), "{errors}");
    let ((file, missing), (_, to)) = (sqlite(folder.path(), "missing"), sqlite(folder.path(), "to"));
    for asked in [&["check", &missing] as &[&str], &["copy", "--from", &missing, "--to", &to]] {
        let (table, errors) = printed(&dex(&[&["storage"], asked].concat()), 2);
        assert!(table.is_empty() && errors.contains("there is no database `"), "{table}{errors}");
        assert!(!file.exists(), "an empty database is made where one was to be read");
    }
    let (_, errors) = printed(&dex(&["storage", "copy", "--from", &memory]), 2);
    assert!(errors.contains("--to <CONFIG>"), "{errors}");
}
