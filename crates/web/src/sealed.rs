//! What travels sealed instead of lying in the store: pending logins, authorization codes, and what a logout will want.
//!
//! Sealed is encrypted and authenticated (AES-256-GCM), with the purpose and, for a login, its id bound in, so
//! that one cannot stand for another. Each purpose has a key of its own: anybody can have logins sealed without end,
//! which must not wear out the key of the codes. The keys are shared by all replicas through the store.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use dex_jose::{SealKey, Sealer};
use dex_model::{
    AuthCode, AuthRequest, Claims, ConnectorData, Keys, Login, Pkce, StoredJwk, Timestamp, TokenSecret, later,
};
use dex_storage::{StorageError, Store, Write};
use serde::{Deserialize, Serialize};

/// The longest code that is handed out, in bytes; what would be longer is kept in the store instead.
pub const CODE_BYTES_MAX: usize = 1600;

/// What the key of logins is derived for.
pub const LOGIN_PURPOSE: &str = "dex login";

/// What the key of codes is derived for.
pub const CODE_PURPOSE: &str = "dex code";

/// What the key of logouts is derived for.
pub const LOGOUT_PURPOSE: &str = "dex logout";

/// How long the sealing key is used; nothing sealed lives that long.
const KEY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The sealing keys.
#[derive(Default)]
pub struct Seals(ArcSwapOption<ByPurpose>);

struct ByPurpose {
    logins: Sealer,
    codes: Sealer,
    logouts: Sealer,
}

/// The sealing keys are not there.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The stored key cannot be used.
    #[error("the stored sealing key cannot be used")]
    Key,
}

impl Seals {
    /// Loads the sealing key from the store, or makes one there. Called before the first request is taken.
    ///
    /// # Errors
    ///
    /// [`SealError`]; nobody could log in, so the start ends or is tried again.
    pub async fn load(&self, store: &Store, now: Timestamp) -> Result<(), SealError> {
        let keys = match store.get::<Keys>(Keys::SEALING).await? {
            Some(keys) => keys,
            None => {
                let fresh = Keys {
                    name: Keys::SEALING.to_owned(),
                    signing_key: Some(StoredJwk::new(SealKey::generate().to_jwk_json())),
                    signing_key_pub: None,
                    verification_keys: None,
                    next_rotation: later(now, KEY_LIFETIME),
                };
                if store.insert(fresh.clone()).await? == Write::Done {
                    fresh
                } else {
                    store.get::<Keys>(Keys::SEALING).await?.ok_or(SealError::Key)?
                }
            }
        };
        let jwk = keys.signing_key.ok_or(SealError::Key)?;
        let key = SealKey::from_jwk_json(jwk.expose()).map_err(|_| SealError::Key)?;
        let sealer = |purpose| Sealer::new(&key.for_purpose(purpose), &[]).map_err(|_| SealError::Key);
        let [logins, codes, logouts] = [sealer(LOGIN_PURPOSE)?, sealer(CODE_PURPOSE)?, sealer(LOGOUT_PURPOSE)?];
        self.0.store(Some(Arc::new(ByPurpose { logins, codes, logouts })));
        Ok(())
    }

    /// A login that nobody has completed, for the browser to carry.
    pub fn seal_request(&self, request: &AuthRequest) -> Option<String> {
        let wire = RequestWire::of(request);
        let bytes = serde_json::to_vec(&wire).ok()?;
        Some(self.0.load_full()?.logins.seal(&bytes, &aad("login", &request.id)))
    }

    /// The login that a browser carries under `id`; `None` if it is not ours, broken or too old.
    pub fn open_request(&self, id: &str, sealed: &str, now: Timestamp) -> Option<AuthRequest> {
        let bytes = self.0.load_full()?.logins.open(sealed, &aad("login", id)).ok()?;
        let request = serde_json::from_slice::<RequestWire>(&bytes).ok()?.into_request(id);
        (!request.expired(now)).then_some(request)
    }

    /// A code that holds what it stands for; `None` if it would be longer than [`CODE_BYTES_MAX`].
    pub fn seal_code(&self, code: &AuthCode) -> Option<String> {
        let bytes = serde_json::to_vec(&CodeWire::of(code)).ok()?;
        let sealed = self.0.load_full()?.codes.seal(&bytes, &aad("code", ""));
        (sealed.len() <= CODE_BYTES_MAX).then_some(sealed)
    }

    /// What a sealed code stands for; `None` if it is not ours.
    pub fn open_code(&self, sealed: &str) -> Option<AuthCode> {
        let bytes = self.0.load_full()?.codes.open(sealed, &aad("code", "")).ok()?;
        Some(serde_json::from_slice::<CodeWire>(&bytes).ok()?.into_code())
    }

