//! The PostgreSQL back end against a real server: one server, many named checks.

use std::time::Duration;

use dex_model::{Client, Record as _, Spent, Timestamp};
use dex_peers::Postgres as Peer;
use dex_storage::{Backend as _, StorageError, Store, Write};
use dex_storage_sql::{DatabasePassword, Layout, OpenError, Postgres, ServerOptions};

use crate::heal::{self, client};
use crate::tls::Authority;
use crate::written::Written;

/// The columns of Dex's tables, as the server describes them, and its indexes.
const SHAPE: &str = "select table_name, column_name, data_type, is_nullable, column_default
    from information_schema.columns where table_schema = 'public' and table_name not like 'dex_%' order by 1, 2;
    select indexname, indexdef from pg_indexes where schemaname = 'public' and indexname not like 'dex_%' order by 1";

struct Server {
    peer: Peer,
    authority: Authority,
}

impl Server {
    fn options(&self, database: &str) -> ServerOptions {
        ServerOptions {
            database: database.into(),
            user: Peer::USER.into(),
            password: DatabasePassword::new(Peer::PASSWORD),
            host: "127.0.0.1".into(),
            port: self.peer.port(),
            ssl_mode: "disable".into(),
            ..ServerOptions::default()
        }
    }

    async fn fresh(&self) -> ServerOptions {
        self.options(&self.peer.database().await.unwrap())
    }

    /// The back end of this database, without a record.
    async fn emptied(&self, options: &ServerOptions) -> Postgres {
        let opened = Postgres::connect(options).await.unwrap();
        self.peer.sql(&options.database, &heal::empty_all(options.layout, '"')).await.unwrap();
        opened
    }

    async fn opened(&self) -> (Postgres, String) {
        let options = self.fresh().await;
        (Postgres::connect(&options).await.unwrap(), options.database)
    }
}

