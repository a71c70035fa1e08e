//! The key that signs, wherever it is kept.

use std::sync::Arc;

use dex_jose::{Algorithm, PublicKey, SignError, SigningKey, attach_signature, header_segment, signing_input};

use super::remote::{RemoteError, RemoteKey, RemoteSigner};

/// The key that signs. Cloning shares it.
#[derive(Clone)]
pub enum ActiveKey {
    /// In this process: signing takes no longer than the arithmetic.
    Local(SigningKey),
    /// At a signer that keeps it: signing is a call over the network.
    Remote(Arc<Remote>),
}

/// One version of a key that another program keeps.
pub struct Remote {
    signer: Arc<dyn RemoteSigner>,
    key: RemoteKey,
    /// `{"alg":..,"kid":..}` in base64url.
    header: String,
}

/// Why a token was not signed.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// The crypto library failed.
    #[error(transparent)]
    Local(#[from] SignError),
    /// The remote signer did not sign.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl ActiveKey {
    pub(super) fn remote(signer: Arc<dyn RemoteSigner>, key: RemoteKey) -> Self {
        let kid = key.public.kid().unwrap_or_default();
        let header = header_segment(key.public.inferred_algorithm(), kid, None);
        Self::Remote(Arc::new(Remote { signer, key, header }))
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Local(key) => key.algorithm(),
            Self::Remote(remote) => remote.key.public.inferred_algorithm(),
        }
    }

    /// The half to publish.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Local(key) => key.public(),
            Self::Remote(remote) => remote.key.public.clone(),
        }
    }

    /// A compact JWS over `payload` with the header `{"alg":..,"kid":..}`.
    ///
    /// # Errors
    ///
    /// [`NotSigned::Remote`] when another program keeps the key and does not sign: the client may ask again.
    /// [`NotSigned::Local`] is an internal error.
    pub async fn sign_compact(&self, payload: &[u8]) -> Result<String, NotSigned> {
        match self {
            Self::Local(key) => Ok(key.sign_compact(payload)?),
            Self::Remote(remote) => remote.finish(signing_input(&remote.header, payload)).await,
        }
    }

    /// The same with `typ` as the third member of the header, such as `logout+jwt`.
    ///
    /// # Errors
    ///
    /// As [`Self::sign_compact`].
    pub async fn sign_compact_typed(&self, typ: &str, payload: &[u8]) -> Result<String, NotSigned> {
        match self {
            Self::Local(key) => Ok(key.sign_compact_typed(typ, payload)?),
            Self::Remote(remote) => {
                let kid = remote.key.public.kid().unwrap_or_default();
                let header = header_segment(self.algorithm(), kid, Some(typ));
                remote.finish(signing_input(&header, payload)).await
            }
        }
    }

    /// Whether both are the same key of the same signer.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Local(ours), Self::Local(others)) => ours.kid() == others.kid(),
            (Self::Remote(ours), Self::Remote(others)) => {
                ours.key == others.key && Arc::ptr_eq(&ours.signer, &others.signer)
            }
            _ => false,
        }
    }
}

impl Remote {
    async fn finish(&self, signing_input: String) -> Result<String, NotSigned> {
        let signature = self.signer.sign(&self.key, &signing_input).await?;
        // A signer that signs with another key or in another form is found out here, not by every client.
        let (public, input) = (&self.key.public, signing_input.as_bytes());
        public
            .verify(public.inferred_algorithm(), input, &signature)
            .map_err(|error| RemoteError::Refused(format!("its signature does not fit the key: {error}")))?;
        Ok(attach_signature(signing_input, &signature))
    }
}
