//! What is issued, for how long and signed with what.
//!
//! Owns the key `issuer` and the sections `expiry`, `signer` and `oauth2`. Issues nothing. Control
//! leaves it as typed sections; what is wrong lands in the report.

pub(crate) mod expiry;
pub(crate) mod issuer;
pub(crate) mod oauth2;
pub(crate) mod signer;
