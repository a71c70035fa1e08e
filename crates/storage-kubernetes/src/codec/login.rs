//! What a login makes: requests, codes, refresh tokens.

use dex_model::{AuthCode, AuthRequest, Claims, ConnectorData, Login, RefreshToken, TokenSecret, ZERO_TIME};

use super::member::{Base64, Opt, Time, body, challenge, pkce};

/// `maxAge` for a request without one.
const NO_MAX_AGE: i64 = -1;

body! {
    AuthRequestBody {
        client_id: String = "clientID",
        response_types: Opt<Vec<String>> = "responseTypes",
        scopes: Opt<Vec<String>> = "scopes",
        redirect_uri: String = "redirectURI",
        nonce: Opt<String> = "nonce",
        state: Opt<String> = "state",
        force_approval_prompt: Opt<bool> = "forceApprovalPrompt",
        logged_in: bool = "loggedIn",
        claims: Claims = "claims",
        connector_id: Opt<String> = "connectorID",
        connector_data: Opt<Base64> = "connectorData",
        expiry: Time = "expiry",
        code_challenge: Opt<String> = "code_challenge",
        code_challenge_method: Opt<String> = "code_challenge_method",
        hmac_key: Base64 = "hmac_key",
        mfa_validated: bool = "mfa_validated",
        webauthn_session_data: Opt<Base64> = "webauthn_session_data",
        prompt: Opt<String> = "prompt",
        // Not there: written by a release that knew no `max_age`.
        max_age: Opt<Option<i64>> = "maxAge",
        auth_time: Time = "authTime",
    }
}

pub(super) fn auth_request(record: &AuthRequest) -> AuthRequestBody {
    let (logged_in, claims, auth_time) = match &record.login {
        Login::Awaited => (false, Claims::default(), ZERO_TIME),
        Login::Done { claims, auth_time } => (true, claims.clone(), *auth_time),
    };
    let (code_challenge, code_challenge_method) = challenge(record.pkce.as_ref());
    AuthRequestBody {
        client_id: record.client_id.clone(),
        response_types: Opt(record.response_types.clone()),
        scopes: Opt(record.scopes.clone()),
        redirect_uri: record.redirect_uri.clone(),
        nonce: Opt(record.nonce.clone()),
        state: Opt(record.state.clone()),
        force_approval_prompt: Opt(record.force_approval_prompt),
        logged_in,
        claims,
        connector_id: Opt(record.connector_id.clone()),
        connector_data: Opt(Base64::of(record.connector_data.expose())),
        expiry: Time(record.expiry),
        code_challenge,
        code_challenge_method,
        hmac_key: Base64::of(record.hmac_key.expose().as_bytes()),
        mfa_validated: record.mfa_validated,
        webauthn_session_data: Opt(Base64(record.webauthn_session_data.clone().unwrap_or_default())),
        prompt: Opt(record.prompt.clone()),
        max_age: Opt(Some(record.max_age.map_or(NO_MAX_AGE, i64::from))),
        auth_time: Time(auth_time),
    }
}

pub(super) fn read_auth_request(id: String, body: AuthRequestBody) -> Result<AuthRequest, String> {
    let awaited = Login::Awaited;
    let login = if body.logged_in { Login::Done { claims: body.claims, auth_time: body.auth_time.0 } } else { awaited };
    let hmac_key = String::from_utf8(body.hmac_key.0).map_err(|_| "hmac_key is no text")?;
    Ok(AuthRequest {
        id,
        client_id: body.client_id,
        response_types: body.response_types.0,
        scopes: body.scopes.0,
        redirect_uri: body.redirect_uri,
        nonce: body.nonce.0,
        state: body.state.0,
        force_approval_prompt: body.force_approval_prompt.0,
        prompt: body.prompt.0,
        max_age: body.max_age.0.and_then(|seconds| u32::try_from(seconds).ok()),
        expiry: body.expiry.0,
        login,
        connector_id: body.connector_id.0,
        connector_data: ConnectorData::new(body.connector_data.0.0),
        pkce: pkce(body.code_challenge, body.code_challenge_method),
        hmac_key: TokenSecret::new(hmac_key),
        mfa_validated: body.mfa_validated,
        webauthn_session_data: Some(body.webauthn_session_data.0.0).filter(|data| !data.is_empty()),
    })
}

