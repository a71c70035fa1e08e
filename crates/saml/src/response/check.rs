//! The checks by name, and what came of them.

/// A check. Its name is stable: scripts and dashboards may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// The response could be decoded and is one document of strict XML.
    Xml,
    /// The identity provider says that it succeeded.
    Status,
    /// One assertion, in its place, and signatures only where they belong.
    Structure,
    /// A trusted key signed the response or the assertion, and no signature is broken.
    Signature,
    /// An encrypted assertion could be opened.
    Decryption,
    /// SAML 2.0.
    Version,
    /// Who says it.
    Issuer,
    /// The answer is to this login.
    InResponseTo,
    /// The answer is for this address.
    Destination,
    /// The bearer may use the assertion here and now.
    SubjectConfirmation,
    /// The assertion is valid now.
    Conditions,
    /// The assertion is for us.
    Audience,
    /// The user has logged in at the identity provider, and that holds still.
    AuthnStatement,
    /// The user has an id.
    NameId,
    /// The attributes that are needed are there.
    Attributes,
    /// The user is in a group that may enter.
    Groups,
}

impl Check {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Status => "status",
            Self::Structure => "structure",
            Self::Signature => "signature",
            Self::Decryption => "decryption",
            Self::Version => "version",
            Self::Issuer => "issuer",
            Self::InResponseTo => "in-response-to",
            Self::Destination => "destination",
            Self::SubjectConfirmation => "subject-confirmation",
            Self::Conditions => "conditions",
            Self::Audience => "audience",
            Self::AuthnStatement => "authn-statement",
            Self::NameId => "name-id",
            Self::Attributes => "attributes",
            Self::Groups => "groups",
        }
    }
}

/// A check that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// What was found, in words.
    pub found: String,
}

/// A check that failed. Nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", check.name())]
pub struct Refusal {
    /// Which.
    pub check: Check,
    /// Why, in words, with both values.
    pub reason: String,
}

impl Refusal {
    /// A refusal by a check.
    pub fn new(check: Check, reason: impl Into<String>) -> Self {
        Self { check, reason: reason.into() }
    }
}

/// The checks made so far.
#[derive(Debug, Default)]
pub(crate) struct Checks(pub(crate) Vec<Checked>);

impl Checks {
    pub(crate) fn passed(&mut self, check: Check, found: impl Into<String>) {
        self.0.push(Checked { check, found: found.into() });
    }
}

/// A value from outside, as it is shown: quoted, with a bound on its length.
pub(super) fn shown(value: &str) -> String {
    /// How many characters of a value are shown.
    const SHOWN_MAX: usize = 200;
    let short: String = value.chars().take(SHOWN_MAX).collect();
    if short.len() < value.len() { format!("{short:?}...") } else { format!("{short:?}") }
}
