//! The device flow's two records (RFC 8628).

use std::time::Duration;

use crate::{ClientSecret, Pkce, Timestamp, TokenSecret, later};

/// A device waiting for its user to come (storage spec, 2.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// What the user types, `XXXX-XXXX`.
    pub user_code: String,
    /// What the device polls with.
    pub device_code: String,
    /// The device's client.
    pub client_id: String,
    /// The secret the device sent, compared once the user has come.
    pub client_secret: ClientSecret,
    /// The scopes asked for.
    pub scopes: Vec<String>,
    /// When the codes die.
    pub expiry: Timestamp,
}

impl DeviceRequest {
    /// Whether the codes are dead.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.expiry
    }
}

/// What a polling device gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceToken {
    /// What the device polls with.
    pub device_code: String,
    /// How far the user has come.
    pub status: DeviceStatus,
    /// When the code dies.
    pub expiry: Timestamp,
    /// When the device last asked.
    pub last_request: Timestamp,
    /// The pause asked of the device, in seconds; 0 before the first poll.
    pub poll_interval_seconds: u32,
    /// The PKCE challenge, if one was sent.
    pub pkce: Option<Pkce>,
}

/// How far the user has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceStatus {
    /// Not yet back (`authorization_pending`).
    Pending,
    /// Done; the token response as JSON text (`complete`).
    Complete(TokenSecret),
    /// Refused, or the tokens were fetched; kept for what the device is told (`access_denied`, `consumed`).
    Other(String),
}

/// The answer to a poll that came before the user (RFC 8628 §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// `authorization_pending`
    Pending,
    /// `slow_down`
    TooFast,
}

/// What a poll that came too early adds to the pause (RFC 8628 §3.5).
const SLOW_DOWN: u32 = 5;

/// The longest pause asked of a device, in seconds.
const POLL_INTERVAL_MAX: u32 = 60;

impl DeviceToken {
    /// Whether the code is dead.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.expiry
    }

    /// Notes a poll while the user has not come. Early polls lengthen the pause; one in time
    /// brings it back to the usual five seconds.
    #[must_use]
    pub fn polled(self, now: Timestamp) -> (Self, Poll) {
        let due = later(self.last_request, Duration::from_secs(self.poll_interval_seconds.into()));
        let (poll, poll_interval_seconds) = if now < due {
            (Poll::TooFast, self.poll_interval_seconds.saturating_add(SLOW_DOWN).min(POLL_INTERVAL_MAX))
        } else {
            (Poll::Pending, SLOW_DOWN)
        };
        (Self { last_request: now, poll_interval_seconds, ..self }, poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_too_fast_slows_down_and_patience_is_forgiven() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| later(start, Duration::from_secs(seconds));
        let mut token = DeviceToken {
            device_code: "d".into(),
            status: DeviceStatus::Pending,
            expiry: at(300),
            last_request: start,
            poll_interval_seconds: 0,
            pkce: None,
        };
        let polls = [
            ("the first poll may come at once", 0, Poll::Pending, 5),
            ("a second early", 4, Poll::TooFast, 10),
            ("still early by the longer pause", 13, Poll::TooFast, 15),
            ("to the second in time", 28, Poll::Pending, 5),
        ];
        for (told, second, expected, interval) in polls {
            let (next, poll) = token.polled(at(second));
            assert_eq!((poll, next.poll_interval_seconds), (expected, interval), "{told}");
            token = next;
        }
    }
}
