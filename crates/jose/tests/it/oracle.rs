//! Another implementation accepts what we sign, and we what it signs. It has no ES512; RFC 7520 section 4.3 stands for that.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use dex_jose::{Algorithm, KeyError, KeySet, PublicKey, SigningKey, VerifyError};
use jsonwebtoken::{DecodingKey, EncodingKey, crypto};

/// Both halves of a key that did not come from us.
struct Foreign {
    encoding: EncodingKey,
    spki: Vec<u8>,
}

fn spki(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}

fn foreign(alg: Algorithm) -> Foreign {
    let ec = |ecdsa| {
        let pair = EcdsaKeyPair::generate(ecdsa).unwrap();
        Foreign {
            encoding: EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
            spki: spki(pair.public_key()),
        }
    };
    match alg {
        Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::generate().unwrap();
            Foreign {
                encoding: EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()),
                spki: spki(pair.public_key()),
            }
        }
        _ => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
            let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8.as_ref()).unwrap();
            Foreign { encoding: EncodingKey::from_rsa_der(info.private_key.as_bytes()), spki: spki(pair.public_key()) }
        }
    }
}

/// A key for `alg`; those of RSA share `rsa`, for generating is slow.
fn key_for(alg: Algorithm, rsa: &str) -> SigningKey {
    if alg.as_str().starts_with('E') {
        return SigningKey::generate(alg);
    }
    SigningKey::from_jwk_json(&rsa.replace("RS256", alg.as_str())).unwrap()
}

fn known_to_the_oracle() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|alg| *alg != Algorithm::ES512)
}

#[test]
fn the_oracle_accepts_what_we_sign() {
    let rsa = SigningKey::generate(Algorithm::RS256).to_jwk_json();
    for alg in known_to_the_oracle() {
        let key = key_for(alg, &rsa);
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&key.public().to_jwk_json()).unwrap();
        let decoding = DecodingKey::from_jwk(&jwk).unwrap();
        let token = key.sign_compact(br#"{"sub":"x"}"#).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let theirs: jsonwebtoken::Algorithm = alg.as_str().parse().unwrap();
        assert!(crypto::verify(signature, input.as_bytes(), &decoding, theirs).unwrap(), "{alg}");
    }
}

#[test]
fn we_accept_what_the_oracle_signs_with_keys_from_spki() {
    let rsa = foreign(Algorithm::RS256);
    for alg in known_to_the_oracle() {
        let ec = alg.as_str().starts_with('E').then(|| foreign(alg));
        let Foreign { encoding, spki } = ec.as_ref().unwrap_or(&rsa);
        let named = PublicKey::from_spki_der(spki).unwrap();
        assert_eq!(named.kid(), Some(named.thumbprint().as_str()));
        assert_eq!(named.algorithm(), Some(named.inferred_algorithm()));
        let json = named.to_jwk_json();
        let json = json.replace(&format!(r#""alg":"{}""#, named.inferred_algorithm()), &format!(r#""alg":"{alg}""#));
        let key = PublicKey::from_jwk_json(&json).unwrap();
        let header = dex_jose::header_segment(alg, key.kid().unwrap(), None);
        let input = dex_jose::signing_input(&header, b"payload");
        let theirs: jsonwebtoken::Algorithm = alg.as_str().parse().unwrap();
        let signature = crypto::sign(input.as_bytes(), encoding, theirs).unwrap();
        let verified = KeySet::new(vec![key]).verify_compact(&format!("{input}.{signature}"), &[alg]);
        assert_eq!(verified.unwrap().payload, b"payload", "{alg}");
    }
}

#[test]
fn every_algorithm_verifies_its_own_signatures_and_no_others() {
    let rsa = SigningKey::generate(Algorithm::RS256).to_jwk_json();
    for alg in Algorithm::ALL {
        let key = key_for(alg, &rsa);
        let set = KeySet::new(vec![key.public()]);
        let token = key.sign_compact(b"{}").unwrap();
        let verified = set.verify_compact(&token, &Algorithm::ALL).unwrap();
        assert_eq!((verified.algorithm, verified.kid.as_deref()), (alg, Some(key.kid())));
        let others: Vec<_> = Algorithm::ALL.into_iter().filter(|other| *other != alg).collect();
        let refused = set.verify_compact(&token, &others).unwrap_err();
        assert_eq!(refused, VerifyError::AlgorithmNotAllowed(alg));
        for other in others {
            let claimed = crate::token(&key, &format!(r#"{{"alg":"{other}"}}"#), "{}");
            let refused = set.verify_compact(&claimed, &Algorithm::ALL).unwrap_err();
            assert_eq!(refused, VerifyError::AlgorithmMismatch(other), "{alg} as {other}");
        }
    }
}

#[test]
fn pem_and_der_and_raw_bytes_give_the_same_key() {
    for alg in [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA] {
        let spki = foreign(alg).spki;
        let key = PublicKey::from_spki_der(&spki).unwrap();
        assert_eq!(key.algorithm(), Some(alg));
        let body = STANDARD.encode(&spki);
        let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        assert_eq!(PublicKey::from_spki_pem(&pem).unwrap(), key);
        if alg == Algorithm::EdDSA {
            assert_eq!(PublicKey::from_ed25519_bytes(&spki[12..]).unwrap(), key);
        }
        for cut in [0, 1, spki.len() / 2, spki.len() - 1] {
            let refused = PublicKey::from_spki_der(&spki[..cut]).unwrap_err();
            assert_eq!(refused, KeyError::NotSpki, "{alg} cut at {cut}");
        }
    }
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for wrong in ["", "hello", certificate] {
        assert_eq!(PublicKey::from_spki_pem(wrong).unwrap_err(), KeyError::NotSpki);
    }
    assert_eq!(PublicKey::from_ed25519_bytes(&[1; 31]).unwrap_err(), KeyError::Malformed("x"));
}

#[test]
fn a_p521_key_from_spki_is_the_same_as_from_its_jwk() {
    use aws_lc_rs::signature::ECDSA_P521_SHA512_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let key = PublicKey::from_spki_der(spki.as_ref()).unwrap();
    assert_eq!(key.algorithm(), Some(Algorithm::ES512));
    assert_eq!(PublicKey::from_jwk_json(&key.to_jwk_json()).unwrap(), key);
    let signature = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), b"input").unwrap();
    assert_eq!(key.verify(Algorithm::ES512, b"input", signature.as_ref()), Ok(()));
}
