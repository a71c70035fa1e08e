//! `signer`: who signs tokens.

use std::time::Duration;

use crate::env::Env;
use crate::problem::quoted;
use crate::secret::Secret;
use crate::tree::Map;

/// The section `signer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Keys of our own, in the storage.
    Local {
        /// How often a new one is made.
        keys_rotation_period: Duration,
        /// What the next one is for.
        algorithm: SigningAlgorithm,
    },
    /// The transit engine of a vault.
    Vault {
        /// Its URL, from the file or `VAULT_ADDR`.
        addr: String,
        /// From the file or `VAULT_TOKEN`; may be empty.
        token: Secret,
        /// The transit key.
        key_name: String,
    },
}

/// An algorithm of the local signer (RFC 7518 section 3.1, RFC 8037).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5, SHA-256
    #[default]
    Rs256,
    /// RSASSA-PKCS1-v1_5, SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5, SHA-512
    Rs512,
    /// RSASSA-PSS, SHA-256
    Ps256,
    /// ECDSA, P-256
    Es256,
    /// ECDSA, P-384
    Es384,
    /// ECDSA, P-521
    Es512,
    /// Ed25519
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them, the two of Dex first.
    pub const ALL: [Self; 8] =
        [Self::Rs256, Self::Es256, Self::Ps256, Self::Es384, Self::Es512, Self::Rs384, Self::Rs512, Self::EdDsa];

    /// The name in a JWS header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Rotation without any word about it.
const ROTATION: Duration = Duration::from_secs(6 * 3600);
/// Where a vault listens when nobody says.
const VAULT_ADDR: &str = "https://127.0.0.1:8200";

impl Signer {
    /// Reads `signer` of the top block; `signing_keys` is the deprecated `expiry.signingKeys`.
    pub(crate) fn read(top: &mut Map<'_>, signing_keys: Option<Duration>, env: &dyn Env) -> Self {
        let default = Self::Local {
            keys_rotation_period: signing_keys.unwrap_or(ROTATION),
            algorithm: SigningAlgorithm::default(),
        };
        if !top.has("signer") {
            return top.section("signer", |_| default);
        }
        let ignored = signing_keys.is_some();
        top.section("signer", |map| {
            map.keep_written();
            let (kind, path, report) = (map.text("type"), map.path("config"), map.report());
            let config = map.expanded(env);
            match kind.as_str() {
                "local" => {
                    if ignored {
                        map.warn("type", "expiry.signingKeys is ignored, the signer's own period holds");
                    }
                    Map::read(&config, &path, report, local)
                }
                "vault" => Map::read(&config, &path, report, |map| vault(map, env)),
                _ => {
                    let text = format!("unknown signer type {}", quoted(&kind));
                    map.error("type", text, "write `local` or `vault`");
                    default
                }
            }
        })
    }
}

fn local(map: &mut Map<'_>) -> Signer {
    /// Dex's prefix.
    const OPEN: &str = "failed to open local signer: ";
    map.keep_written();
    let has_period = map.has("keysRotationPeriod");
    let period = map.duration("keysRotationPeriod", |value, why| {
        format!("{OPEN}invalid config value {value} for local signer rotation period: {why}")
    });
    match period {
        Some(period) if period.is_zero() => {
            map.error("keysRotationPeriod", "keys cannot rotate all the time", "write 6h");
        }
        None if !has_period => {
            let text = format!("{OPEN}signer.config.keysRotationPeriod must be specified");
            map.error("keysRotationPeriod", text, "add `keysRotationPeriod: 6h` below `config:`");
        }
        _ => {}
    }
    let name = map.optional("algorithm").unwrap_or_else(|| "RS256".to_owned());
    let algorithm = SigningAlgorithm::ALL.into_iter().find(|known| known.as_str() == name);
    if algorithm.is_none() {
        let text = format!("parse signer config: unsupported local signer algorithm {}", quoted(&name));
        let names = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).join(", ");
        map.error("algorithm", text, &format!("write one of {names}"));
    }
    Signer::Local { keys_rotation_period: period.unwrap_or(ROTATION), algorithm: algorithm.unwrap_or_default() }
}

fn vault(map: &mut Map<'_>, env: &dyn Env) -> Signer {
    map.keep_written();
    let addr = map.optional("addr").or_else(|| env.get("VAULT_ADDR")).filter(|a| !a.is_empty());
    let addr = addr.unwrap_or_else(|| VAULT_ADDR.to_owned());
    if !url::Url::parse(&addr).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "unix")) {
        let text = "failed to open vault signer: failed to create vault client: not a URL";
        map.error("addr", text, "write https://host:port");
    }
    let token = map.secret("token");
    let key_name = map.text("keyName");
    if key_name.is_empty() {
        let text = "failed to open vault signer: no transit key named";
        map.error("keyName", text, "add `keyName:` with the name of the transit key");
    }
    let token = match token.is_empty() {
        true => Secret::new(env.get("VAULT_TOKEN").unwrap_or_default()),
        false => token,
    };
    Signer::Vault { addr, token, key_name }
}
