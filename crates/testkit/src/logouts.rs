//! A back channel that keeps what it is to tell.

use std::sync::{Mutex, PoisonError};

use dex_web::{LogoutNotice, LogoutNotices};

/// Keeps the notices for the test to look at.
#[derive(Debug, Default)]
pub(crate) struct Recorded(Mutex<Vec<LogoutNotice>>);

impl Recorded {
    /// What has come since this was last asked.
    pub(crate) fn take(&self) -> Vec<LogoutNotice> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LogoutNotices for Recorded {
    fn post(&self, notice: LogoutNotice) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }
}
