//! Signs tokens with a key of the transit engine of OpenBao or HashiCorp Vault (oidc-core spec, 7.4).
//!
//! Owned here: reaching the vault over HTTP, its token and that token's renewal, reading the versions of one transit key,
//! and having one of them sign. Not owned: when the keys are read, which version signs, and what is published, which is
//! `dex-web`'s; nor the configuration file.
//!
//! Control leaves to the vault and comes back as keys, a signature, or a
//! [`RemoteError`] whose text holds no secret. No private key is ever here.

mod environment;
mod http;
mod keys;
mod renewal;
mod sign;

use async_trait::async_trait;
use dex_web::signing::{RemoteError, RemoteKey, RemoteSigner};

pub use environment::{Environment, OpenError};
use http::Http;
use renewal::Renewal;

/// Where the transit engine is mounted, as in Dex.
const MOUNT: &str = "transit";

/// One transit key of a vault.
pub struct Vault {
    http: Http,
    key_name: String,
    renewal: Renewal,
}

impl Vault {
    /// Makes ready to ask the vault at `addr` (`https`, `http` or `unix`), in the name of `token`, for the transit key
    /// `key_name`. Nobody is asked yet: a vault that is down does not keep dex from starting.
    ///
    /// # Errors
    ///
    /// [`OpenError`] for an address, a token or a certificate that cannot be used at all.
    pub fn open(addr: &str, token: &str, key_name: &str, environment: &Environment) -> Result<Self, OpenError> {
        let http = Http::open(addr, token, environment)?;
        Ok(Self { http, key_name: key_name.to_owned(), renewal: Renewal::default() })
    }
}

#[async_trait]
impl RemoteSigner for Vault {
    async fn keys(&self) -> Result<Vec<RemoteKey>, RemoteError> {
        self.renewal.tend(&self.http).await;
        let answer = self.http.get(&[MOUNT, "keys", &self.key_name]).await?;
        keys::read(&self.key_name, &answer)
    }

    async fn sign(&self, key: &RemoteKey, signing_input: &str) -> Result<Vec<u8>, RemoteError> {
        let request = sign::Request::new(key, signing_input);
        let answer = self.http.post(&[MOUNT, "sign", &self.key_name], &request).await?;
        sign::read(&answer)
    }
}
