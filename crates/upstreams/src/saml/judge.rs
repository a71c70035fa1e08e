//! Judging a response: every check of the connector, for a login and for its explanation alike.

use dex_connector::{Identity, Once};
use dex_jose::sha256;
use dex_model::Timestamp;
use dex_saml::{Assertion, Check, Checked, Examined, Expected, Refusal, RequestId, decode_post, examine};

use super::Saml;
use super::config::SKEW;
use super::identity;
use super::logout::Remembered;
use super::provider::Known;

/// What came of a response.
pub(super) struct Judgement {
    /// The checks that passed, in order.
    pub(super) checked: Vec<Checked>,
    /// Whom the response is about, if that was believed.
    pub(super) user_id: Option<String>,
    /// Who logs in, or why nobody does.
    pub(super) outcome: Result<Accepted, Refusal>,
}

/// Somebody who may log in, once.
pub(super) struct Accepted {
    /// With the groups whether or not they were asked for.
    pub(super) identity: Identity,
    pub(super) once: Once,
    /// What a logout there will want; nothing where there is none.
    pub(super) logout: Vec<u8>,
}

impl Saml {
    /// Judges the response in a form field, in base64.
    pub(super) fn judge_field(&self, field: &str, known: &Known, request: RequestId<'_>, now: Timestamp) -> Judgement {
        match decode_post(field) {
            Ok(text) => self.judge(&text, known, request, now),
            Err(error) => {
                let refusal = Refusal::new(Check::Xml, format!("decode response: {error}"));
                Judgement { checked: Vec::new(), user_id: None, outcome: Err(refusal) }
            }
        }
    }

    /// Judges a response, which is XML.
    pub(super) fn judge(&self, text: &str, known: &Known, request: RequestId<'_>, now: Timestamp) -> Judgement {
        let expected = Expected {
            trust: &known.trust,
            decryption: &self.decryption,
            acs: &self.rules.redirect_uri,
            audience: &self.rules.audience,
            issuer: known.issuer.as_deref(),
            in_response_to: request,
            skew: SKEW,
        };
        let Examined { mut checked, outcome } = examine(text, &expected, now);
        let user_id = outcome.as_ref().ok().map(|assertion| assertion.name_id.value.clone());
        let outcome = outcome.and_then(|assertion| self.accept(&assertion, known, &mut checked));
        Judgement { checked, user_id, outcome }
    }

    fn accept(&self, assertion: &Assertion, known: &Known, checked: &mut Vec<Checked>) -> Result<Accepted, Refusal> {
        let identity = identity::of(assertion, &self.rules, checked)?;
        let rules = &self.rules.groups;
        let groups = identity::through_the_gate(identity.groups, rules);
        let groups = groups.ok_or_else(|| Refusal::new(Check::Groups, "user not a member of allowed groups"))?;
        let found = if rules.allowed.is_empty() { "anybody may enter" } else { "in a group that may enter" };
        checked.push(Checked { check: Check::Groups, found: found.into() });
        let logout = known.logout.as_ref().map(|_| Remembered::of(assertion).write()).unwrap_or_default();
        Ok(Accepted { identity: Identity { groups, ..identity }, once: once(assertion), logout })
    }
}

/// What an assertion is remembered by.
fn once(assertion: &Assertion) -> Once {
    Once { id: digest(&assertion.issuer, &assertion.id), until: assertion.until }
}

/// A short name for what has an id of its issuer's. The id itself may be long and odd.
pub(super) fn digest(issuer: &str, id: &str) -> String {
    let digest = sha256(format!("{issuer}\n{id}").as_bytes());
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
