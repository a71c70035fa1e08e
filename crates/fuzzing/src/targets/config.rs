//! The text of a configuration. Its author is no stranger, but may be a tool, and errors must be told, not crashed into.

use dex_config::{Feature, Overrides, Supported, load};

/// A build that can do everything, so that every section is read to its end.
const SUPPORTED: Supported<'static> = Supported {
    connector_kinds: &["mockCallback", "mockPassword", "ldap", "oidc", "github", "saml"],
    storage_kinds: &["memory", "sqlite3", "postgres", "mysql", "etcd", "kubernetes"],
    signer_kinds: &["local", "vault"],
    signer_algorithms: &["RS256", "ES256"],
    authenticator_kinds: &["TOTP", "WebAuthn"],
    features: Feature::ALL,
};

/// The whole file.
pub(super) fn config(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let env = |name: &str| (name == "SECRET").then(|| "$from: [env".to_owned());
    match load("config.yaml", text, &env, &Overrides::default(), &SUPPORTED) {
        Ok(config) => {
            assert!(!config.issuer.is_empty(), "accepted without an issuer");
            config.warnings.iter().for_each(|warning| assert!(!warning.to_string().is_empty()));
        }
        Err(errors) => {
            assert!(!errors.problems().is_empty(), "refused without a reason");
            assert!(errors.to_string().contains("config.yaml"), "the file is not named: {errors}");
        }
    }
}
