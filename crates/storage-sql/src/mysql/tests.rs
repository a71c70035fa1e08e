use dex_model::{Password, RefreshToken, ZERO_TIME};
use dex_peers::Mariadb as Peer;
use dex_storage::Store;

use super::*;
use crate::options::DatabasePassword;

const PASSWORD: &str = "insert into password (email, hash, username, user_id) values ('a@b', '$2a$10$x', 'a', '1')";

const TOKEN: &str = "insert into refresh_token (id, client_id, scopes, nonce, claims_user_id, claims_username,
    claims_email, claims_email_verified, claims_groups, connector_id)
    values ('r', 'web', '[\"openid\"]', '', '1', 'a', 'a@b', true, 'null', 'local')";

/// The columns of every table, as the server describes them.
const SHAPE: &str = "select table_name, column_name, column_type, is_nullable, column_default
    from information_schema.columns where table_schema = database() order by 1, ordinal_position";

/// The statements that make the schema of an older release, with rows of the first.
fn steps(last: usize) -> String {
    let steps = steps::STEPS.iter().take(last).enumerate();
    let steps = steps.map(|(at, step)| {
        let rows = if at == 0 { format!("{PASSWORD}; {TOKEN};") } else { String::new() };
        format!("{}; {rows} insert into migrations (num, at) values ({}, now());", step.join("; "), at + 1)
    });
    let made: String = steps.collect();
    format!("create table migrations (num int not null, at datetime(3) not null); {made}")
}

async fn options(peer: &Peer) -> ServerOptions {
    ServerOptions {
        database: peer.database().await.unwrap(),
        user: Peer::USER.into(),
        password: DatabasePassword::new(Peer::PASSWORD),
        host: peer.socket().display().to_string(),
        ..ServerOptions::default()
    }
}

#[tokio::test]
async fn the_schema_of_every_older_release_is_brought_up_with_its_rows() {
    let peer = Peer::start().await.unwrap();
    let mut shape = None;
    for step in (1..=steps::STEPS.len()).rev() {
        let options = options(&peer).await;
        peer.sql(&options.database, &steps(step)).await.unwrap();
        let opened = Mysql::connect(&options).await.unwrap();
        let made = peer.sql(&options.database, SHAPE).await.unwrap();
        assert_eq!(shape.get_or_insert(made.clone()), &made, "from {step}");
        let store = Store::new(opened);
        let read: Password = store.get("A@B").await.unwrap().unwrap();
        assert_eq!((read.user_id.as_str(), read.groups.len()), ("1", 0), "from {step}");
        let read: RefreshToken = store.get("r").await.unwrap().unwrap();
        assert_eq!((read.scopes, read.created_at), (vec!["openid".to_owned()], ZERO_TIME), "from {step}");
        store.close().await;
    }
}

/// The server commits each statement that changes a table, so a start that broke off leaves half a step.
#[tokio::test]
async fn a_step_that_broke_off_is_taken_up_again() {
    let peer = Peer::start().await.unwrap();
    for step in [1, 8, 13, 19, 24] {
        let statements = steps::STEPS[step - 1];
        let options = options(&peer).await;
        let half = statements[..statements.len().div_ceil(2)].join("; ");
        peer.sql(&options.database, &format!("{} {half}", steps(step - 1))).await.unwrap();
        Mysql::connect(&options).await.unwrap_or_else(|error| panic!("step {step}: {error}"));
    }
}
