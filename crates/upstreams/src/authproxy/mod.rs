//! `authproxy`: logins that a reverse proxy has done (connectors-protocol spec, 9).
//!
//! Owned here: whose word is believed, the headers that name the user, and the gate on groups. Not owned: keeping headers away
//! from the bare `/callback`, which is the login's. There is nobody to ask, so it cannot refresh.
//!
//! Control leaves with the browser to our own `/callback/<connector id>`, which the proxy guards, and comes back with the headers
//! the proxy set.

mod config;
mod peers;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{
    Arrival, Connector, Departure, Finish, Identity, LoginMethod, Opening, RedirectLogin, Redirection, Start,
    UpstreamError,
};
use dex_upstream_client::{filter_groups, read_config};
use http::{HeaderMap, HeaderName};

use self::config::{Config, Rules};

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for names that no header can have, and for proxies that are no addresses.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let rules = config.rules()?;
    if rules.trusted_proxies.is_none() {
        tracing::warn!(
            connector_id = opening.id,
            "authproxy: whoever reaches this server can claim to be anybody, because headers are believed from everywhere; \
             list the addresses of your proxy in trustedProxies"
        );
    }
    Ok(Arc::new(AuthProxy { id: opening.id.to_owned(), rules }))
}

struct AuthProxy {
    id: String,
    rules: Rules,
}

impl Connector for AuthProxy {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }
}

#[async_trait]
impl RedirectLogin for AuthProxy {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let mut url = login.callback.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push(&self.id),
            Err(()) => return Err(UpstreamError::Misconfigured("the callback has no path".into())),
        };
        url.query_pairs_mut().append_pair("state", login.state);
        Ok(Redirection { to: Departure::Get(url), data: Vec::new() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        self.believe(login.peer)?;
        Ok(self.identity(login.headers)?.into())
    }
}

impl AuthProxy {
    /// Refuses everybody but the proxies that are listed.
    fn believe(&self, peer: Option<IpAddr>) -> Result<(), UpstreamError> {
        if self.rules.trusted_proxies.as_ref().is_none_or(|proxies| proxies.contain(peer)) {
            return Ok(());
        }
        let from = peer.map_or_else(|| "a Unix socket".to_owned(), |address| address.to_canonical().to_string());
        let hint = "if that is your proxy, list it there";
        Err(UpstreamError::Unacceptable(format!(
            "authproxy: the request came from {from}, which is none of trustedProxies; {hint}"
        )))
    }

    fn identity(&self, headers: &HeaderMap) -> Result<Identity, UpstreamError> {
        let rules = &self.rules;
        let user = one(headers, &rules.user)?
            .ok_or_else(|| UpstreamError::Unacceptable(format!("required HTTP header {} is not set", rules.user)))?;
        let or_user = |name: &HeaderName| one(headers, name).map(|value| value.unwrap_or(user).to_owned());
        let (user_id, groups) = (or_user(&rules.user_id)?, self.groups(headers)?);
        Ok(Identity {
            groups: self.admitted(&user_id, groups)?,
            user_id,
            username: user.to_owned(),
            preferred_username: or_user(&rules.user_name)?,
            email: or_user(&rules.email)?,
            email_verified: true,
            connector_data: Vec::new(),
        })
    }

    /// The groups the proxy names. Several lines of the header are one list, in which empty parts are nothing (RFC 9110 §5.3,
    /// §5.6.1.2). How many there can be is limited by the size of a request's header.
    fn groups(&self, headers: &HeaderMap) -> Result<Vec<String>, UpstreamError> {
        let mut all = Vec::new();
        for line in headers.get_all(&self.rules.group) {
            let parts = text(&self.rules.group, line.as_bytes())?.split(&self.rules.separator).map(str::trim);
            all.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
        Ok(all)
    }

    /// The groups that pass the gate, and those that everybody has: of these none opens it.
    fn admitted(&self, user_id: &str, groups: Vec<String>) -> Result<Vec<String>, UpstreamError> {
        let allowed = &self.rules.allowed_groups;
        let mut kept = if allowed.is_empty() { groups } else { filter_groups(&groups, allowed) };
        if kept.is_empty() && !allowed.is_empty() {
            return Err(UpstreamError::NotInRequiredGroups { user_id: user_id.to_owned(), groups: allowed.clone() });
        }
        kept.extend_from_slice(&self.rules.static_groups);
        Ok(kept)
    }
}

/// A header that names one thing. Of two lines one could be the proxy's and the other the browser's, so there must not be two.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, UpstreamError> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(UpstreamError::Unacceptable(format!(
            "authproxy: HTTP header {name} came more than once; the proxy must replace what browsers send"
        )));
    }
    Ok(Some(text(name, line.as_bytes())?).filter(|value| !value.is_empty()))
}

fn text<'a>(name: &HeaderName, value: &'a [u8]) -> Result<&'a str, UpstreamError> {
    std::str::from_utf8(value)
        .map_err(|_| UpstreamError::Unacceptable(format!("authproxy: HTTP header {name} is not UTF-8")))
}
