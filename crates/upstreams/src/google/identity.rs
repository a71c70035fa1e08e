//! From the claims of an ID token to a user (connectors-platform spec, 4.5).

use dex_connector::{Identity, UpstreamError};
use dex_upstream_client::Claims;
use serde_json::Value;

use super::config::Rules;

/// What an ID token says of a user.
pub(super) struct User {
    pub(super) subject: String,
    pub(super) name: Option<String>,
    pub(super) email: String,
    pub(super) email_verified: bool,
    /// The Workspace domain of the account; empty for others.
    pub(super) hosted_domain: String,
}

impl User {
    /// The user, if `hostedDomains` lets them in.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unacceptable`] for claims of other types, [`UpstreamError::NotInRequiredGroups`] for another domain.
    pub(super) fn of(claims: &Claims, rules: &Rules) -> Result<Self, UpstreamError> {
        let subject = text(claims, "sub")?.filter(|subject| !subject.is_empty());
        let user = Self {
            subject: subject.ok_or_else(|| malformed("sub is missing"))?,
            name: text(claims, "name")?,
            email: text(claims, "email")?.unwrap_or_default(),
            email_verified: match claims.get("email_verified") {
                None | Some(Value::Null) => false,
                Some(Value::Bool(verified)) => *verified,
                Some(_) => return Err(malformed("email_verified is neither true nor false")),
            },
            hosted_domain: text(claims, "hd")?.unwrap_or_default(),
        };
        let domains = &rules.hosted_domains;
        match domains.is_empty() || domains.contains(&user.hosted_domain) {
            true => Ok(user),
            false => {
                tracing::info!(hd = user.hosted_domain, "oidc: unexpected hd claim");
                Err(UpstreamError::NotInRequiredGroups { user_id: user.subject, groups: domains.clone() })
            }
        }
    }

    /// The identity; `known_name` stands in for a name that a refresh does not tell again.
    pub(super) fn identity(self, known_name: &str, groups: Vec<String>, connector_data: Vec<u8>) -> Identity {
        Identity {
            user_id: self.subject,
            username: self.name.filter(|name| !name.is_empty()).unwrap_or_else(|| known_name.to_owned()),
            preferred_username: String::new(),
            email: self.email,
            email_verified: self.email_verified,
            groups,
            connector_data,
        }
    }
}

fn text(claims: &Claims, name: &str) -> Result<Option<String>, UpstreamError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed(&format!("{name} is no text"))),
    }
}

fn malformed(what: &str) -> UpstreamError {
    UpstreamError::Unacceptable(format!("oidc: failed to decode claims: {what}"))
}
