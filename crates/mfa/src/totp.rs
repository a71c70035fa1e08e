//! Time-based one-time codes (RFC 6238), as every authenticator app makes them: HMAC-SHA-1, six digits, 30 seconds
//! (sessions-ui spec, 3.5).

use dex_model::{MfaSecret, Timestamp, TokenSecret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Secret, Totp};
use url::Url;

/// The `type` of a stored secret.
pub const KIND: &str = "TOTP";

/// How long a code counts, in seconds.
const PERIOD: u64 = 30;

/// How many steps a clock may be off, either way.
const SKEW: u16 = 1;

/// The length of a new secret in bytes, as RFC 4226 §4 recommends.
pub const SECRET_BYTES: usize = 20;

/// What may stand in the query of a key URI as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What may stand in its label.
const LABEL: &AsciiSet = &PLAIN.remove(b'@').remove(b'(').remove(b')');

/// A stored secret that no code can be checked against.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the stored key URI cannot be used: {0}")]
pub struct BadSecret(&'static str);

/// A new secret of these random bytes for a user, whose first right code confirms it. `label` is who it is for, such as
/// `(ldap) jane@example.org`.
pub fn enrol(
    authenticator_id: &str,
    secret: [u8; SECRET_BYTES],
    (issuer, label): (&str, &str),
    now: Timestamp,
) -> MfaSecret {
    let secret = Secret::from(secret.to_vec()).to_base32();
    let (issuer, label) = (utf8_percent_encode(issuer, PLAIN), utf8_percent_encode(label, LABEL));
    // Dex's order, the alphabet's.
    let query = format!("algorithm=SHA1&digits=6&issuer={issuer}&period={PERIOD}&secret={secret}");
    let uri = format!("otpauth://totp/{issuer}:{label}?{query}");
    MfaSecret {
        authenticator_id: authenticator_id.to_owned(),
        kind: KIND.to_owned(),
        secret: TokenSecret::new(uri),
        confirmed: false,
        created_at: now,
        last_used_counter: 0,
    }
}

/// The secret as people type it, in base32.
///
/// # Errors
///
/// [`BadSecret`] if what is stored is no key URI of ours or Dex's.
pub fn typed(secret: &MfaSecret) -> Result<String, BadSecret> {
    let uri = Url::parse(secret.secret.expose()).map_err(|_| BadSecret("it is no URI"))?;
    if (uri.scheme(), uri.host_str()) != ("otpauth", Some("totp")) {
        return Err(BadSecret("it does not begin with otpauth://totp"));
    }
    let given = |name: &str| uri.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let expected = [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")];
    if expected.iter().any(|(name, value)| given(name).is_some_and(|given| given != *value)) {
        return Err(BadSecret("it is for codes of another kind"));
    }
    given("secret").ok_or(BadSecret("it has no secret"))
}

/// The time step of which `code` is the code, within one step of now. `None`: it is wrong, or was used before.
///
/// A step counts once: the caller keeps it by [`used`] before the user goes on.
///
/// # Errors
///
/// [`BadSecret`]; nobody can pass then, and an administrator has to remove the secret.
pub fn step_of(secret: &MfaSecret, code: &str, now: Timestamp) -> Result<Option<i64>, BadSecret> {
    let totp = generator(&typed(secret)?)?;
    let seconds = u64::try_from(now.as_second()).map_err(|_| BadSecret("the clock stands before 1970"))?;
    let step = totp.check(code, seconds).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| *step > secret.last_used_counter))
}

/// The secret after the code of `step` has let somebody in, or `None` if that step or a later one was used meanwhile.
pub fn used(secret: MfaSecret, step: i64) -> Option<MfaSecret> {
    (step > secret.last_used_counter).then_some(MfaSecret { confirmed: true, last_used_counter: step, ..secret })
}

fn generator(secret: &str) -> Result<Totp, BadSecret> {
    let secret = Secret::try_from_base32(secret).map_err(|_| BadSecret("its secret is not base32"))?;
    let codes = Builder::new().with_secret(secret).with_skew(SKEW).with_step_duration(PERIOD).build();
    codes.map_err(|_| BadSecret("its secret is shorter than 16 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::constant(second, 0)
    }

    /// The key of RFC 6238, appendix B: the ASCII text `12345678901234567890`.
    fn known() -> MfaSecret {
        let uri = "otpauth://totp/dex:(ldap)%20jane?algorithm=SHA1&digits=6&issuer=dex&period=30\
                   &secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        MfaSecret { secret: TokenSecret::new(uri), ..enrol("totp-1", [0; SECRET_BYTES], ("dex", "(ldap) jane"), at(0)) }
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // The last six digits of the appendix's.
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(step_of(&known(), code, at(second)), Ok(Some(second / 30)), "{second}");
        }
    }

    #[test]
    fn a_code_counts_one_step_early_or_late_and_as_it_is_written() {
        let cases = [
            ("287082", 29, Some(1)),
            ("287082", 30, Some(1)),
            ("287082", 0, Some(1)),
            ("287082", 89, Some(1)),
            ("287082", 90, None),
            ("287 082", 59, None),
            (" 287082", 59, None),
            ("87082", 59, None),
            ("2870820", 59, None),
            ("", 59, None),
            ("²87082", 59, None),
        ];
        for (code, second, expected) in cases {
            assert_eq!(step_of(&known(), code, at(second)), Ok(expected), "{code:?} {second}");
        }
    }

    #[test]
    fn a_step_is_used_once_and_uses_up_those_before() {
        let used_up = used(known(), 1).unwrap();
        assert!(used_up.confirmed);
        assert_eq!(step_of(&used_up, "287082", at(59)), Ok(None));
        assert_eq!((used(used_up.clone(), 1), used(used_up.clone(), 0)), (None, None));
        assert!(used(used_up, 2).is_some());
    }

    #[test]
    fn a_new_secret_is_an_uri_as_dex_writes_it() {
        let made = enrol("totp-1", *b"12345678901234567890", ("Example Corp", "(ldap) jane@example.org"), at(7));
        let uri = made.secret.expose();
        let head = "otpauth://totp/Example%20Corp:(ldap)%20jane@example.org?algorithm=SHA1&digits=6\
                    &issuer=Example%20Corp&period=30&secret=";
        assert!(uri.starts_with(head), "{uri}");
        assert_eq!(typed(&made), typed(&known()));
        assert!(!made.confirmed && made.last_used_counter == 0);
    }

    #[test]
    fn what_is_no_such_uri_lets_nobody_in() {
        let cases = [
            "",
            "https://totp/x?secret=GEZDGNBV",
            "otpauth://hotp/x?secret=GEZDGNBV",
            "otpauth://totp/x",
            "otpauth://totp/x?secret=",
            "otpauth://totp/x?secret=1",
            "otpauth://totp/x?secret=GEZDGNBV",
            "otpauth://totp/x?digits=8&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        ];
        for uri in cases {
            let secret = MfaSecret { secret: TokenSecret::new(uri), ..known() };
            assert!(step_of(&secret, "287082", at(59)).is_err(), "{uri}");
        }
    }
}
