//! What is in the tables: names, types, what may be NULL, defaults (storage spec, 8.2 to 8.4).

use dex_model::Kind;

use crate::value::Type::{self, Bool, Bytes, Int, Json, Text, TextInBytes, Time};

/// A column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) of: Type,
    pub(super) null: bool,
    /// As SQL; empty for none.
    pub(super) default: &'static str,
}

/// A column that is never NULL.
const fn column(name: &'static str, of: Type) -> Column {
    Column { name, of, null: false, default: "" }
}

impl Column {
    const fn or_null(self) -> Self {
        Self { null: true, ..self }
    }

    const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }
}

/// A table.
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// Whether its primary key counts its rows, and is nothing else. It is the column `id` before the others.
    pub(super) serial: bool,
    /// By which columns a row is found.
    pub(super) key: &'static [&'static str],
    /// Columns of which each ends the record.
    pub(super) expiry: &'static [&'static str],
    /// In their physical order.
    pub(super) columns: &'static [Column],
}

/// Every table.
pub(super) static SHAPES: &[Shape] = &[
    Shape {
        kind: Kind::AuthCode,
        name: "auth_codes",
        serial: false,
        key: &["id"],
        expiry: &["expiry"],
        columns: &[
            column("id", Text),
            column("client_id", Text),
            column("scopes", Json).or_null(),
            column("nonce", Text),
            column("redirect_uri", Text),
            column("claims_user_id", Text),
            column("claims_username", Text),
            column("claims_email", Text),
            column("claims_email_verified", Bool),
            column("claims_groups", Json).or_null(),
            column("claims_preferred_username", Text).or("''"),
            column("connector_id", Text),
            column("connector_data", Bytes).or_null(),
            column("expiry", Time),
            column("code_challenge", Text).or("''"),
            column("code_challenge_method", Text).or("''"),
            column("auth_time", Time).or_null(),
            column("session_id", Text).or_null().or("''"),
        ],
    },
    Shape {
        kind: Kind::AuthRequest,
        name: "auth_requests",
        serial: false,
        key: &["id"],
        expiry: &["expiry"],
        columns: &[
            column("id", Text),
            column("client_id", Text),
            column("scopes", Json).or_null(),
            column("response_types", Json).or_null(),
            column("redirect_uri", Text),
            column("nonce", Text),
            column("state", Text),
            column("force_approval_prompt", Bool),
            column("logged_in", Bool),
            column("claims_user_id", Text),
            column("claims_username", Text),
            column("claims_email", Text),
            column("claims_email_verified", Bool),
            column("claims_groups", Json).or_null(),
            column("claims_preferred_username", Text).or("''"),
            column("connector_id", Text),
            column("connector_data", Bytes).or_null(),
            column("expiry", Time),
            column("code_challenge", Text).or("''"),
            column("code_challenge_method", Text).or("''"),
            column("hmac_key", Bytes),
            column("mfa_validated", Bool).or("false"),
            column("webauthn_session_data", Bytes).or_null(),
            column("prompt", Text).or("''"),
            column("max_age", Int).or("-1"),
            column("auth_time", Time).or_null(),
        ],
    },
    Shape {
        kind: Kind::AuthSession,
        name: "auth_sessions",
        serial: false,
        key: &["id"],
        expiry: &["absolute_expiry", "idle_expiry"],
        columns: &[
            column("id", Text),
            column("user_id", Text),
            column("connector_id", Text),
            column("secret", Text),
            column("client_states", Bytes),
            column("created_at", Time),
            column("last_activity", Time),
            column("ip_address", Text).or("''"),
            column("user_agent", Text).or("''"),
            column("absolute_expiry", Time),
            column("idle_expiry", Time),
            column("logout_state", Bytes).or_null(),
        ],
    },
    Shape {
        kind: Kind::Connector,
        name: "connectors",
        serial: false,
        key: &["id"],
        expiry: &[],
        columns: &[
            column("id", Text),
            column("type", Text),
            column("name", Text),
            column("resource_version", Text),
            column("config", Bytes),
            column("grant_types", Json).or_null(),
        ],
    },
    Shape {
        kind: Kind::DeviceRequest,
        name: "device_requests",
        serial: true,
        key: &["user_code"],
        expiry: &["expiry"],
        columns: &[
            column("user_code", Text),
            column("device_code", Text),
            column("client_id", Text),
            column("client_secret", Text),
            column("scopes", Json).or_null(),
            column("expiry", Time),
        ],
    },
    Shape {
        kind: Kind::DeviceToken,
        name: "device_tokens",
        serial: true,
        key: &["device_code"],
        expiry: &["expiry"],
        columns: &[
            column("device_code", Text),
            column("status", Text),
            column("token", TextInBytes).or_null(),
            column("expiry", Time),
            column("last_request", Time),
            column("poll_interval", Int),
            column("code_challenge", Text).or("''"),
            column("code_challenge_method", Text).or("''"),
        ],
    },
    Shape {
        kind: Kind::Keys,
        name: "keys",
        serial: false,
        key: &["id"],
        expiry: &[],
        columns: &[
            column("id", Text),
            column("verification_keys", Json),
            column("signing_key", Json),
            column("signing_key_pub", Json),
            column("next_rotation", Time),
        ],
    },
    Shape {
        kind: Kind::Client,
        name: "oauth2clients",
        serial: false,
        key: &["id"],
        expiry: &[],
        columns: &[
            column("id", Text),
            column("secret", Text),
            column("redirect_uris", Json).or_null(),
            column("trusted_peers", Json).or_null(),
            column("public", Bool),
            column("name", Text),
            column("logo_url", Text),
            column("allowed_connectors", Json).or_null(),
            column("mfa_chain", Json).or_null(),
            column("post_logout_redirect_uris", Json).or_null(),
            column("sso_shared_with", Json).or_null(),
            column("backchannel_logout_uri", Text).or_null().or("''"),
            column("refresh_token_lifetime", Text).or_null().or("''"),
            column("client_credentials_claims", Json).or_null(),
        ],
    },
    Shape {
        kind: Kind::OfflineSessions,
        name: "offline_sessions",
        serial: false,
        key: &["user_id", "conn_id"],
        expiry: &[],
        columns: &[
            column("id", Text),
            column("user_id", Text),
            column("conn_id", Text),
            column("refresh", Bytes),
            column("connector_data", Bytes).or_null(),
        ],
    },
    Shape {
        kind: Kind::Password,
        name: "passwords",
        serial: true,
        key: &["email"],
        expiry: &[],
        columns: &[
            column("email", Text),
            column("hash", Bytes),
            column("username", Text),
            column("name", Text).or("''"),
            column("preferred_username", Text).or("''"),
            column("email_verified", Bool).or_null(),
            column("user_id", Text),
            column("groups", Json).or_null(),
        ],
    },
    Shape {
        kind: Kind::RefreshToken,
        name: "refresh_tokens",
        serial: false,
        key: &["id"],
        expiry: &[],
        columns: &[
            column("id", Text),
            column("client_id", Text),
            column("scopes", Json).or_null(),
            column("nonce", Text),
            column("claims_user_id", Text),
            column("claims_username", Text),
            column("claims_email", Text),
            column("claims_email_verified", Bool),
            column("claims_groups", Json).or_null(),
            column("claims_preferred_username", Text).or("''"),
            column("connector_id", Text),
            column("connector_data", Bytes).or_null(),
            column("token", Text).or("''"),
            column("obsolete_token", Text).or("''"),
            column("created_at", Time),
            column("last_used", Time),
        ],
    },
    Shape {
        kind: Kind::UserIdentity,
        name: "user_identities",
        serial: false,
        key: &["user_id", "connector_id"],
        expiry: &[],
        columns: &[
            column("id", Text),
            column("user_id", Text),
            column("connector_id", Text),
            column("claims_user_id", Text).or("''"),
            column("claims_username", Text).or("''"),
            column("claims_preferred_username", Text).or("''"),
            column("claims_email", Text).or("''"),
            column("claims_email_verified", Bool).or("false"),
            column("claims_groups", Json).or_null(),
            column("consents", Bytes),
            column("mfa_secrets", Bytes).or_null(),
            column("webauthn_credentials", Bytes).or_null(),
            column("created_at", Time),
            column("last_login", Time),
            column("blocked_until", Time),
        ],
    },
];
