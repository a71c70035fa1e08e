//! What must be stored even if a refresh fails.

use std::sync::{Mutex, PoisonError};

/// Where a connector puts the data that takes the place of what a refresh has used up, as soon as it has it. The caller
/// stores it whatever becomes of the refresh, for what was stored before is worth nothing any more.
#[derive(Default)]
pub struct Renewed(Mutex<Option<Vec<u8>>>);

impl Renewed {
    /// Takes the place of whatever was told before.
    pub fn tell(&self, data: Vec<u8>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(data);
    }

    /// What was told last; then it is told no more.
    pub fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
