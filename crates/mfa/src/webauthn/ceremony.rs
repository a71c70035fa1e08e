//! A ceremony on its way, and its verdict.

use dex_model::{Timestamp, WebAuthnCredential};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::answer::{AuthenticationAnswer, RegistrationAnswer};
use super::authenticator_data::{AuthenticatorData, attested};
use super::{CREDENTIALS_MAX, Refused, RelyingParty, User, cose};

/// What was asked of a browser. It travels with the login, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    /// Which of the two.
    pub kind: Kind,
    /// The random bytes to be signed, base64url.
    pub challenge: String,
    /// Until when the answer counts.
    pub expires: Timestamp,
}

/// Which ceremony it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A key is registered.
    Registration,
    /// A registered key is shown.
    Authentication,
}

impl Kind {
    /// The `type` of the client data (§5.8.1).
    pub(super) fn client_data_type(self) -> &'static str {
        match self {
            Self::Registration => "webauthn.create",
            Self::Authentication => "webauthn.get",
        }
    }
}

/// A name for new keys, Dex's.
const DISPLAY_NAME: &str = "Security Key";

impl RelyingParty {
    /// The verdict on a registration (§7.1): the credential to store besides `existing`.
    ///
    /// Whether a key may be registered at all is the caller's to decide: whoever has one must show it first.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing is to be stored.
    pub fn finish_registration(
        &self,
        ceremony: &Ceremony,
        existing: &[WebAuthnCredential],
        body: &[u8],
        now: Timestamp,
    ) -> Result<WebAuthnCredential, Refused> {
        self.in_time(ceremony, Kind::Registration, now)?;
        let answer = RegistrationAnswer::read(body)?;
        self.check_client_data(ceremony, &answer.client_data)?;
        let attested = attested(&answer.attestation_object)?;
        let (data, key) = attested.parts()?;
        self.check_flags(&data)?;
        cose::check(key.public_key)?;
        if key.credential_id != answer.raw_id {
            return Err(Refused::AuthenticatorData);
        }
        if existing.iter().any(|one| one.credential_id == key.credential_id) {
            return Err(Refused::Registered);
        }
        if existing.len() >= CREDENTIALS_MAX {
            return Err(Refused::TooMany);
        }
        Ok(WebAuthnCredential {
            credential_id: key.credential_id.to_vec(),
            public_key: key.public_key.to_vec(),
            attestation_type: attested.format.to_owned(),
            aaguid: key.aaguid.to_vec(),
            sign_count: data.sign_count,
            clone_warning: false,
            transport: answer.transports,
            backup_eligible: data.backup_eligible(),
            backup_state: data.backed_up(),
            display_name: DISPLAY_NAME.to_owned(),
            created_at: now,
        })
    }

    /// The verdict on a login (§7.2): the credential as it is to be stored from now on.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nobody has shown a key.
    pub fn finish_authentication(
        &self,
        ceremony: &Ceremony,
        (user, credentials): (&User<'_>, &[WebAuthnCredential]),
        body: &[u8],
        now: Timestamp,
    ) -> Result<WebAuthnCredential, Refused> {
        self.in_time(ceremony, Kind::Authentication, now)?;
        let answer = AuthenticationAnswer::read(body)?;
        let known = credentials.iter().find(|one| one.credential_id == answer.raw_id).ok_or(Refused::Unknown)?;
        if !answer.user_handle.is_empty() && answer.user_handle != user.handle() {
            return Err(Refused::Unknown);
        }
        self.check_client_data(ceremony, &answer.client_data)?;
        let data = AuthenticatorData::parse(&answer.authenticator_data)?;
        self.check_flags(&data)?;
        if data.backup_eligible() != known.backup_eligible {
            return Err(Refused::Backup);
        }
        let signed = [&answer.authenticator_data[..], &sha256(&answer.client_data.bytes)].concat();
        cose::verify(&known.public_key, &signed, &answer.signature)?;
        let moved_on = data.sign_count > known.sign_count || (data.sign_count == 0 && known.sign_count == 0);
        if !moved_on {
            return Err(Refused::Cloned);
        }
        Ok(WebAuthnCredential {
            sign_count: data.sign_count,
            clone_warning: false,
            backup_state: data.backed_up(),
            ..known.clone()
        })
    }

    fn in_time(&self, ceremony: &Ceremony, kind: Kind, now: Timestamp) -> Result<(), Refused> {
        if ceremony.kind != kind {
            return Err(Refused::NotBegun);
        }
        if now > ceremony.expires { Err(Refused::Expired) } else { Ok(()) }
    }

    /// §7.1 steps 7 to 10, §7.2 steps 11 to 14.
    fn check_client_data(&self, ceremony: &Ceremony, client_data: &super::answer::ClientData) -> Result<(), Refused> {
        if client_data.kind != ceremony.kind.client_data_type() {
            return Err(Refused::NotBegun);
        }
        let same = client_data.challenge.as_bytes().ct_eq(ceremony.challenge.as_bytes());
        if !bool::from(same) {
            return Err(Refused::Challenge);
        }
        let ours = |origin: &String| origin.trim_end_matches('/').eq_ignore_ascii_case(&client_data.origin);
        if client_data.cross_origin || !self.origins.iter().any(ours) {
            return Err(Refused::Origin);
        }
        Ok(())
    }

    /// §7.1 steps 13 to 15, §7.2 steps 15 to 17.
    fn check_flags(&self, data: &AuthenticatorData<'_>) -> Result<(), Refused> {
        if data.rp_id_hash != sha256(self.id.as_bytes()) {
            return Err(Refused::RelyingParty);
        }
        if !data.user_present() {
            return Err(Refused::UserPresence);
        }
        if self.user_verification == Some("required") && !data.user_verified() {
            return Err(Refused::UserVerification);
        }
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
