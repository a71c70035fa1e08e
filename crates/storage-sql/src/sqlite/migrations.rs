//! Dex's schema, step by step (storage spec, 7.3 to 7.5).

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::ent::{self, Words};
use crate::open_error::OpenError;
use crate::options::Layout;
use crate::table::Table;
use crate::value::Type;

/// The table that says how far a database is. Dex keeps a bare date in `at`.
const MIGRATIONS: &str = "create table if not exists migrations (num integer not null, at timestamp not null)";

/// What Dex does not have and does not look at: spent things.
const SPENT: &str = "create table if not exists dex_spent (id text not null primary key, expiry timestamp not null)";

/// Old rows of `password` hold text in `groups`, which Dex itself cannot read; they become bytes.
const MEND: &str = "update password set groups = cast(groups as blob) where typeof(groups) = 'text'";

/// How the tables of the ORM are made.
const WORDS: Words = Words {
    quote: '`',
    type_of: |of| match of {
        Type::Bool => "bool",
        Type::Int => "integer",
        Type::Text => "text",
        Type::Bytes | Type::TextInBytes => "blob",
        Type::Json => "json",
        Type::Time => "timestamp",
    },
    serial: "integer not null primary key autoincrement",
    serial_is_key: true,
    default: |default| format!("({default})"),
    ending: "",
    short_index: false,
};

/// The steps for SQLite. A step's number is its place, from 1; so they may only grow at the end,
/// and only when Dex's do.
pub(super) const STEPS: &[&str] = &[
    // 1
    "create table client (
        id text not null primary key, secret text not null, redirect_uris blob not null,
        trusted_peers blob not null, public integer not null, name text not null, logo_url text not null
    );
    create table auth_request (
        id text not null primary key, client_id text not null, response_types blob not null,
        scopes blob not null, redirect_uri text not null, nonce text not null, state text not null,
        force_approval_prompt integer not null, logged_in integer not null,
        claims_user_id text not null, claims_username text not null, claims_email text not null,
        claims_email_verified integer not null, claims_groups blob not null,
        connector_id text not null, connector_data blob, expiry timestamp not null
    );
    create table auth_code (
        id text not null primary key, client_id text not null, scopes blob not null,
        nonce text not null, redirect_uri text not null,
        claims_user_id text not null, claims_username text not null, claims_email text not null,
        claims_email_verified integer not null, claims_groups blob not null,
        connector_id text not null, connector_data blob, expiry timestamp not null
    );
    create table refresh_token (
        id text not null primary key, client_id text not null, scopes blob not null, nonce text not null,
        claims_user_id text not null, claims_username text not null, claims_email text not null,
        claims_email_verified integer not null, claims_groups blob not null,
        connector_id text not null, connector_data blob
    );
    create table password (
        email text not null primary key, hash blob not null, username text not null, user_id text not null
    );
    create table keys (
        id text not null primary key, verification_keys blob not null, signing_key blob not null,
        signing_key_pub blob not null, next_rotation timestamp not null
    );",
    // 2
    "alter table refresh_token add column token text not null default '';
    alter table refresh_token add column created_at timestamp not null default '0001-01-01 00:00:00 UTC';
    alter table refresh_token add column last_used timestamp not null default '0001-01-01 00:00:00 UTC';",
    // 3
    "create table offline_session (
        user_id text not null, conn_id text not null, refresh blob not null,
        primary key (user_id, conn_id)
    );",
    // 4
    "create table connector (
        id text not null primary key, type text not null, name text not null,
        resource_version text not null, config blob
    );",
    // 5
    "alter table auth_code add column claims_preferred_username text not null default '';
    alter table auth_request add column claims_preferred_username text not null default '';
    alter table refresh_token add column claims_preferred_username text not null default '';",
    // 6
    "alter table offline_session add column connector_data blob;",
    // 7
    "create table device_request (
        user_code text not null primary key, device_code text not null, client_id text not null,
        client_secret text, scopes blob not null, expiry timestamp not null
    );
    create table device_token (
        device_code text not null primary key, status text not null, token blob,
        expiry timestamp not null, last_request timestamp not null, poll_interval integer not null
    );",
    // 8
    "alter table auth_request add column code_challenge text not null default '';
    alter table auth_request add column code_challenge_method text not null default '';
    alter table auth_code add column code_challenge text not null default '';
    alter table auth_code add column code_challenge_method text not null default '';",
    // 9
    "alter table refresh_token add column obsolete_token text default '';",
    // 10
    "alter table device_token add column code_challenge text not null default '';
    alter table device_token add column code_challenge_method text not null default '';",
    // 11
    "alter table auth_request add column hmac_key blob;",
    // 12
    "alter table password add column preferred_username text not null default '';
    alter table password add column groups blob not null default '[]';",
    // 13
    "alter table password add column name text not null default '';
    alter table password add column email_verified integer;",
    // 14
    "alter table connector add column grant_types blob;",
    // 15
    "alter table client add column allowed_connectors blob;",
    // 16
    "create table user_identity (
        user_id text not null, connector_id text not null,
        claims_user_id text not null, claims_username text not null,
        claims_preferred_username text not null default '', claims_email text not null,
        claims_email_verified integer not null, claims_groups blob not null,
        consents blob not null, created_at timestamp not null, last_login timestamp not null,
        blocked_until timestamp not null,
        primary key (user_id, connector_id)
    );",
    // 17
    "create table auth_session (
        user_id text not null, connector_id text not null, nonce text not null default '',
        client_states blob not null, created_at timestamp not null, last_activity timestamp not null,
        ip_address text not null default '', user_agent text not null default '',
        primary key (user_id, connector_id)
    );",
    // 18
    "alter table auth_request add column mfa_validated integer not null default 0;
    alter table user_identity add column mfa_secrets blob;
    alter table client add column mfa_chain blob;
    alter table auth_request add column prompt text not null default '';
    alter table auth_request add column max_age integer not null default -1;
    alter table auth_request add column auth_time timestamp not null default '1970-01-01 00:00:00';
    alter table auth_code add column auth_time timestamp not null default '1970-01-01 00:00:00';",
    // 19
    "alter table auth_session add column absolute_expiry timestamp not null default '1970-01-01 00:00:00';
    alter table auth_session add column idle_expiry timestamp not null default '1970-01-01 00:00:00';
    alter table client add column post_logout_redirect_uris blob;
    alter table auth_session add column logout_state blob;",
    // 20
    "alter table auth_request add column webauthn_session_data blob;
    alter table user_identity add column webauthn_credentials blob;",
    // 21
    "alter table client add column sso_shared_with blob;",
    // 22
    "alter table client add column backchannel_logout_uri text not null default '';
    alter table client add column refresh_token_lifetime text not null default '';",
    // 23
    "drop table if exists auth_session;
    create table auth_session (
        id text not null primary key, secret text not null default '', user_id text not null,
        connector_id text not null, client_states blob not null,
        created_at timestamp not null, last_activity timestamp not null,
        ip_address text not null default '', user_agent text not null default '',
        absolute_expiry timestamp not null default '1970-01-01 00:00:00',
        idle_expiry timestamp not null default '1970-01-01 00:00:00', logout_state blob
    );
    create index auth_session_user_idx on auth_session (user_id, connector_id);
    alter table auth_code add column session_id text not null default '';",
];

