//! Grant types.

use std::fmt;
use std::str::FromStr;

macro_rules! grants {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A grant (RFC 6749 §1.3 and its extensions), by the name on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GrantType {
            $($(#[$doc])* $variant,)*
        }

        impl GrantType {
            /// Every grant, sorted by name.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire and in the configuration.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl FromStr for GrantType {
            type Err = UnknownGrantType;

            fn from_str(name: &str) -> Result<Self, UnknownGrantType> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(UnknownGrantType),
                }
            }
        }
    };
}

grants! {
    /// RFC 6749 §4.1
    AuthorizationCode = "authorization_code",
    /// RFC 6749 §4.4
    ClientCredentials = "client_credentials",
    /// RFC 6749 §4.2; never at the token endpoint.
    Implicit = "implicit",
    /// RFC 6749 §4.3
    Password = "password",
    /// RFC 6749 §6
    RefreshToken = "refresh_token",
    /// RFC 8628
    DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    /// RFC 8693
    TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
}

/// No grant of that name is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown grant type")]
pub struct UnknownGrantType;

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_sorted_as_discovery_lists_them_and_read_back() {
        assert!(GrantType::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        for grant in GrantType::ALL {
            assert_eq!(grant.as_str().parse(), Ok(*grant));
        }
        assert_eq!("Password".parse::<GrantType>(), Err(UnknownGrantType));
    }
}
