//! The device flow's two records.

use dex_model::{ClientSecret, DeviceRequest, DeviceStatus, DeviceToken, TokenSecret};

use super::member::{Opt, Time, body, challenge, pkce};

/// `status` while the user has not come.
const PENDING: &str = "authorization_pending";

/// `status` when the tokens are there to be fetched.
const COMPLETE: &str = "complete";

body! {
    RequestBody {
        device_code: Opt<String> = "device_code",
        client_id: Opt<String> = "client_id",
        client_secret: Opt<String> = "client_secret",
        scopes: Opt<Vec<String>> = "scopes",
        expiry: Time = "expiry",
    }
}

pub(super) fn request(record: &DeviceRequest) -> RequestBody {
    RequestBody {
        device_code: Opt(record.device_code.clone()),
        client_id: Opt(record.client_id.clone()),
        client_secret: Opt(record.client_secret.expose().to_owned()),
        scopes: Opt(record.scopes.clone()),
        expiry: Time(record.expiry),
    }
}

pub(super) fn read_request(name: &str, body: RequestBody) -> DeviceRequest {
    DeviceRequest {
        user_code: name.to_uppercase(),
        device_code: body.device_code.0,
        client_id: body.client_id.0,
        client_secret: ClientSecret::new(body.client_secret.0),
        scopes: body.scopes.0,
        expiry: body.expiry.0,
    }
}

body! {
    TokenBody {
        status: Opt<String> = "status",
        token: Opt<String> = "token",
        expiry: Time = "expiry",
        last_request: Time = "last_request",
        poll_interval: i64 = "poll_interval",
        code_challenge: Opt<String> = "code_challenge",
        code_challenge_method: Opt<String> = "code_challenge_method",
    }
}

pub(super) fn token(record: &DeviceToken) -> TokenBody {
    let (status, token) = match &record.status {
        DeviceStatus::Pending => (PENDING, ""),
        DeviceStatus::Complete(token) => (COMPLETE, token.expose()),
        DeviceStatus::Other(status) => (status.as_str(), ""),
    };
    let (code_challenge, code_challenge_method) = challenge(record.pkce.as_ref());
    TokenBody {
        status: Opt(status.to_owned()),
        token: Opt(token.to_owned()),
        expiry: Time(record.expiry),
        last_request: Time(record.last_request),
        poll_interval: i64::from(record.poll_interval_seconds),
        code_challenge,
        code_challenge_method,
    }
}

pub(super) fn read_token(device_code: String, body: TokenBody) -> Result<DeviceToken, String> {
    let status = match body.status.0.as_str() {
        PENDING => DeviceStatus::Pending,
        COMPLETE => DeviceStatus::Complete(TokenSecret::new(body.token.0)),
        _ => DeviceStatus::Other(body.status.0),
    };
    let poll_interval = u32::try_from(body.poll_interval);
    Ok(DeviceToken {
        device_code,
        status,
        expiry: body.expiry.0,
        last_request: body.last_request.0,
        poll_interval_seconds: poll_interval.map_err(|_| "poll_interval is no number of seconds")?,
        pkce: pkce(body.code_challenge, body.code_challenge_method),
    })
}
