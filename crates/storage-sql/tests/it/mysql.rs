//! The MySQL back end against a real MariaDB: one server, many named checks.

use dex_model::{Client, Record as _, Spent, Timestamp};
use dex_peers::Mariadb as Peer;
use dex_storage::{Backend as _, StorageError, Store, Write};
use dex_storage_sql::{DatabasePassword, Layout, Mysql, OpenError, ServerOptions};

use crate::heal::{self, client};
use crate::tls::Authority;
use crate::written::Written;

/// The columns of Dex's tables, as the server describes them, and its indexes.
const SHAPE: &str = "select table_name, column_name, column_type, is_nullable, column_default, extra, collation_name
    from information_schema.columns where table_schema = database() and table_name not like 'dex_%' order by 1, 2;
    select table_name, index_name, column_name, non_unique from information_schema.statistics
    where table_schema = database() and concat(table_name, index_name) not like '%dex\\_%' order by 1, 2, seq_in_index";

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
            ssl_mode: "false".into(),
            ..ServerOptions::default()
        }
    }

    async fn fresh(&self) -> ServerOptions {
        self.options(&self.peer.database().await.unwrap())
    }

    /// The back end of this database, without a record.
    async fn emptied(&self, options: &ServerOptions) -> Mysql {
        let opened = Mysql::connect(options).await.unwrap();
        self.peer.sql(&options.database, &heal::empty_all(options.layout, '`')).await.unwrap();
        opened
    }

    async fn opened(&self) -> (Mysql, String) {
        let options = self.fresh().await;
        (Mysql::connect(&options).await.unwrap(), options.database)
    }
}

fn told(refused: Result<Mysql, OpenError>) -> String {
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
    names_that_the_server_folds_stay_apart(&server).await;
    what_another_process_wrote_is_not_overwritten(&server).await;
    what_dex_wrote_is_read_and_written_again(&server).await;
    a_layout_is_made_and_completed(&server).await;
    replicas_start_together(&server).await;
    sweeping_uses_an_index(&server).await;
    an_operation_is_one_statement(&server).await;
    let (mysql, database) = server.opened().await;
    let lock = "lock tables client write; do sleep(2); unlock tables";
    let lock = async || drop(server.peer.sql(&database, lock).await.unwrap());
    heal::who_goes_away_takes_no_answer_of_another(&mysql, lock).await;
    let (mysql, database) = server.opened().await;
    let ours = format!("select id from information_schema.processlist where db = '{database}' and user = 'peer'");
    let break_all = async || {
        for id in server.peer.sql("mysql", &ours).await.unwrap().lines() {
            server.peer.sql("mysql", &format!("kill {id}")).await.unwrap();
        }
    };
    heal::broken_connections_heal(&mysql, &break_all).await;
    let only_read = async |on| {
        server.peer.sql("mysql", &format!("set global tx_read_only = {on}")).await.unwrap();
        if on {
            break_all().await;
        }
    };
    heal::who_takes_no_writes_any_more_is_left(&mysql, only_read).await;
    let (pause, resume) = (|| server.peer.pause(), || server.peer.resume());
    heal::a_paused_server_is_unavailable_and_heals(mysql, pause, resume).await;
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
    let encrypted = ServerOptions { ssl_mode: "skip-verify".into(), ..plain.clone() };
    for (n, options) in [plain, socket, verified, encrypted].iter().enumerate() {
        let store = Mysql::connect(options).await.unwrap();
        store.ping().await.unwrap();
        assert_eq!(store.insert(&client(&n.to_string()).into_any()).await.unwrap(), Write::Done);
        store.close().await;
        assert!(matches!(store.ping().await, Err(StorageError::Unavailable(_))), "a closed back end answers nothing");
    }
}

async fn who_cannot_come_in_is_told_why(server: &Server) {
    let right = server.fresh().await;
    let named = format!("the MySQL database `{}` at 127.0.0.1:{}", right.database, right.port);
    let check = async |options: ServerOptions, expected: &[&str]| {
        let told = told(Mysql::connect(&options).await);
        for part in expected {
            assert!(told.contains(part), "{part:?} is not in: {told}");
        }
        assert!(!told.contains("secret") && !told.contains('\n'), "{told}");
    };
    let wrong = ServerOptions { password: DatabasePassword::new("another secret"), ..right.clone() };
    check(wrong, &[&named, "as user `peer`", "Access denied for user", "look at `user` and `password`"]).await;
    check(ServerOptions { database: "nowhere".into(), ..right.clone() }, &["no such database", "`nowhere`"]).await;
    check(ServerOptions { port: 1, ..right.clone() }, &["127.0.0.1:1", "cannot be reached"]).await;
    let stranger = Authority::new("stranger");
    let other =
        ServerOptions { host: "localhost".into(), ssl_ca: stranger.file().display().to_string(), ..right.clone() };
    check(other, &["TLS is not accepted", "UnknownIssuer", "`ssl.caFile`"]).await;
    let misspelt = ServerOptions { ssl_mode: "verify-full".into(), ..right.clone() };
    check(misspelt, &["`verify-full` is no value of the parameter `ssl.mode`"]).await;
    let poor = "create user poor identified by 'poor secret'";
    let select = format!("grant select on {}.* to poor", right.database);
    server.peer.sql("mysql", &format!("{poor}; {select}")).await.unwrap();
    let poor = ServerOptions { user: "poor".into(), password: DatabasePassword::new("poor secret"), ..right.clone() };
    check(poor, &[&named, "as user `poor`", "lacks a right", "command denied"]).await;
    server.peer.sql(&right.database, "create table migrations (num int, at datetime(3))").await.unwrap();
    server.peer.sql(&right.database, "insert into migrations values (25, now())").await.unwrap();
    check(right, &["migration 25", "this release knows 24", "newer release"]).await;
}

