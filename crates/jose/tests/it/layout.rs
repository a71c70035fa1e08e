//! The bytes that Dex wrote and that Dex must be able to read again.

use dex_jose::{Algorithm, KeySet, PublicKey, SigningKey};

use crate::vectors::{ED25519_PRIVATE, P256_PRIVATE, P521_PRIVATE, RSA_PRIVATE};

#[test]
fn a_stored_private_key_is_written_back_byte_for_byte() {
    for stored in [RSA_PRIVATE, P521_PRIVATE, P256_PRIVATE, ED25519_PRIVATE] {
        let key = SigningKey::from_jwk_json(stored).unwrap();
        assert_eq!(key.to_jwk_json(), stored);
    }
}

#[test]
fn the_public_half_has_the_first_members_only() {
    for (stored, private_from) in [(RSA_PRIVATE, r#","d":"#), (P521_PRIVATE, r#","d":"#), (ED25519_PRIVATE, r#","d":"#)]
    {
        let expected = format!("{}}}", stored.split(private_from).next().unwrap());
        let public = SigningKey::from_jwk_json(stored).unwrap().public();
        assert_eq!(public.to_jwk_json(), expected);
        assert_eq!(PublicKey::from_jwk_json(&expected).unwrap(), public);
        assert_eq!(serde_json::to_string(&public).unwrap(), expected);
        assert_eq!(serde_json::from_str::<PublicKey>(&expected).unwrap(), public);
        // Whoever reads the private JWK as a public key gets no more than that.
        assert_eq!(PublicKey::from_jwk_json(stored).unwrap().to_jwk_json(), expected);
    }
}

#[test]
fn generated_keys_have_the_members_of_their_kind_and_read_back() {
    let ec = ["use", "kty", "kid", "crv", "alg", "x", "y", "d"].as_slice();
    let okp = ["use", "kty", "kid", "crv", "alg", "x", "d"].as_slice();
    let rsa = ["use", "kty", "kid", "alg", "n", "e", "d", "p", "q", "dp", "dq", "qi"].as_slice();
    let cases = [
        (Algorithm::RS256, rsa),
        (Algorithm::ES256, ec),
        (Algorithm::ES384, ec),
        (Algorithm::ES512, ec),
        (Algorithm::EdDSA, okp),
    ];
    for (alg, members) in cases {
        let key = SigningKey::generate(alg);
        assert_eq!(key.algorithm(), alg);
        assert_eq!(key.kid().len(), 40);
        let json = key.to_jwk_json();
        let jwk: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
        assert_eq!(jwk.keys().collect::<Vec<_>>(), members, "{alg}");
        assert_eq!(jwk["kid"], key.kid());
        assert_eq!(jwk["alg"], alg.as_str());
        let again = SigningKey::from_jwk_json(&json).unwrap();
        assert_eq!(again.to_jwk_json(), json);
        assert_eq!(again.public(), key.public());
    }
}

#[test]
fn a_missing_alg_is_inferred_for_signing_and_stays_missing_in_public() {
    for stored in [RSA_PRIVATE, P521_PRIVATE, P256_PRIVATE, ED25519_PRIVATE] {
        let full = SigningKey::from_jwk_json(stored).unwrap();
        let alg = full.algorithm();
        let old = stored.replace(&format!(r#""alg":"{alg}","#), "");
        assert_ne!(old, stored);
        assert_eq!(SigningKey::from_jwk_json(&old).unwrap().algorithm(), alg);
        let public = PublicKey::from_jwk_json(&old).unwrap();
        assert_eq!((public.algorithm(), public.inferred_algorithm()), (None, alg));
        assert!(!public.to_jwk_json().contains("alg"));
    }
}

#[test]
fn the_published_set_is_indented_by_two() {
    let key = |stored| SigningKey::from_jwk_json(stored).unwrap().public();
    let set = KeySet::new(vec![key(P256_PRIVATE), key(ED25519_PRIVATE)]);
    let expected = r#"{
  "keys": [
    {
      "use": "sig",
      "kty": "EC",
      "kid": "a3",
      "crv": "P-256",
      "alg": "ES256",
      "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    },
    {
      "use": "sig",
      "kty": "OKP",
      "kid": "a1",
      "crv": "Ed25519",
      "alg": "EdDSA",
      "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    }
  ]
}"#;
    assert_eq!(set.to_json_pretty(), expected);
    assert_eq!(KeySet::parse(expected).unwrap().keys(), set.keys());
}

#[test]
fn headers_are_alg_and_kid_then_typ() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let key = SigningKey::from_jwk_json(P256_PRIVATE).unwrap();
    let header = |token: String| {
        let segment = token.split('.').next().unwrap().to_owned();
        String::from_utf8(URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
    };
    assert_eq!(header(key.sign_compact(b"{}").unwrap()), r#"{"alg":"ES256","kid":"a3"}"#);
    assert_eq!(
        header(key.sign_compact_typed("at+jwt", b"{}").unwrap()),
        r#"{"alg":"ES256","kid":"a3","typ":"at+jwt"}"#
    );
}
