//! Dex's tables (storage spec, 7.5): names, keys, and columns in their physical order.

use dex_model::Kind;

use crate::ent;
use crate::options::Layout;
use crate::value::Type::{self, Bool, Bytes, Int, Text, TextInBytes, Time};

/// A table of one kind of record.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The primary key: one column, or the user's and the connector's. They come first.
    pub(crate) key: &'static [&'static str],
    pub(crate) columns: &'static [(&'static str, Type)],
    /// Columns of which each ends the record; none for kinds that never end.
    pub(crate) expiry: &'static [&'static str],
    /// Whether the primary key is none of these but an `id` made of the user's and the connector's.
    pub(crate) paired: bool,
}

impl Table {
    /// The table of a kind.
    pub(crate) fn of(layout: Layout, kind: Kind) -> &'static Self {
        match layout {
            Layout::Dex => Self::dex(kind),
            Layout::Ent => ent::table(kind).unwrap_or_else(|| Self::dex(kind)),
        }
    }

    fn dex(kind: Kind) -> &'static Self {
        match kind {
            Kind::AuthRequest => &AUTH_REQUEST,
            Kind::AuthCode => &AUTH_CODE,
            Kind::Client => &CLIENT,
            Kind::RefreshToken => &REFRESH_TOKEN,
            Kind::Password => &PASSWORD,
            Kind::OfflineSessions => &OFFLINE_SESSION,
            Kind::UserIdentity => &USER_IDENTITY,
            Kind::AuthSession => &AUTH_SESSION,
            Kind::Connector => &CONNECTOR,
            Kind::Keys => &KEYS,
            Kind::DeviceRequest => &DEVICE_REQUEST,
            Kind::DeviceToken => &DEVICE_TOKEN,
            Kind::Spent => &SPENT,
        }
    }

    /// Where a column stands.
    pub(crate) fn place(&self, column: &str) -> usize {
        let place = self.columns.iter().position(|(name, _)| *name == column);
        place.expect("a codec names the columns of its own table")
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.names().any(|name| name == column)
    }

    /// The columns that a change may write: all but those by which the row is found.
    pub(crate) fn changing(&self) -> impl Iterator<Item = (&'static str, Type)> {
        self.columns.iter().copied().filter(|(name, _)| self.may_change(name))
    }

    /// Their values.
    pub(crate) fn changing_of<T>(&self, row: Vec<T>) -> Vec<T> {
        let columns = self.names().zip(row).filter(|(name, _)| self.may_change(name));
        columns.map(|(_, value)| value).collect()
    }

    fn may_change(&self, column: &str) -> bool {
        !(self.key.contains(&column) || self.paired && column == "id")
    }

    /// The statements that make the indexes by which what is over is found, each with its name.
    pub(crate) fn indexes(layout: Layout) -> impl Iterator<Item = (String, String)> {
        let tables = Kind::ALL.iter().map(move |kind| Self::of(layout, *kind));
        tables.flat_map(|table| {
            table.expiry.iter().map(|column| {
                // The table of ours has our name already.
                let name = format!("dex_{}_{column}", table.name.trim_start_matches("dex_"));
                let statement = format!("create index {name} on {} ({column})", table.name);
                (name, statement)
            })
        })
    }

    /// The columns' names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, _)| *name)
    }
}

static CLIENT: Table = Table {
    name: "client",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("secret", Text),
        ("redirect_uris", Bytes),
        ("trusted_peers", Bytes),
        ("public", Bool),
        ("name", Text),
        ("logo_url", Text),
        ("allowed_connectors", Bytes),
        ("mfa_chain", Bytes),
        ("post_logout_redirect_uris", Bytes),
        ("sso_shared_with", Bytes),
        ("backchannel_logout_uri", Text),
        ("refresh_token_lifetime", Text),
    ],
    expiry: &[],
    paired: false,
};

static AUTH_REQUEST: Table = Table {
    name: "auth_request",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("client_id", Text),
        ("response_types", Bytes),
        ("scopes", Bytes),
        ("redirect_uri", Text),
        ("nonce", Text),
        ("state", Text),
        ("force_approval_prompt", Bool),
        ("logged_in", Bool),
        ("claims_user_id", Text),
        ("claims_username", Text),
        ("claims_email", Text),
        ("claims_email_verified", Bool),
        ("claims_groups", Bytes),
        ("connector_id", Text),
        ("connector_data", Bytes),
        ("expiry", Time),
        ("claims_preferred_username", Text),
        ("code_challenge", Text),
        ("code_challenge_method", Text),
        ("hmac_key", Bytes),
        ("mfa_validated", Bool),
        ("prompt", Text),
        ("max_age", Int),
        ("auth_time", Time),
        ("webauthn_session_data", Bytes),
    ],
    expiry: &["expiry"],
    paired: false,
};

