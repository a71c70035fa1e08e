//! Whether an account may be used, as its entry says. A bind tells too, but a refresh and a ticket come without one.

use dex_connector::AccountState;
use jiff::{SignedDuration, Timestamp};

use super::attributes::{first_text, values};
use crate::wire::Entry;

/// The attributes that say how an account is and which one it is. Servers leave out those they do not know.
pub(crate) const STATE_ATTRIBUTES: &[&str] =
    &[USER_ACCOUNT_CONTROL, COMPUTED, ACCOUNT_EXPIRES, NS_ACCOUNT_LOCK, LOCKED_TIME, "entryUUID", "objectGUID"];

/// Active Directory's flags (MS-ADTS §2.2.16).
const USER_ACCOUNT_CONTROL: &str = "userAccountControl";
/// The flags that depend on the time; the lock is only here.
const COMPUTED: &str = "msDS-User-Account-Control-Computed";
const FLAG_DISABLED: u32 = 0x2;
const FLAG_LOCKED: u32 = 0x10;
/// Tenths of microseconds since 1601; zero and the largest number mean never.
const ACCOUNT_EXPIRES: &str = "accountExpires";
/// 389 Directory Server and FreeIPA.
const NS_ACCOUNT_LOCK: &str = "nsAccountLock";
/// OpenLDAP's password policy.
const LOCKED_TIME: &str = "pwdAccountLockedTime";

/// 1601-01-01T00:00:00Z.
const FILE_TIME_ZERO: Timestamp = Timestamp::constant(-11_644_473_600, 0);

/// Why the account may not be used, if its entry says so.
pub(super) fn standing(entry: &Entry, now: Timestamp) -> Option<AccountState> {
    let flags = |name| first_text(entry, name).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    // Signed in the directory, and only the lower half matters.
    let has = |name, flag: u32| flags(name) & i64::from(flag) != 0;
    if has(USER_ACCOUNT_CONTROL, FLAG_DISABLED)
        || first_text(entry, NS_ACCOUNT_LOCK).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    {
        return Some(AccountState::Disabled);
    }
    if first_text(entry, ACCOUNT_EXPIRES).and_then(|text| expiry(&text)).is_some_and(|at| at <= now) {
        return Some(AccountState::Expired);
    }
    (has(COMPUTED, FLAG_LOCKED) || !values(entry, LOCKED_TIME).is_empty()).then_some(AccountState::Locked)
}

/// When an account expires; `None` for never.
fn expiry(text: &str) -> Option<Timestamp> {
    let ticks: i64 = text.parse().ok().filter(|ticks| *ticks > 0 && *ticks < i64::MAX)?;
    let since = SignedDuration::new(ticks / 10_000_000, i32::try_from(ticks % 10_000_000).ok()? * 100);
    FILE_TIME_ZERO.checked_add(since).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Attribute;

    #[test]
    fn an_entry_says_whether_its_account_may_be_used() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let cases = [
            ("nothing is said", "cn", "x", None),
            ("an ordinary account", USER_ACCOUNT_CONTROL, "512", None),
            ("disabled", USER_ACCOUNT_CONTROL, "514", Some(AccountState::Disabled)),
            ("flags in the sign", USER_ACCOUNT_CONTROL, "-2147483136", None),
            ("locked by its other name", "MSDS-user-account-control-computed", "16", Some(AccountState::Locked)),
            ("password expired only", COMPUTED, "8388608", None),
            ("never expires", ACCOUNT_EXPIRES, "9223372036854775807", None),
            ("never expires either", ACCOUNT_EXPIRES, "0", None),
            ("expires now", ACCOUNT_EXPIRES, "134400816000000000", Some(AccountState::Expired)),
            ("expires in a moment", ACCOUNT_EXPIRES, "134400816000000001", None),
            ("disabled at 389", NS_ACCOUNT_LOCK, "TRUE", Some(AccountState::Disabled)),
            ("enabled at 389", NS_ACCOUNT_LOCK, "FALSE", None),
            ("locked by the policy", LOCKED_TIME, "000001010000Z", Some(AccountState::Locked)),
        ];
        for (told, name, value, expected) in cases {
            let attribute = Attribute { name: name.into(), values: vec![value.into()] };
            let entry = Entry { dn: "cn=x".into(), attributes: vec![attribute] };
            assert_eq!(standing(&entry, now), expected, "{told}");
        }
    }
}