fn told(refused: Result<Postgres, OpenError>) -> String {
    refused.err().expect("it is refused").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_is_a_back_end() {
    let authority = Authority::new("ours");
    let (certificate, key) = authority.issue("localhost");
    let peer = Peer::start_with(Some((&certificate, &key))).await.unwrap();
    let server = Server { peer, authority };
    for layout in [Layout::Dex, Layout::Ent] {
        let options = ServerOptions { layout, ..server.fresh().await };
        dex_storage::conformance::run(|| async { server.emptied(&options).await }).await;
    }
    every_way_in_leads_to_the_database(&server).await;
    who_cannot_come_in_is_told_why(&server).await;
    rows_are_as_dex_writes_them(&server).await;
    what_another_process_wrote_is_not_overwritten(&server).await;
    what_dex_wrote_is_read_and_written_again(&server).await;
    a_layout_is_made_and_completed(&server).await;
    replicas_start_together(&server).await;
    sweeping_uses_an_index(&server).await;
    an_operation_is_one_statement(&server).await;
    let (postgres, database) = server.opened().await;
    let lock = "begin; lock table client; select pg_sleep(2); commit";
    let lock = async || drop(server.peer.sql(&database, lock).await.unwrap());
    heal::who_goes_away_takes_no_answer_of_another(&postgres, lock).await;
    let (postgres, database) = server.opened().await;
    let kill = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'");
    heal::broken_connections_heal(&postgres, async || drop(server.peer.sql("postgres", &kill).await.unwrap())).await;
    let only_read = async |on| {
        let (word, then) = if on { ("set default_transaction_read_only = on", &*kill) } else { ("reset all", "") };
        server.peer.sql("postgres", &format!("alter database \"{database}\" {word}; {then}")).await.unwrap();
    };
    heal::who_takes_no_writes_any_more_is_left(&postgres, only_read).await;
    let (pause, resume) = (|| server.peer.pause(), || server.peer.resume());
    heal::a_paused_server_is_unavailable_and_heals(postgres, pause, resume).await;
}

async fn every_way_in_leads_to_the_database(server: &Server) {
    let plain = server.fresh().await;
    let socket =
        ServerOptions { host: server.peer.socket().display().to_string(), ssl_mode: String::new(), ..plain.clone() };
    let verified = ServerOptions {
        host: "localhost".into(),
        ssl_mode: String::new(),
        ssl_ca: server.authority.file().display().to_string(),
        ..plain.clone()
    };
    let encrypted = ServerOptions { ssl_mode: "require".into(), ..plain.clone() };
    for (n, options) in [plain, socket, verified, encrypted].iter().enumerate() {
        let store = Postgres::connect(options).await.unwrap();
        store.ping().await.unwrap();
        assert_eq!(store.insert(&client(&n.to_string()).into_any()).await.unwrap(), Write::Done);
        store.close().await;
        assert!(matches!(store.ping().await, Err(StorageError::Unavailable(_))), "a closed back end answers nothing");
    }
}

async fn who_cannot_come_in_is_told_why(server: &Server) {
    let right = server.fresh().await;
    let named = format!("the PostgreSQL database `{}` at 127.0.0.1:{}", right.database, right.port);
    let check = async |options: ServerOptions, expected: &[&str]| {
        let told = told(Postgres::connect(&options).await);
        for part in expected {
            assert!(told.contains(part), "{part:?} is not in: {told}");
        }
        assert!(!told.contains("secret") && !told.contains('\n'), "{told}");
    };
    let wrong = ServerOptions { password: DatabasePassword::new("another secret"), ..right.clone() };
    check(wrong, &[&named, "as user `postgres`", "password authentication failed", "look at `user` and `password`"])
        .await;
    check(ServerOptions { database: "nowhere".into(), ..right.clone() }, &["no such database", "`nowhere`"]).await;
    check(ServerOptions { port: 1, ..right.clone() }, &["127.0.0.1:1", "cannot be reached"]).await;
    let stranger = Authority::new("stranger");
    let other = ServerOptions {
        host: "localhost".into(),
        ssl_mode: "verify-full".into(),
        ssl_ca: stranger.file().display().to_string(),
        ..right.clone()
    };
    check(other, &["TLS is not accepted", "UnknownIssuer", "`ssl.caFile`"]).await;
    let address = ServerOptions {
        ssl_mode: "verify-full".into(),
        ssl_ca: server.authority.file().display().to_string(),
        ..right.clone()
    };
    check(address, &["TLS is not accepted", "127.0.0.1"]).await;
    let lost = ServerOptions { ssl_ca: "/nowhere/ca.pem".into(), ..right.clone() };
    check(lost, &["cannot read `/nowhere/ca.pem`", "`ssl.caFile`"]).await;
    let misspelt = ServerOptions { ssl_mode: "verify".into(), ..right.clone() };
    check(misspelt, &["`verify` is no value of the parameter `ssl.mode`"]).await;
    server.peer.sql("postgres", "create user poor password 'poor secret'").await.unwrap();
    let poor = ServerOptions { user: "poor".into(), password: DatabasePassword::new("poor secret"), ..right.clone() };
    check(poor, &[&named, "as user `poor`", "lacks a right", "permission denied"]).await;
    server.peer.sql(&right.database, "create table migrations (num integer, at timestamptz)").await.unwrap();
    server.peer.sql(&right.database, "insert into migrations values (24, now())").await.unwrap();
    check(right, &["migration 24", "this release knows 23", "newer release"]).await;
}

async fn rows_are_as_dex_writes_them(server: &Server) {
    let (postgres, database) = server.opened().await;
    let store = Store::new(postgres);
    let web = Client {
        redirect_uris: vec!["https://app.example/cb?a=1&b=2".into()],
        sso_shared_with: Some(vec![]),
        public: true,
        ..client("web")
    };
    assert_eq!(store.insert(web).await.unwrap(), Write::Done);
    let columns = "encode(redirect_uris, 'escape'), trusted_peers, public, encode(sso_shared_with, 'escape')";
    let row = server.peer.sql(&database, &format!("select {columns} from client")).await.unwrap();
    assert_eq!(row, r#"["https://app.example/cb?a=1\\u0026b=2"]|\x6e756c6c|t|[]"#);
    let expiry: Timestamp = "2026-08-06T15:14:24.123456789Z".parse().unwrap();
    assert_eq!(store.insert(Spent { id: "spent".into(), expiry }).await.unwrap(), Write::Done);
    let row = server.peer.sql(&database, "set timezone = 'UTC'; select expiry from dex_spent").await.unwrap();
    assert_eq!(row, "2026-08-06 15:14:24.123457+00");
    let steps = server.peer.sql(&database, "select min(num), max(num), count(*) from migrations").await.unwrap();
    assert_eq!(steps, "1|23|23");
    // A row that cannot be read is named, and hides no other.
    server
        .peer
        .sql(
            &database,
            "insert into client select 'broken', secret, '[', trusted_peers, public, name, logo_url
        from client",
        )
        .await
        .unwrap();
    assert_eq!(store.list::<Client>().await.unwrap().len(), 1);
    let refused = store.get::<Client>("broken").await.unwrap_err().to_string();
    assert!(refused.starts_with("Client `broken` cannot be read: redirect_uris"), "{refused}");
}

async fn what_another_process_wrote_is_not_overwritten(server: &Server) {
    let (postgres, database) = server.opened().await;
    let write = async |sql: &str| drop(server.peer.sql(&database, sql).await.unwrap());
    heal::what_another_process_wrote_is_not_overwritten(&postgres, write).await;
}

const WRITTEN: &[Written] = &[
    Written { name: "postgres-dex-2.45.1", layout: Layout::Dex, records: 18, whole: false },
    Written { name: "postgres-dex-master-sessions", layout: Layout::Dex, records: 28, whole: true },
    Written { name: "postgres-ent-dex-master-sessions", layout: Layout::Ent, records: 28, whole: true },
];

async fn what_dex_wrote_is_read_and_written_again(server: &Server) {
    for written in WRITTEN {
        let mut options = server.fresh().await;
        server.peer.load(&options.database, &written.dump()).await.unwrap();
        let other = if written.layout == Layout::Ent { Layout::Dex } else { Layout::Ent };
        options.layout = other;
        let refused = told(Postgres::connect(&options).await);
        assert!(refused.contains("DEX_ENT_ENABLED"), "{refused}");
        options.layout = written.layout;
        let opened = Postgres::connect(&options).await.unwrap();
        written.comes_back(opened, async || rows(server, &options.database).await).await;
    }
}

/// Every row of Dex's tables.
async fn rows(server: &Server, database: &str) -> String {
    let tables = "select table_name from information_schema.tables where table_schema = 'public' and table_name not like 'dex_%' and table_name <> 'migrations' order by 1";
    let mut rows = String::new();
    for table in server.peer.sql(database, tables).await.unwrap().lines() {
        rows += &server
            .peer
            .sql(database, &format!("select '{table}', t.* from \"{table}\" t order by 2, 3"))
            .await
            .unwrap();
        rows.push('\n');
    }
    rows
}

/// The tables of the ORM are made as Dex makes them, whole or what is lacking.
async fn a_layout_is_made_and_completed(server: &Server) {
    let fresh = ServerOptions { layout: Layout::Ent, ..server.fresh().await };
    Postgres::connect(&fresh).await.unwrap().close().await;
    let made = ServerOptions { layout: Layout::Ent, ..server.fresh().await };
    server.peer.load(&made.database, &WRITTEN[2].dump()).await.unwrap();
    let shape = async |database: &str| server.peer.sql(database, SHAPE).await.unwrap();
    let expected = shape(&made.database).await;
    assert_eq!(shape(&fresh.database).await, expected);
    let lacking = "alter table auth_codes drop column session_id; drop table auth_sessions";
    server.peer.sql(&fresh.database, lacking).await.unwrap();
    Postgres::connect(&fresh).await.unwrap().close().await;
    assert_eq!(shape(&fresh.database).await, expected);
}

async fn replicas_start_together(server: &Server) {
    let options = server.fresh().await;
    let start = async || Postgres::connect(&options).await;
    let (first, second, third) = tokio::join!(start(), start(), start());
    for started in [first, second, third] {
        started.unwrap().ping().await.unwrap();
    }
    let steps = server.peer.sql(&options.database, "select count(*) from migrations").await.unwrap();
    assert_eq!(steps, "23");
}

async fn sweeping_uses_an_index(server: &Server) {
    let (_postgres, database) = server.opened().await;
    for (table, over) in [
        ("auth_request", "expiry < now()"),
        ("auth_code", "expiry < now()"),
        ("auth_session", "absolute_expiry < now() or idle_expiry < now()"),
        ("device_request", "expiry < now()"),
        ("device_token", "expiry < now()"),
        ("dex_spent", "expiry < now()"),
    ] {
        let explain = format!("set enable_seqscan = off; explain select 1 from {table} where {over} limit 9");
        let plan = server.peer.sql(&database, &explain).await.unwrap();
        assert!(plan.contains("expiry") && !plan.contains("Seq Scan"), "{table}: {plan}");
    }
}

/// By the server's own count of transactions: every statement of ours is one.
async fn an_operation_is_one_statement(server: &Server) {
    let (postgres, database) = server.opened().await;
    let transactions = async || -> u64 {
        let count = format!("select xact_commit + xact_rollback from pg_stat_database where datname = '{database}'");
        server.peer.sql("postgres", &count).await.unwrap().parse().unwrap()
    };
    // The statements are prepared first; a server tells its counts late, and at once when a connection ends.
    let round = async |id: &str| {
        let record = client(id).into_any();
        assert_eq!(postgres.insert(&record).await.unwrap(), Write::Done);
        let (found, seen) = postgres.get(&record.key()).await.unwrap().unwrap();
        assert_eq!(postgres.replace(&seen, &found).await.unwrap(), Write::Done);
        assert_eq!(postgres.remove(&record.key()).await.unwrap(), Write::Done);
    };
    let before = transactions().await;
    for n in 0..250 {
        round(&n.to_string()).await;
    }
    postgres.close().await;
    let mut counted = 0;
    for _ in 0..100 {
        counted = transactions().await - before;
        if counted >= 1000 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!((1000..1100).contains(&counted), "{counted} transactions for 1000 operations");
}
