//! Log records: one line each on standard error, in the text and JSON formats Dex has.
//!
//! Owns the formats, the level, `excludeFields` and the attributes every record of a request
//! carries. Does not decide what is logged or at which level; records leave here by one write, and
//! a write that fails is forgotten. Messages of other people's crates pass from WARN up only.
//!
//! How to write a record elsewhere, with nothing but `tracing`:
//!
//! ```ignore
//! tracing::info!(connector_id = %id, user_id = %user, groups = ?groups, "login successful");
//! tracing::info!(valid_for = ?duration, "config id tokens");
//! tracing::error!(err = %error, "failed to rotate keys");
//! tracing::info!(go.version = "rustc1.95.0", "Version info");
//! ```
//!
//! * the message is Dex's, the fields keep Dex's names; an error's field is `err`;
//! * text is passed as `&str` or by `%`; numbers and booleans as they are;
//! * a list is a `Vec` or slice of strings or numbers passed by `?`, and becomes Go's `[a b]` in
//!   text and an array in JSON;
//! * a [`std::time::Duration`] passed by `?` becomes `24h0m0s` and integer nanoseconds;
//! * a dotted name is a member of a group, a nested object in JSON; `None` is left out;
//! * `?` is for those two only: any other `Debug` text appears as it is.
//!
//! Text passed by `%` never turns into a list or a duration, whatever a user typed there.

mod json;
mod layer;
mod level;
mod request;
mod settings;
mod text;
mod value;

use std::io::Write;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use layer::RecordLayer;
pub use level::{Level, LevelError};
pub use request::{ClientAddress, RequestScope};
pub use settings::{Format, FormatError, Settings};

/// Changes how records are written from now on. Any clone will do.
#[derive(Clone)]
pub struct LogHandle {
    settings: Arc<ArcSwap<Settings>>,
}

impl LogHandle {
    /// Makes `settings` count for every record that begins after this call.
    pub fn apply(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Sends every record of this process to standard error; panics too.
///
/// Begins with level INFO and the text format, until [`LogHandle::apply`].
///
/// # Panics
///
/// When called twice in one process.
pub fn install(now: fn() -> Timestamp) -> LogHandle {
    let settings = Arc::new(ArcSwap::from_pointee(Settings::default()));
    let layer = RecordLayer::new(
        settings.clone(),
        now,
        TimeZone::system(),
        Box::new(|line| {
            // Nobody is left to tell when standard error is gone.
            let _ = std::io::stderr().lock().write_all(line);
        }),
    );
    tracing::subscriber::set_global_default(Registry::default().with(layer))
        .expect("logging is installed once, by main");
    std::panic::set_hook(Box::new(log_panic));
    LogHandle { settings }
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("(no text)");
    let place = panic.location().map(ToString::to_string);
    tracing::error!(err = said, location = place, "panic");
}