async fn rows_are_as_dex_writes_them(server: &Server) {
    let (mysql, database) = server.opened().await;
    let store = Store::new(mysql);
    let web = Client {
        redirect_uris: vec!["https://app.example/cb?a=1&b=2".into()],
        sso_shared_with: Some(vec![]),
        public: true,
        ..client("web")
    };
    assert_eq!(store.insert(web).await.unwrap(), Write::Done);
    let columns = "hex(redirect_uris), trusted_peers, public, sso_shared_with, hex(name)";
    let row = server.peer.sql(&database, &format!("select {columns} from client")).await.unwrap();
    let uris = r#"["https://app.example/cb?a=1\u0026b=2"]"#.bytes().map(|byte| format!("{byte:02X}"));
    assert_eq!(row, format!("{}\tnull\t1\t[]", uris.collect::<String>()));
    let expiry: Timestamp = "2026-08-06T15:14:24.123956789Z".parse().unwrap();
    for (id, expiry) in [("spent", expiry), ("unset", dex_model::ZERO_TIME)] {
        assert_eq!(store.insert(Spent { id: id.into(), expiry }).await.unwrap(), Write::Done);
    }
    let rows = server.peer.sql(&database, "select expiry from dex_spent order by id").await.unwrap();
    assert_eq!(rows, "2026-08-06 15:14:24.123\n0000-00-00 00:00:00.000");
    let steps = server.peer.sql(&database, "select min(num), max(num), count(*) from migrations").await.unwrap();
    assert_eq!(steps, "1\t24\t24");
    // A row that cannot be read is named, and hides no other.
    let broken = "insert into client (id, secret, redirect_uris, trusted_peers, public, name, logo_url)
        select 'broken', secret, '[', trusted_peers, public, name, logo_url from client";
    server.peer.sql(&database, broken).await.unwrap();
    assert_eq!(store.list::<Client>().await.unwrap().len(), 1);
    let refused = store.get::<Client>("broken").await.unwrap_err().to_string();
    assert!(refused.starts_with("Client `broken` cannot be read: redirect_uris"), "{refused}");
    // What is too long for its column is refused, never cut.
    let long = Client { name: "x".repeat(385), ..client("long") };
    let refused = store.insert(long).await.unwrap_err();
    assert!(matches!(refused, StorageError::Unstorable { .. }), "{refused}");
}

/// The tables that Dex made take `web` for `WEB`, by the collation of the database.
async fn names_that_the_server_folds_stay_apart(server: &Server) {
    let (mysql, database) = server.opened().await;
    server.peer.sql(&database, "alter table client convert to character set latin1").await.unwrap();
    let store = Store::new(mysql);
    assert_eq!(store.insert(client("web")).await.unwrap(), Write::Done);
    assert!(store.get::<Client>("WEB").await.unwrap().is_none());
    assert_eq!(store.remove::<Client>("WEB").await.unwrap(), Write::Lost);
    let refused = store.insert(client("WEB")).await.unwrap_err();
    assert!(matches!(refused, StorageError::Unstorable { .. }), "{refused}");
    assert_eq!(store.insert(client("web")).await.unwrap(), Write::Lost);
    let change = |client: Client| Ok::<_, StorageError>(Client { name: "n".into(), ..client });
    assert!(matches!(store.update("web", change).await, Ok(dex_storage::Change::Made(_))));
}

async fn what_another_process_wrote_is_not_overwritten(server: &Server) {
    let (mysql, database) = server.opened().await;
    // So that a name is equal to itself in other letters.
    server.peer.sql(&database, "alter table client convert to character set latin1").await.unwrap();
    let write = async |sql: &str| drop(server.peer.sql(&database, sql).await.unwrap());
    heal::what_another_process_wrote_is_not_overwritten(&mysql, write).await;
}

