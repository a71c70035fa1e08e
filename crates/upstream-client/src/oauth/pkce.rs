//! Proof Key for Code Exchange (RFC 7636), from the client's side.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_jose::{random_bytes, sha256};
use dex_oidc::CodeChallengeMethod;

use super::AuthorizationUrl;

/// A verifier and how it is announced.
pub struct Pkce {
    /// Kept until the code is exchanged; 43 characters.
    pub verifier: String,
    /// How the challenge is made of it.
    pub method: CodeChallengeMethod,
}

impl Pkce {
    /// A fresh verifier of 32 random bytes.
    pub fn generate(method: CodeChallengeMethod) -> Self {
        Self { verifier: URL_SAFE_NO_PAD.encode(random_bytes::<32>()), method }
    }

    /// The challenge (RFC 7636 §4.2).
    pub fn challenge(&self) -> String {
        match self.method {
            CodeChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(sha256(self.verifier.as_bytes())),
            CodeChallengeMethod::Plain => self.verifier.clone(),
        }
    }

    /// Announces it in an authorization URL.
    #[must_use]
    pub fn announce<'a>(&self, url: AuthorizationUrl<'a>) -> AuthorizationUrl<'a> {
        url.set("code_challenge", &self.challenge()).set("code_challenge_method", self.method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_those_of_the_rfc() {
        // RFC 7636 appendix B
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let of = |method| Pkce { verifier: verifier.into(), method }.challenge();
        assert_eq!(of(CodeChallengeMethod::S256), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(of(CodeChallengeMethod::Plain), verifier);
        let fresh = Pkce::generate(CodeChallengeMethod::S256);
        assert_eq!(fresh.verifier.len(), 43);
        assert_ne!(fresh.verifier, Pkce::generate(CodeChallengeMethod::S256).verifier);
    }
}
