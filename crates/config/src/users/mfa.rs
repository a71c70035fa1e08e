//! `mfa`: second factors and the chains that ask for them. Whatever cannot be enforced is a
//! problem, never left out.

use std::time::Duration;

use crate::problem::quoted;
use crate::tokens::issuer::Issuer;
use crate::tree::Map;
use crate::users::connector_keys;
use crate::users::static_clients::StaticClient;

/// The section `mfa`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mfa {
    /// The factors that chains may name; ids are unique.
    pub authenticators: Vec<Authenticator>,
    /// What is asked of clients that do not say.
    pub default_chain: Vec<String>,
}

/// One entry of `mfa.authenticators`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticator {
    /// Its name in chains.
    pub id: String,
    /// The kinds of connectors it applies to; empty means all.
    pub connector_types: Vec<String>,
    /// What it is.
    pub kind: AuthenticatorKind,
}

/// What a factor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticatorKind {
    /// A code that changes with time (RFC 6238).
    Totp {
        /// The label in people's apps; the host of the issuer when Dex would have none.
        issuer: String,
    },
    /// A key or passkey (Web Authentication Level 2).
    WebAuthn(WebAuthn),
}

/// `mfa.authenticators[].config` of a `WebAuthn` one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAuthn {
    /// The domain keys are bound to.
    pub rp_id: String,
    /// Shown by browsers.
    pub rp_display_name: String,
    /// The origins ceremonies may come from.
    pub rp_origins: Vec<String>,
    /// `none`, `indirect` or `direct`; `None` when Dex would leave it out.
    pub attestation_preference: Option<&'static str>,
    /// The time a ceremony may take.
    pub timeout: Option<Duration>,
    /// `required`, `preferred` or `discouraged`.
    pub user_verification: Option<&'static str>,
    /// `platform` or `cross-platform`.
    pub authenticator_attachment: Option<&'static str>,
}

impl Mfa {
    pub(crate) fn read(map: &mut Map<'_>, issuer: &Issuer) -> Self {
        let mut ids: Vec<String> = Vec::new();
        let authenticators: Vec<_> =
            map.list("authenticators", |map| authenticator(map, issuer, &mut ids)).into_iter().flatten().collect();
        let default_chain = map.texts("defaultMFAChain");
        for id in default_chain.iter().filter(|id| !ids.contains(id)) {
            let text = format!("mfa.defaultMFAChain: references unknown authenticator {}", quoted(id));
            map.error("defaultMFAChain", text, &configured(&ids));
        }
        Self { authenticators, default_chain }
    }

    /// Whether anything is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.authenticators.is_empty() && self.default_chain.is_empty()
    }

    /// Checks the chains of clients. Dex does so only when there is an `mfa` block, and lets
    /// everyone in without a second factor otherwise.
    pub(crate) fn check_chains(&self, clients: &[StaticClient], top: &Map<'_>) {
        let ids: Vec<_> = self.authenticators.iter().map(|one| one.id.clone()).collect();
        for (at, client) in clients.iter().enumerate() {
            for id in client.mfa_chain.iter().flatten().filter(|id| !ids.contains(id)) {
                let text = format!(
                    "staticClients: client {} references unknown MFA authenticator {}",
                    quoted(&client.id),
                    quoted(id)
                );
                let key = format!("staticClients[{at}].mfaChain");
                top.report().error(client.place.mfa_chain, &key, text, &configured(&ids));
            }
        }
    }
}

fn configured(ids: &[String]) -> String {
    match ids.is_empty() {
        true => "mfa.authenticators is empty".to_owned(),
        false => format!("mfa.authenticators has {}", ids.join(", ")),
    }
}

fn authenticator(map: &mut Map<'_>, issuer: &Issuer, ids: &mut Vec<String>) -> Option<Authenticator> {
    let (id, kind) = (map.text("id"), map.text("type"));
    let connector_types = connector_types(map);
    if id.is_empty() {
        let text = "mfa.authenticators: authenticator must have an id";
        map.error("id", text, "add `id:`");
    } else if ids.contains(&id) {
        let text = format!("mfa.authenticators: duplicate authenticator id {}", quoted(&id));
        map.error("id", text, "give each its own");
    }
    ids.push(id.clone());
    let kind = match kind.as_str() {
        "TOTP" => map.section("config", |map| AuthenticatorKind::Totp {
            issuer: map.optional("issuer").unwrap_or_else(|| issuer.host.clone()),
        }),
        "WebAuthn" => map.section("config", |map| webauthn(map, issuer)),
        _ => {
            let text = format!("mfa.authenticators: unknown type {} for authenticator {}", quoted(&kind), quoted(&id));
            map.error("type", text, "write TOTP or WebAuthn");
            map.node("config");
            return None;
        }
    };
    Some(Authenticator { id, connector_types, kind })
}

fn connector_types(map: &mut Map<'_>) -> Vec<String> {
    let mut types = map.texts("connectorTypes");
    for kind in &mut types {
        let canonical = connector_keys::canonical(kind);
        if canonical != "local" && connector_keys::of(canonical).is_none() {
            let text = format!("unknown connector type {}", quoted(kind));
            map.error("connectorTypes", text, "nobody would be asked for this factor");
        }
        *kind = canonical.to_owned();
    }
    types
}

fn webauthn(map: &mut Map<'_>, issuer: &Issuer) -> AuthenticatorKind {
    let rp_id = map.optional("rpID").unwrap_or_else(|| issuer.host.clone());
    let rp_origins = match map.texts("rpOrigins") {
        none if none.is_empty() => vec![issuer.origin.clone()],
        some => some,
    };
    let timeout = map.duration("timeout", |value, why| format!("invalid timeout {value}: {why}"));
    let attestation = ["none", "indirect", "direct"];
    let attestation_preference = match map.text("attestationPreference").as_str() {
        "" => Some("indirect"),
        text => {
            let known = attestation.into_iter().find(|known| *known == text);
            if known.is_none() {
                map.warn("attestationPreference", "is none, indirect or direct; it is left out");
            }
            known
        }
    };
    AuthenticatorKind::WebAuthn(WebAuthn {
        rp_display_name: map.optional("rpDisplayName").unwrap_or_else(|| rp_id.clone()),
        rp_id,
        rp_origins,
        attestation_preference,
        timeout,
        user_verification: one_of(map, "userVerification", &["required", "preferred", "discouraged"]),
        authenticator_attachment: one_of(map, "authenticatorAttachment", &["platform", "cross-platform"]),
    })
}

/// One of some words, in any case.
fn one_of(map: &mut Map<'_>, key: &'static str, words: &[&'static str]) -> Option<&'static str> {
    let text = map.optional(key)?;
    let found = words.iter().copied().find(|word| word.eq_ignore_ascii_case(&text));
    if found.is_none() {
        let text = format!("must be one of {}", words.join(", "));
        map.error(key, text, "it decides who is let in, so it is not guessed");
    }
    found
}
