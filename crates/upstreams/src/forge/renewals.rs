//! Spending each refresh token of the forge's once.
//!
//! One upstream refresh token is shared by everything a user has with us, and most forges take it once: of two refreshes
//! at a time one would end the session. And a refresh that fails after the token was spent, because the forge's API is
//! down, would lose its successor. So the answer is remembered here for whoever shows the same token again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dex_jose::sha256;
use dex_model::{Timestamp, later};
use dex_upstream_client::Secret;
use tokio::sync::OwnedMutexGuard;

use super::held::Held;

/// How long the answer to a spent refresh token is remembered.
const SPENT: Duration = Duration::from_secs(3600);

/// How long the answer to a refresh token that is still good is remembered: as long as refreshes run at the same time.
const KEPT: Duration = Duration::from_secs(30);

/// How many answers are remembered; beyond it half of them are forgotten.
const ANSWERS_MAX: usize = 4096;

type Hash = [u8; 32];
type Answer = Arc<tokio::sync::Mutex<Known>>;

/// The answer to a refresh token, and until when it counts.
type Known = Option<(Held, Timestamp)>;

#[derive(Default)]
pub(super) struct Renewals(Mutex<HashMap<Hash, Answer>>);

/// The exchange of one refresh token, held by one at a time.
pub(super) struct Renewal {
    presented: Secret,
    known: OwnedMutexGuard<Known>,
}

/// What to do with a refresh token that is shown.
pub(super) enum Next {
    /// It was exchanged for these tokens, which still work.
    Known(Held),
    /// This one is to be spent: the token itself, or the successor it was exchanged for.
    Spend(Secret),
}

impl Renewals {
    /// The exchange of this token; whoever comes second waits for the first.
    pub(super) async fn of(&self, presented: &Secret) -> Renewal {
        let answer = self.answer(presented);
        Renewal { presented: presented.clone(), known: answer.lock_owned().await }
    }

    fn answer(&self, presented: &Secret) -> Answer {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS_MAX {
            forget_oldest(&mut answers);
        }
        answers.entry(sha256(presented.expose().as_bytes())).or_default().clone()
    }
}

/// Forgets the half whose time ends first; what is being asked for stays.
fn forget_oldest(answers: &mut HashMap<Hash, Answer>) {
    let end = |answer: &Answer| answer.try_lock().ok().map(|known| known.as_ref().map(|(_, until)| *until));
    let mut ends: Vec<_> = answers.values().filter_map(end).collect();
    ends.sort_unstable();
    let Some(middle) = ends.get(ends.len() / 2).copied() else { return };
    let mut spare = ends.len().div_ceil(2);
    answers.retain(|_, answer| {
        let stays = end(answer).is_none_or(|end| end > middle) || spare == 0;
        spare -= usize::from(!stays);
        stays
    });
}

impl Renewal {
    pub(super) fn next(&self, now: Timestamp) -> Next {
        match self.known.as_ref().filter(|(_, until)| now < *until) {
            Some((held, _)) if held.works(now) => Next::Known(held.clone()),
            Some((held, _)) if !held.refresh_token.is_empty() => Next::Spend(held.refresh_token.clone()),
            _ => Next::Spend(self.presented.clone()),
        }
    }

    /// Keeps the answer for the others.
    pub(super) fn remember(&mut self, held: Held, now: Timestamp) -> Held {
        let span = if held.refresh_token == self.presented { KEPT } else { SPENT };
        *self.known = Some((held.clone(), later(now, span)));
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(refresh_token: &str, expiry: Option<Timestamp>) -> Held {
        Held { access_token: Secret::new("a"), refresh_token: Secret::new(refresh_token), expiry }
    }

    fn at(seconds: u64) -> Timestamp {
        later("2026-01-01T00:00:00Z".parse().unwrap(), Duration::from_secs(seconds))
    }

    fn spent(renewal: &Renewal, now: Timestamp) -> Option<String> {
        match renewal.next(now) {
            Next::Known(_) => None,
            Next::Spend(token) => Some(token.expose().to_owned()),
        }
    }

    #[tokio::test]
    async fn the_second_of_two_waits_and_gets_the_answer_to_the_first() {
        let renewals = Renewals::default();
        let token = Secret::new("rt-1");
        let mut first = renewals.of(&token).await;
        let second = renewals.of(&token);
        tokio::pin!(second);
        assert!(futures_util::FutureExt::now_or_never(&mut second).is_none());
        assert_eq!(spent(&first, at(0)).as_deref(), Some("rt-1"));
        first.remember(held("rt-2", None), at(0));
        drop(first);
        assert_eq!(spent(&second.await, at(0)), None);
    }

    #[tokio::test]
    async fn answers_are_remembered_as_long_as_they_are_needed() {
        let cases = [
            // told, the answer, shown again after, what is spent then
            ("rotated", held("rt-2", None), 3599, None),
            ("rotated, long ago", held("rt-2", None), 3600, Some("rt-1")),
            ("kept", held("rt-1", None), 29, None),
            ("kept, later", held("rt-1", None), 30, Some("rt-1")),
            ("rotated and dead since", held("rt-2", Some(at(60))), 100, Some("rt-2")),
        ];
        for (told, answer, seconds, expected) in cases {
            let renewals = Renewals::default();
            renewals.of(&Secret::new("rt-1")).await.remember(answer, at(0));
            let again = renewals.of(&Secret::new("rt-1")).await;
            assert_eq!(spent(&again, at(seconds)).as_deref(), expected, "{told}");
        }
    }

    #[tokio::test]
    async fn the_number_of_answers_is_bounded_and_those_under_way_stay() {
        let renewals = Renewals::default();
        let under_way = renewals.of(&Secret::new("rt")).await;
        for number in 0..2 * ANSWERS_MAX {
            renewals.of(&Secret::new(number.to_string())).await.remember(held("rt-2", None), at(number as u64));
            assert!(renewals.0.lock().unwrap().len() <= ANSWERS_MAX);
        }
        assert!(renewals.0.lock().unwrap().contains_key(&sha256(b"rt")));
        drop(under_way);
        let latest = renewals.of(&Secret::new((2 * ANSWERS_MAX - 1).to_string())).await;
        assert_eq!(spent(&latest, at(2 * ANSWERS_MAX as u64)), None);
    }
}
