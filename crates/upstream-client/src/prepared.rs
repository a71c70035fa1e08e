//! What an upstream is asked for once before logins, and again now and then.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use dex_connector::UpstreamError;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// After how long it is asked for again.
const KEEP: Duration = Duration::from_secs(3600);

/// When it cannot be had again, how long the old one serves on before the next try.
const RETRY: Duration = Duration::from_secs(60);

/// Something fetched from the upstream at its first use, or by the connector's `prepare` before that.
pub struct Prepared<T>(Mutex<Option<(Arc<T>, Instant)>>);

impl<T> Default for Prepared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Prepared<T> {
    /// What is kept, or what `fetch` brings; those who come meanwhile wait for it. After an hour it is fetched again, and if
    /// that fails the old one serves on.
    ///
    /// # Errors
    ///
    /// What `fetch` fails with while nothing is kept.
    pub async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>, UpstreamError>
    where
        F: Future<Output = Result<T, UpstreamError>>,
    {
        let mut kept = self.0.lock().await;
        let now = Instant::now();
        if let Some((value, until)) = &*kept
            && now < *until
        {
            return Ok(value.clone());
        }
        match (fetch().await, kept.take()) {
            (Ok(value), _) => {
                let value = Arc::new(value);
                *kept = Some((value.clone(), now + KEEP));
                Ok(value)
            }
            (Err(error), Some((old, _))) => {
                tracing::warn!(err = %error, "the upstream's metadata cannot be fetched again; what is known of it serves on");
                *kept = Some((old.clone(), now + RETRY));
                Ok(old)
            }
            (Err(error), None) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_fetched_once_an_hour_and_the_old_one_serves_on() {
        let prepared = Prepared::default();
        let failing = || async { Err(UpstreamError::Unacceptable("no".into())) };
        assert!(prepared.get(failing).await.is_err());
        assert_eq!(*prepared.get(|| async { Ok(1) }).await.unwrap(), 1);
        tokio::time::advance(KEEP - Duration::from_secs(1)).await;
        assert_eq!(*prepared.get(|| async { Ok(2) }).await.unwrap(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(*prepared.get(failing).await.unwrap(), 1);
        assert_eq!(*prepared.get(|| async { Ok(3) }).await.unwrap(), 1, "not asked at every login");
        tokio::time::advance(RETRY).await;
        assert_eq!(*prepared.get(|| async { Ok(4) }).await.unwrap(), 4);
    }
}
