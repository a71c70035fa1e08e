//! From an assertion to a user (connectors-protocol spec, 6.8 and 6.9).

use dex_connector::Identity;
use dex_saml::{Assertion, Attribute, Check, Checked, Refusal};

use super::config::{GroupRules, Rules};
use super::refresh::Kept;

/// Who an assertion is about, with all their groups. The gate is another's.
pub(super) fn of(assertion: &Assertion, rules: &Rules, checked: &mut Vec<Checked>) -> Result<Identity, Refusal> {
    let email = first(&assertion.attributes, &rules.email_attr)?;
    let username = first(&assertion.attributes, &rules.username_attr)?;
    let groups = groups(&assertion.attributes, &rules.groups);
    let found = format!("{:?} and {:?} are there, with {} groups", rules.email_attr, rules.username_attr, groups.len());
    checked.push(Checked { check: Check::Attributes, found });
    let identity = Identity {
        user_id: assertion.name_id.value.clone(),
        username,
        preferred_username: String::new(),
        email,
        email_verified: true,
        groups,
        connector_data: Vec::new(),
    };
    let connector_data = Kept::of(&identity).write();
    Ok(Identity { connector_data, ..identity })
}

/// The first value that an attribute of a name has.
fn first(attributes: &[Attribute], name: &str) -> Result<String, Refusal> {
    let mut values =
        attributes.iter().filter(|attribute| attribute.name == name).flat_map(|attribute| &attribute.values);
    values.next().cloned().ok_or_else(|| {
        let names: Vec<String> = attributes.iter().map(|attribute| format!("{:?}", attribute.name)).collect();
        Refusal::new(Check::Attributes, format!("no attribute with name {name:?}: [{}]", names.join(" ")))
    })
}

/// The groups. Whom the identity provider says nothing of is in none.
fn groups(attributes: &[Attribute], rules: &GroupRules) -> Vec<String> {
    let Some(name) = &rules.attribute else { return Vec::new() };
    let mut values =
        attributes.iter().filter(|attribute| attribute.name == *name).flat_map(|attribute| &attribute.values);
    match &rules.delimiter {
        Some(delimiter) => {
            values.next().map(|value| value.split(&**delimiter).map(str::to_owned).collect()).unwrap_or_default()
        }
        None => values.cloned().collect(),
    }
}

/// The groups that are told on, or `None` for somebody who may not enter.
pub(super) fn through_the_gate(groups: Vec<String>, rules: &GroupRules) -> Option<Vec<String>> {
    if rules.allowed.is_empty() {
        return Some(groups);
    }
    let allowed = |group: &String| rules.allowed.contains(group);
    if !groups.iter().any(allowed) {
        return None;
    }
    Some(if rules.filter { groups.into_iter().filter(allowed).collect() } else { groups })
}
