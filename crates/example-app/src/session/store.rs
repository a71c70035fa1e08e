//! All browsers' records, with the limits that keep a flood of visitors from growing memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Session;

/// How many browsers are remembered; the one longest unused gives way.
const SESSIONS_MAX: usize = 512;

/// How long an unused record lives, in seconds: 12 hours.
pub(super) const IDLE_MAX: i64 = 12 * 3600;

/// Names a record: 256 random bits in hex, known to the browser alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(String);

struct Kept {
    session: Session,
    last_used: i64,
}

#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<SessionId, Kept>>);

impl SessionId {
    /// What a cookie says; `None` if we never wrote such a thing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self(text.to_owned()))
    }

    /// For the cookie only.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Kept>> {
        // A record is whole between any two statements of a closure that could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a record under a fresh name.
    pub(crate) fn insert(&self, session: Session, now: i64) -> SessionId {
        let id = SessionId(dex_jose::random_hex::<32>());
        let mut kept = self.lock();
        if kept.len() >= SESSIONS_MAX {
            kept.retain(|_, kept| is_live(kept, now));
        }
        if kept.len() >= SESSIONS_MAX {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.last_used);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                kept.remove(&oldest);
            }
        }
        kept.insert(id.clone(), Kept { session, last_used: now });
        id
    }

    /// Reads or changes a record, which counts as use; `None` if there is none any more.
    pub(crate) fn with<T>(&self, id: &SessionId, now: i64, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let mut kept = self.lock();
        let found = kept.get_mut(id)?;
        if !is_live(found, now) {
            kept.remove(id);
            return None;
        }
        found.last_used = now;
        Some(change(&mut found.session))
    }

    /// Moves a record to a fresh name, so that a name known before signing in is worth nothing after it.
    pub(crate) fn rename(&self, id: &SessionId, now: i64) -> SessionId {
        let session = self.lock().remove(id).map(|kept| kept.session);
        self.insert(session.unwrap_or_default(), now)
    }

    /// Changes every record that `whose` picks, and tells which they were.
    pub(crate) fn change_all(&self, whose: impl Fn(&Session) -> bool, change: impl Fn(&mut Session)) -> Vec<SessionId> {
        let mut kept = self.lock();
        let picked = kept.iter_mut().filter(|(_, kept)| whose(&kept.session));
        picked
            .map(|(id, kept)| {
                change(&mut kept.session);
                id.clone()
            })
            .collect()
    }
}

fn is_live(kept: &Kept, now: i64) -> bool {
    now < kept.last_used + IDLE_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_record_lives_twelve_hours() {
        for (later, lives) in [(IDLE_MAX - 1, true), (IDLE_MAX, false)] {
            let sessions = Sessions::default();
            let id = sessions.insert(Session::default(), 1000);
            assert_eq!(sessions.with(&id, 1000 + later, |_| ()).is_some(), lives, "{later}");
        }
    }

    #[test]
    fn use_prolongs_a_record() {
        let sessions = Sessions::default();
        let id = sessions.insert(Session::default(), 0);
        sessions.with(&id, IDLE_MAX - 1, |_| ());
        assert!(sessions.with(&id, 2 * IDLE_MAX - 2, |_| ()).is_some());
    }

    #[test]
    fn the_longest_unused_gives_way_when_the_store_is_full() {
        let sessions = Sessions::default();
        let ids: Vec<_> = (0..SESSIONS_MAX as i64).map(|at| sessions.insert(Session::default(), at)).collect();
        sessions.with(&ids[0], 5000, |_| ());
        let newest = sessions.insert(Session::default(), 5000);
        assert_eq!(sessions.lock().len(), SESSIONS_MAX);
        assert!(sessions.with(&ids[0], 5000, |_| ()).is_some(), "used just now");
        assert!(sessions.with(&ids[1], 5000, |_| ()).is_none(), "longest unused");
        assert!(sessions.with(&ids[2], 5000, |_| ()).is_some());
        assert!(sessions.with(&newest, 5000, |_| ()).is_some());
    }

    #[test]
    fn the_old_name_is_worth_nothing_after_renaming() {
        let sessions = Sessions::default();
        let old = sessions.insert(Session::default(), 0);
        sessions.with(&old, 0, |session| session.checked_at = Some(7));
        let new = sessions.rename(&old, 0);
        assert!(sessions.with(&old, 0, |_| ()).is_none());
        assert_eq!(sessions.with(&new, 0, |session| session.checked_at), Some(Some(7)));
    }

    #[test]
    fn only_names_we_could_have_given_are_looked_up() {
        let good = "0123456789abcdef".repeat(4);
        let cases = [(good.as_str(), true), (&good[1..], false), ("", false), ("x", false)];
        for (text, expected) in cases {
            assert_eq!(SessionId::parse(text).is_some(), expected, "{text}");
        }
    }
}
