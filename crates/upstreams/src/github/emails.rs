//! Which of a user's addresses is the user's (connectors-platform spec, 2.4).

use dex_connector::UpstreamError;
use serde::Deserialize;

/// One of the user's addresses.
#[derive(Debug, Deserialize)]
pub(super) struct Email {
    email: Option<String>,
    verified: Option<bool>,
    primary: Option<bool>,
}

/// How an address is chosen.
pub(super) struct Choice {
    /// Empty for none; its labels may be `*`.
    pub(super) preferred_domain: String,
    /// Whether every address counts as verified: an own instance does not say.
    pub(super) all_verified: bool,
}

impl Choice {
    /// Whether the public address of the profile is enough.
    pub(super) fn takes_public(&self) -> bool {
        self.preferred_domain.is_empty()
    }

    /// The first verified address of the preferred domain, else the verified primary one.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Denied`] if there is none.
    pub(super) fn of(&self, emails: &[Email]) -> Result<String, UpstreamError> {
        let (mut primary, mut preferred) = (None, None);
        for email in emails {
            let address = email.email.as_deref().unwrap_or_default();
            let verified = self.all_verified || email.verified == Some(true);
            if verified && email.primary == Some(true) && !address.is_empty() {
                primary = Some(address);
            }
            if !self.preferred_domain.is_empty() {
                let no_address = || UpstreamError::Unacceptable("github: invalid format email is detected".into());
                let (_, domain) = address.split_once('@').ok_or_else(no_address)?;
                if verified && preferred.is_none() && domain_fits(&self.preferred_domain, domain) {
                    preferred = Some(address);
                }
            }
        }
        let none = "github: user has no verified, primary email or preferred-domain email";
        preferred.or(primary).map(str::to_owned).ok_or_else(|| UpstreamError::Denied(none.into()))
    }
}

/// Label by label; `*` is any one label.
fn domain_fits(pattern: &str, domain: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), domain.split('.').collect());
    wanted.len() == given.len() && wanted.iter().zip(given).all(|(wanted, given)| *wanted == "*" || *wanted == given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_fits_a_pattern_label_by_label() {
        for (pattern, domain, fits) in [
            ("acme.test", "acme.test", true),
            ("acme.test", "sub.acme.test", false),
            ("*.acme.test", "eu.acme.test", true),
            ("*.acme.test", "acme.test", false),
            ("*.acme.test", "a.eu.acme.test", false),
            ("*.*.acme.test", "a.eu.acme.test", true),
            ("acme.test", "ACME.test", false),
        ] {
            assert_eq!(domain_fits(pattern, domain), fits, "{pattern} {domain}");
        }
    }

    #[test]
    fn an_address_is_chosen_among_the_verified() {
        // address, verified, primary
        type All<'a> = &'a [(&'a str, bool, bool)];
        let three: All<'_> =
            &[("old@mail.example", false, false), ("m@corp.example", true, false), ("m@home.example", true, true)];
        let unverified: All<'_> = &[("m@corp.example", false, false), ("m@home.example", false, true)];
        let no_address: All<'_> = &[("m@home.example", true, true), ("nonsense", false, false)];
        let cases = [
            ("the primary", three, "", false, Ok("m@home.example")),
            ("the preferred", three, "corp.example", false, Ok("m@corp.example")),
            ("none preferred", three, "x.example", false, Ok("m@home.example")),
            ("none verified", unverified, "corp.example", false, Err("no verified, primary")),
            ("an own instance does not say", unverified, "", true, Ok("m@home.example")),
            ("no address", no_address, "", false, Ok("m@home.example")),
            ("no address, a domain is preferred", no_address, "corp.example", false, Err("invalid format email")),
            ("nothing", &[], "", false, Err("no verified, primary")),
            ("the last primary", &[("a@x", true, true), ("b@x", true, true)], "", false, Ok("b@x")),
        ];
        for (told, emails, domain, all_verified, expected) in cases {
            let emails: Vec<_> = emails
                .iter()
                .map(|(email, verified, primary)| Email {
                    email: Some((*email).to_owned()),
                    verified: Some(*verified),
                    primary: Some(*primary),
                })
                .collect();
            let chosen = Choice { preferred_domain: domain.into(), all_verified }.of(&emails);
            match (chosen, expected) {
                (Ok(chosen), Ok(expected)) => assert_eq!(chosen, expected, "{told}"),
                (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{told}: {error}"),
                (got, _) => panic!("{told}: {got:?}"),
            }
        }
    }
}
