//! Dex's schema for MySQL and MariaDB, step by step (storage spec, 7.3 to 7.5).
//!
//! New tables tell `a` from `A` in keys, as Dex's do on every other server; those that Dex made are left as they are.

use crate::ent::Words;
use crate::server::Step;
use crate::value::Type;

/// A step's number is its place, from 1; so they may only grow at the end, and only when Dex's do. The server cannot
/// undo a step that broke off, so each statement may find its work done.
pub(super) const STEPS: &[Step] = &[
    // 1
    &[
        "create table client (
        id varchar(384) not null primary key, secret varchar(384) not null, redirect_uris blob not null,
        trusted_peers blob not null, public boolean not null, name varchar(384) not null, logo_url varchar(384) not null
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create table auth_request (
        id varchar(384) not null primary key, client_id varchar(384) not null, response_types blob not null,
        scopes blob not null, redirect_uri varchar(384) not null, nonce varchar(384) not null, state varchar(384) not null,
        force_approval_prompt boolean not null, logged_in boolean not null,
        claims_user_id varchar(384) not null, claims_username varchar(384) not null, claims_email varchar(384) not null,
        claims_email_verified boolean not null, claims_groups blob not null,
        connector_id varchar(384) not null, connector_data blob, expiry datetime(3) not null
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create table auth_code (
        id varchar(384) not null primary key, client_id varchar(384) not null, scopes blob not null,
        nonce varchar(384) not null, redirect_uri varchar(384) not null,
        claims_user_id varchar(384) not null, claims_username varchar(384) not null, claims_email varchar(384) not null,
        claims_email_verified boolean not null, claims_groups blob not null,
        connector_id varchar(384) not null, connector_data blob, expiry datetime(3) not null
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create table refresh_token (
        id varchar(384) not null primary key, client_id varchar(384) not null, scopes blob not null, nonce varchar(384) not null,
        claims_user_id varchar(384) not null, claims_username varchar(384) not null, claims_email varchar(384) not null,
        claims_email_verified boolean not null, claims_groups blob not null,
        connector_id varchar(384) not null, connector_data blob
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create table password (
        email varchar(384) not null primary key, hash blob not null, username varchar(384) not null, user_id varchar(384) not null
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create table `keys` (
        id varchar(384) not null primary key, verification_keys blob not null, signing_key blob not null,
        signing_key_pub blob not null, next_rotation datetime(3) not null
    ) default character set utf8mb4 collate utf8mb4_bin",
    ],
    // 2
    &[
        "alter table refresh_token add column token varchar(384) not null default ''",
        "alter table refresh_token add column created_at datetime(3) not null default '1000-01-01 00:00:00'",
        "alter table refresh_token add column last_used datetime(3) not null default '1000-01-01 00:00:00'",
    ],
    // 3
    &[
        "create table offline_session (
        user_id varchar(384) not null, conn_id varchar(384) not null, refresh blob not null,
        primary key (user_id, conn_id)
    ) default character set utf8mb4 collate utf8mb4_bin",
    ],
    // 4
    &[
        "create table connector (
        id varchar(384) not null primary key, type varchar(384) not null, name varchar(384) not null,
        resource_version varchar(384) not null, config blob
    ) default character set utf8mb4 collate utf8mb4_bin",
    ],
    // 5
    &[
        "alter table auth_code add column claims_preferred_username varchar(384) not null default ''",
        "alter table auth_request add column claims_preferred_username varchar(384) not null default ''",
        "alter table refresh_token add column claims_preferred_username varchar(384) not null default ''",
    ],
    // 6
    &[
        "alter table offline_session add column connector_data blob",
    ],
    // 7
    &[
        "alter table auth_request modify column state varchar(4096)",
    ],
    // 8
    &[
        "create table device_request (
        user_code varchar(384) not null primary key, device_code varchar(384) not null, client_id varchar(384) not null,
        client_secret varchar(384), scopes blob not null, expiry datetime(3) not null
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create table device_token (
        device_code varchar(384) not null primary key, status varchar(384) not null, token blob,
        expiry datetime(3) not null, last_request datetime(3) not null, poll_interval int not null
    ) default character set utf8mb4 collate utf8mb4_bin",
    ],
    // 9
    &[
        "alter table auth_request add column code_challenge varchar(384) not null default ''",
        "alter table auth_request add column code_challenge_method varchar(384) not null default ''",
        "alter table auth_code add column code_challenge varchar(384) not null default ''",
        "alter table auth_code add column code_challenge_method varchar(384) not null default ''",
    ],
    // 10
    &[
        "alter table refresh_token add column obsolete_token varchar(384) default ''",
    ],
    // 11
    &[
        "alter table device_token add column code_challenge varchar(384) not null default ''",
        "alter table device_token add column code_challenge_method varchar(384) not null default ''",
    ],
    // 12
    &[
        "alter table auth_request add column hmac_key blob",
    ],
    // 13
    &[
        "alter table password add column preferred_username varchar(384) not null default ''",
        "alter table password add column `groups` blob",
        "update password set `groups` = '[]' where `groups` is null",
        "alter table password modify column `groups` blob not null",
    ],
    // 14
    &[
        "alter table password add column name varchar(384) not null default ''",
        "alter table password add column email_verified boolean",
    ],
    // 15
    &[
        "alter table connector add column grant_types blob",
    ],
    // 16
    &[
        "alter table client add column allowed_connectors blob",
    ],
    // 17
    &[
        "create table user_identity (
        user_id varchar(384) not null, connector_id varchar(384) not null,
        claims_user_id varchar(384) not null, claims_username varchar(384) not null,
        claims_preferred_username varchar(384) not null default '', claims_email varchar(384) not null,
        claims_email_verified boolean not null, claims_groups blob not null,
        consents blob not null, created_at datetime(3) not null, last_login datetime(3) not null,
        blocked_until datetime(3) not null,
        primary key (user_id, connector_id)
    ) default character set utf8mb4 collate utf8mb4_bin",
    ],
    // 18
    &[
        "create table auth_session (
        user_id varchar(384) not null, connector_id varchar(384) not null, nonce varchar(384) not null default '',
        client_states blob not null, created_at datetime(3) not null, last_activity datetime(3) not null,
        ip_address varchar(384) not null default '', user_agent varchar(384) not null default '',
        primary key (user_id, connector_id)
    ) default character set utf8mb4 collate utf8mb4_bin",
    ],
    // 19
    &[
        "alter table auth_request add column mfa_validated boolean not null default false",
        "alter table user_identity add column mfa_secrets blob",
        "alter table client add column mfa_chain blob",
        "alter table auth_request add column prompt varchar(384) not null default ''",
        "alter table auth_request add column max_age int not null default -1",
        "alter table auth_request add column auth_time datetime(3) not null default '1970-01-01 00:00:00'",
        "alter table auth_code add column auth_time datetime(3) not null default '1970-01-01 00:00:00'",
    ],
    // 20
    &[
        "alter table auth_session add column absolute_expiry datetime(3) not null default '1970-01-01 00:00:00'",
        "alter table auth_session add column idle_expiry datetime(3) not null default '1970-01-01 00:00:00'",
        "alter table client add column post_logout_redirect_uris blob",
        "alter table auth_session add column logout_state blob",
    ],
    // 21
    &[
        "alter table auth_request add column webauthn_session_data blob",
        "alter table user_identity add column webauthn_credentials blob",
    ],
    // 22
    &[
        "alter table client add column sso_shared_with blob",
    ],
    // 23
    &[
        "alter table client add column backchannel_logout_uri varchar(384) not null default ''",
        "alter table client add column refresh_token_lifetime varchar(384) not null default ''",
    ],
    // 24
    &[
        "drop table if exists auth_session",
        "create table auth_session (
        id varchar(384) not null primary key, secret varchar(384) not null default '', user_id varchar(384) not null,
        connector_id varchar(384) not null, client_states blob not null,
        created_at datetime(3) not null, last_activity datetime(3) not null,
        ip_address varchar(384) not null default '', user_agent varchar(384) not null default '',
        absolute_expiry datetime(3) not null default '1970-01-01 00:00:00',
        idle_expiry datetime(3) not null default '1970-01-01 00:00:00', logout_state blob
    ) default character set utf8mb4 collate utf8mb4_bin",
        "create index auth_session_user_idx on auth_session (user_id, connector_id)",
        "alter table auth_code add column session_id varchar(384) not null default ''",
    ],
];

/// Makes the table that says how far a database is.
pub(super) const CREATE: &str = "create table if not exists migrations (num int not null, at datetime(3) not null)";

/// Makes the table of what was spent, which Dex does not have and does not look at. Its ids sort by their bytes.
pub(super) const SPENT: &str =
    "create table dex_spent (id varchar(384) not null primary key, expiry datetime(3) not null)
    default character set utf8mb4 collate utf8mb4_bin";

/// How the tables of the ORM are made.
pub(super) const WORDS: Words = Words {
    quote: '`',
    type_of: |of| match of {
        Type::Bool => "boolean",
        Type::Int => "bigint",
        Type::Text => "varchar(384)",
        Type::Bytes | Type::TextInBytes => "blob",
        Type::Json => "json",
        Type::Time => "datetime(3)",
    },
    serial: "bigint not null auto_increment",
    serial_is_key: false,
    default: str::to_owned,
    ending: " default character set utf8mb4 collate utf8mb4_bin",
    short_index: true,
};

/// Answers the columns there are.
pub(super) const COLUMNS: &str =
    "select concat(table_name, '.', column_name) from information_schema.columns where table_schema = database()";
