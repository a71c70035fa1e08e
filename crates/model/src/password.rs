//! A user of the local password database.

use std::fmt;

/// A local user (storage spec, 2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// The e-mail as it was given; users are found by its lower-cased form.
    pub email: String,
    /// The bcrypt hash.
    pub hash: PasswordHash,
    /// A name for the user.
    pub username: String,
    /// The `name` claim, if another than `username`.
    pub name: String,
    /// The `preferred_username` claim.
    pub preferred_username: String,
    /// Whether the e-mail is verified; `None` means it is.
    pub email_verified: Option<bool>,
    /// The user id, part of `sub`.
    pub user_id: String,
    /// The `groups` claim.
    pub groups: Vec<String>,
}

/// A bcrypt hash as text. It does not print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PasswordHash(Vec<u8>);

/// Why a hash cannot be used, in Dex's words (storage spec, 2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadHash {
    /// It is no bcrypt hash of a version that is known.
    #[error("not a bcrypt hash")]
    Malformed,
    /// It is too quick to guess.
    #[error("given hash cost = {0} does not meet minimum cost requirement = {min}", min = PasswordHash::COST_MIN)]
    CostTooLow(u32),
    /// It takes so long that a few logins stop the server.
    #[error("given hash cost = {0} is above upper bound cost = {max}, recommended cost = 12", max = PasswordHash::COST_MAX)]
    CostTooHigh(u32),
}

impl PasswordHash {
    /// The least bcrypt cost accepted.
    pub const COST_MIN: u32 = 10;
    /// The greatest bcrypt cost accepted.
    pub const COST_MAX: u32 = 16;

    /// Wraps the stored bytes as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The stored bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The hash as text, once its version and cost are in order.
    ///
    /// # Errors
    ///
    /// [`BadHash`]; the login is then an error of ours, not a wrong password.
    pub fn checked(&self) -> Result<&str, BadHash> {
        let text = std::str::from_utf8(&self.0).map_err(|_| BadHash::Malformed)?;
        let mut parts = text.split('$').skip(1);
        let (Some("2a" | "2b" | "2y"), Some(cost), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadHash::Malformed);
        };
        let cost: u32 = cost.parse().map_err(|_| BadHash::Malformed)?;
        match cost {
            _ if rest.len() != 53 || !text.is_ascii() => Err(BadHash::Malformed),
            ..Self::COST_MIN => Err(BadHash::CostTooLow(cost)),
            Self::COST_MIN..=Self::COST_MAX => Ok(text),
            _ => Err(BadHash::CostTooHigh(cost)),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bcrypt_of_a_sane_cost_is_used() {
        let salted = "33EMT0cVYVlPy6WAMCLsceLYjWhuHpbz5yuZxu/GAFj03J9Lytjuy";
        let hash = |prefix: &str| PasswordHash::new(format!("{prefix}{salted}"));
        let cases = [
            ("$2a$10$", Ok(())),
            ("$2b$16$", Ok(())),
            ("$2y$12$", Ok(())),
            ("$2a$09$", Err(BadHash::CostTooLow(9))),
            ("$2a$17$", Err(BadHash::CostTooHigh(17))),
            ("$2x$10$", Err(BadHash::Malformed)),
            ("$1$10$", Err(BadHash::Malformed)),
            ("", Err(BadHash::Malformed)),
        ];
        for (prefix, expected) in cases {
            assert_eq!(hash(prefix).checked().map(|_| ()), expected, "{prefix}");
        }
        assert_eq!(PasswordHash::new("$2a$10$short").checked(), Err(BadHash::Malformed));
        assert_eq!(
            BadHash::CostTooLow(4).to_string(),
            "given hash cost = 4 does not meet minimum cost requirement = 10"
        );
    }
}
