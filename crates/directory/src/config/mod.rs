//! The connector's configuration (connectors-protocol spec, 4.1 and 5.1), and the keys we add to it.
//!
//! Owned here: reading it, checking it, and reading the files it names. Not owned: the order in which connectors are
//! opened, and the file it is written in, which `dex-config` reads. Dex matches keys without regard to case, so do we.
//!
//! Control never leaves: files are read while a connector is opened, and nobody is asked.

mod groups;
mod raw;
mod tls;
mod trust;
mod users;

use std::time::Duration;

use dex_connector::UpstreamError;
use serde_json::Value;
use zeroize::Zeroizing;

pub(crate) use groups::{GroupSearch, Matcher};
pub(crate) use raw::RawKerberos;
pub(crate) use tls::read as read_file;
pub(crate) use users::UserSearch;

use crate::pool::{Endpoint, Limits, Service};
use crate::wire::{Filter, Scope, Security, Transport, parse_filter};
use raw::Raw;

/// Defaults and bounds of what can be set.
const CONNECTIONS: usize = 32;
const CONNECTIONS_MAX: usize = 1000;
const CONNECT_SECONDS: u64 = 5;
const REQUEST_SECONDS: u64 = 10;
const SECONDS_MAX: u64 = 300;
const PAGE: u32 = 500;
const PAGE_MAX: u32 = 100_000;
const HOSTS_MAX: usize = 16;

/// All of it.
pub(crate) struct Settings {
    /// What the name is called on the page.
    pub(crate) prompt: String,
    pub(crate) hosts: Vec<Endpoint>,
    /// The domain, or the service's name, under which more hosts are found.
    pub(crate) srv: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) service: Service,
    pub(crate) limits: Limits,
    /// How many entries are asked for at a time; 0 for all at once.
    pub(crate) page: u32,
    /// Whether a server may send us on to another.
    pub(crate) follow_referrals: bool,
    pub(crate) tell: Tell,
    /// Whether an unknown name takes as long as a wrong password.
    pub(crate) mask_unknown: bool,
    pub(crate) users: UserSearch,
    pub(crate) groups: Option<GroupSearch>,
    pub(crate) kerberos: Option<RawKerberos>,
}

/// When a user is told in words that the account cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    /// Never: it looks like a wrong password.
    Never,
    /// When the directory says so only to those who know the password.
    AfterPassword,
    /// Whenever the directory says so.
    Always,
}

/// What is wrong with it, in Dex's words where Dex has some.
pub(crate) fn wrong(text: impl Into<String>) -> UpstreamError {
    UpstreamError::Misconfigured(text.into())
}

impl Settings {
    /// Reads and checks the configuration of connector `id`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`]
    pub(crate) fn read(id: &str, config: &Value) -> Result<Self, UpstreamError> {
        let raw = Raw::read(config).map_err(|error| wrong(format!("parse connector config: {error}")))?;
        let missing = |field: &str| wrong(format!("ldap: missing required field {field:?}"));
        if raw.host.is_empty() && raw.hosts.is_empty() && raw.dns_srv.is_empty() {
            return Err(missing("host"));
        }
        if raw.user_search.base_dn.is_empty() {
            return Err(missing("userSearch.baseDN"));
        }
        if raw.user_search.usernames().is_empty() {
            return Err(missing("userSearch.username"));
        }
        let transport = Transport { security: security(&raw), tls: tls::client(id, &raw)? };
        let users = UserSearch::read(&raw)?;
        let groups = GroupSearch::read(id, &raw.group_search)?;
        warn_of_gaps(id, &raw);
        Ok(Self {
            hosts: hosts(&raw, transport.security)?,
            srv: (!raw.dns_srv.is_empty()).then(|| raw.dns_srv.clone()),
            transport,
            service: service(&raw)?,
            limits: limits(&raw)?,
            page: bounded("pageSize", raw.page_size, PAGE, 0..=PAGE_MAX)?,
            follow_referrals: match raw.referrals.as_str() {
                "" | "refuse" => false,
                "follow" => true,
                other => return Err(wrong(format!("ldap: referrals unknown value {other:?}"))),
            },
            tell: match raw.account_messages.as_str() {
                "" | "afterPassword" => Tell::AfterPassword,
                "always" => Tell::Always,
                "never" => Tell::Never,
                other => return Err(wrong(format!("ldap: accountMessages unknown value {other:?}"))),
            },
            mask_unknown: raw.mask_unknown_users,
            users,
            groups,
            prompt: raw.username_prompt,
            kerberos: raw.kerberos.filter(|kerberos| kerberos.enabled),
        })
    }
}

