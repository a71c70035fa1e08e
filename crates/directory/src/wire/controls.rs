//! The controls we send and read: paged results (RFC 2696) and the password policy
//! (draft-behera-ldap-password-policy-10, section 6).

use super::ber::{self, Malformed, Reader};

pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(crate) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// A control of a request that a server may ignore.
pub(crate) struct Control {
    pub(crate) name: &'static str,
    pub(crate) value: Option<Vec<u8>>,
}

impl Control {
    /// Asks for `size` entries at a time, going on from `cookie`.
    pub(crate) fn page(size: u32, cookie: &[u8]) -> Self {
        let mut value = Vec::new();
        ber::built(&mut value, ber::SEQUENCE, |to| {
            ber::put_number(to, ber::INTEGER, size);
            ber::put(to, ber::OCTETS, cookie);
        });
        Self { name: PAGED_RESULTS, value: Some(value) }
    }

    /// Asks to be told of the password policy.
    pub(crate) fn password_policy() -> Self {
        Self { name: PASSWORD_POLICY, value: None }
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        ber::built(to, ber::SEQUENCE, |to| {
            ber::put(to, ber::OCTETS, self.name.as_bytes());
            if let Some(value) = &self.value {
                ber::put(to, ber::OCTETS, value);
            }
        });
    }
}

/// The cookie for the next page; empty after the last one.
pub(crate) fn cookie(value: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut sequence = Reader::new(Reader::new(value).element(ber::SEQUENCE)?);
    sequence.any()?;
    Ok(sequence.element(ber::OCTETS)?.to_vec())
}

/// What a server's password policy says of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyError {
    PasswordExpired,
    AccountLocked,
    ChangeAfterReset,
    /// One of those that concern changing a password.
    Other,
}

/// The error in a response of the password policy. Warnings, such as the logins left, are no errors.
pub(crate) fn policy_error(value: &[u8]) -> Result<Option<PolicyError>, Malformed> {
    let mut sequence = Reader::new(Reader::new(value).element(ber::SEQUENCE)?);
    sequence.optional(0xa0)?;
    let error = sequence.optional(0x81)?.map(ber::number).transpose()?;
    Ok(error.map(|error| match error {
        0 => PolicyError::PasswordExpired,
        1 => PolicyError::AccountLocked,
        2 => PolicyError::ChangeAfterReset,
        _ => PolicyError::Other,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_speaks_of_errors_and_warnings() {
        type Read = Result<Option<PolicyError>, ()>;
        let cases: [(&str, &[u8], Read); 7] = [
            ("nothing", &[0x30, 0], Ok(None)),
            ("expired", &[0x30, 3, 0x81, 1, 0], Ok(Some(PolicyError::PasswordExpired))),
            ("locked", &[0x30, 3, 0x81, 1, 1], Ok(Some(PolicyError::AccountLocked))),
            (
                "a warning, then changed by an administrator",
                &[0x30, 8, 0xa0, 3, 0x80, 1, 9, 0x81, 1, 2],
                Ok(Some(PolicyError::ChangeAfterReset)),
            ),
            ("a warning", &[0x30, 5, 0xa0, 3, 0x81, 1, 3], Ok(None)),
            ("about a new password", &[0x30, 3, 0x81, 1, 6], Ok(Some(PolicyError::Other))),
            ("no sequence", &[0x81, 1, 0], Err(())),
        ];
        for (told, value, expected) in cases {
            assert_eq!(policy_error(value).map_err(|_| ()), expected, "{told}");
        }
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let control = Control::page(500, b"here");
        assert_eq!(cookie(control.value.as_deref().unwrap()).unwrap(), b"here");
        assert!(cookie(b"\x30\x02\x02\x00").is_err());
    }
}
