//! Proof Key for Code Exchange (RFC 7636).

use std::str::FromStr;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `code_challenge_method` (RFC 7636 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeChallengeMethod {
    /// The challenge is the hash of the verifier.
    S256,
    /// The challenge is the verifier.
    Plain,
}

/// No such challenge method is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown code challenge method")]
pub struct UnknownMethod;

impl CodeChallengeMethod {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }
}

impl FromStr for CodeChallengeMethod {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        match name {
            "S256" => Ok(Self::S256),
            "plain" => Ok(Self::Plain),
            _ => Err(UnknownMethod),
        }
    }
}

/// Whether `verifier` answers the challenge (RFC 7636 §4.6); takes as long whatever differs.
pub fn pkce_matches(challenge: &str, method: CodeChallengeMethod, verifier: &str) -> bool {
    let answer = match method {
        CodeChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())),
        CodeChallengeMethod::Plain => verifier.to_owned(),
    };
    verify_slices_are_equal(answer.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifiers_answer_their_challenges_only() {
        use CodeChallengeMethod::{Plain, S256};
        let cases = [
            // RFC 7636 appendix B
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", S256, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", true),
            ("lyyl-X4a69qrqgEfUL8wodWic3Be9ZZ5eovBgIKKi-w", S256, "challenge123", true),
            ("challenge123", Plain, "challenge123", true),
            ("lyyl-X4a69qrqgEfUL8wodWic3Be9ZZ5eovBgIKKi-w", S256, "challenge124", false),
            ("lyyl-X4a69qrqgEfUL8wodWic3Be9ZZ5eovBgIKKi-w", S256, "lyyl-X4a69qrqgEfUL8wodWic3Be9ZZ5eovBgIKKi-w", false),
            ("", S256, "", false),
        ];
        for (challenge, method, verifier, expected) in cases {
            assert_eq!(pkce_matches(challenge, method, verifier), expected, "{challenge} {verifier}");
        }
    }
}
