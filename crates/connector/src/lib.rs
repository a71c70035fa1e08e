//! The contract with upstreams, and the mock.
//!
//! A [`Connector`] is opened from its configuration and asked to log people in. It says by
//! [`Connector::login`] how that goes, and by its other methods what it can do besides; what it
//! cannot do it need not mention. A connector never sees the store, the client, or our cookies:
//! what it must remember between two steps it hands over as [`ConnectorData`](Identity::connector_data).
//!
//! Control leaves to the upstream inside the methods, and comes back with an [`Identity`] or an
//! [`UpstreamError`].

mod contract;
mod error;
mod identity;
pub mod mock;

pub use contract::{
    Callback, Connector, LoginMethod, PasswordLogin, RedirectLogin, Redirection, Refresh, SubjectToken, TokenIdentity,
};
pub use error::UpstreamError;
pub use identity::{Identity, Wanted};
