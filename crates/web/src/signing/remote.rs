//! A signer that keeps its private keys to itself, and following it.

use std::sync::Arc;

use async_trait::async_trait;
use dex_jose::PublicKey;

use super::{ActiveKey, Current, Signer};

/// How many versions of a key are accepted and published, the newest ones.
pub const VERSIONS_MAX: usize = 100;

/// A signer in another program, such as the transit engine of a vault.
#[async_trait]
pub trait RemoteSigner: Send + Sync {
    /// Every version of the key, in any order. A loop asks every 30 seconds, so this is also where an implementation
    /// looks after what it needs to go on, such as a token to renew.
    ///
    /// # Errors
    ///
    /// [`RemoteError`]; what is known stays in use.
    async fn keys(&self) -> Result<Vec<RemoteKey>, RemoteError>;

    /// The raw JWS signature over `signing_input` (RFC 7515 section 5.1) by just this version.
    ///
    /// # Errors
    ///
    /// [`RemoteError`]; nothing was signed.
    async fn sign(&self, key: &RemoteKey, signing_input: &str) -> Result<Vec<u8>, RemoteError>;
}

/// One version of the remote key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteKey {
    /// Its number; later ones are larger.
    pub version: u64,
    /// The public half, with its `kid` and `alg`.
    pub public: PublicKey,
    /// Whether it may still sign.
    pub signs: bool,
}

/// Why a remote signer did not do what it was asked for. The texts are for the log and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// It does not answer, or says that it cannot at the moment: worth asking again.
    #[error("the signer is not available: {0}")]
    Unavailable(String),
    /// It answers, but refuses or makes no sense: somebody has to look.
    #[error("the signer did not sign: {0}")]
    Refused(String),
    /// It has no key that can sign.
    #[error("the signer has no key that can sign")]
    NoKey,
}

impl Signer {
    /// Brings the keys up to date with those of `remote`. A loop calls it at the start and every 30 seconds.
    ///
    /// A version signs from the second look that sees it: by then every replica has seen and published it.
    ///
    /// # Errors
    ///
    /// [`RemoteError`]; whatever was published stays, and the next call tries again.
    pub async fn follow(&self, remote: &Arc<dyn RemoteSigner>) -> Result<(), RemoteError> {
        let mut keys = remote.keys().await?;
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(key.version));
        keys.truncate(VERSIONS_MAX);
        let known = self.known();
        let signing = choose(&keys, known.as_deref()).ok_or(RemoteError::NoKey)?.clone();
        let others = keys.iter().filter(|key| key.version != signing.version).map(|key| key.public.clone());
        let others: Vec<PublicKey> = others.collect();
        self.publish(Current::new(ActiveKey::remote(remote.clone(), signing), others));
        Ok(())
    }
}

/// The version that signs: the newest, unless it is news and the former one still may.
fn choose<'a>(newest_first: &'a [RemoteKey], known: Option<&Current>) -> Option<&'a RemoteKey> {
    let mut able = newest_first.iter().filter(|key| key.signs);
    let newest = able.clone().next()?;
    let Some(known) = known else { return Some(newest) };
    if known.accepted.keys().contains(&newest.public) {
        return Some(newest);
    }
    let former = known.signing.public();
    Some(able.find(|key| key.public == former).unwrap_or(newest))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use dex_jose::{Algorithm, SigningKey};

    use super::super::NotSigned;
    use super::*;

    /// Keys of our own that play a remote signer's. The lock is let go before anything waits.
    struct Kept(Mutex<Vec<(RemoteKey, SigningKey)>>);

    impl Kept {
        fn new() -> (Arc<Self>, Arc<dyn RemoteSigner>) {
            let kept = Arc::new(Self(Mutex::default()));
            (kept.clone(), kept)
        }

        fn add(&self, algorithm: Algorithm) -> String {
            let (mut keys, key) = (self.0.lock().unwrap(), SigningKey::generate(algorithm));
            let version = keys.len() as u64 + 1;
            keys.push((RemoteKey { version, public: key.public(), signs: true }, key.clone()));
            key.kid().to_owned()
        }

        fn retire(&self, version: u64) {
            self.0.lock().unwrap()[version as usize - 1].0.signs = false;
        }
    }

    #[async_trait]
    impl RemoteSigner for Kept {
        async fn keys(&self) -> Result<Vec<RemoteKey>, RemoteError> {
            let keys: Vec<RemoteKey> = self.0.lock().unwrap().iter().map(|(key, _)| key.clone()).collect();
            Ok(keys)
        }

        async fn sign(&self, key: &RemoteKey, input: &str) -> Result<Vec<u8>, RemoteError> {
            let keys = self.0.lock().unwrap();
            Ok(keys[key.version as usize - 1].1.sign(input.as_bytes()).unwrap())
        }
    }

    async fn signs_with(signer: &Signer) -> String {
        let current = signer.current().await.unwrap();
        let token = current.signing.sign_compact(b"{}").await.unwrap();
        let verified = current.accepted.verify_compact(&token, &current.algorithms).unwrap();
        verified.kid.unwrap()
    }

    #[tokio::test]
    async fn a_new_version_is_published_at_the_first_look_and_signs_from_the_second() {
        let (kept, remote) = Kept::new();
        let signer = Signer::default();
        assert_eq!(signer.follow(&remote).await, Err(RemoteError::NoKey));
        let first = kept.add(Algorithm::ES256);
        signer.follow(&remote).await.unwrap();
        assert_eq!(signs_with(&signer).await, first, "there is nothing to wait for");
        let second = kept.add(Algorithm::ES384);
        signer.follow(&remote).await.unwrap();
        assert_eq!(signs_with(&signer).await, first);
        let current = signer.current().await.unwrap();
        assert!(std::str::from_utf8(&current.published).unwrap().contains(&second));
        signer.follow(&remote).await.unwrap();
        assert_eq!(signs_with(&signer).await, second);
        let algorithms = &signer.current().await.unwrap().algorithms;
        assert_eq!(*algorithms, [Algorithm::ES384, Algorithm::ES256], "tokens of the former are still good");
    }

    #[tokio::test]
    async fn a_version_that_may_sign_no_more_is_left_at_once() {
        let (kept, remote) = Kept::new();
        let signer = Signer::default();
        kept.add(Algorithm::ES256);
        signer.follow(&remote).await.unwrap();
        let second = kept.add(Algorithm::ES256);
        kept.retire(1);
        signer.follow(&remote).await.unwrap();
        assert_eq!(signs_with(&signer).await, second);
        kept.retire(2);
        assert_eq!(signer.follow(&remote).await, Err(RemoteError::NoKey));
        assert_eq!(signs_with(&signer).await, second, "what was known stays");
    }

    #[tokio::test]
    async fn a_signature_by_another_key_never_leaves() {
        let (kept, remote) = Kept::new();
        let signer = Signer::default();
        kept.add(Algorithm::ES256);
        signer.follow(&remote).await.unwrap();
        let current = signer.current().await.unwrap();
        kept.0.lock().unwrap()[0].1 = SigningKey::generate(Algorithm::ES256);
        let error = current.signing.sign_compact(b"{}").await.unwrap_err();
        assert!(matches!(error, NotSigned::Remote(RemoteError::Refused(_))), "{error}");
    }
}
