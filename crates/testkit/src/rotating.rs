//! An upstream that takes each of its refresh tokens once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, LoginMethod, Refresh, Renewed, UpstreamError, Wanted};

use crate::upstream::Scripted;

/// An upstream that takes a refresh token of its own that comes twice for a stolen one, and ends the login it is from
/// (RFC 9700 §4.14.2). All replicas of a test have the same one.
///
/// The data of its connector is a login's name and how often that was refreshed: `phone 0`.
#[derive(Clone, Default)]
pub struct Rotating(Arc<Mutex<State>>);

/// How a refresh goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The upstream is away, and has taken nothing.
    Away,
    /// The refresh token was replaced; then the upstream was away.
    AwayAfterwards,
}

#[derive(Default)]
struct State {
    /// How often each login was refreshed; `None` once it is ended.
    logins: HashMap<String, Option<u32>>,
    asked: u32,
    taken_for_stolen: u32,
    answers_after: Duration,
    fails_once: Option<Failure>,
}

impl Rotating {
    /// Has its answers come so late.
    pub fn answer_after(&self, time: Duration) {
        self.state().answers_after = time;
    }

    /// Has the next refresh go wrong.
    pub fn fail_once(&self, failure: Failure) {
        self.state().fails_once = Some(failure);
    }

    /// How often it was asked.
    pub fn asked(&self) -> u32 {
        self.state().asked
    }

    /// How many refresh tokens came twice.
    pub fn taken_for_stolen(&self) -> u32 {
        self.state().taken_for_stolen
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a refresh token; answers the next one and what goes wrong then.
    fn spend(&self, data: &[u8]) -> Result<(Vec<u8>, Option<Failure>), UpstreamError> {
        let text = String::from_utf8_lossy(data).into_owned();
        let pair = text.split_once(' ').and_then(|(login, serial)| Some((login, serial.parse::<u32>().ok()?)));
        let (login, serial) = pair.ok_or_else(|| UpstreamError::Denied("no refresh token of mine".into()))?;
        let mut state = self.state();
        state.asked += 1;
        let fails = state.fails_once.take();
        if fails == Some(Failure::Away) {
            return Err(UpstreamError::Unreachable("connection refused".into()));
        }
        let refreshed = state.logins.entry(login.to_owned()).or_insert(Some(0));
        if *refreshed != Some(serial) {
            *refreshed = None;
            state.taken_for_stolen += 1;
            return Err(UpstreamError::Denied("invalid_grant".into()));
        }
        *refreshed = Some(serial + 1);
        Ok((format!("{login} {}", serial + 1).into_bytes(), fails))
    }
}

impl Connector for Rotating {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(&Scripted { logs_out: false })
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

#[async_trait]
impl Refresh for Rotating {
    async fn refresh(&self, wanted: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        self.refresh_once(wanted, known, &Renewed::default()).await
    }

    fn single_use(&self, data: &[u8]) -> bool {
        !data.is_empty()
    }

    /// The token is taken as soon as it comes; the answer is under way for a while.
    async fn refresh_once(&self, _: Wanted, known: Identity, renewed: &Renewed) -> Result<Identity, UpstreamError> {
        let answers_after = self.state().answers_after;
        let spent = self.spend(&known.connector_data);
        tokio::time::sleep(answers_after).await;
        let (next, fails) = spent?;
        renewed.tell(next.clone());
        match fails {
            Some(_) => Err(UpstreamError::Unreachable("connection refused".into())),
            None => Ok(Identity { connector_data: next, ..known }),
        }
    }
}
