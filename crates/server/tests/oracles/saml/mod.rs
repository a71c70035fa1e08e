//! Logins through real identity providers that speak SAML, from the example application to their pages and back, in a
//! browser.
//!
//! They are another site to the browser than dex is, so that it holds cookies back as it does between companies. The many ways
//! to sign and to encrypt are the connector's own tests; here is what takes a running dex: cookies, pages, the store, a key that
//! changes, and metadata that others import.

mod carrier;
mod keycloak;
mod logout;
mod simplesamlphp;
mod site;
