//! What a server's answer to a user's bind means (connectors-protocol spec, 4.6).

use dex_connector::AccountState;

use crate::config::Tell;
use crate::wire::{Outcome, PolicyError, code};

/// What came of a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The password is right.
    Right,
    /// The name or the password is wrong, or it has to look like that.
    Wrong,
    /// The account cannot be used.
    Refused(AccountState),
    /// The server did not check the password.
    Failed,
}

/// When a server says that an account cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// To those with the right password only.
    AfterPassword(AccountState),
    /// To everybody.
    ToAnyone(AccountState),
}

/// What the answer means, to be told as `tell` wants it.
pub(super) fn verdict(outcome: &Outcome, policy: Option<PolicyError>, tell: Tell) -> Verdict {
    let said = match outcome.code {
        code::SUCCESS => match policy {
            None | Some(PolicyError::Other) => return Verdict::Right,
            // The server has let them in, to change the password and for nothing else.
            Some(PolicyError::ChangeAfterReset) => Said::AfterPassword(AccountState::MustChangePassword),
            Some(PolicyError::PasswordExpired) => Said::AfterPassword(AccountState::PasswordExpired),
            Some(PolicyError::AccountLocked) => Said::AfterPassword(AccountState::Locked),
        },
        code::INVALID_CREDENTIALS => match policy_says(policy).or_else(|| active_directory_says(&outcome.text)) {
            Some(said) => said,
            None => return Verdict::Wrong,
        },
        // 389 Directory Server and those like it, for an account with too many wrong passwords and a disabled one.
        code::CONSTRAINT_VIOLATION => Said::ToAnyone(AccountState::Locked),
        code::UNWILLING_TO_PERFORM => Said::ToAnyone(AccountState::Disabled),
        _ => return Verdict::Failed,
    };
    match (said, tell) {
        (Said::AfterPassword(state), Tell::AfterPassword | Tell::Always) | (Said::ToAnyone(state), Tell::Always) => {
            Verdict::Refused(state)
        }
        (Said::AfterPassword(_), Tell::Never) | (Said::ToAnyone(_), Tell::AfterPassword | Tell::Never) => {
            Verdict::Wrong
        }
    }
}

/// What the log says of a bind the directory refused, whatever the user is told. Where it could not check the password there
/// is an error, which says so.
pub(super) fn refusal(outcome: &Outcome, policy: Option<PolicyError>) -> Option<&'static str> {
    match verdict(outcome, policy, Tell::Always) {
        Verdict::Wrong => Some("login failed: the password is wrong"),
        Verdict::Refused(_) => Some("login failed: the account cannot be used"),
        Verdict::Right | Verdict::Failed => None,
    }
}

/// The policy looks at the lock before the password, and at the password's age after it
/// (draft-behera-ldap-password-policy-10, section 7.1).
fn policy_says(policy: Option<PolicyError>) -> Option<Said> {
    match policy? {
        PolicyError::PasswordExpired => Some(Said::AfterPassword(AccountState::PasswordExpired)),
        PolicyError::ChangeAfterReset => Some(Said::AfterPassword(AccountState::MustChangePassword)),
        PolicyError::AccountLocked => Some(Said::ToAnyone(AccountState::Locked)),
        PolicyError::Other => None,
    }
}

/// The Windows error behind `data` in `80090308: LdapErr: .., comment: AcceptSecurityContext error, data 532, v4563`.
fn active_directory_says(text: &str) -> Option<Said> {
    let (_, after) = text.split_once(", data ")?;
    let number = after.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    match u32::from_str_radix(number, 16).ok()? {
        0x530 | 0x531 => Some(Said::AfterPassword(AccountState::NotNow)),
        0x532 => Some(Said::AfterPassword(AccountState::PasswordExpired)),
        0x533 => Some(Said::AfterPassword(AccountState::Disabled)),
        0x701 => Some(Said::AfterPassword(AccountState::Expired)),
        0x773 => Some(Said::AfterPassword(AccountState::MustChangePassword)),
        0x775 => Some(Said::ToAnyone(AccountState::Locked)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccountState::{Disabled, Expired, Locked, MustChangePassword, NotNow, PasswordExpired};
    use Verdict::{Failed, Refused, Right, Wrong};

    #[test]
    fn an_answer_is_told_as_the_operator_wants_it() {
        let ad = |data: &str| {
            format!("80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v2580")
        };
        let cases = [
            // code, text, policy,                                by default,  always, never
            (0, String::new(), None, [Right, Right, Right]),
            (0, String::new(), Some(PolicyError::Other), [Right, Right, Right]),
            (
                0,
                String::new(),
                Some(PolicyError::ChangeAfterReset),
                [Refused(MustChangePassword), Refused(MustChangePassword), Wrong],
            ),
            (0, String::new(), Some(PolicyError::AccountLocked), [Refused(Locked), Refused(Locked), Wrong]),
            (49, String::new(), None, [Wrong, Wrong, Wrong]),
            (
                49,
                String::new(),
                Some(PolicyError::PasswordExpired),
                [Refused(PasswordExpired), Refused(PasswordExpired), Wrong],
            ),
            (49, String::new(), Some(PolicyError::AccountLocked), [Wrong, Refused(Locked), Wrong]),
            (49, ad("52e"), None, [Wrong, Wrong, Wrong]),
            (49, ad("525"), None, [Wrong, Wrong, Wrong]),
            (49, ad("530"), None, [Refused(NotNow), Refused(NotNow), Wrong]),
            (49, ad("532"), None, [Refused(PasswordExpired), Refused(PasswordExpired), Wrong]),
            (49, ad("533"), None, [Refused(Disabled), Refused(Disabled), Wrong]),
            (49, ad("701"), None, [Refused(Expired), Refused(Expired), Wrong]),
            (49, ad("773"), None, [Refused(MustChangePassword), Refused(MustChangePassword), Wrong]),
            (49, ad("775"), None, [Wrong, Refused(Locked), Wrong]),
            (49, ", data ".to_owned(), None, [Wrong, Wrong, Wrong]),
            (19, String::new(), None, [Wrong, Refused(Locked), Wrong]),
            (53, String::new(), None, [Wrong, Refused(Disabled), Wrong]),
            (1, String::new(), None, [Failed, Failed, Failed]),
            (10, String::new(), None, [Failed, Failed, Failed]),
            (14, String::new(), None, [Failed, Failed, Failed]),
        ];
        for (code, text, policy, expected) in cases {
            let outcome = Outcome { code, text, referrals: Vec::new() };
            let got = [Tell::AfterPassword, Tell::Always, Tell::Never].map(|tell| verdict(&outcome, policy, tell));
            assert_eq!(got, expected, "{outcome} {policy:?}");
            let logged = match expected[1] {
                Wrong => Some("login failed: the password is wrong"),
                Refused(_) => Some("login failed: the account cannot be used"),
                Right | Failed => None,
            };
            assert_eq!(refusal(&outcome, policy), logged, "{outcome} {policy:?}");
        }
    }
}