body! {
    AuthCodeBody {
        client_id: String = "clientID",
        scopes: Opt<Vec<String>> = "scopes",
        redirect_uri: String = "redirectURI",
        nonce: Opt<String> = "nonce",
        claims: Claims = "claims",
        connector_id: Opt<String> = "connectorID",
        connector_data: Opt<Base64> = "connectorData",
        expiry: Time = "expiry",
        code_challenge: Opt<String> = "code_challenge",
        code_challenge_method: Opt<String> = "code_challenge_method",
        auth_time: Time = "authTime",
        session_id: Opt<String> = "sessionID",
    }
}

pub(super) fn auth_code(record: &AuthCode) -> AuthCodeBody {
    let (code_challenge, code_challenge_method) = challenge(record.pkce.as_ref());
    AuthCodeBody {
        client_id: record.client_id.clone(),
        scopes: Opt(record.scopes.clone()),
        redirect_uri: record.redirect_uri.clone(),
        nonce: Opt(record.nonce.clone()),
        claims: record.claims.clone(),
        connector_id: Opt(record.connector_id.clone()),
        connector_data: Opt(Base64::of(record.connector_data.expose())),
        expiry: Time(record.expiry),
        code_challenge,
        code_challenge_method,
        auth_time: Time(record.auth_time),
        session_id: Opt(record.session_id.clone()),
    }
}

pub(super) fn read_auth_code(id: String, body: AuthCodeBody) -> AuthCode {
    AuthCode {
        id,
        client_id: body.client_id,
        redirect_uri: body.redirect_uri,
        nonce: body.nonce.0,
        scopes: body.scopes.0,
        connector_id: body.connector_id.0,
        connector_data: ConnectorData::new(body.connector_data.0.0),
        claims: body.claims,
        expiry: body.expiry.0,
        session_id: body.session_id.0,
        auth_time: body.auth_time.0,
        pkce: pkce(body.code_challenge, body.code_challenge_method),
    }
}

body! {
    RefreshTokenBody {
        created_at: Time = "CreatedAt",
        last_used: Time = "LastUsed",
        client_id: String = "clientID",
        scopes: Opt<Vec<String>> = "scopes",
        token: Opt<String> = "token",
        obsolete_token: Opt<String> = "obsoleteToken",
        nonce: Opt<String> = "nonce",
        claims: Claims = "claims",
        connector_id: Opt<String> = "connectorID",
        connector_data: Opt<Base64> = "connectorData",
    }
}

pub(super) fn refresh_token(record: &RefreshToken) -> RefreshTokenBody {
    RefreshTokenBody {
        created_at: Time(record.created_at),
        last_used: Time(record.last_used),
        client_id: record.client_id.clone(),
        scopes: Opt(record.scopes.clone()),
        token: Opt(record.current.expose().to_owned()),
        obsolete_token: Opt(record.obsolete.expose().to_owned()),
        nonce: Opt(record.nonce.clone()),
        claims: record.claims.clone(),
        connector_id: Opt(record.connector_id.clone()),
        connector_data: Opt(Base64::of(record.connector_data.expose())),
    }
}

pub(super) fn read_refresh_token(id: String, body: RefreshTokenBody) -> RefreshToken {
    RefreshToken {
        id,
        current: TokenSecret::new(body.token.0),
        obsolete: TokenSecret::new(body.obsolete_token.0),
        created_at: body.created_at.0,
        last_used: body.last_used.0,
        client_id: body.client_id,
        connector_id: body.connector_id.0,
        connector_data: ConnectorData::new(body.connector_data.0.0),
        claims: body.claims,
        scopes: body.scopes.0,
        nonce: body.nonce.0,
    }
}