/// Brings a database to the last of `steps`, each in a transaction of its own. Of processes that
/// start together, each waits for the other's step and goes on behind it.
pub(super) fn apply(db: &Connection, steps: &[&str]) -> Result<(), OpenError> {
    let failed = |step| move |cause| OpenError::Migration { step, cause: Box::new(cause) };
    db.execute_batch(MIGRATIONS).map_err(failed(0))?;
    // All steps in one transaction: a step that fails leaves the database as it was found, and a new one waits for the
    // disk once.
    let transaction = begin(db).map_err(failed(0))?;
    let last: Option<i64> =
        transaction.query_row("select max(num) from migrations", (), |row| row.get(0)).map_err(failed(0))?;
    let found = last.unwrap_or(0).max(0);
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    if done > steps.len() {
        return Err(OpenError::Newer { found, known: steps.len() });
    }
    for (at, step) in steps.iter().enumerate().skip(done) {
        perform(&transaction, step, at + 1).map_err(failed(at + 1))?;
    }
    transaction.commit().map_err(failed(0))
}

/// The names of the tables there are.
pub(super) fn tables(db: &Connection) -> Result<Vec<String>, OpenError> {
    names(db, "select name from sqlite_master where type = 'table'")
}

/// Makes what is lacking of the ORM's tables.
pub(super) fn make_ent(db: &Connection) -> Result<(), OpenError> {
    let columns = names(
        db,
        "select t.name || '.' || c.name from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table'",
    )?;
    let statements = ent::missing(&WORDS, &tables(db)?, &columns).join("; ");
    in_one(db, |transaction| transaction.execute_batch(&statements))
}

