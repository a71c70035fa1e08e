use std::collections::BTreeMap;
use std::sync::Mutex;

use dex_model::{
    AuthRequest, AuthSession, Claims, Client, ClientCredentialsClaims, ClientState, ConnectorData, DeviceStatus,
    DeviceToken, Keys, Login, OfflineSessions, Password, RefreshToken, RefreshTokenRef, StoredJwk, Timestamp,
    TokenSecret, UserIdentity, VerificationKey, ZERO_TIME,
};
use dex_storage::{Change, StorageError, Store, Write};
use dex_storage_sql::Layout;
use rusqlite::Connection;

/// A store on a new file, and a second connection to look at the rows with.
fn store() -> (tempfile::TempDir, Store, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    let store = Store::new(crate::open(&file));
    let db = Connection::open(file).unwrap();
    (folder, store, db)
}

/// The columns of the one row of a table, each as SQLite quotes it.
fn row(db: &Connection, table: &str, columns: &[&str]) -> Vec<String> {
    let quoted: Vec<_> =
        columns.iter().map(|c| format!("typeof({c}) || ' ' || coalesce(cast({c} as text), '')")).collect();
    let sql = format!("select {} from {table}", quoted.join(", "));
    db.query_row(&sql, (), |row| (0..columns.len()).map(|n| row.get(n)).collect()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_client_is_written_to_the_byte() {
    let (_folder, store, db) = store();
    let client = Client {
        id: "web".into(),
        redirect_uris: vec!["https://app.example/cb?a=1&b=2".into()],
        sso_shared_with: Some(vec![]),
        public: true,
        ..Client::default()
    };
    assert_eq!(store.insert(client).await.unwrap(), Write::Done);
    let columns = ["redirect_uris", "trusted_peers", "public", "allowed_connectors", "mfa_chain", "sso_shared_with"];
    let expected = [
        r#"blob ["https://app.example/cb?a=1\u0026b=2"]"#,
        "blob null",
        "integer 1",
        "blob null",
        "blob null",
        "blob []",
    ];
    assert_eq!(row(&db, "client", &columns), expected);
}

/// Dex's own tables have no column for it.
#[tokio::test]
async fn claims_of_a_client_itself_are_kept_where_dex_keeps_them() {
    let cases = [
        (None, "null "),
        (Some(vec!["robots".to_owned()]), r#"blob {"groups":["robots"]}"#),
        (Some(vec![]), "blob {}"),
    ];
    for (groups, column) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dex.db");
        let store = Store::new(crate::open_in(&file, Layout::Ent));
        let claims = groups.map(|groups| ClientCredentialsClaims { groups });
        let client = Client { id: "service".into(), client_credentials_claims: claims, ..Client::default() };
        assert_eq!(store.insert(client.clone()).await.unwrap(), Write::Done);
        assert_eq!(store.get::<Client>("service").await.unwrap(), Some(client));
        let db = Connection::open(file).unwrap();
        assert_eq!(row(&db, "oauth2clients", &["client_credentials_claims"]), [column]);
    }
}

#[tokio::test]
async fn references_and_sessions_are_written_to_the_byte() {
    let (_folder, store, db) = store();
    let token = RefreshTokenRef {
        id: "r1".into(),
        client_id: "example-app".into(),
        created_at: at("2026-08-06T15:14:24.123456789Z"),
        last_used: at("2026-08-06T15:14:24Z"),
        session_id: String::new(),
    };
    let sessions = OfflineSessions {
        user_id: "u".into(),
        connector_id: "local".into(),
        refresh: BTreeMap::from([("example-app".into(), token)]),
        connector_data: ConnectorData::default(),
    };
    assert_eq!(store.insert(sessions).await.unwrap(), Write::Done);
    let refresh = r#"blob {"example-app":{"ID":"r1","ClientID":"example-app","CreatedAt":"2026-08-06T15:14:24.123456789Z","LastUsed":"2026-08-06T15:14:24Z","SessionID":""}}"#;
    assert_eq!(row(&db, "offline_session", &["refresh", "connector_data"]), [refresh, "null "]);

    let moment = at("2026-08-06T15:14:24.123456789Z");
    let state = ClientState { authenticated_at: moment, last_activity: moment, ..ClientState::default() };
    let session = AuthSession {
        id: "s".into(),
        secret: TokenSecret::new("proof"),
        user_id: "u".into(),
        connector_id: "local".into(),
        client_states: BTreeMap::from([("example-app".into(), state)]),
        created_at: moment,
        last_activity: at("2026-08-06T15:14:24.12Z"),
        ip_address: String::new(),
        user_agent: String::new(),
        absolute_expiry: at("2026-08-06T15:14:24Z"),
        idle_expiry: ZERO_TIME,
        logout_state: None,
    };
    assert_eq!(store.insert(session).await.unwrap(), Write::Done);
    let states = r#"blob {"example-app":{"AuthenticatedAt":"2026-08-06T15:14:24.123456789Z","LastActivity":"2026-08-06T15:14:24.123456789Z","LastTokenIssuedAt":"0001-01-01T00:00:00Z","ViaSSO":false}}"#;
    let columns = ["client_states", "created_at", "last_activity", "absolute_expiry", "idle_expiry", "logout_state"];
    let expected = [
        states,
        "text 2026-08-06 15:14:24.123456789+00:00",
        "text 2026-08-06 15:14:24.12+00:00",
        "text 2026-08-06 15:14:24+00:00",
        "text 0001-01-01 00:00:00+00:00",
        "blob null",
    ];
    assert_eq!(row(&db, "auth_session", &columns), expected);
}

#[tokio::test]
async fn keys_are_in_the_row_where_dex_looks_and_keep_their_bytes() {
    let (_folder, store, db) = store();
    let jwk = r#"{"use":"sig","kty":"RSA","kid":"0a","alg":"RS256","n":"x-_","e":"AQAB"}"#;
    let keys = Keys {
        name: Keys::SIGNING.into(),
        signing_key: Some(StoredJwk::new(jwk)),
        signing_key_pub: None,
        verification_keys: None,
        next_rotation: at("2026-08-06T15:14:24Z"),
    };
    assert_eq!(store.insert(keys).await.unwrap(), Write::Done);
    let columns = ["id", "verification_keys", "signing_key", "signing_key_pub"];
    let expected = ["text keys", "blob null", &format!("blob {jwk}"), "blob null"];
    assert_eq!(row(&db, "keys", &columns), expected);
    let former = VerificationKey { public_key: StoredJwk::new(jwk), expiry: at("2026-08-07T15:14:24.5Z") };
    let rotate = |keys: Keys| Ok::<_, StorageError>(Keys { verification_keys: Some(vec![former.clone()]), ..keys });
    assert!(matches!(store.update(Keys::SIGNING, rotate).await, Ok(Change::Made(_))));
    let expected = format!(r#"blob [{{"publicKey":{jwk},"expiry":"2026-08-07T15:14:24.5Z"}}]"#);
    assert_eq!(row(&db, "keys", &["verification_keys"]), [expected]);
    let read: Keys = store.get(Keys::SIGNING).await.unwrap().unwrap();
    assert_eq!(read.verification_keys, Some(vec![former.clone()]));
}

#[tokio::test]
async fn what_is_not_set_is_written_as_dex_does() {
    let (_folder, store, db) = store();
    let request = AuthRequest {
        id: "a".into(),
        client_id: "web".into(),
        response_types: vec!["code".into()],
        scopes: vec!["openid".into(), "email".into()],
        redirect_uri: String::new(),
        nonce: String::new(),
        state: String::new(),
        force_approval_prompt: false,
        prompt: String::new(),
        max_age: None,
        expiry: at("2026-08-06T15:14:24Z"),
        login: Login::Awaited,
        connector_id: String::new(),
        connector_data: ConnectorData::default(),
        pkce: None,
        hmac_key: TokenSecret::new("key"),
        mfa_validated: false,
        webauthn_session_data: None,
    };
    assert_eq!(store.insert(request).await.unwrap(), Write::Done);
    let columns = [
        "hex(scopes)",
        "logged_in",
        "max_age",
        "auth_time",
        "code_challenge",
        "hmac_key",
        "claims_groups",
        "connector_data",
    ];
    let expected = [
        "text 5B226F70656E6964222C22656D61696C225D",
        "integer 0",
        "integer -1",
        "text 0001-01-01 00:00:00+00:00",
        "text ",
        "blob key",
        "blob null",
        "null ",
    ];
    assert_eq!(row(&db, "auth_request", &columns), expected);
    let token = DeviceToken {
        device_code: "d".into(),
        status: DeviceStatus::Complete(TokenSecret::new("{}")),
        expiry: at("2026-08-06T15:14:24Z"),
        last_request: ZERO_TIME,
        poll_interval_seconds: 5,
        pkce: None,
    };
    assert_eq!(store.insert(token).await.unwrap(), Write::Done);
    assert_eq!(row(&db, "device_token", &["status", "token"]), ["text complete", "text {}"]);
}

#[tokio::test]
async fn rows_of_old_releases_are_read() {
    let (_folder, store, db) = store();
    db.execute_batch(
        r#"insert into password (email, hash, username, user_id, groups) values ('a@b', '$2a$10$x', 'a', '1', '["g"]');
        insert into refresh_token (id, client_id, scopes, nonce, claims_user_id, claims_username, claims_email,
            claims_email_verified, claims_groups, connector_id, obsolete_token)
            values ('r', 'web', '["openid"]', '', '1', 'a', 'a@b', 1, x'6e756c6c', 'local', null);
        insert into offline_session (user_id, conn_id, refresh)
            values ('u', 'c', '{"web":{"id":"r1","CLIENTID":"web","Unknown":1,"LastUsed":null}}');
        insert into user_identity (user_id, connector_id, claims_user_id, claims_username, claims_email,
            claims_email_verified, claims_groups, consents, created_at, last_login, blocked_until)
            values ('u', 'c', 'u', cast(x'61ff' as text), '', 0, x'6e756c6c', x'6e756c6c', 1786029264, '2026-08-06T15:14Z', 'never');
        "#,
    )
    .unwrap();
    let password: Password = store.get("A@B").await.unwrap().unwrap();
    assert_eq!((password.groups, password.hash.expose()), (vec!["g".to_owned()], &b"$2a$10$x"[..]));
    let token: RefreshToken = store.get("r").await.unwrap().unwrap();
    assert_eq!((token.created_at, token.obsolete.is_empty()), (ZERO_TIME, true));
    let sessions: OfflineSessions = store.get(("u", "c")).await.unwrap().unwrap();
    assert_eq!((&*sessions.refresh["web"].id, &*sessions.refresh["web"].client_id), ("r1", "web"));
    let identity: UserIdentity = store.get(("u", "c")).await.unwrap().unwrap();
    assert_eq!((identity.claims.username.as_str(), identity.blocked_until), ("a\u{fffd}", ZERO_TIME));
    assert_eq!(identity.created_at, Timestamp::constant(1_786_029_264, 0));
    // What was read so tolerantly can also be changed.
    let block = |identity| Ok::<_, StorageError>(UserIdentity { claims: Claims::default(), ..identity });
    assert!(matches!(store.update(("u", "c"), block).await, Ok(Change::Made(_))));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_hides_no_other() {
    let (_folder, store, db) = store();
    for id in ["a", "b", "c"] {
        let client = Client { id: id.into(), ..Client::default() };
        assert_eq!(store.insert(client).await.unwrap(), Write::Done);
    }
    db.execute("update client set redirect_uris = x'5b22736563726574' where id = 'b'", ()).unwrap();
    let refused = store.get::<Client>("b").await.unwrap_err();
    let told = refused.to_string();
    assert!(told.starts_with("Client `b` cannot be read: redirect_uris: is no JSON"), "{told}");
    let ids: Vec<_> = store.list::<Client>().await.unwrap().into_iter().map(|client| client.id).collect();
    assert_eq!(ids, ["a", "c"]);
}

#[tokio::test]
async fn a_write_of_another_process_makes_an_update_begin_again() {
    let (_folder, store, db) = store();
    let client = Client { id: "web".into(), ..Client::default() };
    assert_eq!(store.insert(client).await.unwrap(), Write::Done);
    let (mut tries, db) = (0, Mutex::new(db));
    let change = |mut client: Client| {
        tries += 1;
        if tries == 1 {
            db.lock().unwrap().execute("update client set secret = 'theirs'", ()).unwrap();
        }
        client.name = "ours".into();
        Ok::<_, StorageError>(client)
    };
    assert!(matches!(store.update("web", change).await, Ok(Change::Made(_))));
    assert_eq!(tries, 2);
    assert_eq!(row(&db.lock().unwrap(), "client", &["secret", "name"]), ["text theirs", "text ours"]);
}

#[tokio::test]
async fn sweeping_uses_an_index() {
    let (_folder, _store, db) = store();
    let ends = [
        ("auth_request", "expiry < ?1"),
        ("auth_code", "expiry < ?1"),
        ("auth_session", "absolute_expiry < ?1 or idle_expiry < ?1"),
        ("device_request", "expiry < ?1"),
        ("device_token", "expiry < ?1"),
        ("dex_spent", "expiry < ?1"),
    ];
    for (table, over) in ends {
        let sql = format!("explain query plan select rowid from {table} where {over} limit 1");
        let mut statement = db.prepare(&sql).unwrap();
        let plan = statement.query_map(["2026"], |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = plan.collect::<Result<_, _>>().unwrap();
        assert!(!plan.iter().any(|step| step.starts_with("SCAN")), "{table}: {plan:?}");
    }
}
