//! JSON members that more than one back end keeps (storage spec, 1.6 and 2.9 to 2.11).
//!
//! The shapes are Dex's, written with [`dex_oidc::to_json`]. Reading is as tolerant as Dex's:
//! member names in any case, unknown ones passed over, `null` for "not set".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_model::{
    ClientState, LogoutState, MfaSecret, RefreshTokenRef, StoredJwk, Timestamp, TokenSecret, VerificationKey,
    WebAuthnCredential, ZERO_TIME,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A JSON object whose members are known.
pub trait Shape: DeserializeOwned {
    /// Their names as Dex writes them.
    const MEMBERS: &'static [&'static str];
}

/// Reads an object tolerantly.
///
/// # Errors
///
/// A text that says what is wrong and holds nothing of the value.
pub fn read<T: Shape>(value: Value) -> Result<T, String> {
    let Value::Object(members) = value else {
        return Err("is no JSON object".into());
    };
    let mut known = Map::new();
    for (name, value) in members {
        let canonical = T::MEMBERS.iter().find(|member| member.eq_ignore_ascii_case(&name));
        if let (Some(canonical), false) = (canonical, value.is_null()) {
            known.insert((*canonical).to_owned(), value);
        }
    }
    serde_json::from_value(Value::Object(known)).map_err(|_| "holds a member of another type".into())
}

impl Shape for RefreshTokenRef {
    const MEMBERS: &'static [&'static str] = &["ID", "ClientID", "CreatedAt", "LastUsed", "SessionID"];
}

impl Shape for ClientState {
    const MEMBERS: &'static [&'static str] = &["AuthenticatedAt", "LastActivity", "LastTokenIssuedAt", "ViaSSO"];
}

impl Shape for LogoutState {
    const MEMBERS: &'static [&'static str] = &["PostLogoutRedirectURI", "State", "ClientID", "ConnectorID"];
}

/// A former key: the `verification_keys` of [`dex_model::Keys`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredVerificationKey {
    public_key: Box<RawValue>,
    #[serde(default = "zero_time")]
    expiry: Timestamp,
}

impl Shape for StoredVerificationKey {
    const MEMBERS: &'static [&'static str] = &["publicKey", "expiry"];
}

impl StoredVerificationKey {
    /// The JSON of a key.
    ///
    /// # Errors
    ///
    /// A text, if the JWK is not JSON.
    pub fn of(key: &VerificationKey) -> Result<Self, String> {
        let public_key = RawValue::from_string(key.public_key.expose().to_owned());
        let public_key = public_key.map_err(|_| "a JWK is no JSON")?;
        Ok(Self { public_key, expiry: key.expiry })
    }
}

impl From<StoredVerificationKey> for VerificationKey {
    fn from(key: StoredVerificationKey) -> Self {
        Self { public_key: StoredJwk::new(key.public_key.get()), expiry: key.expiry }
    }
}

/// A one-time-code secret: a value of the `mfa_secrets` of [`dex_model::UserIdentity`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredMfaSecret {
    #[serde(rename = "authenticatorID")]
    authenticator_id: String,
    #[serde(rename = "type")]
    kind: String,
    secret: String,
    confirmed: bool,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "is_zero")]
    last_used_counter: i64,
}

impl Default for StoredMfaSecret {
    fn default() -> Self {
        Self {
            authenticator_id: String::new(),
            kind: String::new(),
            secret: String::new(),
            confirmed: false,
            created_at: ZERO_TIME,
            last_used_counter: 0,
        }
    }
}

impl Shape for StoredMfaSecret {
    const MEMBERS: &'static [&'static str] =
        &["authenticatorID", "type", "secret", "confirmed", "createdAt", "lastUsedCounter"];
}

impl From<&MfaSecret> for StoredMfaSecret {
    fn from(secret: &MfaSecret) -> Self {
        Self {
            authenticator_id: secret.authenticator_id.clone(),
            kind: secret.kind.clone(),
            secret: secret.secret.expose().to_owned(),
            confirmed: secret.confirmed,
            created_at: secret.created_at,
            last_used_counter: secret.last_used_counter,
        }
    }
}

impl From<StoredMfaSecret> for MfaSecret {
    fn from(stored: StoredMfaSecret) -> Self {
        Self {
            authenticator_id: stored.authenticator_id,
            kind: stored.kind,
            secret: TokenSecret::new(stored.secret),
            confirmed: stored.confirmed,
            created_at: stored.created_at,
            last_used_counter: stored.last_used_counter,
        }
    }
}

/// A security key: one of the `webauthn_credentials` of [`dex_model::UserIdentity`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredCredential {
    #[serde(rename = "credentialID")]
    credential_id: Option<String>,
    public_key: Option<String>,
    attestation_type: String,
    aaguid: Option<String>,
    sign_count: u32,
    clone_warning: bool,
    transport: Option<Vec<String>>,
    backup_eligible: bool,
    backup_state: bool,
    display_name: String,
    created_at: Timestamp,
}

