//! Keys of our own, in the store, and their rotation.
//!
//! Replicas share the keys through the store and elect nobody: each step compares and swaps one record, and
//! whoever loses takes what the winner wrote. A key is published as [`Keys::NEXT`] before it signs, and stays
//! published until the last token it signed is dead.

use std::time::Duration;

use dex_jose::{Algorithm, KeyError, PublicKey, SigningKey};
use dex_model::{Keys, StoredJwk, Timestamp, VerificationKey, later};
use dex_storage::{Change, StorageError, Store, Write};

use super::{ActiveKey, Current, Signer};

/// How long a key is published before it may sign: clients keep `/keys` for ten minutes.
const PUBLISHED_AHEAD: Duration = Duration::from_secs(600);

/// How keys are rotated.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// The algorithm of new keys.
    pub algorithm: Algorithm,
    /// How long a key signs.
    pub period: Duration,
    /// How long a token lives that a key has signed.
    pub tokens_valid_for: Duration,
}

/// Why keys were not brought up to date; those in use stay.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A stored key cannot be used.
    #[error("the stored signing key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// The record holds no key.
    #[error("the record `{0}` holds no signing key")]
    Empty(&'static str),
}

impl Signer {
    /// Brings the keys up to date: makes missing ones, rotates when it is time, and publishes what the store
    /// then holds. A loop calls it at the start and every 30 seconds.
    ///
    /// # Errors
    ///
    /// [`RotationError`]; whatever was published stays, and the next call tries again.
    pub async fn tend(&self, store: &Store, rotation: &Rotation, now: Timestamp) -> Result<(), RotationError> {
        let signing = get_or_make(store, Keys::SIGNING, rotation, later(now, rotation.period)).await?;
        let signing = if now >= signing.next_rotation { rotate(store, rotation, now).await? } else { signing };
        let ahead = PUBLISHED_AHEAD.min(rotation.period / 2);
        let next = get_or_make(store, Keys::NEXT, rotation, later(now, ahead)).await?;
        let next = if next.signing_key_pub == signing.signing_key_pub {
            // It signs by now; another takes its place as the next.
            let fresh = make(Keys::NEXT, rotation.algorithm, later(now, ahead)).await;
            swap(store, &next, fresh).await?
        } else {
            next
        };
        self.publish(current(&signing, &next, now)?);
        Ok(())
    }
}

async fn get_or_make(
    store: &Store,
    name: &'static str,
    rotation: &Rotation,
    due: Timestamp,
) -> Result<Keys, RotationError> {
    if let Some(keys) = store.get::<Keys>(name).await? {
        return Ok(keys);
    }
    let made = make(name, rotation.algorithm, due).await;
    if store.insert(made.clone()).await? == Write::Done {
        return Ok(made);
    }
    store.get::<Keys>(name).await?.ok_or(RotationError::Empty(name))
}

async fn make(name: &str, algorithm: Algorithm, due: Timestamp) -> Keys {
    let generated = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
    let key = generated.expect("making a key does not panic");
    Keys {
        name: name.to_owned(),
        signing_key_pub: Some(StoredJwk::new(key.public().to_jwk_json())),
        signing_key: Some(StoredJwk::new(key.to_jwk_json())),
        verification_keys: None,
        next_rotation: due,
    }
}

/// Lets the next key sign, once it has been published long enough, and demotes the former one.
async fn rotate(store: &Store, rotation: &Rotation, now: Timestamp) -> Result<Keys, RotationError> {
    let published = store.get::<Keys>(Keys::NEXT).await?.filter(|next| now >= next.next_rotation);
    let next = match published {
        Some(next) => next,
        // None was published ahead: Dex ran here, or nobody for long.
        None => make(Keys::NEXT, rotation.algorithm, now).await,
    };
    let due = later(now, rotation.period);
    let dead = later(now, rotation.tokens_valid_for);
    let change = store
        .update::<Keys, StorageError, _>(Keys::SIGNING, |keys| {
            // Another replica was faster.
            if now < keys.next_rotation || keys.signing_key_pub == next.signing_key_pub {
                return Ok(keys);
            }
            let mut former = keys.verification_keys.unwrap_or_default();
            former.retain(|key| key.expiry >= now);
            former.extend(keys.signing_key_pub.map(|public_key| VerificationKey { public_key, expiry: dead }));
            Ok(Keys {
                name: keys.name,
                signing_key: next.signing_key.clone(),
                signing_key_pub: next.signing_key_pub.clone(),
                verification_keys: Some(former),
                next_rotation: due,
            })
        })
        .await?;
    match change {
        Change::Made(keys) => {
            tracing::info!(next_rotation = %keys.next_rotation, "keys rotated");
            Ok(keys)
        }
        Change::Missing => get_or_make(store, Keys::SIGNING, rotation, due).await,
    }
}

/// Replaces a record that is still as it was seen; otherwise answers what another replica made of it.
async fn swap(store: &Store, seen: &Keys, fresh: Keys) -> Result<Keys, RotationError> {
    let change = store
        .update::<Keys, StorageError, _>(&seen.name, |keys| {
            Ok(if keys.signing_key_pub == seen.signing_key_pub { fresh.clone() } else { keys })
        })
        .await?;
    match change {
        Change::Made(keys) => Ok(keys),
        Change::Missing => Ok(fresh),
    }
}

fn current(signing: &Keys, next: &Keys, now: Timestamp) -> Result<Current, RotationError> {
    let private = signing.signing_key.as_ref().ok_or(RotationError::Empty(Keys::SIGNING))?;
    let key = SigningKey::from_jwk_json(private.expose())?;
    let former = signing.verification_keys.iter().flatten().filter(|key| key.expiry >= now);
    let others = former.map(|key| &key.public_key).chain(&next.signing_key_pub);
    let others: Result<Vec<PublicKey>, KeyError> = others.map(|jwk| PublicKey::from_jwk_json(jwk.expose())).collect();
    Ok(Current::new(ActiveKey::Local(key), others?))
}
