//! Which factors are asked of whom.

use dex_model::{Client, UserIdentity};

use crate::webauthn::RelyingParty;

/// The factors that were configured, and the chain of clients that have none of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// `mfa.authenticators`
    pub factors: Vec<SecondFactor>,
    /// `mfa.defaultMFAChain`
    pub default_chain: Vec<String>,
}

/// One entry of `mfa.authenticators`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Its name in chains, and that under which a user's secrets are kept.
    pub id: String,
    /// The kinds of connectors it applies to; empty means all.
    pub connector_kinds: Vec<String>,
    /// What it is.
    pub kind: FactorKind,
}

/// What a factor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorKind {
    /// A code that changes with time.
    Totp {
        /// The label in people's apps.
        issuer: String,
    },
    /// A security key.
    WebAuthn(RelyingParty),
}

impl SecondFactor {
    /// Whether it is asked of who comes through a connector of this kind.
    pub fn applies_to(&self, connector_kind: &str) -> bool {
        self.connector_kinds.is_empty() || self.connector_kinds.iter().any(|kind| kind == connector_kind)
    }

    /// Whether the user has set it up.
    pub fn is_set_up(&self, user: &UserIdentity) -> bool {
        match self.kind {
            FactorKind::Totp { .. } => user.mfa_secrets.get(&self.id).is_some_and(|secret| secret.confirmed),
            FactorKind::WebAuthn(_) => user.webauthn_credentials.get(&self.id).is_some_and(|keys| !keys.is_empty()),
        }
    }
}

/// A chain names a factor that is not configured. Whoever is asked for it cannot log in: nobody is let in without what an
/// operator or administrator asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the chain of client {client_id:?} names {factor:?}, which is not among mfa.authenticators")]
pub struct UnknownFactor {
    /// The client.
    pub client_id: String,
    /// The name that leads nowhere.
    pub factor: String,
}

impl SecondFactors {
    /// What users of `client` who come through a connector of this kind have to show, in order: the client's own chain, else
    /// the default one, without the factors of other connectors (sessions-ui spec, 3.2).
    ///
    /// # Errors
    ///
    /// [`UnknownFactor`]; the login is refused.
    pub fn chain(&self, client: &Client, connector_kind: &str) -> Result<Vec<&SecondFactor>, UnknownFactor> {
        let names = client.mfa_chain.as_ref().unwrap_or(&self.default_chain);
        let named = names.iter().map(|name| {
            let unknown = || UnknownFactor { client_id: client.id.clone(), factor: name.clone() };
            self.factors.iter().find(|factor| factor.id == *name).ok_or_else(unknown)
        });
        let all: Vec<_> = named.collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|factor| factor.applies_to(connector_kind)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_the_clients_or_the_default_and_never_shorter_than_it_says() {
        let factor = |id: &str, kinds: &[&str]| SecondFactor {
            id: id.into(),
            connector_kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
            kind: FactorKind::Totp { issuer: "dex".into() },
        };
        let factors = SecondFactors {
            factors: vec![factor("all", &[]), factor("ldap", &["ldap"])],
            default_chain: vec!["ldap".into(), "all".into()],
        };
        let chain = |names: Option<&[&str]>, kind: &str| {
            let mfa_chain = names.map(|names| names.iter().map(|name| (*name).into()).collect());
            let client = Client { id: "web".into(), mfa_chain, ..Client::default() };
            let chain = factors.chain(&client, kind).map_err(|error| error.factor);
            chain.map(|chain| chain.iter().map(|factor| factor.id.clone()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(chain(None, "ldap"), Ok("ldap all".into()));
        assert_eq!(chain(None, "oidc"), Ok("all".into()));
        assert_eq!(chain(Some(&[]), "ldap"), Ok(String::new()), "an empty chain asks for nothing");
        assert_eq!(chain(Some(&["ldap"]), "oidc"), Ok(String::new()));
        assert_eq!(chain(Some(&["all", "gone"]), "ldap"), Err("gone".into()));
        let (none, client) =
            (SecondFactors::default(), Client { mfa_chain: Some(vec!["x".into()]), ..Client::default() });
        assert!(none.chain(&client, "").is_err(), "a chain without factors lets nobody in");
    }
}
