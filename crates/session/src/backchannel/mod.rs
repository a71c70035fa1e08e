//! Telling clients of sessions that have ended (OpenID Connect Back-Channel Logout 1.0).
//!
//! Owned here: what is told to whom comes in as a [`LogoutNotice`]; when and how often it is tried, how many notices
//! wait, and what becomes of them when the process ends. Not owned: logout tokens (`dex-token` mints them), and HTTP:
//! whoever delivers is behind [`Deliver`].
//!
//! Notices are kept in memory alone: a process that is killed loses those that wait. Nobody waits for them but
//! [`Backchannel::drain`].
//!
//! Control leaves to [`Deliver`], and comes back as [`Undelivered`].

mod deliver;
mod queue;
mod uri;

pub use deliver::{Deliver, Undelivered};
pub use dex_web::LogoutNotice;
pub use queue::{Backchannel, DRAIN_MAX, NOTICES_MAX};
pub use uri::{BadLogoutUri, logout_uri};
