//! The answer to a request to end sessions (SAML core §3.7.2).

use jiff::Timestamp;

use super::message::{LogoutExpected, LogoutMessage, id, issued};
use super::write::{Head, message};
use crate::response::{Check, Refusal, status};
use crate::signature::SigningKey;
use crate::xml::{Element, Namespace};

/// The top code where the receiver of a request could not do it.
const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The code within where the user is still logged in somewhere.
const PARTIAL: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";

/// The answer to a request to end a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Where it is sent.
    pub destination: String,
    /// Who answers.
    pub issuer: String,
    /// The request.
    pub in_response_to: String,
    /// What came of it.
    pub status: LogoutStatus,
}

/// What came of a request to end a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutStatus {
    /// The user is logged out.
    Success,
    /// There, but not at everybody else whom that side has told (SAML core §3.7.3.2).
    Partial,
    /// Not, for this reason; the text is not sent.
    Failed(String),
}

impl LogoutResponse {
    /// The answer as XML; signed if there is a key.
    pub fn to_xml(&self, key: Option<&SigningKey>) -> String {
        let (top, within) = match self.status {
            LogoutStatus::Success => (SUCCESS, String::new()),
            LogoutStatus::Partial => (SUCCESS, code(PARTIAL, "")),
            LogoutStatus::Failed(_) => (RESPONDER, String::new()),
        };
        let tail = format!("<samlp:Status>{}</samlp:Status>", code(top, &within));
        let head = Head {
            name: "LogoutResponse",
            id: &self.id,
            issue_instant: self.issue_instant,
            destination: &self.destination,
            issuer: &self.issuer,
            in_response_to: Some(&self.in_response_to),
        };
        message(&head, &tail, key)
    }

    /// Reads an answer of the other side to the request `in_response_to`.
    ///
    /// # Errors
    ///
    /// [`Refusal`] if it is no such answer. That the user is not logged out is no error.
    pub fn read(message: &LogoutMessage, in_response_to: &str, expected: &LogoutExpected<'_>) -> Result<Self, Refusal> {
        let root = message.root("LogoutResponse", expected)?;
        if root.attribute("InResponseTo") != Some(in_response_to) {
            return Err(Refusal::new(Check::InResponseTo, "the answer is to another request"));
        }
        let status = match status(root) {
            Ok(()) if partial(root) => LogoutStatus::Partial,
            Ok(()) => LogoutStatus::Success,
            Err(refusal) => LogoutStatus::Failed(refusal.reason),
        };
        Ok(Self {
            id: id(root)?,
            issue_instant: issued(root)?,
            destination: expected.destination.to_owned(),
            issuer: expected.issuer.to_owned(),
            in_response_to: in_response_to.to_owned(),
            status,
        })
    }
}

fn code(value: &str, within: &str) -> String {
    format!("<samlp:StatusCode Value=\"{value}\">{within}</samlp:StatusCode>")
}

/// Whether a code within the status says that the user is still logged in somewhere.
fn partial(root: &Element) -> bool {
    let code = |element: &Element| element.first(Namespace::Protocol, "StatusCode").cloned();
    let within = root.first(Namespace::Protocol, "Status").and_then(code).and_then(|top| code(&top));
    within.is_some_and(|code| code.attribute("Value") == Some(PARTIAL))
}
