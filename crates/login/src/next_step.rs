//! What a login needs next.

use dex_model::AuthRequest;
use dex_oidc::AuthorizeErrorCode;

/// What is still to be done for somebody who has logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for second factors.
    SecondFactor,
    /// Ask for consent.
    Consent,
    /// Respond to the client.
    Respond,
    /// Tell the client that something would have to be asked, which it forbade.
    Refuse(AuthorizeErrorCode),
}

/// What is known besides the request itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// Second factors are asked for and were not shown.
    pub(crate) second_factor_due: bool,
    /// Consent was given just now.
    pub(crate) approved: bool,
    /// Consent was given to the same before, and is remembered.
    pub(crate) remembered: bool,
    /// The operator vouches for all clients: `oauth2.skipApprovalScreen`.
    pub(crate) skip_approval_screen: bool,
}

/// The next step of a login (oidc-core spec, 15.2). Nothing else decides it.
pub(crate) fn next_step(request: &AuthRequest, facts: Facts) -> Step {
    let spared = (facts.skip_approval_screen || facts.remembered) && !request.force_approval_prompt;
    // OpenID Connect Core §3.1.2.6
    if facts.second_factor_due {
        match request.prompts("none") {
            true => Step::Refuse(AuthorizeErrorCode::InteractionRequired),
            false => Step::SecondFactor,
        }
    } else if facts.approved || spared {
        Step::Respond
    } else if request.prompts("none") {
        Step::Refuse(AuthorizeErrorCode::ConsentRequired)
    } else {
        Step::Consent
    }
}

#[cfg(test)]
mod tests {
    use dex_model::{ConnectorData, Login, TokenSecret, ZERO_TIME};

    use super::*;

    fn request(prompt: &str, force_approval_prompt: bool) -> AuthRequest {
        AuthRequest {
            id: "x".into(),
            client_id: String::new(),
            response_types: vec![],
            scopes: vec![],
            redirect_uri: String::new(),
            nonce: String::new(),
            state: String::new(),
            force_approval_prompt,
            prompt: prompt.into(),
            max_age: None,
            expiry: ZERO_TIME,
            login: Login::Awaited,
            connector_id: String::new(),
            connector_data: ConnectorData::default(),
            pkce: None,
            hmac_key: TokenSecret::default(),
            mfa_validated: false,
            webauthn_session_data: None,
        }
    }

    #[test]
    fn consent_is_asked_for_unless_it_was_given_or_is_spared() {
        let cases = [
            // approved, remembered, skip, forced
            (false, false, false, false, Step::Consent),
            (false, false, false, true, Step::Consent),
            (false, false, true, false, Step::Respond),
            (false, false, true, true, Step::Consent),
            (false, true, false, false, Step::Respond),
            (false, true, false, true, Step::Consent),
            (false, true, true, true, Step::Consent),
            (true, false, false, false, Step::Respond),
            (true, false, false, true, Step::Respond),
            (true, false, true, false, Step::Respond),
            (true, false, true, true, Step::Respond),
            (true, true, false, true, Step::Respond),
        ];
        for (approved, remembered, skip_approval_screen, forced, expected) in cases {
            let facts = Facts { second_factor_due: false, approved, remembered, skip_approval_screen };
            assert_eq!(next_step(&request("login", forced), facts), expected, "{facts:?} {forced}");
            // No consent stands for a second factor.
            let facts = Facts { second_factor_due: true, ..facts };
            assert_eq!(next_step(&request("login", forced), facts), Step::SecondFactor, "{facts:?} {forced}");
        }
    }

    #[test]
    fn a_client_that_forbids_to_ask_hears_what_would_have_been_asked() {
        let refused = Step::Refuse(AuthorizeErrorCode::ConsentRequired);
        let interaction = Step::Refuse(AuthorizeErrorCode::InteractionRequired);
        let nothing = Facts::default();
        let cases = [
            (nothing, false, refused),
            (Facts { skip_approval_screen: true, ..nothing }, false, Step::Respond),
            (Facts { remembered: true, ..nothing }, false, Step::Respond),
            (Facts { remembered: true, ..nothing }, true, refused),
            (Facts { second_factor_due: true, remembered: true, ..nothing }, false, interaction),
        ];
        for (facts, forced, expected) in cases {
            assert_eq!(next_step(&request("none", forced), facts), expected, "{facts:?} {forced}");
        }
    }
}
