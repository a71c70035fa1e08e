//! Values that do not print, linger or compare early.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::ZeroizeOnDrop;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            /// Wraps `value` as it is.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The value, where it must go on the wire or into a row.
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Whether no secret is set.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Whether `presented` is this secret; takes as long whatever it holds.
            pub fn matches(&self, presented: &str) -> bool {
                self.0.as_bytes().ct_eq(presented.as_bytes()).into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret! {
    /// A `client_secret` (RFC 6749 §2.3.1). Stored in clear, as Dex does.
    ClientSecret
}

secret! {
    /// The secret half of a refresh token, or of any other thing whose possession is the proof.
    TokenSecret
}

/// What a connector keeps for a later refresh, opaque to everyone else. It can hold an upstream's
/// tokens, so it never prints.
#[derive(Clone, Default, PartialEq, Eq, ZeroizeOnDrop)]
pub struct ConnectorData(Vec<u8>);

impl ConnectorData {
    /// Wraps `bytes` as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the connector or a row.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether the connector keeps nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for ConnectorData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectorData({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_only_and_never_prints() {
        let secret = ClientSecret::new("s3cr3t");
        assert!(secret.matches("s3cr3t"));
        for other in ["", "s3cr3", "s3cr3tt", "S3cr3t"] {
            assert!(!secret.matches(other), "{other}");
        }
        assert_eq!(format!("{secret:?}"), "ClientSecret(..)");
        assert_eq!(format!("{:?}", ConnectorData::new("abc")), "ConnectorData(3 bytes)");
    }
}
