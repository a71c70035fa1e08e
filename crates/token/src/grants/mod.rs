//! The grants. Each says what may be issued for a request; none issues anything.

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
pub(crate) mod password;
pub(crate) mod refresh_token;
pub(crate) mod token_exchange;
