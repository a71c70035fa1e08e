//! What a login needs next.

use dex_model::AuthRequest;

/// What is still to be done for somebody who has logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for consent.
    Consent,
    /// Respond to the client.
    Respond,
}

/// What is known besides the request itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Consent was given just now.
    pub(crate) approved: bool,
    /// The operator vouches for all clients: `oauth2.skipApprovalScreen`.
    pub(crate) skip_approval_screen: bool,
}

/// The next step of a login (oidc-core spec, 15.2). Nothing else decides it.
pub(crate) fn next_step(request: &AuthRequest, facts: Facts) -> Step {
    let spared = facts.skip_approval_screen && !request.force_approval_prompt;
    if facts.approved || spared { Step::Respond } else { Step::Consent }
}

#[cfg(test)]
mod tests {
    use dex_model::{ConnectorData, Login, TokenSecret, ZERO_TIME};

    use super::*;

    #[test]
    fn consent_is_asked_for_unless_it_was_given_or_is_spared() {
        let cases = [
            // approved, skip, forced
            (false, false, false, Step::Consent),
            (false, false, true, Step::Consent),
            (false, true, false, Step::Respond),
            (false, true, true, Step::Consent),
            (true, false, false, Step::Respond),
            (true, false, true, Step::Respond),
            (true, true, false, Step::Respond),
            (true, true, true, Step::Respond),
        ];
        for (approved, skip_approval_screen, force_approval_prompt, expected) in cases {
            let request = AuthRequest {
                id: "x".into(),
                client_id: String::new(),
                response_types: vec![],
                scopes: vec![],
                redirect_uri: String::new(),
                nonce: String::new(),
                state: String::new(),
                force_approval_prompt,
                prompt: String::new(),
                max_age: None,
                expiry: ZERO_TIME,
                login: Login::Awaited,
                connector_id: String::new(),
                connector_data: ConnectorData::default(),
                pkce: None,
                hmac_key: TokenSecret::default(),
                mfa_validated: false,
                webauthn_session_data: None,
            };
            let facts = Facts { approved, skip_approval_screen };
            assert_eq!(next_step(&request, facts), expected, "{facts:?} {force_approval_prompt}");
        }
    }
}
