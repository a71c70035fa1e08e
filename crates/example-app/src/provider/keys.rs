//! The provider's public keys, fetched when first needed and again when a token names one we lack.

use std::sync::Arc;

use dex_jose::{Algorithm, KeySet, Verified, VerifyError};
use tokio::sync::Mutex;
use url::Url;

use super::{
    http::{Auth, Http, ProviderError},
    verify::IdTokenError,
};

/// How long a set is kept before an unknown key makes us ask again, in seconds: made-up key names must not cost the provider.
const REFETCH_AFTER: i64 = 10;

#[derive(Default)]
pub(super) struct Keys(Mutex<Option<Cached>>);

#[derive(Clone)]
struct Cached {
    set: Arc<KeySet>,
    fetched_at: i64,
}

impl Keys {
    pub(super) async fn verify(
        &self,
        http: &Http,
        jwks_uri: &Url,
        token: &str,
        now: i64,
    ) -> Result<Verified, IdTokenError> {
        // Held while fetching, so that a burst of logins asks once.
        let mut cached = self.0.lock().await;
        let known = match &*cached {
            Some(known) => known.clone(),
            None => cached.insert(fetch(http, jwks_uri, now).await?).clone(),
        };
        match known.set.verify_compact(token, &Algorithm::ALL) {
            Err(VerifyError::UnknownKey { .. } | VerifyError::BadSignature)
                if now - known.fetched_at >= REFETCH_AFTER =>
            {
                let fresh = cached.insert(fetch(http, jwks_uri, now).await?);
                Ok(fresh.set.verify_compact(token, &Algorithm::ALL)?)
            }
            outcome => Ok(outcome?),
        }
    }
}

async fn fetch(http: &Http, jwks_uri: &Url, now: i64) -> Result<Cached, ProviderError> {
    let answer = http.get(jwks_uri, Auth::None).await?;
    let set = KeySet::parse(answer.text()?).map_err(|error| ProviderError::NotJson(error.to_string()))?;
    Ok(Cached { set: Arc::new(set), fetched_at: now })
}
