//! Whole configurations, from text to sections or to what an operator reads.

mod samples;
mod secrets;
mod serving;
mod storage;
mod support;
mod tokens;
mod users;
mod yaml;

use dex_config::{Config, Feature, Overrides, Supported, load};

/// Enough to start; what a test is about comes behind it, from line 5 on.
const BASE: &str = "\
issuer: https://dex.example.com/dex
storage: {type: memory}
web:
  http: 127.0.0.1:5556
";

const EVERYTHING: Supported<'static> = Supported {
    connector_kinds: &[
        "atlassian-crowd",
        "authproxy",
        "bitbucket-cloud",
        "gitea",
        "github",
        "gitlab",
        "google",
        "keystone",
        "ldap",
        "linkedin",
        "microsoft",
        "mockCallback",
        "mockPassword",
        "oauth",
        "oidc",
        "openshift",
        "saml",
    ],
    storage_kinds: &["memory", "sqlite3", "postgres", "mysql", "kubernetes", "etcd"],
    signer_kinds: &["local", "vault"],
    signer_algorithms: &["RS256", "ES256", "PS256", "ES384", "ES512", "RS384", "RS512", "EdDSA"],
    authenticator_kinds: &["TOTP", "WebAuthn"],
    features: Feature::ALL,
};

/// Names and values of the environment.
type Variables<'v> = &'v [(&'v str, &'v str)];

/// Loads the whole text with some variables.
fn try_load(text: &str, variables: Variables<'_>) -> Result<Config, String> {
    let env = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    load("dex.yaml", text, &env, &Overrides::default(), &EVERYTHING).map_err(|errors| errors.to_string())
}

/// What comes of [`BASE`] and `more`.
fn config(more: &str) -> Config {
    config_with(more, &[])
}

fn config_with(more: &str, variables: Variables<'_>) -> Config {
    try_load(&format!("{BASE}{more}"), variables).unwrap_or_else(|errors| panic!("refused:\n{more}\n{errors}"))
}

/// What is wrong with [`BASE`] and `more`.
fn errors(more: &str) -> String {
    errors_with(more, &[])
}

fn errors_with(more: &str, variables: Variables<'_>) -> String {
    let loaded = try_load(&format!("{BASE}{more}"), variables);
    loaded.err().unwrap_or_else(|| panic!("accepted:\n{more}"))
}

/// The warnings of a configuration, one a line.
fn warnings(config: &Config) -> String {
    let lines: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Checks a table of refusals: what is added to [`BASE`], and the whole text of the errors.
fn assert_refused(cases: &[(&str, &str)]) {
    for (more, expected) in cases {
        assert_eq!(errors(more), *expected, "\n{more}");
    }
}
