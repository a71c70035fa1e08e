//! A record of each kind, with every field set and with none.

use std::collections::BTreeMap;
use std::time::Duration;

use dex_model::{
    AnyRecord, AuthCode, AuthRequest, AuthSession, Claims, Client, ClientRestrictions, ClientSecret, ClientState,
    Connector, ConnectorData, DeviceRequest, DeviceStatus, DeviceToken, Keys, Kind, Login, LogoutState, MfaSecret,
    OfflineSessions, Password, PasswordHash, Pkce, Record as _, RefreshToken, RefreshTokenRef, Spent, StoredJwk,
    Timestamp, TokenSecret, UserIdentity, VerificationKey, WebAuthnCredential, ZERO_TIME, later,
};

/// The time of the samples, in whole milliseconds: finer is not promised.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_786_029_264, 123_000_000);

/// A name that an encoding could trip over.
const STRANGE: &str = "Żółć <&> \"'\\ \u{2028}\u{1}\n 日本🦀";

pub(crate) fn full(kind: Kind, name: &str) -> AnyRecord {
    match kind {
        Kind::AuthRequest => full_auth_request(name).into_any(),
        Kind::AuthCode => full_auth_code(name).into_any(),
        Kind::Client => full_client(name).into_any(),
        Kind::RefreshToken => refresh_token(name).into_any(),
        Kind::Password => password(name).into_any(),
        Kind::OfflineSessions => offline_sessions(name, "local").into_any(),
        Kind::UserIdentity => full_user_identity(name).into_any(),
        Kind::AuthSession => full_auth_session(name).into_any(),
        Kind::Connector => full_connector(name).into_any(),
        Kind::Keys => full_keys(name).into_any(),
        Kind::DeviceRequest => full_device_request(name).into_any(),
        Kind::DeviceToken => full_device_token(name).into_any(),
        Kind::Spent => Spent { id: name.into(), expiry: NOW }.into_any(),
    }
}

