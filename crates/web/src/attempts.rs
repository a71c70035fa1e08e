//! Failed passwords, counted so that guessing does not pay.
//!
//! Only failures count: many people share an address, and whoever knows the password is not held up by it. Counted
//! are failures for one account, from one address, and in all; each leaks away with time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dex_model::{Timestamp, later};

/// How many failures an account may have at once, and how long one takes to be forgiven.
const PER_ACCOUNT: Limit = Limit { failures: 10, forgiven_after: Duration::from_secs(30) };

/// The same for an address, behind which there may be a whole company.
const PER_ADDRESS: Limit = Limit { failures: 100, forgiven_after: Duration::from_secs(3) };

/// The same for everybody together.
const IN_ALL: Limit = Limit { failures: 2000, forgiven_after: Duration::from_millis(50) };

/// How many accounts and addresses are remembered. Beyond it, those forgiven soonest are forgotten.
const REMEMBERED_MAX: usize = 20_000;

/// So many failures at once; one more must wait until one is forgiven.
#[derive(Debug, Clone, Copy)]
struct Limit {
    failures: u32,
    forgiven_after: Duration,
}

/// Too many passwords were wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed logins; try again in {} s", after.as_secs())]
pub struct TooManyFailures {
    /// How long to wait, in whole seconds.
    pub after: Duration,
}

/// The failures of this process.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<Whose, Timestamp>>);

/// Whose failures they are; the instant beside it is when the last one is forgiven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    Account(String, String),
    Address(IpAddr),
    Everybody,
}

impl Whose {
    fn of(connector_id: &str, username: &str, address: Option<IpAddr>) -> impl Iterator<Item = (Self, Limit)> {
        let account = Self::Account(connector_id.to_owned(), username.to_lowercase());
        let address = address.map(|address| (Self::Address(address), PER_ADDRESS));
        [(account, PER_ACCOUNT), (Self::Everybody, IN_ALL)].into_iter().chain(address)
    }
}

impl Attempts {
    /// Whether a password may be tried now.
    ///
    /// # Errors
    ///
    /// [`TooManyFailures`], answered with HTTP 429, whether or not there is such an account.
    pub fn check(
        &self,
        connector_id: &str,
        username: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), TooManyFailures> {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (whose, limit) in Whose::of(connector_id, username, address) {
            let Some(forgiven) = counted.get(&whose) else { continue };
            let room = later(now, limit.forgiven_after * (limit.failures - 1));
            if *forgiven > room {
                let wait = forgiven.duration_since(room).unsigned_abs();
                return Err(TooManyFailures { after: Duration::from_secs(wait.as_secs() + 1) });
            }
        }
        Ok(())
    }

    /// Counts a wrong password.
    pub fn failed(&self, connector_id: &str, username: &str, address: Option<IpAddr>, now: Timestamp) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (whose, limit) in Whose::of(connector_id, username, address) {
            let from = counted.get(&whose).copied().filter(|forgiven| *forgiven > now).unwrap_or(now);
            counted.insert(whose, later(from, limit.forgiven_after));
        }
        if counted.len() > REMEMBERED_MAX {
            counted.retain(|_, forgiven| *forgiven > now);
            let surplus = counted.len().saturating_sub(REMEMBERED_MAX);
            let mut soonest: Vec<_> = counted.iter().map(|(whose, at)| (*at, whose.clone())).collect();
            soonest.sort_unstable_by_key(|(at, _)| *at);
            for (_, whose) in soonest.into_iter().take(surplus) {
                counted.remove(&whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    #[test]
    fn an_account_is_held_up_after_ten_failures_and_forgiven_one_by_one() {
        let attempts = Attempts::default();
        for n in 0..PER_ACCOUNT.failures {
            assert_eq!(attempts.check("local", "jane", None, after(0)), Ok(()), "{n}");
            attempts.failed("local", "Jane", None, after(0));
        }
        assert!(attempts.check("local", "JANE", None, after(29)).is_err());
        assert_eq!(attempts.check("local", "jane", None, after(30)), Ok(()));
        assert_eq!(attempts.check("local", "john", None, after(0)), Ok(()), "another account");
        assert_eq!(attempts.check("ldap", "jane", None, after(0)), Ok(()), "another connector");
    }

    #[test]
    fn an_address_is_held_up_whatever_accounts_it_tries() {
        let attempts = Attempts::default();
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for n in 0..PER_ADDRESS.failures {
            attempts.failed("local", &n.to_string(), Some(one), after(0));
        }
        assert!(attempts.check("local", "fresh", Some(one), after(2)).is_err());
        assert_eq!(attempts.check("local", "fresh", Some(other), after(2)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..REMEMBERED_MAX + 10 {
            attempts.failed("local", &n.to_string(), None, after(0));
        }
        assert!(attempts.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
