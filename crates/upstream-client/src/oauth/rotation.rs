//! Refresh tokens that work once.
//!
//! Several clients of ours may hold the same refresh token of an upstream, and a refresh may fail after the upstream has
//! already handed out the next one. Both must not use the old one again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::TokenAnswer;

/// How long the answer to a spent refresh token is repeated, if its access token lives that long: a refresh that failed
/// because the upstream's API was down is tried again within minutes.
const REPEAT: Duration = Duration::from_secs(600);

/// How much life the access token of a repeated answer has at least.
const LIFE_LEFT_MIN: Duration = Duration::from_secs(30);

/// How many refresh tokens are remembered; beyond that a spent one is simply asked with again.
const SLOTS_MAX: usize = 4096;

/// The refreshes that run or have just run, by the hash of their token.
#[derive(Default)]
pub(super) struct Rotations(Mutex<HashMap<[u8; 32], Arc<tokio::sync::Mutex<Last>>>>);

/// What came of the last refresh with a token.
#[derive(Default)]
pub(super) struct Last(Option<(TokenAnswer, Instant)>);

impl Rotations {
    /// The place of a token; whoever locks it is the only one to refresh with it.
    pub(super) fn slot(&self, refresh_token: &str) -> Arc<tokio::sync::Mutex<Last>> {
        let key = dex_jose::sha256(refresh_token.as_bytes());
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key) {
            return slot.clone();
        }
        // Only those nobody holds can be locked at once, and so looked at.
        slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|last| last.is_fresh()));
        let slot = Arc::<tokio::sync::Mutex<Last>>::default();
        if slots.len() < SLOTS_MAX {
            slots.insert(key, slot.clone());
        }
        slot
    }
}

impl Last {
    fn is_fresh(&self) -> bool {
        self.0.as_ref().is_some_and(|(answer, at)| {
            let age = at.elapsed();
            age < REPEAT && answer.expires_in.is_none_or(|life| age + LIFE_LEFT_MIN < life)
        })
    }

    /// The answer, its access token as much older as it is by now.
    pub(super) fn repeat(&self) -> Option<TokenAnswer> {
        let (answer, at) = self.0.as_ref().filter(|_| self.is_fresh())?;
        let expires_in = answer.expires_in.map(|life| life.saturating_sub(at.elapsed()));
        Some(TokenAnswer { expires_in, ..answer.clone() })
    }

    pub(super) fn keep(&mut self, answer: TokenAnswer) {
        self.0 = Some((answer, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn answer() -> TokenAnswer {
        TokenAnswer {
            access_token: Secret::new("at-2"),
            token_type: "Bearer".into(),
            refresh_token: Some(Secret::new("rt-2")),
            expires_in: None,
            id_token: None,
            scope: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_repeated_while_its_access_token_lives() {
        let life = Duration::from_secs(300);
        let mut last = Last::default();
        last.keep(TokenAnswer { expires_in: Some(life), ..answer() });
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(last.repeat().unwrap().expires_in, Some(Duration::from_secs(200)));
        tokio::time::advance(Duration::from_secs(170)).await;
        assert!(last.repeat().is_none(), "thirty seconds are left");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_repeated_for_ten_minutes_and_forgotten() {
        let rotations = Rotations::default();
        rotations.slot("rt-1").lock().await.keep(answer());
        tokio::time::advance(REPEAT - Duration::from_millis(1)).await;
        assert!(rotations.slot("rt-1").lock().await.repeat().is_some());
        assert!(rotations.slot("rt-2").lock().await.repeat().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(rotations.slot("rt-1").lock().await.repeat().is_none());
        rotations.slot("rt-3");
        assert_eq!(rotations.0.lock().unwrap().len(), 1, "only the newest is left");
    }
}
