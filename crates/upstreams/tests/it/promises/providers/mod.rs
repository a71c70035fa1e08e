//! Providers of accounts: what shows that their keys do something, and what they promise.

mod google;
mod linkedin;
mod oauth;
mod oidc;
mod openshift;
mod saml;

pub(crate) use google::Google;
pub(crate) use linkedin::LinkedIn;
pub(crate) use oauth::OAuth;
pub(crate) use oidc::Oidc;
pub(crate) use openshift::OpenShift;
pub(crate) use saml::Saml;
