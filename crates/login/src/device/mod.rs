//! The device flow's pages (RFC 8628 §3.3; oidc-core spec, 21.2 and 21.3).
//!
//! Owned here: where the user types the code of a device, and how that becomes a login. Not owned:
//! the device's own side (`/device/code`, polling), and the login itself, which goes the usual way.
//!
//! Control leaves to `/auth` with the device's request, and comes back to
//! `/device/callback`, where `dex-token` gives the device its tokens.

mod callback;
mod user_code;
mod verify;

pub(crate) use callback::callback;
pub(crate) use verify::{enter, verify};
