//! One browser's record. Nothing here has `Debug`: most of it are secrets.

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Map, Value};

use crate::provider::TokenAnswer;

/// How many logins one browser may have under way; the oldest gives way.
const ATTEMPTS_MAX: usize = 8;

/// How long a login may take, in seconds.
const ATTEMPT_LIFETIME: i64 = 3600;

/// Everything about one browser. The default is a browser that did nothing yet.
#[derive(Clone, Default)]
pub(crate) struct Session {
    attempts: VecDeque<Attempt>,
    pub(crate) tokens: Option<Arc<TokenSet>>,
    pub(crate) userinfo: Option<Arc<Value>>,
    pub(crate) device: Option<Arc<DeviceFlow>>,
    /// When the provider last told whether this browser is signed in there.
    pub(crate) checked_at: Option<i64>,
    /// Said on the next page, once.
    pub(crate) notice: Option<&'static str>,
}

/// A login that was sent to the provider and not answered yet.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) code_verifier: Option<String>,
    /// Asked with `prompt=none`, on a visit that asked for nothing.
    pub(crate) silent: bool,
    pub(crate) began: i64,
}

/// A verified ID token.
pub(crate) struct IdToken {
    pub(crate) raw: String,
    pub(crate) claims: Map<String, Value>,
}

/// The last tokens issued.
pub(crate) struct TokenSet {
    /// How they came, for the reader.
    pub(crate) grant: &'static str,
    pub(crate) answer: TokenAnswer,
    pub(crate) id_token: Option<Arc<IdToken>>,
    /// Whether the provider knows this browser as signed in, so that asking it again makes sense.
    pub(crate) of_browser: bool,
    pub(crate) expires_at: Option<i64>,
}

/// A device flow that waits for its user (RFC 8628).
pub(crate) struct DeviceFlow {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) link: String,
    pub(crate) code_verifier: Option<String>,
    pub(crate) expires_at: i64,
    /// Seconds between two polls.
    pub(crate) interval: i64,
    pub(crate) next_poll: i64,
}

impl Session {
    /// Remembers a login that begins.
    pub(crate) fn begin(&mut self, attempt: Attempt) {
        while self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
    }

    /// Takes the login with this state out: each is answered once, and within an hour.
    pub(crate) fn answer(&mut self, state: &str, now: i64) -> Option<Attempt> {
        let at = self.attempts.iter().position(|attempt| attempt.state == state)?;
        let attempt = self.attempts.remove(at)?;
        (now < attempt.began + ATTEMPT_LIFETIME).then_some(attempt)
    }

    /// Keeps new tokens; what was learnt with the old ones goes.
    pub(crate) fn sign_in(&mut self, tokens: TokenSet) {
        self.tokens = Some(Arc::new(tokens));
        self.userinfo = None;
    }

    /// Forgets everything issued. `now` stops the next visit from asking the provider silently at once.
    pub(crate) fn sign_out(&mut self, now: i64) {
        self.tokens = None;
        self.userinfo = None;
        self.device = None;
        self.checked_at = Some(now);
    }

    /// A claim of the ID token.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.tokens.as_ref()?.claim(name)
    }

    /// What to call the user, from the ID token.
    pub(crate) fn user(&self) -> Option<&str> {
        ["name", "preferred_username", "email", "sub"].into_iter().find_map(|name| self.claim(name))
    }
}

impl TokenSet {
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.id_token.as_ref()?.claims.get(name)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(state: usize) -> Attempt {
        Attempt { state: state.to_string(), nonce: String::new(), code_verifier: None, silent: false, began: 100 }
    }

    #[test]
    fn a_state_is_answered_once_and_in_time() {
        let cases = [
            ("in time", "1", 100 + ATTEMPT_LIFETIME - 1, true),
            ("too late", "1", 100 + ATTEMPT_LIFETIME, false),
            ("another one", "2", 100, false),
            ("none", "", 100, false),
        ];
        for (told, state, now, expected) in cases {
            let mut session = Session::default();
            session.begin(attempt(1));
            assert_eq!(session.answer(state, now).is_some(), expected, "{told}");
            if state == "1" {
                assert!(session.answer(state, 100).is_none(), "{told}: a second time");
            }
        }
    }

    #[test]
    fn only_the_newest_logins_are_remembered() {
        let mut session = Session::default();
        for state in 0..=ATTEMPTS_MAX {
            session.begin(attempt(state));
        }
        assert_eq!(session.attempts.len(), ATTEMPTS_MAX);
        assert!(session.answer("0", 100).is_none());
        assert!(session.answer("1", 100).is_some());
        assert!(session.answer(&ATTEMPTS_MAX.to_string(), 100).is_some());
    }
}
