//! What has been shown before.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jiff::Timestamp;

use super::ticket::ShownOnce;

/// How many authenticators are remembered. Beyond, nobody is believed until old ones can be forgotten.
const REMEMBERED_MAX: usize = 200_000;

/// Those of this process, whichever connector they were shown to and however often it was opened anew.
pub(super) static SHOWN: LazyLock<Replays> = LazyLock::new(Replays::default);

/// Authenticators that have been shown, and until when they must be remembered.
#[derive(Default)]
pub(super) struct Replays(Mutex<HashMap<ShownOnce, Timestamp>>);

/// Why an authenticator does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplayError {
    SeenBefore,
    Full,
}

impl Replays {
    /// Whether it is shown for the first time; it is remembered until then.
    pub(super) fn first(&self, shown: ShownOnce, now: Timestamp, until: Timestamp) -> Result<(), ReplayError> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.contains_key(&shown) {
            return Err(ReplayError::SeenBefore);
        }
        if remembered.len() >= remembered.capacity().clamp(1024, REMEMBERED_MAX) {
            remembered.retain(|_, until| *until >= now);
        }
        if remembered.len() >= REMEMBERED_MAX {
            return Err(ReplayError::Full);
        }
        remembered.insert(shown, until);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::principal::Principal;
    use super::*;

    #[test]
    fn an_authenticator_counts_once_and_memory_is_bounded() {
        let replays = Replays::default();
        let keep = Duration::from_secs(600);
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let until = now + keep;
        let shown = |micros: i64| ShownOnce {
            client: Principal::parse("jane@X"),
            service: Principal::parse("HTTP/dex@X"),
            at: now + jiff::SignedDuration::from_micros(micros),
        };
        assert_eq!(replays.first(shown(0), now, until), Ok(()));
        assert_eq!(replays.first(shown(0), now, until), Err(ReplayError::SeenBefore));
        for micros in 1..REMEMBERED_MAX {
            assert_eq!(replays.first(shown(i64::try_from(micros).unwrap()), now, until), Ok(()));
        }
        assert_eq!(replays.first(shown(-1), now, until), Err(ReplayError::Full));
        assert_eq!(replays.first(shown(-1), until, until), Err(ReplayError::Full), "the last moment");
        let over = now + keep + Duration::from_nanos(1);
        assert_eq!(replays.first(shown(-1), over, until), Ok(()), "old ones are forgotten");
    }
}
