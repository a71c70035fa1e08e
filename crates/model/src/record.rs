//! The closed set of records, and how each is found.

use crate::{
    AuthCode, AuthRequest, AuthSession, Client, Connector, DeviceRequest, DeviceToken, Keys, OfflineSessions, Password,
    RefreshToken, Spent, UserIdentity,
};

/// Where a record is kept: its kind and the one or two parts of its primary key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The kind of record.
    pub kind: Kind,
    /// The id; of a pair, the user's.
    pub id: String,
    /// The connector's id, for kinds kept by user and connector; otherwise empty.
    pub connector_id: String,
}

impl Key {
    /// The key of a record kept by one id.
    pub fn one(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), connector_id: String::new() }
    }

    /// The key of a record kept by user and connector.
    pub fn pair(kind: Kind, user_id: impl Into<String>, connector_id: impl Into<String>) -> Self {
        Self { kind, id: user_id.into(), connector_id: connector_id.into() }
    }
}

/// A kind of record, and how the store finds one.
pub trait Record: Clone + Send + Sync + 'static {
    /// Which kind this is.
    const KIND: Kind;
    /// What a caller names one by: `&str`, or `(&str, &str)` for user and connector.
    type Id<'a>: Copy + Send;

    /// The key for an id.
    fn key_of(id: Self::Id<'_>) -> Key;
    /// This record's own key.
    fn key(&self) -> Key;
    /// The record among all kinds.
    fn into_any(self) -> AnyRecord;
    /// The record of this kind, if `any` is one.
    fn from_any(any: AnyRecord) -> Option<Self>;
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident $by:tt)*) => {
        /// The kinds of record. A new one is a word in `records!`; the compiler then lists each
        /// back end that lacks its codec.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name, for messages and metrics.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }

        /// A record of any kind, boxed since the kinds differ in size and many small ones are kept.
        #[derive(Debug, Clone, PartialEq)]
        pub enum AnyRecord {
            $($(#[$doc])* $name(Box<$name>),)*
        }

        impl AnyRecord {
            /// The record's own key.
            pub fn key(&self) -> Key {
                match self {
                    $(Self::$name(record) => record.key(),)*
                }
            }
        }

        $(impl Record for $name {
            const KIND: Kind = Kind::$name;
            records!(@key $by);

            fn into_any(self) -> AnyRecord {
                AnyRecord::$name(Box::new(self))
            }

            fn from_any(any: AnyRecord) -> Option<Self> {
                match any {
                    AnyRecord::$name(record) => Some(*record),
                    _ => None,
                }
            }
        })*
    };
    (@key (email)) => {
        type Id<'a> = &'a str;

        fn key_of(id: &str) -> Key {
            Key::one(Self::KIND, id.to_lowercase())
        }

        fn key(&self) -> Key {
            Self::key_of(&self.email)
        }
    };
    (@key ($field:ident)) => {
        type Id<'a> = &'a str;

        fn key_of(id: &str) -> Key {
            Key::one(Self::KIND, id)
        }

        fn key(&self) -> Key {
            Self::key_of(&self.$field)
        }
    };
    (@key ($user:ident, $connector:ident)) => {
        type Id<'a> = (&'a str, &'a str);

        fn key_of((user, connector): (&str, &str)) -> Key {
            Key::pair(Self::KIND, user, connector)
        }

        fn key(&self) -> Key {
            Self::key_of((&self.$user, &self.$connector))
        }
    };
}

records! {
    /// A login between the upstream's answer and the response to the client.
    AuthRequest(id)
    /// An authorization code kept in a row.
    AuthCode(id)
    /// A registered client.
    Client(id)
    /// A refresh token.
    RefreshToken(id)
    /// A user of the local password database, by e-mail in lower case.
    Password(email)
    /// Which refresh tokens a user has, and the connector's data for them.
    OfflineSessions(user_id, connector_id)
    /// A user as last seen at a login, with consents and second factors.
    UserIdentity(user_id, connector_id)
    /// A browser's session.
    AuthSession(id)
    /// An upstream configured at run time.
    Connector(id)
    /// Signing keys, or the keys that seal what a browser carries.
    Keys(name)
    /// A device waiting for its user.
    DeviceRequest(user_code)
    /// What a polling device gets.
    DeviceToken(device_code)
    /// Something that was used up or revoked and is not to be accepted again. Ours; Dex has none.
    Spent(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_whatever_the_case_of_its_email() {
        assert_eq!(Password::key_of("Jane@Example.COM"), Password::key_of("jane@example.com"));
        assert_ne!(Client::key_of("Web"), Client::key_of("web"));
    }
}
