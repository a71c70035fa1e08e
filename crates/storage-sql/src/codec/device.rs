//! The device flow's two records.

use dex_model::{ClientSecret, DeviceRequest, DeviceStatus, DeviceToken, TokenSecret};

use crate::row::{Fault, Fields, Row};
use crate::value::Value;

/// `status` while the user has not come.
const PENDING: &str = "authorization_pending";

/// `status` when the tokens are there to be fetched.
const COMPLETE: &str = "complete";

pub(super) fn request(fields: Fields, record: &DeviceRequest) -> Fields {
    fields
        .set("user_code", &record.user_code)
        .set("device_code", &record.device_code)
        .set("client_id", &record.client_id)
        .set("client_secret", record.client_secret.expose())
        .set("scopes", Value::list(&record.scopes))
        .set("expiry", record.expiry)
}

pub(super) fn read_request(row: &mut Row) -> Result<DeviceRequest, Fault> {
    Ok(DeviceRequest {
        user_code: row.text("user_code")?,
        device_code: row.text("device_code")?,
        client_id: row.text("client_id")?,
        client_secret: ClientSecret::new(row.text("client_secret")?),
        scopes: row.list("scopes")?,
        expiry: row.time("expiry")?,
    })
}

pub(super) fn token(fields: Fields, record: &DeviceToken) -> Fields {
    let (status, token) = match &record.status {
        DeviceStatus::Pending => (PENDING, ""),
        DeviceStatus::Complete(token) => (COMPLETE, token.expose()),
        DeviceStatus::Other(status) => (status.as_str(), ""),
    };
    fields
        .set("device_code", &record.device_code)
        .set("status", status)
        .set("token", token)
        .set("expiry", record.expiry)
        .set("last_request", record.last_request)
        .set("poll_interval", i64::from(record.poll_interval_seconds))
        .pkce(record.pkce.as_ref())
}

pub(super) fn read_token(row: &mut Row) -> Result<DeviceToken, Fault> {
    let (status, token) = (row.text("status")?, row.text("token")?);
    let status = match status.as_str() {
        PENDING => DeviceStatus::Pending,
        COMPLETE => DeviceStatus::Complete(TokenSecret::new(token)),
        _ => DeviceStatus::Other(status),
    };
    let poll_interval = u32::try_from(row.int("poll_interval")?);
    Ok(DeviceToken {
        device_code: row.text("device_code")?,
        status,
        expiry: row.time("expiry")?,
        last_request: row.time("last_request")?,
        poll_interval_seconds: poll_interval.map_err(|_| Fault::new("poll_interval", "is no number of seconds"))?,
        pkce: row.pkce()?,
    })
}
