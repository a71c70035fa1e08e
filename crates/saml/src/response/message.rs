//! What every message from an identity provider begins with.

use super::{Check, Refusal};
use crate::xml::{Element, Namespace};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// Refuses everything but SAML 2.0.
pub(crate) fn version(element: &Element) -> Result<(), Refusal> {
    match element.attribute("Version") {
        Some("2.0") => Ok(()),
        other => {
            let got = other.unwrap_or_default();
            Err(Refusal::new(Check::Version, format!("saml version expected \"2.0\" got {}", super::check::shown(got))))
        }
    }
}

/// Refuses any status but success, with the codes and the message of the sender.
pub(crate) fn status(message: &Element) -> Result<(), Refusal> {
    let refusal = |reason: String| Err(Refusal::new(Check::Status, reason));
    let Some(status) = message.only(Namespace::Protocol, "Status") else {
        return refusal("response did not contain a Status element".into());
    };
    let Some(code) = status.only(Namespace::Protocol, "StatusCode") else {
        return refusal("response did not contain a StatusCode".into());
    };
    let value = code.attribute("Value").unwrap_or_default();
    if value == SUCCESS {
        return Ok(());
    }
    let last = |value: &str| super::check::shown(value.rsplit(':').next().unwrap_or_default());
    let mut reason = format!("status code of the Response was not Success, was {}", last(value));
    let nested = code.first(Namespace::Protocol, "StatusCode").and_then(|code| code.attribute("Value"));
    if let Some(nested) = nested {
        reason.push_str(&format!(" ({})", last(nested)));
    }
    if let Some(text) = status.first(Namespace::Protocol, "StatusMessage").map(Element::text) {
        reason.push_str(&format!(" -> {}", super::check::shown(text.trim())));
    }
    refusal(reason)
}
