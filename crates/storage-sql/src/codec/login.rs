//! What a login makes: requests, codes, refresh tokens.

use dex_model::{AuthCode, AuthRequest, Claims, ConnectorData, Login, RefreshToken, Timestamp, TokenSecret, ZERO_TIME};

use crate::row::{Fault, Fields, Row};
use crate::value::Value;

/// `max_age` for a request without one.
const NO_MAX_AGE: i64 = -1;

/// The time of a login. Rows from before it was noted hold the column's default, 1970, which means
/// that it is not known.
fn read_auth_time(row: &mut Row) -> Result<Timestamp, Fault> {
    let at = row.time("auth_time")?;
    Ok(if at == Timestamp::UNIX_EPOCH { ZERO_TIME } else { at })
}

pub(super) fn auth_request(fields: Fields, record: &AuthRequest) -> Fields {
    let nobody = Claims::default();
    let (logged_in, claims, auth_time) = match &record.login {
        Login::Awaited => (false, &nobody, ZERO_TIME),
        Login::Done { claims, auth_time } => (true, claims, *auth_time),
    };
    fields
        .set("id", &record.id)
        .set("client_id", &record.client_id)
        .set("response_types", Value::list(&record.response_types))
        .set("scopes", Value::list(&record.scopes))
        .set("redirect_uri", &record.redirect_uri)
        .set("nonce", &record.nonce)
        .set("state", &record.state)
        .set("force_approval_prompt", record.force_approval_prompt)
        .set("logged_in", logged_in)
        .claims(claims)
        .set("connector_id", &record.connector_id)
        .set("connector_data", Value::bytes_or_null(record.connector_data.expose()))
        .set("expiry", record.expiry)
        .pkce(record.pkce.as_ref())
        .set("hmac_key", Value::bytes_or_null(record.hmac_key.expose().as_bytes()))
        .set("mfa_validated", record.mfa_validated)
        .set("prompt", &record.prompt)
        .set("max_age", record.max_age.map_or(NO_MAX_AGE, i64::from))
        .set("auth_time", auth_time)
        .set("webauthn_session_data", Value::bytes_or_null(record.webauthn_session_data.as_deref().unwrap_or_default()))
}

pub(super) fn read_auth_request(row: &mut Row) -> Result<AuthRequest, Fault> {
    let (claims, auth_time) = (row.claims()?, read_auth_time(row)?);
    let login = if row.bool("logged_in")? { Login::Done { claims, auth_time } } else { Login::Awaited };
    let hmac_key = String::from_utf8(row.bytes("hmac_key")?).map_err(|_| Fault::new("hmac_key", "is no text"))?;
    Ok(AuthRequest {
        id: row.text("id")?,
        client_id: row.text("client_id")?,
        response_types: row.list("response_types")?,
        scopes: row.list("scopes")?,
        redirect_uri: row.text("redirect_uri")?,
        nonce: row.text("nonce")?,
        state: row.text("state")?,
        force_approval_prompt: row.bool("force_approval_prompt")?,
        prompt: row.text("prompt")?,
        max_age: u32::try_from(row.int("max_age")?).ok(),
        expiry: row.time("expiry")?,
        login,
        connector_id: row.text("connector_id")?,
        connector_data: ConnectorData::new(row.bytes("connector_data")?),
        pkce: row.pkce()?,
        hmac_key: TokenSecret::new(hmac_key),
        mfa_validated: row.bool("mfa_validated")?,
        webauthn_session_data: Some(row.bytes("webauthn_session_data")?).filter(|data| !data.is_empty()),
    })
}

pub(super) fn auth_code(fields: Fields, record: &AuthCode) -> Fields {
    fields
        .set("id", &record.id)
        .set("client_id", &record.client_id)
        .set("scopes", Value::list(&record.scopes))
        .set("nonce", &record.nonce)
        .set("redirect_uri", &record.redirect_uri)
        .claims(&record.claims)
        .set("connector_id", &record.connector_id)
        .set("connector_data", Value::bytes_or_null(record.connector_data.expose()))
        .set("expiry", record.expiry)
        .pkce(record.pkce.as_ref())
        .set("auth_time", record.auth_time)
        .set("session_id", &record.session_id)
}

pub(super) fn read_auth_code(row: &mut Row) -> Result<AuthCode, Fault> {
    Ok(AuthCode {
        id: row.text("id")?,
        client_id: row.text("client_id")?,
        redirect_uri: row.text("redirect_uri")?,
        nonce: row.text("nonce")?,
        scopes: row.list("scopes")?,
        connector_id: row.text("connector_id")?,
        connector_data: ConnectorData::new(row.bytes("connector_data")?),
        claims: row.claims()?,
        expiry: row.time("expiry")?,
        session_id: row.text("session_id")?,
        auth_time: read_auth_time(row)?,
        pkce: row.pkce()?,
    })
}

pub(super) fn refresh_token(fields: Fields, record: &RefreshToken) -> Fields {
    fields
        .set("id", &record.id)
        .set("client_id", &record.client_id)
        .set("scopes", Value::list(&record.scopes))
        .set("nonce", &record.nonce)
        .claims(&record.claims)
        .set("connector_id", &record.connector_id)
        .set("connector_data", Value::bytes_or_null(record.connector_data.expose()))
        .set("token", record.current.expose())
        .set("created_at", record.created_at)
        .set("last_used", record.last_used)
        .set("obsolete_token", record.obsolete.expose())
}

pub(super) fn read_refresh_token(row: &mut Row) -> Result<RefreshToken, Fault> {
    Ok(RefreshToken {
        id: row.text("id")?,
        current: TokenSecret::new(row.text("token")?),
        obsolete: TokenSecret::new(row.text("obsolete_token")?),
        created_at: row.time("created_at")?,
        last_used: row.time("last_used")?,
        client_id: row.text("client_id")?,
        connector_id: row.text("connector_id")?,
        connector_data: ConnectorData::new(row.bytes("connector_data")?),
        claims: row.claims()?,
        scopes: row.list("scopes")?,
        nonce: row.text("nonce")?,
    })
}
