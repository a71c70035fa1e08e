//! What the endpoints are told of the configuration.

use std::collections::BTreeMap;

use anyhow::Context as _;
use dex_config::{Authenticator, AuthenticatorKind, Config, Mfa, Sessions, SsoSharing, WebAuthn};
use dex_mfa::webauthn::RelyingParty;
use dex_mfa::{FactorKind, SecondFactor, SecondFactors};
use dex_model::{RefreshPolicy, TokenSecret};
use dex_pages::Frontend;
use dex_web::{Issuer, SessionSettings, Settings};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The settings of the endpoints.
pub(super) fn settings(config: &Config) -> anyhow::Result<Settings> {
    let (oauth2, expiry) = (&config.oauth2, &config.expiry);
    Ok(Settings {
        response_types: oauth2.response_types.iter().map(|kind| kind.as_str().to_owned()).collect(),
        grant_types: oauth2.grant_types.iter().filter_map(|grant| grant.as_str().parse().ok()).collect(),
        skip_approval_screen: oauth2.skip_approval_screen,
        always_show_login_screen: oauth2.always_show_login_screen,
        lean_id_tokens: oauth2.lean_id_tokens,
        email_domains: email_domains(config),
        password_connector: oauth2.password_connector.clone(),
        pkce_enforced: oauth2.pkce.enforce,
        code_challenge_methods: oauth2.pkce.methods.iter().map(|method| challenge_method(*method)).collect(),
        introspection_requires_authentication: oauth2.introspection_requires_authentication,
        id_tokens_valid_for: expiry.id_tokens,
        auth_requests_valid_for: expiry.auth_requests,
        auth_codes_valid_for: expiry.auth_codes,
        device_requests_valid_for: expiry.device_requests,
        refresh: RefreshPolicy {
            rotate: expiry.refresh_tokens.rotation,
            reuse_interval: expiry.refresh_tokens.reuse_interval,
            absolute_lifetime: expiry.refresh_tokens.absolute_lifetime,
            idle_lifetime: expiry.refresh_tokens.valid_if_not_used_for,
        },
        second_factors: second_factors(&config.mfa),
        sessions: config.sessions.as_ref().map(sessions),
        allowed_origins: config.web.allowed_origins.clone(),
        allowed_headers: config.web.allowed_headers.clone(),
        headers: headers(config)?,
    })
}

fn second_factors(mfa: &Mfa) -> SecondFactors {
    let factor = |authenticator: &Authenticator| SecondFactor {
        id: authenticator.id.clone(),
        connector_kinds: authenticator.connector_types.clone(),
        kind: match &authenticator.kind {
            AuthenticatorKind::Totp { issuer } => FactorKind::Totp { issuer: issuer.clone() },
            AuthenticatorKind::WebAuthn(keys) => FactorKind::WebAuthn(relying_party(keys)),
        },
    };
    SecondFactors { factors: mfa.authenticators.iter().map(factor).collect(), default_chain: mfa.default_chain.clone() }
}

fn relying_party(keys: &WebAuthn) -> RelyingParty {
    RelyingParty {
        id: keys.rp_id.clone(),
        display_name: keys.rp_display_name.clone(),
        origins: keys.rp_origins.clone(),
        attestation: keys.attestation_preference,
        timeout: keys.timeout,
        user_verification: keys.user_verification,
        authenticator_attachment: keys.authenticator_attachment,
    }
}

fn sessions(sessions: &Sessions) -> SessionSettings {
    SessionSettings {
        cookie_name: sessions.cookie_name.clone(),
        absolute_lifetime: sessions.absolute_lifetime,
        valid_if_not_used_for: sessions.valid_if_not_used_for,
        remember_me_checked_by_default: sessions.remember_me_checked_by_default,
        cookie_key: sessions.cookie_encryption_key.as_ref().map(|key| TokenSecret::new(key.expose())),
        sso_shared_with_all: sessions.sso_shared_with_default == SsoSharing::All,
    }
}

/// The first connector of a domain has it.
fn email_domains(config: &Config) -> BTreeMap<String, String> {
    let mut domains = BTreeMap::new();
    for connector in &config.connectors {
        for domain in &connector.email_domains {
            domains.entry(domain.clone()).or_insert_with(|| connector.id.clone());
        }
    }
    domains
}

fn challenge_method(method: dex_config::CodeChallengeMethod) -> dex_oidc::CodeChallengeMethod {
    match method {
        dex_config::CodeChallengeMethod::S256 => dex_oidc::CodeChallengeMethod::S256,
        dex_config::CodeChallengeMethod::Plain => dex_oidc::CodeChallengeMethod::Plain,
    }
}

fn headers(config: &Config) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.web.headers {
        let name = HeaderName::try_from(*name).context("web.headers")?;
        let value = HeaderValue::try_from(value.as_str());
        let value =
            value.with_context(|| format!("invalid config: web.headers.{name} holds what no header may hold"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The look of the pages.
pub(super) fn frontend(config: &Config, issuer: &Issuer) -> Frontend {
    let frontend = &config.frontend;
    Frontend {
        issuer: frontend.issuer.clone(),
        issuer_path: issuer.path().to_owned(),
        theme: frontend.theme.clone(),
        logo_url: frontend.logo_url.clone(),
        extra: frontend.extra.clone(),
        dir: frontend.dir.clone().map(Into::into),
    }
}