static AUTH_CODE: Table = Table {
    name: "auth_code",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("client_id", Text),
        ("scopes", Bytes),
        ("nonce", Text),
        ("redirect_uri", Text),
        ("claims_user_id", Text),
        ("claims_username", Text),
        ("claims_email", Text),
        ("claims_email_verified", Bool),
        ("claims_groups", Bytes),
        ("connector_id", Text),
        ("connector_data", Bytes),
        ("expiry", Time),
        ("claims_preferred_username", Text),
        ("code_challenge", Text),
        ("code_challenge_method", Text),
        ("auth_time", Time),
        ("session_id", Text),
    ],
    expiry: &["expiry"],
    paired: false,
};

static REFRESH_TOKEN: Table = Table {
    name: "refresh_token",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("client_id", Text),
        ("scopes", Bytes),
        ("nonce", Text),
        ("claims_user_id", Text),
        ("claims_username", Text),
        ("claims_email", Text),
        ("claims_email_verified", Bool),
        ("claims_groups", Bytes),
        ("connector_id", Text),
        ("connector_data", Bytes),
        ("token", Text),
        ("created_at", Time),
        ("last_used", Time),
        ("claims_preferred_username", Text),
        ("obsolete_token", Text),
    ],
    expiry: &[],
    paired: false,
};

static PASSWORD: Table = Table {
    name: "password",
    key: &["email"],
    columns: &[
        ("email", Text),
        ("hash", Bytes),
        ("username", Text),
        ("user_id", Text),
        ("preferred_username", Text),
        ("groups", Bytes),
        ("name", Text),
        ("email_verified", Bool),
    ],
    expiry: &[],
    paired: false,
};

static KEYS: Table = Table {
    name: "keys",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("verification_keys", Bytes),
        ("signing_key", Bytes),
        ("signing_key_pub", Bytes),
        ("next_rotation", Time),
    ],
    expiry: &[],
    paired: false,
};

static OFFLINE_SESSION: Table = Table {
    name: "offline_session",
    key: &["user_id", "conn_id"],
    columns: &[("user_id", Text), ("conn_id", Text), ("refresh", Bytes), ("connector_data", Bytes)],
    expiry: &[],
    paired: false,
};

static CONNECTOR: Table = Table {
    name: "connector",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("type", Text),
        ("name", Text),
        ("resource_version", Text),
        ("config", Bytes),
        ("grant_types", Bytes),
    ],
    expiry: &[],
    paired: false,
};

static DEVICE_REQUEST: Table = Table {
    name: "device_request",
    key: &["user_code"],
    columns: &[
        ("user_code", Text),
        ("device_code", Text),
        ("client_id", Text),
        ("client_secret", Text),
        ("scopes", Bytes),
        ("expiry", Time),
    ],
    expiry: &["expiry"],
    paired: false,
};

static DEVICE_TOKEN: Table = Table {
    name: "device_token",
    key: &["device_code"],
    columns: &[
        ("device_code", Text),
        ("status", Text),
        ("token", TextInBytes),
        ("expiry", Time),
        ("last_request", Time),
        ("poll_interval", Int),
        ("code_challenge", Text),
        ("code_challenge_method", Text),
    ],
    expiry: &["expiry"],
    paired: false,
};

static USER_IDENTITY: Table = Table {
    name: "user_identity",
    key: &["user_id", "connector_id"],
    columns: &[
        ("user_id", Text),
        ("connector_id", Text),
        ("claims_user_id", Text),
        ("claims_username", Text),
        ("claims_preferred_username", Text),
        ("claims_email", Text),
        ("claims_email_verified", Bool),
        ("claims_groups", Bytes),
        ("consents", Bytes),
        ("created_at", Time),
        ("last_login", Time),
        ("blocked_until", Time),
        ("mfa_secrets", Bytes),
        ("webauthn_credentials", Bytes),
    ],
    expiry: &[],
    paired: false,
};

static AUTH_SESSION: Table = Table {
    name: "auth_session",
    key: &["id"],
    columns: &[
        ("id", Text),
        ("secret", Text),
        ("user_id", Text),
        ("connector_id", Text),
        ("client_states", Bytes),
        ("created_at", Time),
        ("last_activity", Time),
        ("ip_address", Text),
        ("user_agent", Text),
        ("absolute_expiry", Time),
        ("idle_expiry", Time),
        ("logout_state", Bytes),
    ],
    expiry: &["absolute_expiry", "idle_expiry"],
    paired: false,
};

/// Ours; Dex has none.
static SPENT: Table = Table {
    name: "dex_spent",
    key: &["id"],
    columns: &[("id", Text), ("expiry", Time)],
    expiry: &["expiry"],
    paired: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_first_and_what_ends_a_record_is_a_time() {
        for kind in Kind::ALL {
            let table = Table::of(Layout::Dex, *kind);
            let first: Vec<_> = table.names().take(table.key.len()).collect();
            assert_eq!(first, table.key, "{}", table.name);
            for column in table.expiry {
                assert_eq!(table.columns[table.place(column)].1, Time, "{}", table.name);
            }
        }
    }
}
