//! Security keys: the two ceremonies of Web Authentication Level 2, registration (§7.1) and authentication (§7.2).
//!
//! Owned here: what the browser is asked, and the verdict on what it answers. Who attests to the make of a key is not
//! judged: attestation statements are passed over, so a key proves that it is the one registered and nothing about itself.
//!
//! Control leaves by return values: options as JSON, a [`Ceremony`] for the caller to keep until the answer comes, a
//! credential to store, or a [`Refused`].

mod answer;
mod authenticator_data;
mod ceremony;
mod cose;
mod options;
mod refused;
#[cfg(test)]
mod tests;

pub use ceremony::{Ceremony, Kind};
pub use refused::Refused;

use std::time::Duration;

use dex_model::WebAuthnCredential;

/// Whom browsers register keys with: ourselves (§4, "relying party").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain keys are bound to.
    pub id: String,
    /// Shown by browsers.
    pub display_name: String,
    /// Where ceremonies may take place, such as `https://id.example`.
    pub origins: Vec<String>,
    /// `attestation`: `none`, `indirect` or `direct`; left out when `None`.
    pub attestation: Option<&'static str>,
    /// How long a ceremony may take; five minutes when `None`.
    pub timeout: Option<Duration>,
    /// `userVerification`: with `required` a key must have recognised its user.
    pub user_verification: Option<&'static str>,
    /// `authenticatorAttachment`: `platform` or `cross-platform`.
    pub authenticator_attachment: Option<&'static str>,
}

/// Whose key it is.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// The connector's id of the user.
    pub id: &'a str,
    /// The connector.
    pub connector_id: &'a str,
    /// An account name, shown by browsers.
    pub name: &'a str,
    /// A name for people.
    pub display_name: &'a str,
}

/// The longest user handle (§5.4.3), in bytes.
const USER_HANDLE_BYTES_MAX: usize = 64;

impl User<'_> {
    /// What keys know the user by: Dex's `user|connector`, or its hash where that is longer than keys take.
    fn handle(&self) -> Vec<u8> {
        let handle = format!("{}|{}", self.id, self.connector_id).into_bytes();
        if handle.len() <= USER_HANDLE_BYTES_MAX {
            return handle;
        }
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &handle).as_ref().to_vec()
    }
}

/// How many keys a user may have for one authenticator.
pub const CREDENTIALS_MAX: usize = 20;

/// `credentials` with what a login has told of one of them.
pub fn updated(credentials: &[WebAuthnCredential], seen: &WebAuthnCredential) -> Vec<WebAuthnCredential> {
    let replaced = |one: &WebAuthnCredential| if one.credential_id == seen.credential_id { seen } else { one }.clone();
    credentials.iter().map(replaced).collect()
}