impl Default for StoredCredential {
    fn default() -> Self {
        Self {
            credential_id: None,
            public_key: None,
            attestation_type: String::new(),
            aaguid: None,
            sign_count: 0,
            clone_warning: false,
            transport: None,
            backup_eligible: false,
            backup_state: false,
            display_name: String::new(),
            created_at: ZERO_TIME,
        }
    }
}

impl Shape for StoredCredential {
    const MEMBERS: &'static [&'static str] = &[
        "credentialID",
        "publicKey",
        "attestationType",
        "aaguid",
        "signCount",
        "cloneWarning",
        "transport",
        "backupEligible",
        "backupState",
        "displayName",
        "createdAt",
    ];
}

impl From<&WebAuthnCredential> for StoredCredential {
    fn from(credential: &WebAuthnCredential) -> Self {
        let base64 = |bytes: &[u8]| (!bytes.is_empty()).then(|| STANDARD.encode(bytes));
        Self {
            credential_id: base64(&credential.credential_id),
            public_key: base64(&credential.public_key),
            attestation_type: credential.attestation_type.clone(),
            aaguid: base64(&credential.aaguid),
            sign_count: credential.sign_count,
            clone_warning: credential.clone_warning,
            transport: (!credential.transport.is_empty()).then(|| credential.transport.clone()),
            backup_eligible: credential.backup_eligible,
            backup_state: credential.backup_state,
            display_name: credential.display_name.clone(),
            created_at: credential.created_at,
        }
    }
}

impl TryFrom<StoredCredential> for WebAuthnCredential {
    type Error = String;

    fn try_from(stored: StoredCredential) -> Result<Self, String> {
        let bytes = |text: Option<String>| {
            let bytes = STANDARD.decode(text.unwrap_or_default());
            bytes.map_err(|_| "holds bytes that are not base64".to_owned())
        };
        Ok(Self {
            credential_id: bytes(stored.credential_id)?,
            public_key: bytes(stored.public_key)?,
            attestation_type: stored.attestation_type,
            aaguid: bytes(stored.aaguid)?,
            sign_count: stored.sign_count,
            clone_warning: stored.clone_warning,
            transport: stored.transport.unwrap_or_default(),
            backup_eligible: stored.backup_eligible,
            backup_state: stored.backup_state,
            display_name: stored.display_name,
            created_at: stored.created_at,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(counter: &i64) -> bool {
    *counter == 0
}

fn zero_time() -> Timestamp {
    ZERO_TIME
}

#[cfg(test)]
mod tests {
    use dex_oidc::to_json;

    use super::*;

    fn again<T: Shape + Serialize>(json: &str) -> String {
        let value = serde_json::from_str(json).unwrap();
        String::from_utf8(to_json(&read::<T>(value).unwrap())).unwrap()
    }

    #[test]
    fn what_dex_writes_is_written_again_to_the_byte() {
        let key = r#"{"publicKey":{"use":"sig","kty":"RSA","kid":"0a","n":"x-_","e":"AQAB"},"expiry":"2026-08-07T15:14:24.123456789Z"}"#;
        assert_eq!(again::<StoredVerificationKey>(key), key);
        let secret = r#"{"authenticatorID":"totp","type":"TOTP","secret":"otpauth://totp/a?s=1\u0026i=2","confirmed":true,"createdAt":"2026-08-06T15:14:24Z","lastUsedCounter":7}"#;
        assert_eq!(again::<StoredMfaSecret>(secret), secret);
        let credential = r#"{"credentialID":"AQI=","publicKey":"/+8=","attestationType":"none","aaguid":null,"signCount":3,"cloneWarning":false,"transport":null,"backupEligible":true,"backupState":false,"displayName":"a key","createdAt":"0001-01-01T00:00:00Z"}"#;
        assert_eq!(again::<StoredCredential>(credential), credential);
    }

    #[test]
    fn members_are_found_in_any_case_and_null_or_unknown_ones_are_none() {
        let value = serde_json::json!({"id": "r1", "CLIENTID": "web", "LastUsed": null, "new": 1});
        let read = read::<RefreshTokenRef>(value).unwrap();
        assert_eq!((read.id.as_str(), read.client_id.as_str(), read.last_used), ("r1", "web", ZERO_TIME));
    }

    #[test]
    fn what_cannot_be_read_is_not_told() {
        let secret = serde_json::json!({"secret": ["hunter2"]});
        let told = read::<StoredMfaSecret>(secret).err().unwrap();
        assert!(!told.contains("hunter2"), "{told}");
        assert!(read::<LogoutState>(Value::from("x")).is_err());
    }
}
