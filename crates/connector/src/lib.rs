//! The contract with upstreams, and the mock.
//!
//! A [`Connector`] is opened from its configuration and asked to log people in. It says by
//! [`Connector::login`] how that goes, and by its other methods what it can do besides; what it
//! cannot do it need not mention. A connector never sees the store, the client, or our cookies:
//! what it must remember between two steps it hands over as [`ConnectorData`](Identity::connector_data).
//!
//! Control leaves to the upstream inside the methods, and comes back with an [`Identity`] or an
//! [`UpstreamError`].

mod clock;
mod contract;
mod error;
mod identity;
mod login;
mod logout;
pub mod mock;
mod renewed;

pub use clock::Clock;
pub use contract::{Connector, Opening, Refresh, SubjectToken, TokenIdentity};
pub use error::UpstreamError;
pub use identity::Identity;
pub use login::{
    AccountState, Arrival, Departure, Finish, LoginMethod, Negotiate, Negotiated, Once, PasswordAnswer, PasswordLogin,
    RedirectLogin, Redirection, Start, Wanted,
};
pub use logout::{LogoutAnswer, LogoutArrival, LogoutArrived, LogoutAsked, LogoutStart, UpstreamLogout};
pub use renewed::Renewed;
