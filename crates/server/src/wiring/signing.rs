//! Who signs tokens under a configuration, and looking after its keys.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use dex_config::{Config, Signer as Configured, SigningAlgorithm};
use dex_jose::Algorithm;
use dex_signer_vault::{Environment, Vault};
use dex_storage::Store;
use dex_web::signing::{RemoteSigner, Rotation, Signer};

use crate::run::wall_clock;

/// How often it is asked which keys a remote signer has.
const REMOTE_EVERY: Duration = Duration::from_secs(30);

/// Who signs.
#[derive(Clone)]
pub enum Signing {
    /// Keys of our own, in the storage.
    Local(Rotation),
    /// A program that keeps its keys.
    Remote(Arc<dyn RemoteSigner>),
}

impl Signing {
    /// Who signs under this configuration. Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// When a vault could never be reached like this.
    pub(super) fn of(config: &Config, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        match &config.signer {
            Configured::Local { keys_rotation_period, algorithm } => Ok(Self::Local(Rotation {
                algorithm: known(*algorithm),
                period: *keys_rotation_period,
                tokens_valid_for: config.expiry.id_tokens,
            })),
            Configured::Vault { addr, token, key_name } => {
                let environment = Environment::read(variable).context("failed to open vault signer")?;
                let vault = Vault::open(addr, token.expose(), key_name, &environment);
                Ok(Self::Remote(Arc::new(vault.context("failed to open vault signer")?)))
            }
        }
    }

    /// How often its keys are looked after.
    pub(super) fn look_again_after(&self) -> Duration {
        match self {
            Self::Local(rotation) => rotation.look_again_after(),
            Self::Remote(_) => REMOTE_EVERY,
        }
    }

    /// Brings the keys up to date.
    ///
    /// # Errors
    ///
    /// The keys in use stay, and are looked at again soon.
    pub(super) async fn tend(&self, signer: &Signer, store: &Store) -> anyhow::Result<()> {
        match self {
            Self::Local(rotation) => signer.tend(store, rotation, wall_clock()).await.context("failed to rotate keys"),
            Self::Remote(remote) => signer.follow(remote).await.context("failed to read the keys of the vault"),
        }
    }
}

fn known(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Rs384 => Algorithm::RS384,
        SigningAlgorithm::Rs512 => Algorithm::RS512,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::Es384 => Algorithm::ES384,
        SigningAlgorithm::Es512 => Algorithm::ES512,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}
