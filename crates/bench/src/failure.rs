//! Why an operation failed. Equal failures read equal, so that they can be counted by kind.

use crate::http::NotHere;

/// How much of an error code of the provider is repeated, in characters.
const CODE_MAX: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    NotHere(#[from] NotHere),
    #[error("cannot connect")]
    Connect,
    #[error("connection lost")]
    Connection,
    #[error("no answer in time")]
    Timeout,
    #[error("answer too long")]
    TooLong,
    /// Another status than the step needs.
    #[error("{step}: status {status}")]
    Status { step: &'static str, status: u16 },
    /// An OAuth error (RFC 6749 §4.1.2.1, §5.2), with its code cut and cleaned.
    #[error("{step}: {code}")]
    OAuth { step: &'static str, code: String },
    /// An answer of the right status that is not what the step needs.
    #[error("{step}: {what}")]
    Wrong { step: &'static str, what: &'static str },
}

impl Failure {
    pub(crate) const fn wrong(step: &'static str, what: &'static str) -> Self {
        Self::Wrong { step, what }
    }

    pub(crate) fn oauth(step: &'static str, code: &str) -> Self {
        let code = code.chars().take(CODE_MAX).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
        Self::OAuth { step, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_provider_is_cut_and_cleaned() {
        let cases = [
            ("invalid_grant".to_owned(), "token: invalid_grant".to_owned()),
            ("a\u{1b}[2Jb".to_owned(), "token: a?[2Jb".to_owned()),
            ("x".repeat(41), format!("token: {}", "x".repeat(40))),
        ];
        for (code, told) in cases {
            assert_eq!(Failure::oauth("token", &code).to_string(), told);
        }
    }
}
