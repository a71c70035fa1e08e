//! The form of one-time codes (RFC 6238).

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Asks for a one-time code, and shows how to set the generator up when it is not yet.
/// Has no `Debug`: the enrolment holds the secret.
#[derive(Clone, Default)]
pub struct TotpVerify {
    /// Where the form goes; the page's own URL with its query.
    pub post_url: String,
    /// The last code was wrong.
    pub invalid: bool,
    /// The issuer's name as the generator shows it.
    pub issuer: String,
    /// Connector id.
    pub connector: String,
    /// Present until the first code was right.
    pub enrolment: Option<TotpEnrolment>,
}

/// A secret on its way to the user's generator.
#[derive(Clone, Default)]
pub struct TotpEnrolment {
    /// A PNG of the key URI's QR code, base64.
    pub qr_code: String,
    /// The secret in base32, for typing.
    pub secret: String,
    /// The `otpauth:` URI, for a generator on the same device.
    pub key_uri: String,
}

/// How many characters of the secret stand together.
const SECRET_GROUP: usize = 4;

fn grouped(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = characters.chunks(SECRET_GROUP).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

impl Page for TotpVerify {
    fn template(&self) -> &'static str {
        "totp_verify.html"
    }

    fn title(&self) -> Cow<'static, str> {
        if self.invalid { "Error: two-factor authentication".into() } else { "Two-factor authentication".into() }
    }

    fn fields(&self) -> Fields {
        let none = TotpEnrolment::default();
        let enrolment = self.enrolment.as_ref().unwrap_or(&none);
        let fields = Fields::new()
            .set("PostURL", &self.post_url)
            .set("Invalid", self.invalid)
            .set_shown("Issuer", &self.issuer)
            .set("Connector", &self.connector)
            .set("QRCode", &enrolment.qr_code)
            .set("Secret", grouped(&enrolment.secret));
        if enrolment.key_uri.starts_with("otpauth://") {
            return fields.set_url("KeyURI", &enrolment.key_uri);
        }
        fields.set("KeyURI", "")
    }
}

/// A QR code of nothing in particular: one grey pixel.
const SAMPLE_PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOoBwAAgQCAlBhNPgAAAABJRU5ErkJggg==";

pub(super) fn samples() -> Vec<Sample> {
    let page = |invalid, enrolment| TotpVerify {
        post_url: "/dex/mfa/totp?authenticator=totp&hmac=x&req=y".into(),
        invalid,
        issuer: "Example Corp".into(),
        connector: "ldap".into(),
        enrolment,
    };
    let enrolment = TotpEnrolment {
        qr_code: SAMPLE_PNG.into(),
        secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".into(),
        key_uri: "otpauth://totp/dex:(ldap)%20jane?secret=JBSWY3DPEHPK3PXP".into(),
    };
    vec![
        Sample::new("minimal", page(false, None)),
        Sample::new("enrolment", page(false, Some(enrolment.clone()))),
        Sample::new("invalid", page(true, None)),
        Sample::new("full", page(true, Some(enrolment))),
        Sample::new(
            "hostile",
            TotpVerify {
                post_url: "javascript:alert(1)".into(),
                invalid: true,
                issuer: HOSTILE.into(),
                connector: HOSTILE.into(),
                enrolment: Some(TotpEnrolment {
                    qr_code: HOSTILE.into(),
                    secret: HOSTILE.into(),
                    key_uri: "javascript:alert(1)".into(),
                }),
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_shown_in_groups_of_four() {
        let cases = [("", ""), ("ABCD", "ABCD"), ("ABCDE", "ABCD E"), ("ABCDEFGH", "ABCD EFGH")];
        for (secret, expected) in cases {
            assert_eq!(grouped(secret), expected);
        }
    }
}