const WRITTEN: &[Written] = &[
    Written { name: "mysql-dex-2.45.1", layout: Layout::Dex, records: 18, whole: false },
    Written { name: "mysql-dex-master-sessions", layout: Layout::Dex, records: 28, whole: true },
    Written { name: "mysql-ent-dex-master-sessions", layout: Layout::Ent, records: 28, whole: true },
];

async fn what_dex_wrote_is_read_and_written_again(server: &Server) {
    for written in WRITTEN {
        let mut options = server.fresh().await;
        server.peer.load(&options.database, &written.dump()).await.unwrap();
        let other = if written.layout == Layout::Ent { Layout::Dex } else { Layout::Ent };
        options.layout = other;
        let refused = told(Mysql::connect(&options).await);
        assert!(refused.contains("DEX_ENT_ENABLED"), "{refused}");
        options.layout = written.layout;
        let opened = Mysql::connect(&options).await.unwrap();
        written.comes_back(opened, async || rows(server, &options.database).await).await;
    }
}

/// Every row of Dex's tables.
async fn rows(server: &Server, database: &str) -> String {
    let tables = "select table_name from information_schema.tables where table_schema = database() and table_name not like 'dex_%' and table_name <> 'migrations' order by 1";
    let mut rows = String::new();
    for table in server.peer.sql(database, tables).await.unwrap().lines() {
        rows +=
            &server.peer.sql(database, &format!("select '{table}', t.* from `{table}` t order by 2, 3")).await.unwrap();
        rows.push('\n');
    }
    rows
}

/// The tables of the ORM are made as Dex makes them, whole or what is lacking.
async fn a_layout_is_made_and_completed(server: &Server) {
    let fresh = ServerOptions { layout: Layout::Ent, ..server.fresh().await };
    Mysql::connect(&fresh).await.unwrap().close().await;
    let made = ServerOptions { layout: Layout::Ent, ..server.fresh().await };
    server.peer.load(&made.database, &WRITTEN[2].dump()).await.unwrap();
    let shape = async |database: &str| server.peer.sql(database, SHAPE).await.unwrap();
    let expected = shape(&made.database).await;
    assert_eq!(shape(&fresh.database).await, expected);
    let lacking = "alter table auth_codes drop column session_id; drop table auth_sessions";
    server.peer.sql(&fresh.database, lacking).await.unwrap();
    Mysql::connect(&fresh).await.unwrap().close().await;
    assert_eq!(shape(&fresh.database).await, expected);
}

async fn replicas_start_together(server: &Server) {
    let options = server.fresh().await;
    let start = async || Mysql::connect(&options).await;
    let (first, second, third) = tokio::join!(start(), start(), start());
    for started in [first, second, third] {
        started.unwrap().ping().await.unwrap();
    }
    let steps = server.peer.sql(&options.database, "select count(*) from migrations").await.unwrap();
    assert_eq!(steps, "24");
}

async fn sweeping_uses_an_index(server: &Server) {
    let (_mysql, database) = server.opened().await;
    // An empty table is read without its indexes.
    let rows = "insert into auth_session (id, user_id, connector_id, client_states, created_at, last_activity,
        absolute_expiry, idle_expiry)
        select seq, 'u', 'c', '{}', now(), now(), now() + interval seq hour, now() + interval seq hour from seq_1_to_1000";
    server.peer.sql(&database, &format!("{rows}; analyze table auth_session")).await.unwrap();
    for (table, over) in [
        ("auth_request", "expiry < now()"),
        ("auth_code", "expiry < now()"),
        ("auth_session", "absolute_expiry < now() or idle_expiry < now()"),
        ("device_request", "expiry < now()"),
        ("device_token", "expiry < now()"),
        ("dex_spent", "expiry < now()"),
    ] {
        let explain = format!("explain delete from {table} where {over} limit 9");
        let plan = server.peer.sql(&database, &explain).await.unwrap();
        assert!(plan.contains("\trange\t") || plan.contains("\tindex_merge\t"), "{table}: {plan}");
    }
}

/// By the server's own count of what it was asked to do.
async fn an_operation_is_one_statement(server: &Server) {
    let (mysql, _) = server.opened().await;
    let asked = async || -> u64 {
        let status = server.peer.sql("mysql", "show global status like 'Com_stmt_execute'").await.unwrap();
        status.rsplit('\t').next().unwrap().parse().unwrap()
    };
    let before = asked().await;
    for n in 0..250 {
        let record = client(&n.to_string()).into_any();
        assert_eq!(mysql.insert(&record).await.unwrap(), Write::Done);
        let (found, seen) = mysql.get(&record.key()).await.unwrap().unwrap();
        assert_eq!(mysql.replace(&seen, &found).await.unwrap(), Write::Done);
        assert_eq!(mysql.remove(&record.key()).await.unwrap(), Write::Done);
    }
    assert_eq!(asked().await - before, 1000);
}
