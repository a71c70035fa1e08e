//! SAML logins through real identity providers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod browser;
mod keycloak;
mod simplesamlphp;
