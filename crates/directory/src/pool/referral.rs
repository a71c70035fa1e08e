//! Servers that others refer to (RFC 4516). They are asked on a connection of their own, which is secured as the
//! configuration says, whatever the referral does.

use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use super::error::DirectoryError;
use super::hosts::Endpoint;
use super::{Bound, Done, Job, Pool, perform};
use crate::wire::{Failure, Found, Scope, Search, Security};

/// Where a search goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Referral {
    pub(crate) endpoint: Endpoint,
    /// The base and scope there, if they are others.
    pub(crate) base: Option<String>,
    scope: Option<Scope>,
}

impl Referral {
    /// Reads `ldap://host:port/base?attributes?scope?filter`. A port of plain LDAP means that of LDAPS where that is what
    /// is spoken.
    pub(crate) fn parse(url: &str, security: Security) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("ldap") && !scheme.eq_ignore_ascii_case("ldaps") {
            return None;
        }
        let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let mut endpoint = Endpoint::parse(host, security)?;
        if security == Security::Ldaps && endpoint.port == Security::Plain.port() {
            endpoint.port = security.port();
        }
        let mut parts = rest.split('?');
        let base = percent_decode_str(parts.next().unwrap_or_default()).decode_utf8().ok()?;
        let scope = match parts.nth(1).unwrap_or_default() {
            "base" => Some(Scope::Base),
            "one" => Some(Scope::One),
            "sub" => Some(Scope::Sub),
            _ => None,
        };
        let base = Some(base.into_owned()).filter(|base| !base.is_empty());
        Some(Self { endpoint, base, scope })
    }
}

impl Pool {
    /// Searches as the service at another server.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] when it does not answer.
    pub(crate) async fn search_at(&self, referral: &Referral, search: &Search<'_>) -> Result<Found, DirectoryError> {
        let search = Search {
            base: referral.base.as_deref().unwrap_or(search.base),
            scope: referral.scope.unwrap_or(search.scope),
            ..*search
        };
        self.run_at(referral.endpoint.clone(), &Job::Search(&search)).await.map(Done::found)
    }

    /// Binds at another server.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] when it does not answer.
    pub(crate) async fn bind_at(&self, endpoint: Endpoint, dn: &str, password: &str) -> Result<Bound, DirectoryError> {
        self.run_at(endpoint, &Job::Bind { dn, password }).await.map(Done::bound)
    }

    async fn run_at(&self, endpoint: Endpoint, job: &Job<'_>) -> Result<Done, DirectoryError> {
        let _permit = self.permit(job.lane()).await?;
        let mut lease = self.open_at(endpoint.clone(), job.lane(), self.slots.slot()).await?;
        let done = timeout(self.limits.request, perform(&mut lease, job)).await;
        done.unwrap_or(Err(Failure::Silent(self.limits.request)))
            .map_err(|failure| DirectoryError::Failed { endpoint, failure })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referral_names_a_server_and_perhaps_a_base() {
        let cases = [
            (
                "ldap://b.example.com/ou=x,dc=y??sub",
                Security::Plain,
                Some("b.example.com:389 Some(\"ou=x,dc=y\") Some(Sub)"),
            ),
            (
                "ldap://b.example.com/ou=x,dc=y??base",
                Security::StartTls,
                Some("b.example.com:389 Some(\"ou=x,dc=y\") Some(Base)"),
            ),
            ("ldap://b.example.com:389/", Security::Ldaps, Some("b.example.com:636 None None")),
            (
                "ldaps://b.example.com:3269/o=J%C3%B6rg%20x",
                Security::Ldaps,
                Some("b.example.com:3269 Some(\"o=Jörg x\") None"),
            ),
            ("LDAP://b", Security::Plain, Some("b:389 None None")),
            ("ldap:///ou=x", Security::Plain, None),
            ("ldapi://%2fsock/", Security::Plain, None),
            ("http://b/", Security::Plain, None),
            ("ldap://user@b/", Security::Plain, None),
            ("ldap://b/o=%ff", Security::Plain, None),
            ("", Security::Plain, None),
        ];
        for (url, security, expected) in cases {
            let got = Referral::parse(url, security);
            let got = got.map(|Referral { endpoint, base, scope }| format!("{endpoint} {base:?} {scope:?}"));
            assert_eq!(got.as_deref(), expected, "{url}");
        }
    }
}
