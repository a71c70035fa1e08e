//! What the browser is asked (§5.4 and §5.5), as the JSON that the page's script decodes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_model::{Timestamp, WebAuthnCredential, later};
use serde_json::{Map, Value, json};

use super::{Ceremony, Kind, Refused, RelyingParty, User, cose};

/// How long a ceremony may take if the configuration does not say.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The length of a challenge in bytes; §13.4.3 wants 16 at least.
const CHALLENGE_BYTES: usize = 32;

impl RelyingParty {
    /// Begins a registration. The keys that the user has are not registered again.
    ///
    /// # Errors
    ///
    /// [`Refused::Randomness`].
    pub fn begin_registration(
        &self,
        user: &User<'_>,
        existing: &[WebAuthnCredential],
        now: Timestamp,
    ) -> Result<(Ceremony, Value), Refused> {
        let ceremony = self.begin(Kind::Registration, now)?;
        let algorithms = cose::ALGORITHMS.iter().map(|alg| json!({"type": "public-key", "alg": alg}));
        let mut selection = Map::new();
        for (name, value) in
            [("authenticatorAttachment", self.authenticator_attachment), ("userVerification", self.user_verification)]
        {
            selection.extend(value.map(|value| (name.to_owned(), json!(value))));
        }
        let mut options = json!({
            "challenge": ceremony.challenge,
            "rp": {"id": self.id, "name": self.display_name},
            "user": {
                "id": URL_SAFE_NO_PAD.encode(user.handle()),
                "name": user.name,
                "displayName": user.display_name,
            },
            "pubKeyCredParams": algorithms.collect::<Vec<_>>(),
            "timeout": self.milliseconds(),
            "excludeCredentials": descriptors(existing),
            "authenticatorSelection": selection,
        });
        if let Some(attestation) = self.attestation {
            options["attestation"] = json!(attestation);
        }
        Ok((ceremony, json!({"publicKey": options})))
    }

    /// Begins a login with one of the user's keys.
    ///
    /// # Errors
    ///
    /// [`Refused::Randomness`], and [`Refused::Unknown`] if the user has no key.
    pub fn begin_authentication(
        &self,
        credentials: &[WebAuthnCredential],
        now: Timestamp,
    ) -> Result<(Ceremony, Value), Refused> {
        if credentials.is_empty() {
            return Err(Refused::Unknown);
        }
        let ceremony = self.begin(Kind::Authentication, now)?;
        let mut options = json!({
            "challenge": ceremony.challenge,
            "timeout": self.milliseconds(),
            "rpId": self.id,
            "allowCredentials": descriptors(credentials),
        });
        if let Some(verification) = self.user_verification {
            options["userVerification"] = json!(verification);
        }
        Ok((ceremony, json!({"publicKey": options})))
    }

    fn begin(&self, kind: Kind, now: Timestamp) -> Result<Ceremony, Refused> {
        let mut challenge = [0; CHALLENGE_BYTES];
        aws_lc_rs::rand::fill(&mut challenge).map_err(|_| Refused::Randomness)?;
        let expires = later(now, self.timeout.unwrap_or(TIMEOUT));
        Ok(Ceremony { kind, challenge: URL_SAFE_NO_PAD.encode(challenge), expires })
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.timeout.unwrap_or(TIMEOUT).as_millis()).unwrap_or(u64::MAX)
    }
}

/// §5.8.3
fn descriptors(credentials: &[WebAuthnCredential]) -> Vec<Value> {
    let one = |credential: &WebAuthnCredential| {
        let mut descriptor = json!({"type": "public-key", "id": URL_SAFE_NO_PAD.encode(&credential.credential_id)});
        if !credential.transport.is_empty() {
            descriptor["transports"] = json!(credential.transport);
        }
        descriptor
    };
    credentials.iter().map(one).collect()
}
