//! What must not be tried without end: passwords, user codes, devices that wait.
//!
//! Of passwords and user codes only wrong ones count: many people share an address, and whoever knows the
//! password is not held up by it. Counted are failures for one account, from one address, and in all; each leaks
//! away with time. A password is known to be wrong only when an upstream has said so, so the ones that are looked at
//! at the same time are limited too. Devices count when they begin, for each client and in all, and for as long as
//! they may wait.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dex_model::{Timestamp, later};
use unicode_normalization::UnicodeNormalization as _;

/// The longest user name and the longest password that are looked at, in bytes. Longer ones are wrong.
pub const CREDENTIAL_BYTES_MAX: usize = 4096;

/// How many wrong passwords an account may have at once, and how long one takes to be forgiven.
const PER_ACCOUNT: Limit = Limit { failures: 10, forgiven_after: Duration::from_secs(30) };

/// The same for an address, behind which there may be a whole company.
const PER_ADDRESS: Limit = Limit { failures: 100, forgiven_after: Duration::from_secs(3) };

/// The same for everybody together.
const IN_ALL: Limit = Limit { failures: 2000, forgiven_after: Duration::from_millis(50) };

/// How many wrong second factors an account may have at once. Three of a million one-time codes are right at any time: at
/// one guess in five minutes, a year finds one with a chance of one third.
const FACTORS_PER_ACCOUNT: Limit = Limit { failures: 10, forgiven_after: Duration::from_secs(300) };

/// How many passwords of one account are looked at at once.
const ACCOUNT_AT_ONCE: u32 = 32;

/// The same for an address.
const ADDRESS_AT_ONCE: u32 = 1000;

/// How long someone is asked to wait who comes while too many are looked at.
const LOOKED_AT_WAIT: Duration = Duration::from_secs(1);

/// How many wrong user codes may come from an address. RFC 8628 §5.1: a code is as short as it is only
/// because guessing is held up.
const CODES_PER_ADDRESS: Limit = Limit { failures: 30, forgiven_after: Duration::from_secs(10) };

/// The same for everybody together. Of 20^8 codes, ten a second find one of a thousand waiting in a month.
const CODES_IN_ALL: Limit = Limit { failures: 1000, forgiven_after: Duration::from_millis(100) };

/// How many devices of one client may wait at once for their users.
const DEVICES_PER_CLIENT: u32 = 1000;

/// The same for all clients together.
const DEVICES_IN_ALL: u32 = 10_000;

/// How many accounts, addresses and clients are remembered. Beyond it, those forgiven soonest are forgotten.
const REMEMBERED_MAX: usize = 20_000;

/// An IPv6 subscriber has at least this part of an address to choose from (RFC 6177).
const NETWORK_MASK: u128 = u128::MAX << 64;

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub enum Attempt<'a> {
    /// To log in with a password.
    Password {
        /// The connector.
        connector_id: &'a str,
        /// The user name as typed.
        username: &'a str,
        /// Where from, if that is known.
        address: Option<IpAddr>,
    },
    /// To show a second factor.
    SecondFactor {
        /// The connector.
        connector_id: &'a str,
        /// The connector's id of the user.
        user_id: &'a str,
        /// Where from, if that is known.
        address: Option<IpAddr>,
    },
    /// To type the user code of a device.
    UserCode {
        /// Where from, if that is known.
        address: Option<IpAddr>,
    },
    /// To begin the login of a device.
    Device {
        /// The device's client.
        client_id: &'a str,
        /// How long the device may wait for its user.
        valid_for: Duration,
    },
}

/// So many at once; one more must wait until one is forgiven.
#[derive(Debug, Clone, Copy)]
struct Limit {
    failures: u32,
    forgiven_after: Duration,
}

impl Limit {
    /// So many within `span`.
    fn within(span: Duration, failures: u32) -> Self {
        Self { failures, forgiven_after: span / failures }
    }
}

/// It was tried too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {} s", after.as_secs())]
pub struct TooManyAttempts {
    /// How long to wait, in whole seconds.
    pub after: Duration,
}

/// The attempts of this process.
#[derive(Debug, Default)]
pub struct Attempts {
    counted: Mutex<HashMap<Whose, Timestamp>>,
    /// Passwords that are looked at.
    running: Mutex<HashMap<Whose, u32>>,
}

/// A password that is looked at, until it is dropped. Count it before that if it failed.
#[must_use]
#[derive(Debug)]
pub struct Running<'a> {
    attempts: &'a Attempts,
    whose: Vec<Whose>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut running = self.attempts.running.lock().unwrap_or_else(PoisonError::into_inner);
        for whose in &self.whose {
            if let Some(count) = running.get_mut(whose) {
                *count -= 1;
                if *count == 0 {
                    running.remove(whose);
                }
            }
        }
    }
}

/// Whose they are; the instant beside it is when the last one is forgiven.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    /// By a hash, so that long names take no room.
    Account([u8; 32]),
    Address(IpAddr),
    Everybody,
    CodesFrom(IpAddr),
    Codes,
    Devices(String),
    AllDevices,
}

