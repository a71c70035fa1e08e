//! Proof Key for Code Exchange, the client's half (RFC 7636 section 4.1 and 4.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A fresh `code_verifier` of 256 random bits, and its S256 challenge.
pub(super) fn pair() -> (String, String) {
    let verifier = URL_SAFE_NO_PAD.encode(dex_jose::random_bytes::<32>());
    let challenge = challenge(&verifier);
    (verifier, challenge)
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(dex_jose::sha256(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_pair_is_long_enough_and_answers_itself() {
        let (verifier, challenge) = pair();
        assert_eq!(verifier.len(), 43);
        assert!(dex_oidc::pkce_matches(&challenge, dex_oidc::CodeChallengeMethod::S256, &verifier));
    }
}
