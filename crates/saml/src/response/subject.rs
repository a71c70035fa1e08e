//! Who the assertion is about, and that who brings it may.

use jiff::Timestamp;

use super::check::shown;
use super::{Check, Checks, Clock, Expected, NameId, Refusal, RequestId, read_time};
use crate::xml::{Element, Namespace};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

fn subject(assertion: &Element, check: Check) -> Result<&Element, Refusal> {
    let subject = assertion.only(Namespace::Assertion, "Subject");
    subject.ok_or_else(|| Refusal::new(check, "response did not contain a subject"))
}

/// Until when the assertion may be brought: one confirmation must fit in everything (SAML profiles §4.1.4.3).
pub(super) fn confirmed(
    assertion: &Element,
    expected: &Expected<'_>,
    clock: Clock,
    checks: &mut Checks,
) -> Result<Timestamp, Refusal> {
    let refusal = |reason: String| Refusal::new(Check::SubjectConfirmation, reason);
    let subject = subject(assertion, Check::SubjectConfirmation)?;
    let mut causes = Vec::new();
    for confirmation in subject.all(Namespace::Assertion, "SubjectConfirmation") {
        match confirmation_holds(confirmation, expected, clock) {
            Ok(until) => {
                let found = format!("bearer, for {}, before {until}", shown(expected.acs));
                checks.passed(Check::SubjectConfirmation, found);
                return Ok(until);
            }
            Err(cause) => causes.push(cause),
        }
    }
    match &causes[..] {
        [] => Err(refusal("subject contained no SubjectConfirmations".into())),
        causes => Err(refusal(format!("failed to validate subject confirmation: {}", causes.join("; ")))),
    }
}

fn confirmation_holds(confirmation: &Element, expected: &Expected<'_>, clock: Clock) -> Result<Timestamp, String> {
    let method = confirmation.attribute("Method").unwrap_or_default();
    if method != BEARER {
        return Err(format!("unexpected subject confirmation method: {}", shown(method)));
    }
    let data = confirmation.only(Namespace::Assertion, "SubjectConfirmationData");
    let data = data.ok_or("no SubjectConfirmationData field found in SubjectConfirmation")?;
    let value = |name: &str| data.attribute(name).unwrap_or_default();
    let request = value("InResponseTo");
    match expected.in_response_to {
        RequestId::Is(wanted) if wanted != request => {
            let (wanted, got) = (shown(wanted), shown(request));
            return Err(format!("expected SubjectConfirmationData InResponseTo value {wanted}, got {got}"));
        }
        RequestId::Is(_) | RequestId::NotChecked => {}
    }
    if value("Recipient") != expected.acs {
        return Err(format!("expected Recipient {} got {}", shown(expected.acs), shown(value("Recipient"))));
    }
    within(data, clock)?.ok_or_else(|| "SubjectConfirmationData has no NotOnOrAfter".to_owned())
}

/// Checks `NotBefore` and `NotOnOrAfter`, either of which may be absent, and hands over the latter.
pub(super) fn within(element: &Element, clock: Clock) -> Result<Option<Timestamp>, String> {
    let time = |name: &str| match element.attribute(name) {
        None => Ok(None),
        Some(text) => read_time(text).map(Some).ok_or_else(|| format!("{name} is not a time in UTC: {}", shown(text))),
    };
    let (from, until) = (time("NotBefore")?, time("NotOnOrAfter")?);
    let now = clock.now;
    if let Some(from) = from.filter(|from| clock.is_before(*from)) {
        return Err(format!("at {now} got response that cannot be processed before {from}"));
    }
    if let Some(until) = until.filter(|until| clock.is_at_or_after(*until)) {
        return Err(format!("at {now} got response that cannot be processed because it expired at {until}"));
    }
    Ok(until)
}

/// The `NameID`, text joined across comments.
pub(super) fn name_id(assertion: &Element, checks: &mut Checks) -> Result<NameId, Refusal> {
    let refusal = |reason: &str| Refusal::new(Check::NameId, reason);
    let subject = subject(assertion, Check::NameId)?;
    if subject.first(Namespace::Assertion, "EncryptedID").is_some() {
        return Err(refusal("the NameID is encrypted by itself; have the whole assertion encrypted instead"));
    }
    let element = subject.only(Namespace::Assertion, "NameID");
    let element = element.ok_or_else(|| refusal("subject does not contain an NameID element"))?;
    if element.elements().next().is_some() {
        return Err(refusal("there are elements in the NameID"));
    }
    let value = element.text();
    if value.trim().is_empty() {
        return Err(refusal("element NameID does not contain a value"));
    }
    let text = |name: &str| element.attribute(name).map(str::to_owned);
    let name_id = NameId {
        value,
        format: text("Format"),
        name_qualifier: text("NameQualifier"),
        sp_name_qualifier: text("SPNameQualifier"),
    };
    let format = name_id.format.as_deref().and_then(|format| format.rsplit(':').next()).unwrap_or("unspecified");
    let warning = if format == "transient" { ", which is another one at each login" } else { "" };
    checks.passed(Check::NameId, format!("{} in the format {}{warning}", shown(&name_id.value), shown(format)));
    Ok(name_id)
}
