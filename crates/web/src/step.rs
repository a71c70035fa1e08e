//! Signatures that carry a login from one step to the next (oidc-core spec, 5.3).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_model::AuthRequest;
use dex_oidc::{Form, encode_strings};

/// What a signature lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Go on at the dispatcher.
    Continue,
    /// Be asked for the first second factor.
    SecondFactor,
    /// Be asked for the second factor of this id.
    Authenticator(&'a str),
    /// Be asked for consent.
    Approval,
    /// Go on with consent given.
    Approved,
}

impl Step<'_> {
    fn label(self) -> Cow<'static, str> {
        match self {
            Self::Continue => "step:continue".into(),
            Self::SecondFactor => "step:mfa".into(),
            Self::Authenticator(id) => format!("authenticator:{id}").into(),
            Self::Approval => "step:approval".into(),
            Self::Approved => "step:approved".into(),
        }
    }

    fn message(self, request: &AuthRequest) -> Vec<u8> {
        encode_strings([request.id.as_str(), &self.label()])
    }

    /// The parameters `req` and `hmac` of the step's address.
    pub fn parameters(self, request: &AuthRequest) -> Form {
        let hmac = dex_jose::hmac_sha256(request.hmac_key.expose().as_bytes(), &self.message(request));
        let encoded = URL_SAFE_NO_PAD.encode(hmac);
        let text = dex_oidc::encode_form([("hmac", encoded.as_str()), ("req", request.id.as_str())]);
        Form::parse(text.as_bytes()).expect("what was encoded is a form")
    }

    /// Whether `hmac` was made for this step of this request.
    ///
    /// Dex up to v2.45.1 signs one step only, the way to consent, and signs the bare id for it. Its oldest rows
    /// have no key; anybody could sign for those.
    pub fn verify(self, request: &AuthRequest, hmac: &str) -> bool {
        let key = request.hmac_key.expose().as_bytes();
        let signed = |message: &[u8], tag: &[u8]| dex_jose::hmac_sha256_verify(key, message, tag);
        !key.is_empty()
            && URL_SAFE_NO_PAD.decode(hmac).is_ok_and(|tag| {
                signed(&self.message(request), &tag) || (self == Self::Approval && signed(request.id.as_bytes(), &tag))
            })
    }
}

#[cfg(test)]
mod tests {
    use dex_model::{ConnectorData, Login, TokenSecret, ZERO_TIME};

    use super::*;

    #[test]
    fn the_worked_examples_of_section_5_3() {
        let request = AuthRequest {
            id: "flow-hmac-test".into(),
            hmac_key: TokenSecret::new("flow-hmac-test-key"),
            client_id: String::new(),
            response_types: vec![],
            scopes: vec![],
            redirect_uri: String::new(),
            nonce: String::new(),
            state: String::new(),
            force_approval_prompt: false,
            prompt: String::new(),
            max_age: None,
            expiry: ZERO_TIME,
            login: Login::Awaited,
            connector_id: String::new(),
            connector_data: ConnectorData::default(),
            pkce: None,
            mfa_validated: false,
            webauthn_session_data: None,
        };
        let cases = [
            (Step::Continue, "8D-JO9SZLD4dvt7dgC9nJRiuKdNF83mWhB_BruVifwU"),
            (Step::Approved, "e39L2-aAlb1Yg9vyeu4ZPIQtcHirhgm88NUvNNe84jg"),
            (Step::Approval, "rygsr5lk4Yoa3Lvw1fPs3_Ed14XwQNUhEuVFD4FD0ew"),
        ];
        for (step, hmac) in cases {
            assert_eq!(step.parameters(&request).get("hmac"), hmac);
            for (other, _) in cases {
                assert_eq!(other.verify(&request, hmac), other == step);
            }
        }
        // HMAC-SHA-256 of `flow-hmac-test`, as v2.45.1 puts it into the address of the consent page.
        let old = "1bW1ZMaaWAbMu_nLufxC69Y9f_unAs2e5xbsFcNnC2Y";
        assert_eq!(cases.map(|(step, _)| step.verify(&request, old)), [false, false, true]);
        assert!(!Step::Continue.verify(&request, "") && !Step::Continue.verify(&request, "!"));
        let key = TokenSecret::new("0123456789abcdef0123456789abcdef");
        let request = AuthRequest { id: "req-1".into(), hmac_key: key, ..request };
        let factors = [
            (Step::SecondFactor, "-StopGEWjNqpJBijo5nQBIXx0VwOLPLFfpmPKyYMmHo"),
            (Step::Authenticator("totp-1"), "KSNgBVty5Wy4di50i9Z03uxel4vufGpilaem2yQgDks"),
        ];
        for (step, hmac) in factors {
            assert_eq!(step.parameters(&request).get("hmac"), hmac);
        }
        assert!(!Step::Authenticator("totp-2").verify(&request, factors[1].1));
        let keyless = AuthRequest { hmac_key: TokenSecret::default(), ..request };
        let forged = Step::Continue.parameters(&keyless);
        assert!(!Step::Continue.verify(&keyless, forged.get("hmac")));
    }
}
