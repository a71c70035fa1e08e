//! What our own messages begin and end with.

use jiff::Timestamp;

use crate::request::instant;
use crate::signature::{SigningKey, sign_enveloped};
use crate::xml::escape;

/// The name, the id, the time and the parties of a message.
pub(super) struct Head<'a> {
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) issue_instant: Timestamp,
    pub(super) destination: &'a str,
    pub(super) issuer: &'a str,
    pub(super) in_response_to: Option<&'a str>,
}

/// A message with this head, and `tail` behind it; signed if there is a key.
pub(super) fn message(head: &Head<'_>, tail: &str, key: Option<&SigningKey>) -> String {
    let answers = head.in_response_to.map(|id| format!(" InResponseTo=\"{}\"", escape(id))).unwrap_or_default();
    let name = head.name;
    let start = format!(
        "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" \
         Destination=\"{}\"{answers}><saml:Issuer>{}</saml:Issuer>",
        escape(head.id),
        instant(head.issue_instant),
        escape(head.destination),
        escape(head.issuer),
    );
    let end = format!("{tail}</samlp:{name}>");
    match key {
        Some(key) => sign_enveloped((&start, &end), head.id, key),
        None => start + &end,
    }
}