/// Adds what is ours alone, with the indexes that make sweeping quick, and mends rows that old releases left behind.
pub(super) fn add_ours(db: &Connection, layout: Layout) -> Result<(), OpenError> {
    in_one(db, |transaction| {
        transaction.execute_batch(SPENT)?;
        for (_, statement) in Table::indexes(layout) {
            transaction.execute_batch(&statement.replacen("create index", "create index if not exists", 1))?;
        }
        match layout {
            Layout::Dex => transaction.execute_batch(MEND),
            Layout::Ent => Ok(()),
        }
    })
}

fn in_one(db: &Connection, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), OpenError> {
    let done = begin(db).and_then(|transaction| {
        work(&transaction)?;
        transaction.commit()
    });
    done.map_err(|cause| OpenError::Migration { step: 0, cause: Box::new(cause) })
}

fn names(db: &Connection, question: &str) -> Result<Vec<String>, OpenError> {
    let names = db.prepare(question).and_then(|mut statement| {
        let names = statement.query_map((), |row| row.get(0))?;
        names.collect::<Result<_, _>>()
    });
    names.map_err(|cause| OpenError::Migration { step: 0, cause: Box::new(cause) })
}

fn begin(db: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(db, TransactionBehavior::Immediate)
}

fn perform(transaction: &Transaction<'_>, step: &str, number: usize) -> rusqlite::Result<()> {
    transaction.execute_batch(step)?;
    transaction.execute("insert into migrations (num, at) values (?, date('now'))", [number.to_string()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use dex_model::Kind;

    use super::*;

    fn opened() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    fn columns(db: &Connection, table: &str) -> Vec<String> {
        let mut statement = db.prepare("select name from pragma_table_info(?) order by cid").unwrap();
        let names = statement.query_map([table], |row| row.get(0)).unwrap();
        names.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn the_steps_lead_to_the_tables_that_are_described() {
        let db = opened();
        apply(&db, STEPS).unwrap();
        add_ours(&db, Layout::Dex).unwrap();
        for kind in Kind::ALL {
            let table = Table::of(Layout::Dex, *kind);
            assert_eq!(columns(&db, table.name), table.names().collect::<Vec<_>>(), "{}", table.name);
        }
        let mut statement = db.prepare("select num, typeof(at), length(at) from migrations order by rowid").unwrap();
        let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)));
        let rows: Vec<(i64, String, i64)> = rows.unwrap().collect::<Result<_, _>>().unwrap();
        let expected: Vec<_> = (1..=23).map(|num| (num, "text".to_owned(), 10)).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_database_of_every_older_release_is_upgraded_with_its_rows() {
        let password = "insert into password (email, hash, username, user_id) values ('a@b', x'24', 'a', '1')";
        let token = "insert into refresh_token (id, client_id, scopes, nonce, claims_user_id, claims_username,
            claims_email, claims_email_verified, claims_groups, connector_id)
            values ('r', 'web', x'5b5d', '', '1', 'a', 'a@b', 1, x'6e756c6c', 'local')";
        for release in 1..=STEPS.len() {
            let db = opened();
            apply(&db, &STEPS[..release]).unwrap();
            db.execute_batch(&format!("{password}; {token};")).unwrap();
            apply(&db, STEPS).unwrap();
            add_ours(&db, Layout::Dex).unwrap();
            let steps: i64 = db.query_row("select count(*) from migrations", (), |row| row.get(0)).unwrap();
            assert_eq!(steps, 23, "from {release}");
            let groups: (String, Vec<u8>) = db
                .query_row("select typeof(groups), groups from password", (), |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            assert_eq!(groups, ("blob".to_owned(), b"[]".to_vec()), "from {release}");
            let tokens: i64 = db.query_row("select count(*) from refresh_token", (), |row| row.get(0)).unwrap();
            assert_eq!(tokens, 1, "from {release}");
        }
    }

    #[test]
    fn a_second_start_changes_nothing_and_a_newer_database_is_left_alone() {
        let db = opened();
        for _ in 0..2 {
            apply(&db, STEPS).unwrap();
            add_ours(&db, Layout::Dex).unwrap();
        }
        db.execute("insert into migrations (num, at) values (24, date('now'))", ()).unwrap();
        let refused = apply(&db, STEPS).unwrap_err();
        assert!(matches!(refused, OpenError::Newer { found: 24, known: 23 }), "{refused}");
    }

    #[test]
    fn a_step_that_fails_leaves_the_database_as_it_was() {
        let db = opened();
        let refused = apply(&db, &["create table a (id text)", "create table b (id text); create table a (id text)"]);
        assert!(matches!(refused, Err(OpenError::Migration { step: 2, .. })));
        assert!(columns(&db, "b").is_empty());
        apply(&db, &["create table a (id text)", "create table b (id text)"]).unwrap();
        assert_eq!(columns(&db, "b"), ["id"]);
    }
}
