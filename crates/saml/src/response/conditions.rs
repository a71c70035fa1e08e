//! Under which conditions an assertion holds, and for how long the login it tells of.

use jiff::Timestamp;

use super::check::shown;
use super::subject::within;
use super::{Check, Checks, Clock, Expected, Refusal, read_time};
use crate::xml::{Element, Namespace};

/// Checks `Conditions` (SAML core §2.5). Until when they hold, if they say so.
pub(super) fn check(
    assertion: &Element,
    expected: &Expected<'_>,
    clock: Clock,
    checks: &mut Checks,
) -> Result<Option<Timestamp>, Refusal> {
    let refusal = |reason: String| Refusal::new(Check::Conditions, reason);
    let conditions = assertion.only(Namespace::Assertion, "Conditions");
    let conditions = conditions.ok_or_else(|| refusal("the assertion has not one element Conditions".into()))?;
    let until = within(conditions, clock).map_err(refusal)?;
    // A condition that is not understood may be one that does not hold (§2.5.1.1).
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let odd = conditions
        .elements()
        .find(|condition| condition.namespace != Namespace::Assertion || !known.contains(&&*condition.name));
    if let Some(odd) = odd {
        return Err(refusal(format!("the condition {} is not known", shown(&odd.name))));
    }
    let skew = clock.skew.as_secs();
    let found = until.map_or_else(|| "no end is said".to_owned(), |until| format!("valid before {until}"));
    checks.passed(Check::Conditions, format!("{found}, with {skew} s for clocks that differ"));
    audience(conditions, expected, checks)?;
    Ok(until)
}

/// Every restriction must name us, and there must be one.
fn audience(conditions: &Element, expected: &Expected<'_>, checks: &mut Checks) -> Result<(), Refusal> {
    let wanted = expected.audience;
    let mut restrictions = conditions.all(Namespace::Assertion, "AudienceRestriction").peekable();
    if restrictions.peek().is_none() {
        return Err(Refusal::new(Check::Audience, "the assertion is not restricted to an audience"));
    }
    for restriction in restrictions {
        let audiences = restriction.all(Namespace::Assertion, "Audience").filter_map(Element::word);
        let audiences: Vec<String> = audiences.collect();
        if !audiences.iter().any(|audience| audience == wanted) {
            let got: Vec<String> = audiences.iter().map(|audience| shown(audience)).collect();
            let reason =
                format!("required audience {} was not in Response audiences {}", shown(wanted), got.join(", "));
            return Err(Refusal::new(Check::Audience, reason));
        }
    }
    checks.passed(Check::Audience, shown(wanted));
    Ok(())
}

/// Checks that the user has logged in over there, and that the session there is not over. Its index, if it has one.
pub(super) fn authn_statement(
    assertion: &Element,
    clock: Clock,
    checks: &mut Checks,
) -> Result<Option<String>, Refusal> {
    let refusal = |reason: String| Refusal::new(Check::AuthnStatement, reason);
    let mut statements = assertion.all(Namespace::Assertion, "AuthnStatement").peekable();
    let first = *statements.peek().ok_or_else(|| refusal("the assertion does not tell of a login".into()))?;
    for statement in statements {
        let Some(text) = statement.attribute("SessionNotOnOrAfter") else { continue };
        let until = read_time(text);
        let until =
            until.ok_or_else(|| refusal(format!("SessionNotOnOrAfter is not a time in UTC: {}", shown(text))))?;
        if clock.is_at_or_after(until) {
            return Err(refusal(format!("at {} the session over there is over since {until}", clock.now)));
        }
    }
    let at = first.attribute("AuthnInstant").and_then(read_time);
    checks.passed(Check::AuthnStatement, at.map_or_else(|| "logged in".to_owned(), |at| format!("logged in at {at}")));
    Ok(first.attribute("SessionIndex").map(str::to_owned))
}