/// StartTLS wins over no TLS: whoever wrote both does not want passwords in clear.
fn security(raw: &Raw) -> Security {
    match (raw.start_tls, raw.insecure_no_ssl) {
        (true, _) => Security::StartTls,
        (false, true) => Security::Plain,
        (false, false) => Security::Ldaps,
    }
}

fn hosts(raw: &Raw, security: Security) -> Result<Vec<Endpoint>, UpstreamError> {
    // The single host of Dex's configurations is the first one.
    let single = Some(&raw.host).filter(|host| !host.is_empty() && !raw.hosts.contains(host));
    let parse = |text: &String| {
        let parsed = Endpoint::parse(text, security);
        parsed.ok_or_else(|| wrong(format!("ldap: host {text:?} is not host or host:port")))
    };
    let all = single.into_iter().chain(&raw.hosts).map(parse).collect::<Result<Vec<_>, _>>()?;
    if all.len() > HOSTS_MAX { Err(wrong(format!("ldap: more than {HOSTS_MAX} hosts"))) } else { Ok(all) }
}

fn service(raw: &Raw) -> Result<Service, UpstreamError> {
    if raw.sasl_external {
        let pair = !raw.client_cert.is_empty() && !raw.client_key.is_empty();
        return if pair {
            Ok(Service::External)
        } else {
            Err(wrong("ldap: saslExternal needs clientCert and clientKey"))
        };
    }
    if !raw.bind_dn.is_empty() && raw.bind_pw.is_empty() {
        // A server may take this for an anonymous bind and call it a success (RFC 4513 §5.1.2).
        return Err(wrong(format!("ldap: bindDN {:?} without bindPW", raw.bind_dn)));
    }
    Ok(Service::Simple { dn: raw.bind_dn.clone(), password: Zeroizing::new(raw.bind_pw.clone()) })
}

fn limits(raw: &Raw) -> Result<Limits, UpstreamError> {
    Ok(Limits {
        connections: bounded("maxConnections", raw.max_connections, CONNECTIONS, 1..=CONNECTIONS_MAX)?,
        connect: seconds("connectTimeout", raw.connect_timeout, CONNECT_SECONDS)?,
        request: seconds("requestTimeout", raw.request_timeout, REQUEST_SECONDS)?,
    })
}

fn seconds(key: &str, value: Option<u32>, default: u64) -> Result<Duration, UpstreamError> {
    bounded(key, value, default, 1..=SECONDS_MAX).map(Duration::from_secs)
}

/// The value of a key if it lies within `range`, or the default.
fn bounded<T: TryFrom<u32> + PartialOrd + std::fmt::Display>(
    key: &str,
    value: Option<u32>,
    default: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<T, UpstreamError> {
    let Some(value) = value else { return Ok(default) };
    let fitting = T::try_from(value).ok().filter(|value| range.contains(value));
    fitting.ok_or_else(|| wrong(format!("ldap: {key} must lie between {} and {}", range.start(), range.end())))
}

/// A scope as it is written.
fn scope(section: &str, written: &str) -> Result<Scope, UpstreamError> {
    match written {
        "" | "sub" => Ok(Scope::Sub),
        "one" => Ok(Scope::One),
        other => Err(wrong(format!("{section}.Scope unknown value {other:?}"))),
    }
}

fn filter(section: &str, written: &str) -> Result<Option<Filter>, UpstreamError> {
    if written.trim().is_empty() {
        return Ok(None);
    }
    parse_filter(written).map(Some).map_err(|error| wrong(format!("ldap: {section}.filter: {error}")))
}

/// What is not refused, since Dex opens it, and yet cannot have been meant.
fn warn_of_gaps(id: &str, raw: &Raw) {
    let search = &raw.user_search;
    let gaps = [
        (search.id_attr.is_empty(), "userSearch.idAttr is not set: nobody can log in"),
        (
            search.email_attr.is_empty() && search.email_suffix.is_empty(),
            "neither userSearch.emailAttr nor userSearch.emailSuffix is set: nobody can log in",
        ),
        (
            raw.client_cert.is_empty() != raw.client_key.is_empty(),
            "only one of clientCert and clientKey is set: neither is used",
        ),
        (
            raw.start_tls && raw.insecure_no_ssl,
            "both startTLS and insecureNoSSL are set: connections are secured by StartTLS",
        ),
        (raw.insecure_skip_verify, "insecureSkipVerify is set: anyone in between can read the passwords"),
        (security(raw) == Security::Plain, "insecureNoSSL is set: passwords travel in clear"),
    ];
    for (_, text) in gaps.iter().filter(|(there, _)| *there) {
        tracing::warn!(connector.id = %id, "{text}");
    }
}

#[cfg(test)]
mod tests;
