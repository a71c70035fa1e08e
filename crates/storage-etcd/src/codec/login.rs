//! What a login makes: requests, codes, refresh tokens.

use dex_model::{AuthCode, AuthRequest, Claims, ConnectorData, Login, RefreshToken, TokenSecret, ZERO_TIME};

use super::members::{Fault, Members};
use super::object::Object;

/// `max_age` for a request without one.
const NO_MAX_AGE: i64 = -1;

pub(super) fn auth_request(record: &AuthRequest) -> Vec<u8> {
    let nobody = Claims::default();
    let (logged_in, claims, auth_time) = match &record.login {
        Login::Awaited => (false, &nobody, ZERO_TIME),
        Login::Done { claims, auth_time } => (true, claims, *auth_time),
    };
    Object::new()
        .put("id", &record.id)
        .put("client_id", &record.client_id)
        .list("response_types", &record.response_types)
        .list("scopes", &record.scopes)
        .put("redirect_uri", &record.redirect_uri)
        .put("nonce", &record.nonce)
        .put("state", &record.state)
        .put("force_approval_prompt", &record.force_approval_prompt)
        .put("expiry", &record.expiry)
        .put("logged_in", &logged_in)
        .claims(claims)
        .put("connector_id", &record.connector_id)
        .bytes("connector_data", record.connector_data.expose())
        .pkce(record.pkce.as_ref())
        .bytes("hmac_key", record.hmac_key.expose().as_bytes())
        .put("mfa_validated", &record.mfa_validated)
        .bytes_if_any("webauthn_session_data", record.webauthn_session_data.as_deref().unwrap_or_default())
        .text_if_any("prompt", &record.prompt)
        .put("max_age", &record.max_age.map_or(NO_MAX_AGE, i64::from))
        .put("auth_time", &auth_time)
        .finish()
}

pub(super) fn read_auth_request(from: &mut Members) -> Result<AuthRequest, Fault> {
    let (claims, auth_time) = (from.claims()?, from.time("auth_time")?);
    let login = if from.bool("logged_in")? { Login::Done { claims, auth_time } } else { Login::Awaited };
    let hmac_key = String::from_utf8(from.bytes("hmac_key")?).map_err(|_| Fault::new("hmac_key", "is no text"))?;
    Ok(AuthRequest {
        id: from.text("id")?,
        client_id: from.text("client_id")?,
        response_types: from.list("response_types")?,
        scopes: from.list("scopes")?,
        redirect_uri: from.text("redirect_uri")?,
        nonce: from.text("nonce")?,
        state: from.text("state")?,
        force_approval_prompt: from.bool("force_approval_prompt")?,
        prompt: from.text("prompt")?,
        // Requests of v2.45.1 have none, which does not mean 0.
        max_age: u32::try_from(from.int("max_age")?.unwrap_or(NO_MAX_AGE)).ok(),
        expiry: from.time("expiry")?,
        login,
        connector_id: from.text("connector_id")?,
        connector_data: ConnectorData::new(from.bytes("connector_data")?),
        pkce: from.pkce()?,
        hmac_key: TokenSecret::new(hmac_key),
        mfa_validated: from.bool("mfa_validated")?,
        webauthn_session_data: Some(from.bytes("webauthn_session_data")?).filter(|data| !data.is_empty()),
    })
}

pub(super) fn auth_code(record: &AuthCode) -> Vec<u8> {
    Object::new()
        .put("ID", &record.id)
        .put("clientID", &record.client_id)
        .put("redirectURI", &record.redirect_uri)
        .text_if_any("nonce", &record.nonce)
        .list_if_any("scopes", &record.scopes)
        .text_if_any("connectorID", &record.connector_id)
        .bytes_if_any("connectorData", record.connector_data.expose())
        .claims(&record.claims)
        .put("expiry", &record.expiry)
        .pkce(record.pkce.as_ref())
        .put("auth_time", &record.auth_time)
        .text_if_any("session_id", &record.session_id)
        .finish()
}

pub(super) fn read_auth_code(from: &mut Members) -> Result<AuthCode, Fault> {
    Ok(AuthCode {
        id: from.text("ID")?,
        client_id: from.text("clientID")?,
        redirect_uri: from.text("redirectURI")?,
        nonce: from.text("nonce")?,
        scopes: from.list("scopes")?,
        connector_id: from.text("connectorID")?,
        connector_data: ConnectorData::new(from.bytes("connectorData")?),
        claims: from.claims()?,
        expiry: from.time("expiry")?,
        session_id: from.text("session_id")?,
        auth_time: from.time("auth_time")?,
        pkce: from.pkce()?,
    })
}

pub(super) fn refresh_token(record: &RefreshToken) -> Vec<u8> {
    Object::new()
        .put("id", &record.id)
        .put("token", record.current.expose())
        .put("obsolete_token", record.obsolete.expose())
        .put("created_at", &record.created_at)
        .put("last_used", &record.last_used)
        .put("client_id", &record.client_id)
        .put("connector_id", &record.connector_id)
        .bytes("connector_data", record.connector_data.expose())
        .claims(&record.claims)
        .list("scopes", &record.scopes)
        .put("nonce", &record.nonce)
        .finish()
}

pub(super) fn read_refresh_token(from: &mut Members) -> Result<RefreshToken, Fault> {
    Ok(RefreshToken {
        id: from.text("id")?,
        current: TokenSecret::new(from.text("token")?),
        obsolete: TokenSecret::new(from.text("obsolete_token")?),
        created_at: from.time("created_at")?,
        last_used: from.time("last_used")?,
        client_id: from.text("client_id")?,
        connector_id: from.text("connector_id")?,
        connector_data: ConnectorData::new(from.bytes("connector_data")?),
        claims: from.claims()?,
        scopes: from.list("scopes")?,
        nonce: from.text("nonce")?,
    })
}