pub(crate) fn minimal(kind: Kind, name: &str) -> AnyRecord {
    match kind {
        Kind::AuthRequest => auth_request(name).into_any(),
        Kind::AuthCode => auth_code(name).into_any(),
        Kind::Client => Client { id: name.into(), ..Client::default() }.into_any(),
        Kind::RefreshToken => minimal_refresh_token(name).into_any(),
        Kind::Password => minimal_password(name).into_any(),
        Kind::OfflineSessions => minimal_offline_sessions(name).into_any(),
        Kind::UserIdentity => user_identity(name).into_any(),
        Kind::AuthSession => auth_session(name).into_any(),
        Kind::Connector => Connector { id: name.into(), ..Connector::default() }.into_any(),
        Kind::Keys => keys(name).into_any(),
        Kind::DeviceRequest => device_request(name).into_any(),
        Kind::DeviceToken => device_token(name).into_any(),
        Kind::Spent => Spent { id: name.into(), expiry: ZERO_TIME }.into_any(),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn claims() -> Claims {
    Claims {
        user_id: "CgYtMTIzNDU".into(),
        username: STRANGE.into(),
        preferred_username: "jane".into(),
        email: "Jane@example.com".into(),
        email_verified: true,
        groups: words(&["authors", STRANGE]),
    }
}

fn pkce() -> Option<Pkce> {
    Some(Pkce {
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        code_challenge_method: "S256".into(),
    })
}

fn data() -> ConnectorData {
    ConnectorData::new(b"{\"token\":\"\xff\x00<&>\"}".to_vec())
}

fn auth_request(id: &str) -> AuthRequest {
    AuthRequest {
        id: id.into(),
        client_id: String::new(),
        response_types: vec![],
        scopes: vec![],
        redirect_uri: String::new(),
        nonce: String::new(),
        state: String::new(),
        force_approval_prompt: false,
        prompt: String::new(),
        max_age: None,
        expiry: NOW,
        login: Login::Awaited,
        connector_id: String::new(),
        connector_data: ConnectorData::default(),
        pkce: None,
        hmac_key: TokenSecret::default(),
        mfa_validated: false,
        webauthn_session_data: None,
    }
}

fn full_auth_request(id: &str) -> AuthRequest {
    AuthRequest {
        client_id: "web".into(),
        response_types: words(&["code", "id_token"]),
        scopes: words(&["openid", "email"]),
        redirect_uri: "https://app.example/cb?a=1&b=<2>".into(),
        nonce: "n-0S6_WzA2Mj".into(),
        state: STRANGE.into(),
        force_approval_prompt: true,
        prompt: "login consent".into(),
        max_age: Some(0),
        login: Login::Done { claims: claims(), auth_time: NOW },
        connector_id: "local".into(),
        connector_data: data(),
        pkce: pkce(),
        hmac_key: TokenSecret::new("k2222222"),
        mfa_validated: true,
        webauthn_session_data: Some(b"{\"challenge\":\"a\"}".to_vec()),
        ..auth_request(id)
    }
}

fn auth_code(id: &str) -> AuthCode {
    AuthCode {
        id: id.into(),
        client_id: String::new(),
        redirect_uri: String::new(),
        nonce: String::new(),
        scopes: vec![],
        connector_id: String::new(),
        connector_data: ConnectorData::default(),
        claims: Claims::default(),
        expiry: NOW,
        session_id: String::new(),
        auth_time: ZERO_TIME,
        pkce: None,
    }
}

fn full_auth_code(id: &str) -> AuthCode {
    AuthCode {
        client_id: "web".into(),
        redirect_uri: "https://app.example/cb".into(),
        nonce: STRANGE.into(),
        scopes: words(&["openid"]),
        connector_id: "local".into(),
        connector_data: data(),
        claims: claims(),
        session_id: "session".into(),
        auth_time: NOW,
        pkce: pkce(),
        ..auth_code(id)
    }
}

fn full_client(id: &str) -> Client {
    Client {
        id: id.into(),
        secret: ClientSecret::new(STRANGE),
        redirect_uris: words(&["https://app.example/cb?a=1&b=<2>", "http://[::1]/"]),
        post_logout_redirect_uris: words(&["https://app.example/bye"]),
        backchannel_logout_uri: "https://app.example/logout".into(),
        refresh_token_lifetime: "session".into(),
        trusted_peers: words(&["cli"]),
        public: true,
        name: STRANGE.into(),
        logo_url: "https://app.example/logo.png".into(),
        allowed_connectors: words(&["local", "github"]),
        mfa_chain: Some(words(&["totp"])),
        sso_shared_with: Some(words(&["*"])),
        client_credentials_claims: None,
        restrictions: ClientRestrictions::default(),
    }
}

fn minimal_refresh_token(id: &str) -> RefreshToken {
    RefreshToken {
        id: id.into(),
        current: TokenSecret::default(),
        obsolete: TokenSecret::default(),
        created_at: ZERO_TIME,
        last_used: ZERO_TIME,
        client_id: String::new(),
        connector_id: String::new(),
        connector_data: ConnectorData::default(),
        claims: Claims::default(),
        scopes: vec![],
        nonce: String::new(),
    }
}

pub(crate) fn refresh_token(id: &str) -> RefreshToken {
    RefreshToken {
        current: TokenSecret::new("current"),
        obsolete: TokenSecret::new("obsolete"),
        created_at: NOW,
        last_used: later(NOW, Duration::from_secs(1)),
        client_id: "web".into(),
        connector_id: "local".into(),
        connector_data: data(),
        claims: claims(),
        scopes: words(&["openid", "offline_access"]),
        nonce: "nonce".into(),
        ..minimal_refresh_token(id)
    }
}

fn minimal_password(name: &str) -> Password {
    Password {
        email: format!("{name}@example.com"),
        hash: PasswordHash::default(),
        username: String::new(),
        name: String::new(),
        preferred_username: String::new(),
        email_verified: None,
        user_id: String::new(),
        groups: vec![],
    }
}

pub(crate) fn password(name: &str) -> Password {
    Password {
        hash: PasswordHash::new("$2a$10$33EMT0cVYVlPy6WAMCLsceLYjWhuHpbz5yuZxu/GAFj03J9Lytjuy"),
        username: name.into(),
        name: STRANGE.into(),
        preferred_username: "jane".into(),
        email_verified: Some(false),
        user_id: "08a8684b-db88-4b73-90a9-3cd1661f5466".into(),
        groups: words(&["admins"]),
        ..minimal_password(name)
    }
}

fn minimal_offline_sessions(user_id: &str) -> OfflineSessions {
    OfflineSessions { user_id: user_id.into(), connector_id: "local".into(), ..OfflineSessions::default() }
}

pub(crate) fn offline_sessions(user_id: &str, connector_id: &str) -> OfflineSessions {
    let token = |id: &str| RefreshTokenRef {
        id: id.into(),
        client_id: "web".into(),
        created_at: NOW,
        last_used: ZERO_TIME,
        session_id: "session".into(),
    };
    OfflineSessions {
        connector_id: connector_id.into(),
        refresh: BTreeMap::from([("web".into(), token("r2")), ("web r1".into(), token("r1"))]),
        connector_data: data(),
        ..minimal_offline_sessions(user_id)
    }
}

fn user_identity(user_id: &str) -> UserIdentity {
    UserIdentity {
        user_id: user_id.into(),
        connector_id: "local".into(),
        claims: Claims::default(),
        consents: BTreeMap::new(),
        mfa_secrets: BTreeMap::new(),
        webauthn_credentials: BTreeMap::new(),
        created_at: NOW,
        last_login: NOW,
        blocked_until: ZERO_TIME,
    }
}

fn full_user_identity(user_id: &str) -> UserIdentity {
    let secret = MfaSecret {
        authenticator_id: "totp".into(),
        kind: "TOTP".into(),
        secret: TokenSecret::new("otpauth://totp/dex:jane?secret=A&issuer=dex"),
        confirmed: true,
        created_at: NOW,
        last_used_counter: 59_000_000,
    };
    let credential = WebAuthnCredential {
        credential_id: vec![0, 255, 1],
        public_key: vec![165, 1, 2],
        attestation_type: "none".into(),
        aaguid: vec![0; 16],
        sign_count: u32::MAX,
        clone_warning: true,
        transport: words(&["usb", "nfc"]),
        backup_eligible: true,
        backup_state: true,
        display_name: STRANGE.into(),
        created_at: NOW,
    };
    UserIdentity {
        claims: claims(),
        consents: BTreeMap::from([("web".into(), words(&["email"])), ("cli".into(), vec![])]),
        mfa_secrets: BTreeMap::from([("totp".into(), secret)]),
        webauthn_credentials: BTreeMap::from([("key".into(), vec![credential])]),
        blocked_until: later(NOW, Duration::from_secs(60)),
        ..user_identity(user_id)
    }
}

fn auth_session(id: &str) -> AuthSession {
    AuthSession {
        id: id.into(),
        secret: TokenSecret::default(),
        user_id: "jane".into(),
        connector_id: "local".into(),
        client_states: BTreeMap::new(),
        created_at: NOW,
        last_activity: NOW,
        ip_address: String::new(),
        user_agent: String::new(),
        absolute_expiry: NOW,
        idle_expiry: NOW,
        logout_state: None,
    }
}

fn full_auth_session(id: &str) -> AuthSession {
    let state =
        ClientState { authenticated_at: NOW, last_activity: NOW, last_token_issued_at: ZERO_TIME, via_sso: true };
    AuthSession {
        secret: TokenSecret::new("proof"),
        client_states: BTreeMap::from([("web".into(), state)]),
        ip_address: "2001:db8::1".into(),
        user_agent: STRANGE.into(),
        logout_state: Some(LogoutState {
            post_logout_redirect_uri: "https://app.example/bye?a&b".into(),
            state: STRANGE.into(),
            client_id: "web".into(),
            connector_id: "local".into(),
        }),
        ..auth_session(id)
    }
}

fn full_connector(id: &str) -> Connector {
    Connector {
        id: id.into(),
        kind: "github".into(),
        name: STRANGE.into(),
        resource_version: "7".into(),
        config: ConnectorData::new(r#"{"clientID":"a","clientSecret":"$b"}"#),
        grant_types: words(&["authorization_code"]),
    }
}

fn keys(name: &str) -> Keys {
    Keys { name: name.into(), signing_key: None, signing_key_pub: None, verification_keys: None, next_rotation: NOW }
}

fn full_keys(name: &str) -> Keys {
    let jwk = |kid: &str| {
        let ec = r#""crv":"P-256","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
        StoredJwk::new(format!(r#"{{"use":"sig","kty":"EC","kid":"{kid}",{ec}}}"#))
    };
    Keys {
        signing_key: Some(jwk("01")),
        signing_key_pub: Some(jwk("02")),
        verification_keys: Some(vec![VerificationKey { public_key: jwk("03"), expiry: NOW }]),
        ..keys(name)
    }
}

fn device_request(name: &str) -> DeviceRequest {
    DeviceRequest {
        // User codes have no case on Kubernetes; they are made in capitals.
        user_code: name.to_uppercase(),
        device_code: "d".into(),
        client_id: "cli".into(),
        client_secret: ClientSecret::default(),
        scopes: vec![],
        expiry: NOW,
    }
}

fn full_device_request(name: &str) -> DeviceRequest {
    DeviceRequest { client_secret: ClientSecret::new(STRANGE), scopes: words(&["openid"]), ..device_request(name) }
}

fn device_token(device_code: &str) -> DeviceToken {
    DeviceToken {
        device_code: device_code.into(),
        status: DeviceStatus::Pending,
        expiry: NOW,
        last_request: ZERO_TIME,
        poll_interval_seconds: 0,
        pkce: None,
    }
}

fn full_device_token(device_code: &str) -> DeviceToken {
    DeviceToken {
        status: DeviceStatus::Complete(TokenSecret::new(r#"{"access_token":"a","expires_in":1}"#)),
        last_request: NOW,
        poll_interval_seconds: 5,
        pkce: pkce(),
        ..device_token(device_code)
    }
}
