//! Texts that are not printed.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::ZeroizeOnDrop;

/// A secret from a configuration or an upstream: printing shows nothing of it, and its memory is cleared when it goes.
#[derive(Clone, Default, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value` as it is.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, where it must go on the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!((format!("{secret:?}").as_str(), secret.expose()), ("Secret(..)", "hunter2"));
    }
}
