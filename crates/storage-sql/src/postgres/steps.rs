//! Dex's schema for PostgreSQL, step by step (storage spec, 7.3 to 7.5).

use crate::ent::Words;
use crate::server::Step;
use crate::value::Type;

/// A step's number is its place, from 1; so they may only grow at the end, and only when Dex's do.
pub(super) const STEPS: &[Step] = &[
    // 1
    &["create table client (
        id text not null primary key, secret text not null, redirect_uris bytea not null,
        trusted_peers bytea not null, public boolean not null, name text not null, logo_url text not null
    );
    create table auth_request (
        id text not null primary key, client_id text not null, response_types bytea not null,
        scopes bytea not null, redirect_uri text not null, nonce text not null, state text not null,
        force_approval_prompt boolean not null, logged_in boolean not null,
        claims_user_id text not null, claims_username text not null, claims_email text not null,
        claims_email_verified boolean not null, claims_groups bytea not null,
        connector_id text not null, connector_data bytea, expiry timestamptz not null
    );
    create table auth_code (
        id text not null primary key, client_id text not null, scopes bytea not null,
        nonce text not null, redirect_uri text not null,
        claims_user_id text not null, claims_username text not null, claims_email text not null,
        claims_email_verified boolean not null, claims_groups bytea not null,
        connector_id text not null, connector_data bytea, expiry timestamptz not null
    );
    create table refresh_token (
        id text not null primary key, client_id text not null, scopes bytea not null, nonce text not null,
        claims_user_id text not null, claims_username text not null, claims_email text not null,
        claims_email_verified boolean not null, claims_groups bytea not null,
        connector_id text not null, connector_data bytea
    );
    create table password (
        email text not null primary key, hash bytea not null, username text not null, user_id text not null
    );
    create table keys (
        id text not null primary key, verification_keys bytea not null, signing_key bytea not null,
        signing_key_pub bytea not null, next_rotation timestamptz not null
    );"],
    // 2
    &["alter table refresh_token add column token text not null default '';
    alter table refresh_token add column created_at timestamptz not null default '0001-01-01 00:00:00 UTC';
    alter table refresh_token add column last_used timestamptz not null default '0001-01-01 00:00:00 UTC';"],
    // 3
    &["create table offline_session (
        user_id text not null, conn_id text not null, refresh bytea not null,
        primary key (user_id, conn_id)
    );"],
    // 4
    &["create table connector (
        id text not null primary key, type text not null, name text not null,
        resource_version text not null, config bytea
    );"],
    // 5
    &["alter table auth_code add column claims_preferred_username text not null default '';
    alter table auth_request add column claims_preferred_username text not null default '';
    alter table refresh_token add column claims_preferred_username text not null default '';"],
    // 6
    &["alter table offline_session add column connector_data bytea;"],
    // 7
    &["create table device_request (
        user_code text not null primary key, device_code text not null, client_id text not null,
        client_secret text, scopes bytea not null, expiry timestamptz not null
    );
    create table device_token (
        device_code text not null primary key, status text not null, token bytea,
        expiry timestamptz not null, last_request timestamptz not null, poll_interval integer not null
    );"],
    // 8
    &["alter table auth_request add column code_challenge text not null default '';
    alter table auth_request add column code_challenge_method text not null default '';
    alter table auth_code add column code_challenge text not null default '';
    alter table auth_code add column code_challenge_method text not null default '';"],
    // 9
    &["alter table refresh_token add column obsolete_token text default '';"],
    // 10
    &["alter table device_token add column code_challenge text not null default '';
    alter table device_token add column code_challenge_method text not null default '';"],
    // 11
    &["alter table auth_request add column hmac_key bytea;"],
    // 12
    &["alter table password add column preferred_username text not null default '';
    alter table password add column groups bytea not null default convert_to('[]', 'UTF8');"],
    // 13
    &["alter table password add column name text not null default '';
    alter table password add column email_verified boolean;"],
    // 14
    &["alter table connector add column grant_types bytea;"],
    // 15
    &["alter table client add column allowed_connectors bytea;"],
    // 16
    &["create table user_identity (
        user_id text not null, connector_id text not null,
        claims_user_id text not null, claims_username text not null,
        claims_preferred_username text not null default '', claims_email text not null,
        claims_email_verified boolean not null, claims_groups bytea not null,
        consents bytea not null, created_at timestamptz not null, last_login timestamptz not null,
        blocked_until timestamptz not null,
        primary key (user_id, connector_id)
    );"],
    // 17
    &["create table auth_session (
        user_id text not null, connector_id text not null, nonce text not null default '',
        client_states bytea not null, created_at timestamptz not null, last_activity timestamptz not null,
        ip_address text not null default '', user_agent text not null default '',
        primary key (user_id, connector_id)
    );"],
    // 18
    &["alter table auth_request add column mfa_validated boolean not null default false;
    alter table user_identity add column mfa_secrets bytea;
    alter table client add column mfa_chain bytea;
    alter table auth_request add column prompt text not null default '';
    alter table auth_request add column max_age integer not null default -1;
    alter table auth_request add column auth_time timestamptz not null default '1970-01-01 00:00:00';
    alter table auth_code add column auth_time timestamptz not null default '1970-01-01 00:00:00';"],
    // 19
    &["alter table auth_session add column absolute_expiry timestamptz not null default '1970-01-01 00:00:00';
    alter table auth_session add column idle_expiry timestamptz not null default '1970-01-01 00:00:00';
    alter table client add column post_logout_redirect_uris bytea;
    alter table auth_session add column logout_state bytea;"],
    // 20
    &["alter table auth_request add column webauthn_session_data bytea;
    alter table user_identity add column webauthn_credentials bytea;"],
    // 21
    &["alter table client add column sso_shared_with bytea;"],
    // 22
    &["alter table client add column backchannel_logout_uri text not null default '';
    alter table client add column refresh_token_lifetime text not null default '';"],
    // 23
    &["drop table if exists auth_session;
    create table auth_session (
        id text not null primary key, secret text not null default '', user_id text not null,
        connector_id text not null, client_states bytea not null,
        created_at timestamptz not null, last_activity timestamptz not null,
        ip_address text not null default '', user_agent text not null default '',
        absolute_expiry timestamptz not null default '1970-01-01 00:00:00',
        idle_expiry timestamptz not null default '1970-01-01 00:00:00', logout_state bytea
    );
    create index auth_session_user_idx on auth_session (user_id, connector_id);
    alter table auth_code add column session_id text not null default '';"],
];

/// Makes the table that says how far a database is.
pub(super) const CREATE: &str = "create table if not exists migrations (num integer not null, at timestamptz not null)";

/// Makes the table of what was spent, which Dex does not have and does not look at. Its ids sort by their bytes.
pub(super) const SPENT: &str =
    "create table dex_spent (id text collate \"C\" not null primary key, expiry timestamptz not null)";

/// How the tables of the ORM are made.
pub(super) const WORDS: Words = Words {
    quote: '"',
    type_of: |of| match of {
        Type::Bool => "boolean",
        Type::Int => "bigint",
        Type::Text => "text",
        Type::Bytes | Type::TextInBytes => "bytea",
        Type::Json => "jsonb",
        Type::Time => "timestamptz",
    },
    serial: "bigint generated by default as identity not null",
    serial_is_key: false,
    default: str::to_owned,
    ending: "",
    short_index: false,
};

/// Answers the columns there are.
pub(super) const COLUMNS: &str =
    "select table_name || '.' || column_name from information_schema.columns where table_schema = current_schema()";
