//! The `ldap` connector: OpenLDAP, Active Directory and their like, and logging in by Kerberos.
//!
//! Owned here: finding a user and their groups in a directory, having the directory check the password, and believing a
//! Kerberos ticket. Not owned: the contract, which is `dex-connector`'s, the HTTP side of SPNEGO, which is `dex-login`'s,
//! and holding up those who guess passwords. It is a crate of its own because no other upstream needs what it is built on.
//!
//! [`open`] hands out the connector. Control leaves to the directory inside it, and comes back with an identity, a
//! refusal, or an error that says which server did what.

mod config;
mod kerberos;
mod login;
mod pool;
mod watched;
mod wire;

use std::sync::Arc;

use dex_connector::{Connector, Opening, UpstreamError};

/// Opens an `ldap` connector. It reads the files its configuration names, and again when they change, and asks nobody.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`], in Dex's words where Dex refuses the same (connectors-protocol spec, 4.2).
pub fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    Ok(Arc::new(login::Directory::open(opening)?))
}
