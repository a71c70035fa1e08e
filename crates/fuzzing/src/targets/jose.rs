//! Tokens and keys.

use std::sync::LazyLock;

use dex_jose::{Algorithm, KeySet, PublicKey, SET_KEYS_MAX, parse_unverified_payload};

/// Keys whose private halves nobody has any more: RS256, ES256 and Ed25519.
const KEYS: &str = include_str!("keys.json");

/// All that was ever signed with them, without the signatures.
const SIGNED: &str = include_str!("signed.txt");

static KEY_SET: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(KEYS).expect("our own keys are a set"));

/// A JWT. None is accepted but what was signed.
pub(super) fn jwt(data: &[u8]) {
    let Some(token) = super::text(data) else { return };
    let unverified = parse_unverified_payload(token);
    let Ok(verified) = KEY_SET.verify_compact(token, &Algorithm::ALL) else { return };
    let (input, _) = token.rsplit_once('.').expect("a token has segments");
    assert!(SIGNED.lines().any(|signed| signed == input), "a forged token was accepted: {token}");
    assert_eq!(verified.header.alg, verified.algorithm.as_str());
    let payload = serde_json::from_slice(&verified.payload).ok();
    assert_eq!(unverified.ok(), payload, "the payload is read in two ways");
    assert!(KEY_SET.verify_compact(token, &[]).is_err(), "an algorithm nobody allows is taken");
}

/// A JWK set, a JWK, or a key in PEM or DER, as upstreams publish them.
pub(super) fn jwk(data: &[u8]) {
    if let Ok(key) = PublicKey::from_spki_der(data) {
        survives(&key);
    }
    let Some(text) = super::text(data) else { return };
    for key in [PublicKey::from_jwk_json(text), PublicKey::from_spki_pem(text)].into_iter().flatten() {
        survives(&key);
    }
    if let Ok(set) = KeySet::parse(text) {
        assert!(set.keys().len() <= SET_KEYS_MAX);
        set.keys().iter().for_each(survives);
        let again = KeySet::parse(&set.to_json_pretty()).expect("our own set is one");
        assert_eq!(again.keys(), set.keys());
    }
}

/// A key that was read is the same after it was written.
fn survives(key: &PublicKey) {
    let again = PublicKey::from_jwk_json(&key.to_jwk_json()).expect("a key of ours is one");
    assert!(again == *key && again.thumbprint() == key.thumbprint(), "{key:?} became {again:?}");
    assert!(key.fits(key.inferred_algorithm()));
}
