//! Keys of our own, in the store, and their rotation.
//!
//! Replicas share the keys through the store and elect nobody: each step compares and swaps one record, and
//! whoever loses takes what the winner wrote. A key is published as [`Keys::NEXT`] before it signs, and stays
//! published until the last token it signed is dead.

use std::sync::PoisonError;
use std::time::Duration;

use dex_jose::{Algorithm, KeyError, PublicKey, SigningKey};
use dex_model::{Keys, StoredJwk, Timestamp, VerificationKey, later};
use dex_storage::{Change, StorageError, Store, Write};

use super::{ActiveKey, Current, Signer};

/// How long a key is published before it may sign: clients keep `/keys` for ten minutes.
const PUBLISHED_AHEAD: Duration = Duration::from_secs(600);

/// How often keys are looked after, at least.
const LOOK_AGAIN_AFTER_MAX: Duration = Duration::from_secs(30);

/// How long a former key is published beyond the life of the tokens it has signed: a replica that has not heard of the next
/// key signs with it a little longer, and clocks differ.
const KEPT_BEYOND: Duration = Duration::from_secs(600);

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

impl Rotation {
    /// How long a key is published before it may sign.
    fn ahead(&self) -> Duration {
        PUBLISHED_AHEAD.min(self.period / 2)
    }

    /// How often the keys are looked after: often enough to hear of a key several times before it signs.
    pub fn look_again_after(&self) -> Duration {
        LOOK_AGAIN_AFTER_MAX.min(self.ahead() / 8)
    }
}

impl Signer {
    /// Brings the keys up to date: makes missing ones, rotates when it is time, and publishes what the store
    /// then holds. A loop calls it at the start and every [`Rotation::look_again_after`].
    ///
    /// # Errors
    ///
    /// [`RotationError`]; whatever was published stays, and the next call tries again.
    pub async fn tend(&self, store: &Store, rotation: &Rotation, now: Timestamp) -> Result<(), RotationError> {
        let tended = self.look_after(store, rotation, now).await;
        let mut steady_since = self.steady_since.lock().unwrap_or_else(PoisonError::into_inner);
        *steady_since = if tended.is_ok() { steady_since.or(Some(now)) } else { None };
        tended
    }

    async fn look_after(&self, store: &Store, rotation: &Rotation, now: Timestamp) -> Result<(), RotationError> {
        let mut signing = get_or_make(store, Keys::SIGNING, rotation, later(now, rotation.period)).await?;
        let due = later(now, rotation.ahead());
        let mut next = get_or_make(store, Keys::NEXT, rotation, due).await?;
        if now >= signing.next_rotation && now >= next.next_rotation && self.others_have_heard(rotation, now) {
            signing = rotate(store, &next, rotation, now).await?;
        }
        if next.signing_key_pub == signing.signing_key_pub {
            // It signs by now; another takes its place as the next.
            next = swap(store, &next, make(Keys::NEXT, rotation.algorithm, due).await).await?;
        }
        self.publish(current(&signing, &next, now)?);
        Ok(())
    }

    /// Whether the other replicas can be taken to have heard of the next key. A store that was away was away for all.
    fn others_have_heard(&self, rotation: &Rotation, now: Timestamp) -> bool {
        let since = *self.steady_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| now >= later(since, rotation.ahead() / 2))
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
        if name == Keys::SIGNING {
            tracing::info!(reason = "missing signing key", next_rotation = %made.next_rotation, "keys rotated");
        }
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

/// Lets the next key sign, and demotes the former one.
async fn rotate(store: &Store, next: &Keys, rotation: &Rotation, now: Timestamp) -> Result<Keys, RotationError> {
    let due = later(now, rotation.period);
    let dead = later(now, rotation.tokens_valid_for + KEPT_BEYOND);
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
            tracing::info!(reason = "expired", next_rotation = %keys.next_rotation, "keys rotated");
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dex_storage::Memory;

    use super::*;

    /// A replica whose clock differs by so many seconds, and which looks after its keys at this second of each half minute.
    struct Replica {
        signer: Signer,
        skew: i64,
        at: i64,
    }

    impl Replica {
        fn time(&self, second: i64) -> Timestamp {
            Timestamp::from_second(1_800_000_000 + second + self.skew).unwrap()
        }

        fn kid(&self) -> String {
            self.signer.known().unwrap().signing.public().kid().unwrap_or_default().to_owned()
        }

        fn publishes(&self, kid: &str) -> bool {
            let published = self.signer.known().unwrap().published.clone();
            String::from_utf8_lossy(&published).contains(kid)
        }
    }

    /// Replicas whose clocks are two minutes apart, over a day in which keys rotate each hour. The store is away for the
    /// first ten minutes of every third hour, just when a key is due.
    #[tokio::test]
    async fn every_replica_publishes_the_key_of_every_token_until_that_is_dead() {
        const TOKENS_LIVE: i64 = 1800;
        let hour = 3600;
        let rotation = Rotation {
            algorithm: Algorithm::ES256,
            period: Duration::from_secs(3600),
            tokens_valid_for: Duration::from_secs(1800),
        };
        let store = Store::new(Arc::new(Memory::new()));
        let replica = |skew, at| Replica { signer: Signer::default(), skew, at };
        let replicas = [replica(-60, 3), replica(0, 17), replica(60, 29)];
        for replica in &replicas {
            replica.signer.tend(&store, &rotation, replica.time(0)).await.unwrap();
        }
        let mut signed: Vec<(i64, String)> = Vec::new();
        for second in 1..24 * hour {
            let away = second % (3 * hour) < 600;
            for replica in &replicas {
                if second % 30 == replica.at {
                    match away {
                        false => replica.signer.tend(&store, &rotation, replica.time(second)).await.unwrap(),
                        true => *replica.signer.steady_since.lock().unwrap() = None,
                    }
                }
                let kid = replica.kid();
                match signed.iter_mut().find(|(_, known)| *known == kid) {
                    Some((last, _)) => *last = second,
                    None => signed.push((second, kid)),
                }
            }
            for (_, kid) in signed.iter().filter(|(last, _)| second <= last + TOKENS_LIVE) {
                assert!(replicas.iter().all(|replica| replica.publishes(kid)), "{kid} at second {second}");
            }
        }
        assert!((20..=25).contains(&signed.len()), "{} keys signed", signed.len());
        let gone = signed.iter().filter(|(_, kid)| !replicas.iter().any(|replica| replica.publishes(kid))).count();
        assert!(gone >= 18, "former keys go: {gone}");
    }
}