    /// What the browser of a session carries for its logout.
    pub fn seal_logout(&self, session_id: &str, data: &[u8]) -> Option<String> {
        Some(self.0.load_full()?.logouts.seal(data, &aad("logout", session_id)))
    }

    /// What a browser carries for the logout of its session; `None` if it is not ours, or of another session.
    pub fn open_logout(&self, session_id: &str, sealed: &str) -> Option<Vec<u8>> {
        self.0.load_full()?.logouts.open(sealed, &aad("logout", session_id)).ok()
    }
}

fn aad(purpose: &str, id: &str) -> Vec<u8> {
    format!("dex {purpose} {id}").into_bytes()
}

/// [`AuthRequest`] before the login, with short names.
#[derive(Serialize, Deserialize)]
struct RequestWire {
    c: String,
    t: Vec<String>,
    s: Vec<String>,
    u: String,
    n: String,
    st: String,
    f: bool,
    p: String,
    m: Option<u32>,
    e: Timestamp,
    k: String,
    d: Vec<u8>,
    x: Option<Pkce>,
    h: String,
}

impl RequestWire {
    fn of(request: &AuthRequest) -> Self {
        Self {
            c: request.client_id.clone(),
            t: request.response_types.clone(),
            s: request.scopes.clone(),
            u: request.redirect_uri.clone(),
            n: request.nonce.clone(),
            st: request.state.clone(),
            f: request.force_approval_prompt,
            p: request.prompt.clone(),
            m: request.max_age,
            e: request.expiry,
            k: request.connector_id.clone(),
            d: request.connector_data.expose().to_vec(),
            x: request.pkce.clone(),
            h: request.hmac_key.expose().to_owned(),
        }
    }

    fn into_request(self, id: &str) -> AuthRequest {
        AuthRequest {
            id: id.to_owned(),
            client_id: self.c,
            response_types: self.t,
            scopes: self.s,
            redirect_uri: self.u,
            nonce: self.n,
            state: self.st,
            force_approval_prompt: self.f,
            prompt: self.p,
            max_age: self.m,
            expiry: self.e,
            login: Login::Awaited,
            connector_id: self.k,
            connector_data: ConnectorData::new(self.d),
            pkce: self.x,
            hmac_key: TokenSecret::new(self.h),
            mfa_validated: false,
            webauthn_session_data: None,
        }
    }
}

/// [`AuthCode`] with short names.
#[derive(Serialize, Deserialize)]
struct CodeWire {
    i: String,
    c: String,
    u: String,
    n: String,
    s: Vec<String>,
    k: String,
    d: Vec<u8>,
    l: Claims,
    e: Timestamp,
    b: String,
    a: Timestamp,
    x: Option<Pkce>,
}

impl CodeWire {
    fn of(code: &AuthCode) -> Self {
        Self {
            i: code.id.clone(),
            c: code.client_id.clone(),
            u: code.redirect_uri.clone(),
            n: code.nonce.clone(),
            s: code.scopes.clone(),
            k: code.connector_id.clone(),
            d: code.connector_data.expose().to_vec(),
            l: code.claims.clone(),
            e: code.expiry,
            b: code.session_id.clone(),
            a: code.auth_time,
            x: code.pkce.clone(),
        }
    }

    fn into_code(self) -> AuthCode {
        AuthCode {
            id: self.i,
            client_id: self.c,
            redirect_uri: self.u,
            nonce: self.n,
            scopes: self.s,
            connector_id: self.k,
            connector_data: ConnectorData::new(self.d),
            claims: self.l,
            expiry: self.e,
            session_id: self.b,
            auth_time: self.a,
            pkce: self.x,
        }
    }
}

#[cfg(test)]
mod tests {
    use dex_jose::OpenError;
    use dex_storage::Memory;

    use super::*;

    #[tokio::test]
    async fn each_purpose_seals_with_a_key_of_its_own() {
        let (seals, store) = (Seals::default(), Store::new(Arc::new(Memory::new())));
        seals.load(&store, Timestamp::UNIX_EPOCH).await.unwrap();
        let keys = seals.0.load_full().unwrap();
        let sealed = keys.logins.seal(b"x", b"");
        assert_eq!(keys.logins.open(&sealed, b"").unwrap(), b"x");
        assert_eq!(keys.codes.open(&sealed, b"").unwrap_err(), OpenError::UnknownKey);
        let logout = seals.seal_logout("s1", b"x").unwrap();
        assert_eq!(seals.open_logout("s1", &logout).unwrap(), b"x");
        assert!(seals.open_logout("s2", &logout).is_none() && seals.open_logout("s1", &sealed).is_none());
        let again = Seals::default();
        again.load(&store, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(again.0.load_full().unwrap().logins.open(&sealed, b"").unwrap(), b"x", "another replica");
    }
}
