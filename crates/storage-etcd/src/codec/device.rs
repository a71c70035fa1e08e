//! The device flow's two records.

use dex_model::{ClientSecret, DeviceRequest, DeviceStatus, DeviceToken, TokenSecret};

use super::members::{Fault, Members};
use super::object::Object;

/// `status` while the user has not come.
const PENDING: &str = "authorization_pending";

/// `status` when the tokens are there to be fetched.
const COMPLETE: &str = "complete";

pub(super) fn request(record: &DeviceRequest) -> Vec<u8> {
    Object::new()
        .put("user_code", &record.user_code)
        .put("device_code", &record.device_code)
        .put("client_id", &record.client_id)
        .put("client_secret", record.client_secret.expose())
        .list("scopes", &record.scopes)
        .put("expiry", &record.expiry)
        .finish()
}

pub(super) fn read_request(from: &mut Members) -> Result<DeviceRequest, Fault> {
    Ok(DeviceRequest {
        user_code: from.text("user_code")?,
        device_code: from.text("device_code")?,
        client_id: from.text("client_id")?,
        client_secret: ClientSecret::new(from.text("client_secret")?),
        scopes: from.list("scopes")?,
        expiry: from.time("expiry")?,
    })
}

pub(super) fn token(record: &DeviceToken) -> Vec<u8> {
    let (status, token) = match &record.status {
        DeviceStatus::Pending => (PENDING, ""),
        DeviceStatus::Complete(token) => (COMPLETE, token.expose()),
        DeviceStatus::Other(status) => (status.as_str(), ""),
    };
    Object::new()
        .put("device_code", &record.device_code)
        .put("status", status)
        .put("token", token)
        .put("expiry", &record.expiry)
        .put("last_request", &record.last_request)
        .put("poll_interval", &record.poll_interval_seconds)
        .pkce(record.pkce.as_ref())
        .finish()
}

pub(super) fn read_token(from: &mut Members) -> Result<DeviceToken, Fault> {
    let (status, token) = (from.text("status")?, from.text("token")?);
    let status = match status.as_str() {
        PENDING => DeviceStatus::Pending,
        COMPLETE => DeviceStatus::Complete(TokenSecret::new(token)),
        _ => DeviceStatus::Other(status),
    };
    let poll_interval = u32::try_from(from.int("poll_interval")?.unwrap_or_default());
    Ok(DeviceToken {
        device_code: from.text("device_code")?,
        status,
        expiry: from.time("expiry")?,
        last_request: from.time("last_request")?,
        poll_interval_seconds: poll_interval.map_err(|_| Fault::new("poll_interval", "is no number of seconds"))?,
        pkce: from.pkce()?,
    })
}
