//! Logging in by name and password (connectors-protocol spec, 4.4 and 4.6).

use async_trait::async_trait;
use dex_connector::{Negotiate, PasswordAnswer, PasswordLogin, UpstreamError, Wanted};
use tokio::time::Instant;

use super::Directory;
use super::referrals::Located;
use super::verdict::{Verdict, refusal, verdict};
use crate::pool::Bound;
use crate::wire::code;

/// The longest name and the longest password that are sent to a directory, in bytes.
const TYPED_BYTES_MAX: usize = 4096;

#[async_trait]
impl PasswordLogin for Directory {
    fn prompt(&self) -> &str {
        &self.settings.prompt
    }

    async fn log_in(&self, wanted: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        if !plausible(username) || !plausible(password) {
            return Ok(PasswordAnswer::Wrong);
        }
        let Some(located) = self.find(username, self.settings.users.needed(wanted)).await? else {
            self.mask(password).await?;
            return Ok(PasswordAnswer::Wrong);
        };
        match self.check(&located, password).await? {
            Verdict::Right => Ok(PasswordAnswer::Identity(self.identity(wanted, username, &located.entry).await?)),
            Verdict::Refused(state) => Ok(PasswordAnswer::Refused(state)),
            Verdict::Wrong | Verdict::Failed => Ok(PasswordAnswer::Wrong),
        }
    }

    fn negotiate(&self) -> Option<&dyn Negotiate> {
        self.kerberos.is_some().then_some(self)
    }
}

impl Directory {
    /// Has the directory check the password.
    async fn check(&self, located: &Located, password: &str) -> Result<Verdict, UpstreamError> {
        let (dn, asked) = (&located.entry.dn, Instant::now());
        let bound = match &located.at {
            Some(endpoint) => self.pool.bind_at(endpoint.clone(), dn, password).await?,
            None => self.pool.bind(dn, password).await?,
        };
        let Bound { endpoint, outcome, policy } = bound;
        let verdict = verdict(&outcome, policy, self.settings.tell);
        if let Some(what) = refusal(&outcome, policy) {
            let duration_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(
                connector.id = %self.id,
                host = %endpoint,
                user_dn = dn,
                code = outcome.code,
                text = outcome.text,
                policy = policy.map(tracing::field::debug),
                duration_ms,
                "{what}"
            );
        }
        if verdict == Verdict::Failed {
            let text = format!("ldap: {endpoint}: failed to bind as dn {dn:?}: {outcome}");
            return Err(match outcome.code {
                code::BUSY | code::UNAVAILABLE => UpstreamError::Unreachable(text.into()),
                _ => UpstreamError::Unacceptable(text),
            });
        }
        Ok(verdict)
    }

    /// Takes as long as a wrong password would, where that is wanted.
    async fn mask(&self, password: &str) -> Result<(), UpstreamError> {
        if self.settings.mask_unknown {
            let nobody = format!("cn=nobody-{:016x},{}", fastrand::u64(..), self.settings.users.base);
            self.pool.bind(&nobody, password).await?;
        }
        Ok(())
    }
}

/// Whether it can be a name or a password at all. An empty password is the important one: many servers take a bind
/// without a password for an anonymous one and call it a success (RFC 4513 §5.1.2).
fn plausible(typed: &str) -> bool {
    !typed.is_empty() && !typed.contains('\0') && typed.len() <= TYPED_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_or_password_is_not_sent() {
        let cases = [
            ("", false),
            ("a\0b", false),
            ("\0", false),
            (" ", true),
            ("*", true),
            (&"a".repeat(TYPED_BYTES_MAX), true),
            (&"a".repeat(TYPED_BYTES_MAX + 1), false),
        ];
        for (typed, expected) in cases {
            assert_eq!(plausible(typed), expected, "{} bytes", typed.len());
        }
    }
}
