//! What the browser answers, as the page's script sends it (§5.1, with binary values in base64url).

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::Refused;

/// The longest answer that is read, in bytes; an attestation with certificates takes some thousand.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// How many ways to reach a key are remembered (§5.8.4 knows six), and how long their names may be, in bytes.
const TRANSPORTS_MAX: usize = 8;
const TRANSPORT_BYTES_MAX: usize = 32;

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Deserialize)]
struct Sent<Response> {
    #[serde(rename = "rawId")]
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentRegistration {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentAuthentication {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

/// What the browser says of the page that asked (§5.8.1).
pub(super) struct ClientData {
    /// As they were hashed and signed.
    pub(super) bytes: Vec<u8>,
    pub(super) kind: String,
    pub(super) challenge: String,
    pub(super) origin: String,
    pub(super) cross_origin: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientDataJson {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// A new key.
pub(super) struct RegistrationAnswer {
    pub(super) raw_id: Vec<u8>,
    pub(super) client_data: ClientData,
    pub(super) attestation_object: Vec<u8>,
    pub(super) transports: Vec<String>,
}

/// A key that is shown.
pub(super) struct AuthenticationAnswer {
    pub(super) raw_id: Vec<u8>,
    pub(super) client_data: ClientData,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) user_handle: Vec<u8>,
}

impl RegistrationAnswer {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refused> {
        let sent: Sent<SentRegistration> = json(body)?;
        let plain = |transport: &String| transport.len() <= TRANSPORT_BYTES_MAX && transport.is_ascii();
        Ok(Self {
            raw_id: id(&sent)?,
            client_data: ClientData::read(&sent.response.client_data_json)?,
            attestation_object: decoded(&sent.response.attestation_object)?,
            transports: sent.response.transports.into_iter().filter(plain).take(TRANSPORTS_MAX).collect(),
        })
    }
}

impl AuthenticationAnswer {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refused> {
        let sent: Sent<SentAuthentication> = json(body)?;
        Ok(Self {
            raw_id: id(&sent)?,
            client_data: ClientData::read(&sent.response.client_data_json)?,
            authenticator_data: decoded(&sent.response.authenticator_data)?,
            signature: decoded(&sent.response.signature)?,
            user_handle: decoded(sent.response.user_handle.as_deref().unwrap_or_default())?,
        })
    }
}

impl ClientData {
    fn read(encoded: &str) -> Result<Self, Refused> {
        let bytes = decoded(encoded)?;
        let ClientDataJson { kind, challenge, origin, cross_origin } = json(&bytes)?;
        Ok(Self { bytes, kind, challenge, origin, cross_origin })
    }
}

fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Refused> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(Refused::Unreadable);
    }
    serde_json::from_slice(bytes).map_err(|_| Refused::Unreadable)
}

fn id<T>(sent: &Sent<T>) -> Result<Vec<u8>, Refused> {
    if sent.kind != "public-key" {
        return Err(Refused::Unreadable);
    }
    decoded(&sent.raw_id)
}

fn decoded(text: &str) -> Result<Vec<u8>, Refused> {
    BASE64URL.decode(text).map_err(|_| Refused::Unreadable)
}
