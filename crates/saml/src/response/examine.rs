//! All checks in order.

use std::time::Duration;

use jiff::Timestamp;

use super::authentic::{Authentic, authentic};
use super::check::shown;
use super::{Assertion, Check, Checked, Checks, Clock, Refusal, assertion, conditions, subject, version};
use crate::encryption::DecryptionKey;
use crate::signature::TrustedKeys;
use crate::xml::{Element, Namespace};

/// Whose word counts.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Who holds one of these keys.
    Keys(TrustedKeys),
    /// Anybody, since the operator insists (`insecureSkipSignatureValidation`): whoever can reach us can be anyone.
    Anybody,
}

/// The request that a response must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestId<'a> {
    /// This one.
    Is(&'a str),
    /// Whatever it says: for explaining a response without its request, never for a login.
    NotChecked,
}

/// What a response must fit.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Whose signatures count.
    pub trust: &'a Trust,
    /// What encrypted assertions are opened with.
    pub decryption: &'a [DecryptionKey],
    /// Our assertion consumer service: `Destination` and `Recipient`.
    pub acs: &'a str,
    /// Our entity id: the audience.
    pub audience: &'a str,
    /// The identity provider's entity id; `None` takes any.
    pub issuer: Option<&'a str>,
    /// The request that it answers.
    pub in_response_to: RequestId<'a>,
    /// How far the clocks may be apart.
    pub skew: Duration,
}

/// What came of a response.
#[derive(Debug)]
pub struct Examined {
    /// The checks that passed, in order.
    pub checked: Vec<Checked>,
    /// The assertion, or the check that failed.
    pub outcome: Result<Assertion, Refusal>,
}

/// Makes every check on a response, which is XML, at `now`.
pub fn examine(response: &str, expected: &Expected<'_>, now: Timestamp) -> Examined {
    let mut checks = Checks::default();
    let outcome = all(response, expected, now, &mut checks);
    Examined { checked: checks.0, outcome }
}

fn all(text: &str, expected: &Expected<'_>, now: Timestamp, checks: &mut Checks) -> Result<Assertion, Refusal> {
    let clock = Clock { now, skew: expected.skew };
    let authentic = authentic(text, expected, now, checks)?;
    let assertion = &authentic.assertion;
    version(&authentic.response)?;
    version(assertion)?;
    checks.passed(Check::Status, "Success");
    checks.passed(Check::Version, "2.0");
    let issuer = issuer(&authentic, expected, checks)?;
    in_response_to(&authentic, expected, checks)?;
    destination(&authentic, expected, checks)?;
    let until = subject::confirmed(assertion, expected, clock, checks)?;
    let until = conditions::check(assertion, expected, clock, checks)?.map_or(until, |other| until.min(other));
    let session = conditions::authn_statement(assertion, clock, checks)?;
    let name_id = subject::name_id(assertion, checks)?;
    let attributes = assertion::attributes(assertion);
    let id = assertion.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Refusal::new(Check::Structure, "the assertion has no ID"))?.to_owned();
    let until = until.saturating_add(expected.skew).unwrap_or(Timestamp::MAX);
    Ok(Assertion { id, issuer, name_id, attributes, session_index: session, until })
}

/// The issuer of the assertion, which must be that of the response and the expected one.
fn issuer(authentic: &Authentic, expected: &Expected<'_>, checks: &mut Checks) -> Result<String, Refusal> {
    let read = |element: &Element| element.only(Namespace::Assertion, "Issuer").and_then(Element::word);
    let refusal = |wanted: &str, got: &str| {
        Err(Refusal::new(Check::Issuer, format!("expected Issuer value {}, got {}", shown(wanted), shown(got))))
    };
    let Some(issuer) = read(&authentic.assertion).filter(|issuer| !issuer.is_empty()) else {
        return Err(Refusal::new(Check::Issuer, "the assertion does not say who issued it"));
    };
    if let Some(wanted) = expected.issuer.filter(|wanted| *wanted != issuer) {
        return refusal(wanted, &issuer);
    }
    match read(&authentic.response) {
        Some(response) if response != issuer => return refusal(&issuer, &response),
        _ => {}
    }
    let known = if expected.issuer.is_some() { "as expected" } else { "any would do: ssoIssuer is not set" };
    checks.passed(Check::Issuer, format!("{}, {known}", shown(&issuer)));
    Ok(issuer)
}

fn in_response_to(authentic: &Authentic, expected: &Expected<'_>, checks: &mut Checks) -> Result<(), Refusal> {
    let RequestId::Is(wanted) = expected.in_response_to else {
        checks.passed(Check::InResponseTo, "not checked: it was not said which request this answers");
        return Ok(());
    };
    match authentic.response.attribute("InResponseTo") {
        Some(got) if got == wanted => checks.passed(Check::InResponseTo, shown(wanted)),
        // Nobody signed it, so that its being absent says no more than its being there.
        None if !authentic.response_signed => {
            checks
                .passed(Check::InResponseTo, "left to the subject confirmation: the response, unsigned, says nothing");
        }
        other => {
            let got = shown(other.unwrap_or_default());
            let reason = format!("expected InResponseTo value {}, got {got}", shown(wanted));
            return Err(Refusal::new(Check::InResponseTo, reason));
        }
    }
    Ok(())
}

fn destination(authentic: &Authentic, expected: &Expected<'_>, checks: &mut Checks) -> Result<(), Refusal> {
    match authentic.response.attribute("Destination").filter(|destination| !destination.is_empty()) {
        Some(got) if got != expected.acs => {
            let reason = format!("expected destination {} got {}", shown(expected.acs), shown(got));
            return Err(Refusal::new(Check::Destination, reason));
        }
        Some(got) => checks.passed(Check::Destination, shown(got)),
        None => checks.passed(Check::Destination, "none given, left to the recipient"),
    }
    Ok(())
}
