use std::path::Path;

use dex_model::{AuthRequest, AuthSession, DeviceToken, Keys, Kind, Password};
use dex_storage::{Backend as _, Store, Write};
use dex_storage_sql::{Layout, Sqlite, SqliteOptions};
use rusqlite::Connection;

/// The databases, and how many rows each holds in all.
const FIXTURES: &[(&str, usize, Layout)] = &[
    (OLD, 18, Layout::Dex),
    ("dex-master", 18, Layout::Dex),
    ("dex-master-sessions", 28, Layout::Dex),
    (ENT, 28, Layout::Ent),
];

/// The one in the layout of Dex's ORM.
const ENT: &str = "sqlite3-ent-dex-master-sessions";

/// The one of a release whose rows lack what was added later.
const OLD: &str = "dex-2.45.1";

/// A line of [`dump`] as master writes it again: with what was added since.
fn as_master(line: &str) -> String {
    let (column, value) = line.split_once(": ").unwrap();
    let added = ["allowed_connectors", "mfa_chain", "post_logout_redirect_uris", "sso_shared_with", "grant_types"];
    match value {
        "Null" if added.iter().any(|name| column.ends_with(name)) => format!("{column}: blob null"),
        "text 1970-01-01 00:00:00" if column.ends_with(".auth_time") => {
            format!("{column}: text 0001-01-01 00:00:00+00:00")
        }
        _ if column == "offline_session.refresh" => line.replace("\"}}", "\",\"SessionID\":\"\"}}"),
        _ => line.to_owned(),
    }
}

/// More rows than any table of them holds.
const ALL: u32 = 100;

/// A copy to work on: opening one changes it.
fn copy(folder: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.db"));
    let copy = folder.path().join("dex.db");
    std::fs::copy(fixture, &copy).unwrap();
    copy
}

/// Every value of every row of Dex's tables with its storage class, table by table.
fn dump(db: &Connection) -> Vec<String> {
    let mut names = db
        .prepare("select name from sqlite_master where type = 'table' and name not like 'dex_%' order by name")
        .unwrap();
    let tables = names.query_map((), |row| row.get::<_, String>(0)).unwrap();
    let mut lines = Vec::new();
    for table in tables.map(Result::unwrap) {
        let mut statement = db.prepare(&format!("select * from {table} order by 1, 2")).unwrap();
        let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (place, column) in columns.iter().enumerate() {
                let value = match row.get_ref(place).unwrap() {
                    rusqlite::types::ValueRef::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
                    rusqlite::types::ValueRef::Blob(bytes) => format!("blob {}", String::from_utf8_lossy(bytes)),
                    other => format!("{other:?}"),
                };
                lines.push(format!("{table}.{column}: {value}"));
            }
        }
    }
    lines
}

#[tokio::test]
async fn what_dex_wrote_is_read_and_written_again_to_the_byte() {
    for (name, rows, layout) in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let file = copy(&folder, name);
        let store = crate::open_in(&file, *layout);
        let before = dump(&Connection::open(&file).unwrap());
        let mut read = 0;
        for kind in Kind::ALL {
            for record in store.list(*kind, None, ALL).await.unwrap() {
                let (again, seen) = store.get(&record.key()).await.unwrap().unwrap();
                assert_eq!(again, record, "{name}");
                assert_eq!(store.replace(&seen, &record).await.unwrap(), Write::Done, "{name}: {:?}", record.key());
                read += 1;
            }
        }
        assert_eq!(read, *rows, "{name}");
        let after = dump(&Connection::open(&file).unwrap());
        let before: Vec<_> = if *name == OLD { before.iter().map(|line| as_master(line)).collect() } else { before };
        let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
        assert!(changed.is_empty() && before.len() == after.len(), "{name}: {changed:#?}");
    }
}

#[tokio::test]
async fn what_is_read_is_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let file = copy(&folder, "dex-master-sessions");
    let store = Store::new(crate::open(&file));
    let jane: Password = store.get("Jane@Example.com").await.unwrap().unwrap();
    assert_eq!(jane.user_id, "jane-id");
    assert!(jane.hash.checked().is_ok());
    let keys: Keys = store.get(Keys::SIGNING).await.unwrap().unwrap();
    assert!(keys.signing_key.is_some() && keys.verification_keys.is_some_and(|keys| !keys.is_empty()));
    let waiting: DeviceToken = store.get("sihkj2uqq2ipp67ixyzithwzp23ie7jjmihxvpediar6y56qvsu").await.unwrap().unwrap();
    assert_eq!(waiting.status, dex_model::DeviceStatus::Pending);
    let consent: AuthRequest = store.get("cg2xq5wtirl7tglbdr7wbnhps").await.unwrap().unwrap();
    assert!(matches!(&consent.login, dex_model::Login::Done { claims, .. } if !claims.user_id.is_empty()));
    let sessions = store.list::<AuthSession>().await.unwrap();
    assert!(sessions.iter().all(|session| !session.secret.is_empty() && !session.client_states.is_empty()));
}

/// The schema of an upgraded database is that of one Dex made, column by column.
#[tokio::test]
async fn an_upgraded_database_has_the_tables_that_dex_makes() {
    let tables = |file: &Path| -> Vec<(String, String, String, bool, Option<String>, i64)> {
        let db = Connection::open(file).unwrap();
        let mut statement = db
            .prepare(
                "select t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk
                 from sqlite_master t, pragma_table_info(t.name) c
                 where t.type = 'table' and t.name not like 'dex_%' order by t.name, c.cid",
            )
            .unwrap();
        let columns = statement
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
            .unwrap();
        columns.map(Result::unwrap).collect()
    };
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let master = tables(&copy(&folders[0], "dex-master"));
    let old = copy(&folders[1], "dex-2.45.1");
    let new = folders[2].path().join("dex.db");
    for file in [&old, &new] {
        crate::open(file).close().await;
        for (ours, theirs) in tables(file).iter().zip(&master) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(tables(file).len(), master.len());
    }
}

/// The tables of the ORM are made as Dex makes them, whole or what is lacking.
#[tokio::test]
async fn the_other_layout_is_made_and_completed() {
    let shape = |file: &Path| -> Vec<String> {
        let db = Connection::open(file).unwrap();
        let sql =
            "select t.name || ' ' || c.name || ' ' || c.type || c.\"notnull\" || coalesce(c.dflt_value, '') || c.pk
            from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'dex_%'
            union select lower(sql) from sqlite_master where type = 'index' and name not like 'dex_%' and sql is not null
            order by 1";
        let mut statement = db.prepare(sql).unwrap();
        let lines = statement.query_map((), |row| row.get(0)).unwrap();
        lines.collect::<Result<_, _>>().unwrap()
    };
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (theirs, ours) = (copy(&folder, ENT), other.path().join("dex.db"));
    crate::open_in(&ours, Layout::Ent).close().await;
    assert_eq!(shape(&ours), shape(&theirs));
    let lacking = "alter table auth_codes drop column session_id; drop table auth_sessions";
    Connection::open(&ours).unwrap().execute_batch(lacking).unwrap();
    crate::open_in(&ours, Layout::Ent).close().await;
    assert_eq!(shape(&ours), shape(&theirs));
    let options = SqliteOptions { file: ours.display().to_string(), layout: Layout::Dex };
    let refused = Sqlite::open(&options).err().unwrap().to_string();
    assert!(refused.contains("set DEX_ENT_ENABLED=true"), "{refused}");
}
