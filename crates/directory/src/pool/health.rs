//! Which servers have failed of late.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::hosts::Endpoint;

/// How long a server that failed once is left alone; it doubles with each further failure.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a server is left alone at most.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What is remembered of servers that failed. A server that answers is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<HashMap<Endpoint, Trouble>>);

#[derive(Debug, Clone, Copy)]
struct Trouble {
    pause: Duration,
    until: Instant,
}

impl Health {
    /// It did not answer as it should.
    pub(crate) fn failed(&self, endpoint: &Endpoint, now: Instant) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = troubles.get(endpoint).map(|trouble| trouble.pause * 2);
        let pause = earlier.unwrap_or(PAUSE).min(PAUSE_MAX);
        troubles.insert(endpoint.clone(), Trouble { pause, until: now + pause });
    }

    /// It answered.
    pub(crate) fn answered(&self, endpoint: &Endpoint) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint);
    }

    /// The servers in the order to try them: those that are well as they come, then those in trouble, the one whose pause
    /// ends first before the others. One caller at a time is sent to a server whose pause is over.
    pub(crate) fn order(&self, endpoints: Vec<Endpoint>, now: Instant) -> Vec<Endpoint> {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for endpoint in endpoints {
            match troubles.get_mut(&endpoint) {
                Some(trouble) if trouble.until > now => later.push((trouble.until, endpoint)),
                Some(trouble) if first.is_empty() => {
                    trouble.until = now + trouble.pause;
                    first.push(endpoint);
                }
                _ => first.push(endpoint),
            }
        }
        later.sort_by_key(|(until, _)| *until);
        first.extend(later.into_iter().map(|(_, endpoint)| endpoint));
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_failed_is_tried_last_until_its_pause_is_over() {
        let endpoints: Vec<_> = ["a", "b", "c"].map(|host| Endpoint::new(host, 636)).into();
        let health = Health::default();
        let now = Instant::now();
        let order = |at| -> String {
            health.order(endpoints.clone(), at).iter().map(|endpoint| endpoint.host.as_str()).collect()
        };
        assert_eq!(order(now), "abc");
        health.failed(&endpoints[0], now);
        assert_eq!(order(now), "bca");
        health.failed(&endpoints[1], now);
        health.failed(&endpoints[1], now);
        assert_eq!(order(now), "cab");
        assert_eq!(order(now + PAUSE), "acb", "its pause is over");
        assert_eq!(order(now + PAUSE), "cab", "somebody is looking at it already");
        health.answered(&endpoints[0]);
        assert_eq!(order(now), "acb");
    }
}