impl Attempt<'_> {
    fn counted(self) -> impl Iterator<Item = (Whose, Limit)> {
        let (counted, address) = match self {
            Self::Password { connector_id, username, address } => {
                let account = format!("{connector_id}\n{}", folded(username));
                let account = Whose::Account(dex_jose::sha256(account.as_bytes()));
                let address = address.map(|address| (Whose::Address(network(address)), PER_ADDRESS));
                ([Some((account, PER_ACCOUNT)), Some((Whose::Everybody, IN_ALL))], address)
            }
            Self::SecondFactor { connector_id, user_id, address } => {
                let account = format!("second factor\n{connector_id}\n{user_id}");
                let account = Whose::Account(dex_jose::sha256(account.as_bytes()));
                let address = address.map(|address| (Whose::Address(network(address)), PER_ADDRESS));
                ([Some((account, FACTORS_PER_ACCOUNT)), Some((Whose::Everybody, IN_ALL))], address)
            }
            Self::UserCode { address } => {
                let address = address.map(|address| (Whose::CodesFrom(network(address)), CODES_PER_ADDRESS));
                ([Some((Whose::Codes, CODES_IN_ALL)), None], address)
            }
            Self::Device { client_id, valid_for } => {
                let client = (Whose::Devices(client_id.to_owned()), Limit::within(valid_for, DEVICES_PER_CLIENT));
                let all = (Whose::AllDevices, Limit::within(valid_for, DEVICES_IN_ALL));
                ([Some(client), Some(all)], None)
            }
        };
        counted.into_iter().flatten().chain(address)
    }
}

/// A user name without what directories take no account of when they compare names (RFC 4518 §2), so that none of its many
/// spellings is an account of its own here.
fn folded(username: &str) -> String {
    let letters = username.nfkc().flat_map(char::to_lowercase);
    letters.filter(|letter| letter.is_alphanumeric() || letter.is_ascii_graphic()).collect()
}

