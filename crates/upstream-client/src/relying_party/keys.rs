//! A provider's keys, kept and fetched again when a token names one that is not known.

use std::sync::Arc;
use std::time::Duration;

use dex_connector::UpstreamError;
use dex_jose::{Algorithm, KeySet, Verified, VerifyError};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::client::{Auth, Client};

/// How many times in a row keys are fetched again for tokens that do not verify.
const REFETCHES_MAX: u32 = 5;

/// After how long one more is allowed. Whoever sends us rubbish cannot make us ask the provider more often.
const REFETCH_EVERY: Duration = Duration::from_secs(10);

/// After how long keys are fetched again though every token verifies, so that a withdrawn key is forgotten.
const KEEP: Duration = Duration::from_secs(3600);

pub(super) struct RemoteKeys {
    url: Url,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    set: Option<(Arc<KeySet>, Instant)>,
    refetches: u32,
    refilled: Option<Instant>,
}

impl RemoteKeys {
    pub(super) fn new(url: Url) -> Self {
        Self { url, kept: Mutex::default() }
    }

    /// Verifies a token, with fresh keys if those at hand do not do.
    pub(super) async fn verify(
        &self,
        client: &Client,
        token: &str,
        allowed: &[Algorithm],
    ) -> Result<Verified, UpstreamError> {
        let set = self.at_hand(client).await?;
        match set.verify_compact(token, allowed) {
            Ok(verified) => Ok(verified),
            Err(VerifyError::UnknownKey { .. } | VerifyError::BadSignature | VerifyError::AlgorithmMismatch(_))
                if self.refetch(client, &set).await? =>
            {
                self.at_hand(client).await?.verify_compact(token, allowed).map_err(not_verified)
            }
            Err(error) => Err(not_verified(error)),
        }
    }

    /// The keys kept, fetched if there are none or they are old. Old ones serve on if the provider does not answer.
    async fn at_hand(&self, client: &Client) -> Result<Arc<KeySet>, UpstreamError> {
        let mut kept = self.kept.lock().await;
        let old = match &kept.set {
            Some((set, fetched)) if fetched.elapsed() < KEEP => return Ok(set.clone()),
            Some((set, _)) => Some(set.clone()),
            None => None,
        };
        let set = match (self.fetch(client).await, old) {
            (Ok(set), _) => set,
            (Err(UpstreamError::Unreachable(_)), Some(old)) => old,
            (Err(error), _) => return Err(error),
        };
        kept.set = Some((set.clone(), Instant::now()));
        Ok(set)
    }

    /// Fetches the keys again, if that is allowed now and nobody has done it since `seen` was handed out.
    async fn refetch(&self, client: &Client, seen: &Arc<KeySet>) -> Result<bool, UpstreamError> {
        let mut kept = self.kept.lock().await;
        if kept.set.as_ref().is_some_and(|(set, _)| !Arc::ptr_eq(set, seen)) {
            return Ok(true);
        }
        let now = Instant::now();
        if kept.refilled.is_none_or(|refilled| now - refilled >= REFETCH_EVERY) {
            kept.refilled = Some(now);
            kept.refetches = kept.refetches.saturating_sub(1);
        }
        if kept.refetches >= REFETCHES_MAX {
            return Ok(false);
        }
        kept.refetches += 1;
        kept.set = Some((self.fetch(client).await?, now));
        Ok(true)
    }

    async fn fetch(&self, client: &Client) -> Result<Arc<KeySet>, UpstreamError> {
        let call = crate::client::Call::get(&self.url).auth(Auth::None);
        let answer = client.call(call).await?.success()?;
        let text =
            std::str::from_utf8(&answer.body).map_err(|error| answer.not_understood("keys", error.to_string()))?;
        let set = KeySet::parse(text).map_err(|error| answer.not_understood("keys", error.to_string()))?;
        Ok(Arc::new(set))
    }
}

fn not_verified(error: VerifyError) -> UpstreamError {
    UpstreamError::Unacceptable(format!("oidc: failed to verify the token's signature: {error}"))
}