/// The part of an address that its holder cannot change at will.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_MASK).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Attempts {
    /// Whether this may be tried now.
    ///
    /// # Errors
    ///
    /// [`TooManyAttempts`], answered with HTTP 429, whether or not there is such an account.
    pub fn check(&self, attempt: Attempt<'_>, now: Timestamp) -> Result<(), TooManyAttempts> {
        check(&self.lock(), attempt, now)
    }

    /// Whether a password may be looked at now, which then takes its time.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), and while too many of the same account or from the same address are looked at.
    pub fn begin(&self, attempt: Attempt<'_>, now: Timestamp) -> Result<Running<'_>, TooManyAttempts> {
        self.check(attempt, now)?;
        let at_once = |whose: &Whose| match whose {
            Whose::Account(_) => Some(ACCOUNT_AT_ONCE),
            Whose::Address(_) => Some(ADDRESS_AT_ONCE),
            _ => None,
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let limited: Vec<_> =
            attempt.counted().filter_map(|(whose, _)| at_once(&whose).map(|most| (whose, most))).collect();
        if limited.iter().any(|(whose, most)| running.get(whose).is_some_and(|count| count >= most)) {
            return Err(TooManyAttempts { after: LOOKED_AT_WAIT });
        }
        let whose: Vec<_> = limited.into_iter().map(|(whose, _)| whose).collect();
        whose.iter().for_each(|whose| *running.entry(whose.clone()).or_default() += 1);
        Ok(Running { attempts: self, whose })
    }

    /// Counts an attempt that failed.
    pub fn failed(&self, attempt: Attempt<'_>, now: Timestamp) {
        count(&mut self.lock(), attempt, now);
    }

    /// Counts an attempt, if there is room for it.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); it is then not counted.
    pub fn take(&self, attempt: Attempt<'_>, now: Timestamp) -> Result<(), TooManyAttempts> {
        let mut counted = self.lock();
        check(&counted, attempt, now)?;
        count(&mut counted, attempt, now);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Whose, Timestamp>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(counted: &HashMap<Whose, Timestamp>, attempt: Attempt<'_>, now: Timestamp) -> Result<(), TooManyAttempts> {
    for (whose, limit) in attempt.counted() {
        let Some(forgiven) = counted.get(&whose) else { continue };
        let room = later(now, limit.forgiven_after * (limit.failures - 1));
        if *forgiven > room {
            let wait = forgiven.duration_since(room).unsigned_abs();
            return Err(TooManyAttempts { after: Duration::from_secs(wait.as_secs() + 1) });
        }
    }
    Ok(())
}

fn count(counted: &mut HashMap<Whose, Timestamp>, attempt: Attempt<'_>, now: Timestamp) {
    for (whose, limit) in attempt.counted() {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn password<'a>(connector_id: &'a str, username: &'a str, address: Option<IpAddr>) -> Attempt<'a> {
        Attempt::Password { connector_id, username, address }
    }

    #[test]
    fn an_account_is_held_up_after_ten_failures_and_forgiven_one_by_one() {
        let attempts = Attempts::default();
        for n in 0..PER_ACCOUNT.failures {
            assert_eq!(attempts.check(password("local", "jane", None), after(0)), Ok(()), "{n}");
            attempts.failed(password("local", "Jane", None), after(0));
        }
        assert!(attempts.check(password("local", "JANE", None), after(29)).is_err());
        assert_eq!(attempts.check(password("local", "jane", None), after(30)), Ok(()));
        assert_eq!(attempts.check(password("local", "john", None), after(0)), Ok(()), "another account");
        assert_eq!(attempts.check(password("ldap", "jane", None), after(0)), Ok(()), "another connector");
    }

    #[test]
    fn no_spelling_of_a_name_is_an_account_of_its_own() {
        let spellings = [
            "jane doe",
            "Jane Doe",
            "JANE DOE ",
            " jane  doe",
            "jane\u{a0}doe",
            "ja\u{ad}ne doe",
            "jane\u{200b} doe",
            "\u{ff4a}\u{ff41}\u{ff4e}\u{ff45} doe",
            "j\u{1d2c}ne doe\u{fe0f}",
        ];
        for spelling in spellings {
            let attempts = Attempts::default();
            (0..PER_ACCOUNT.failures).for_each(|_| attempts.failed(password("ldap", spelling, None), after(0)));
            assert!(attempts.check(password("ldap", "jane doe", None), after(0)).is_err(), "{spelling:?}");
        }
        for other in ["jane.doe", "jané doe", "jane doe2"] {
            assert_ne!(folded(other), folded("jane doe"));
        }
    }

    #[test]
    fn guesses_that_come_at_once_are_limited_before_the_first_one_fails() {
        let attempts = Attempts::default();
        let from = |n: u32| Some(IpAddr::V4(n.into()));
        let mut running: Vec<_> = (0..ACCOUNT_AT_ONCE)
            .map(|n| attempts.begin(password("ldap", "jane", from(n)), after(0)).unwrap())
            .collect();
        let one_more = || attempts.begin(password("ldap", "Jane", from(99)), after(0)).map(drop);
        assert_eq!(one_more(), Err(TooManyAttempts { after: LOOKED_AT_WAIT }));
        assert!(attempts.begin(password("ldap", "john", from(99)), after(0)).is_ok(), "another account");
        running.pop();
        assert_eq!(one_more(), Ok(()));
        drop(running);
        let name = |n: u32| n.to_string();
        let sprayed: Vec<_> = (0..ADDRESS_AT_ONCE)
            .map(|n| attempts.begin(password("ldap", &name(n), from(1)), after(0)).unwrap())
            .collect();
        assert!(attempts.begin(password("ldap", "x", from(1)), after(0)).is_err(), "whatever the account");
        assert!(attempts.begin(password("ldap", "x", from(2)), after(0)).is_ok(), "another address");
        drop(sprayed);
        assert!(attempts.running.lock().unwrap().is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn an_address_is_held_up_whatever_accounts_it_tries() {
        let attempts = Attempts::default();
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for n in 0..PER_ADDRESS.failures {
            for from in ["192.0.2.1", &format!("2001:db8:1:2:{n:x}::")] {
                attempts.failed(password("local", &n.to_string(), address(from)), after(0));
            }
        }
        let cases = [
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("192.0.2.2", true),
            ("2001:db8:1:2:ffff::1", false),
            ("2001:db8:1:3::1", true),
        ];
        for (from, free) in cases {
            let checked = attempts.check(password("local", "fresh", address(from)), after(2));
            assert_eq!(checked.is_ok(), free, "{from}");
            let code = Attempt::UserCode { address: address(from) };
            assert_eq!(attempts.check(code, after(2)), Ok(()), "passwords are not user codes");
        }
    }

    #[test]
    fn user_codes_are_guessed_slowly_from_one_address_and_from_all() {
        let attempts = Attempts::default();
        let from = |n: u32| Attempt::UserCode { address: Some(IpAddr::V4(n.into())) };
        for n in 0..CODES_PER_ADDRESS.failures {
            assert_eq!(attempts.take(from(1), after(0)), Ok(()), "{n}");
        }
        assert_eq!(attempts.take(from(1), after(9)), Err(TooManyAttempts { after: Duration::from_secs(2) }));
        assert_eq!(attempts.take(from(1), after(10)), Ok(()));
        for n in 2..2 + CODES_IN_ALL.failures {
            attempts.failed(from(n), after(10));
        }
        assert!(attempts.check(from(0), after(10)).is_err(), "an address that never tried");
    }

    #[test]
    fn devices_wait_in_limited_number() {
        let attempts = Attempts::default();
        let valid_for = Duration::from_secs(300);
        let of = |client_id| Attempt::Device { client_id, valid_for };
        for n in 0..DEVICES_PER_CLIENT {
            assert_eq!(attempts.take(of("tv"), after(0)), Ok(()), "{n}");
        }
        assert!(attempts.take(of("tv"), after(0)).is_err());
        assert_eq!(attempts.take(of("cli"), after(0)), Ok(()), "another client");
        assert_eq!(attempts.take(of("tv"), after(1)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..REMEMBERED_MAX + 10 {
            attempts.failed(password("local", &n.to_string(), None), after(0));
        }
        assert!(attempts.counted.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
