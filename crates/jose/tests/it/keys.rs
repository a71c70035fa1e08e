//! Keys that are refused, keys that are passed over, and what printing shows.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dex_jose::{Algorithm, KeyError, KeySet, PublicKey, SET_KEYS_MAX, SealKey, Sealer, SigningKey};

use crate::vectors::{ED25519_PRIVATE, P256_PRIVATE, RSA_PRIVATE};

fn public(json: &str) -> Result<(), KeyError> {
    PublicKey::from_jwk_json(json).map(drop)
}

fn private(json: &str) -> Result<(), KeyError> {
    SigningKey::from_jwk_json(json).map(drop)
}

fn unsupported(kind: &str) -> Result<(), KeyError> {
    Err(KeyError::UnsupportedType(kind.to_owned()))
}

/// The public half of the key of RFC 7515 appendix A.3, with one thing changed.
fn p256(from: &str, to: &str) -> String {
    let whole = SigningKey::from_jwk_json(P256_PRIVATE).unwrap().public().to_jwk_json();
    assert!(whole.contains(from), "{from}");
    whole.replace(from, to)
}

#[test]
fn elliptic_curve_keys_by_their_members() {
    let missing = |member| Err(KeyError::Missing(member));
    let malformed = Err(KeyError::Malformed("x"));
    let x = r#""x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU""#;
    let cases = [
        ("whole", "", "", Ok(())),
        ("padded", "RVEU\"", "RVEU=\"", Ok(())),
        ("unknown members", r#""use""#, r#""x5c":["MII"],"ext":true,"use""#, Ok(())),
        ("no kty", r#""kty":"EC","#, "", missing("kty")),
        ("symmetric", r#""EC""#, r#""oct""#, unsupported("oct")),
        ("no curve", r#""crv":"P-256","#, "", missing("crv")),
        ("other curve", "P-256", "secp256k1", unsupported("secp256k1")),
        ("larger curve", "P-256", "P-384", malformed.clone()),
        ("no x", r#""x":"#, r#""X":"#, missing("x")),
        ("empty x", x, r#""x":"""#, missing("x")),
        ("short x", x, r#""x":"f83O""#, malformed.clone()),
        ("x not base64url", "RVEU", "RV+U", malformed),
        ("off the curve", "f83O", "f83P", Err(KeyError::Inconsistent)),
    ];
    for (told, from, to, expected) in cases {
        assert_eq!(public(&p256(from, to)), expected, "{told}");
    }
    for wrong in [p256(r#""use""#, r#""kty":"EC","use""#), "x".into(), "[]".into()] {
        assert!(matches!(public(&wrong), Err(KeyError::Json { .. })), "{wrong}");
    }
}

#[test]
fn keys_by_what_they_say_they_are_for() {
    let use_sig = r#""use":"sig""#;
    let ec = |algorithm| Err(KeyError::AlgorithmMismatch { algorithm, kty: "EC" });
    let ecdh = Err(KeyError::UnsupportedAlgorithm("ECDH-ES".into()));
    let cases = [
        ("no use", r#""use":"sig","#, "", Ok(())),
        ("key_ops verify", use_sig, r#""key_ops":["verify"]"#, Ok(())),
        ("for encryption", use_sig, r#""use":"enc""#, Err(KeyError::NotForSigning)),
        ("key_ops encrypt", use_sig, r#""key_ops":["encrypt"]"#, Err(KeyError::NotForSigning)),
        ("alg of another type", "ES256", "RS256", ec(Algorithm::RS256)),
        ("alg of another curve", "ES256", "ES384", ec(Algorithm::ES384)),
        ("alg for encryption", "ES256", "ECDH-ES", ecdh),
    ];
    for (told, from, to, expected) in cases {
        assert_eq!(public(&p256(from, to)), expected, "{told}");
    }
}

#[test]
fn rsa_and_edwards_keys_by_their_members() {
    let rsa = |n: &[u8]| {
        let n = URL_SAFE_NO_PAD.encode(n);
        format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)
    };
    let okp = |crv: &str| format!(r#"{{"kty":"OKP","crv":"{crv}","x":"AA"}}"#);
    let size = |bits| Err(KeyError::RsaSize { bits });
    let no_e = rsa(&[0xff; 256]).replace(r#""e""#, r#""f""#);
    let cases = [
        ("2048 bits", rsa(&[0xff; 256]), Ok(())),
        ("2047 bits", rsa(&[[0x7f].as_slice(), &[0xff; 255]].concat()), size(2047)),
        ("8192 bits", rsa(&[0xff; 1024]), Ok(())),
        ("8193 bits", rsa(&[[1].as_slice(), &[0xff; 1024]].concat()), size(8193)),
        ("nothing but zeros", rsa(&[0; 256]), Err(KeyError::Malformed("n"))),
        ("no exponent", no_e, Err(KeyError::Missing("e"))),
        ("Ed448", okp("Ed448"), unsupported("Ed448")),
        ("X25519", okp("X25519"), unsupported("X25519")),
        ("short Ed25519", okp("Ed25519"), Err(KeyError::Malformed("x"))),
    ];
    for (told, json, expected) in cases {
        assert_eq!(public(&json), expected, "{told}");
    }
}

#[test]
fn leading_zeros_of_an_rsa_number_are_dropped() {
    let one = r#"{"kty":"RSA","n":"_-","e":"AQAB"}"#;
    let n = [vec![0], vec![0xff; 256]].concat();
    let padded = one.replace("_-", &URL_SAFE_NO_PAD.encode(&n)).replace("AQAB", "AAEAAQ");
    let plain = one.replace("_-", &URL_SAFE_NO_PAD.encode(&n[1..]));
    assert_eq!(PublicKey::from_jwk_json(&padded).unwrap(), PublicKey::from_jwk_json(&plain).unwrap());
}

#[test]
fn private_keys_that_are_refused() {
    let other = SigningKey::generate(Algorithm::ES256).to_jwk_json();
    let other_d = other.split(r#""d":""#).nth(1).unwrap().trim_end_matches("\"}").to_owned();
    let cases = [
        ("no kid", P256_PRIVATE.replace(r#""kid":"a3","#, ""), Err(KeyError::Missing("kid"))),
        ("public only", P256_PRIVATE.replace(r#""d":"#, r#""dx":"#), Err(KeyError::Missing("d"))),
        (
            "d of another key",
            P256_PRIVATE.replace("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", &other_d),
            Err(KeyError::Inconsistent),
        ),
        (
            "short d",
            P256_PRIVATE.replace("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", "jpsQ"),
            Err(KeyError::Malformed("d")),
        ),
        ("seed of another key", ED25519_PRIVATE.replace("nWGx", "nWGy"), Err(KeyError::Inconsistent)),
        ("RSA without qi", RSA_PRIVATE.replace(r#""qi":"#, r#""qj":"#), Err(KeyError::Missing("qi"))),
        ("RSA with a wrong prime", RSA_PRIVATE.replace(r#""p":"3Slx"#, r#""p":"3Sly"#), Err(KeyError::Inconsistent)),
        ("for encryption", RSA_PRIVATE.replace(r#""sig""#, r#""enc""#), Err(KeyError::NotForSigning)),
        (
            "alg of another type",
            RSA_PRIVATE.replace("RS256", "ES256"),
            Err(KeyError::AlgorithmMismatch { algorithm: Algorithm::ES256, kty: "RSA" }),
        ),
    ];
    for (told, json, expected) in cases {
        assert_eq!(private(&json), expected, "{told}");
    }
}

#[test]
fn an_error_never_quotes_key_material() {
    let twice = P256_PRIVATE.replace(r#""d":"#, r#""d":"jpsQ","d":"#);
    let number = P256_PRIVATE.replace(r#""jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#, "31415926");
    for json in [twice, number] {
        let error = SigningKey::from_jwk_json(&json).unwrap_err();
        assert!(matches!(error, KeyError::Json { .. }));
        assert!(!format!("{error} {error:?}").contains("3141"));
    }
}

#[test]
fn a_foreign_set_keeps_what_it_understands_and_counts_the_rest() {
    let json = format!(
        r#"{{"issuer":"x","keys":[{P256_PRIVATE},{{"kty":"oct","k":"AA"}},{{"kty":"LWE","kid":"q"}},{{"kid":1}},7,null,
        {{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}},{ED25519_PRIVATE}]}}"#
    );
    let set = KeySet::parse(&json).unwrap();
    let kids: Vec<_> = set.keys().iter().map(|key| key.kid().unwrap()).collect();
    assert_eq!((kids, set.skipped()), (vec!["a3", "a1"], 6));
    assert!(!set.to_json_pretty().contains("\"d\""));

    let empty = KeySet::parse(r#"{"keys":[]}"#).unwrap();
    assert!(empty.is_empty());
    for wrong in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[}"#] {
        assert!(matches!(KeySet::parse(wrong), Err(KeyError::Json { .. })), "{wrong}");
    }
}

#[test]
fn a_huge_set_is_cut() {
    for (given, kept, skipped) in [(SET_KEYS_MAX, SET_KEYS_MAX, 0), (SET_KEYS_MAX + 1, SET_KEYS_MAX, 1)] {
        let json = format!(r#"{{"keys":[{}]}}"#, vec![ED25519_PRIVATE; given].join(","));
        let set = KeySet::parse(&json).unwrap();
        assert_eq!((set.keys().len(), set.skipped()), (kept, skipped));
    }
}

#[test]
fn printing_shows_names_only() {
    let key = SigningKey::from_jwk_json(P256_PRIVATE).unwrap();
    assert_eq!(format!("{key:?}"), r#"SigningKey { kid: "a3", algorithm: ES256, .. }"#);
    assert_eq!(format!("{:?}", key.public()), r#"PublicKey { kid: Some("a3"), kty: "EC", algorithm: Some(ES256) }"#);
    let seal =
        SealKey::from_jwk_json(r#"{"kty":"oct","kid":"s","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#).unwrap();
    assert_eq!(format!("{seal:?}"), r#"SealKey { kid: "s", .. }"#);
    assert_eq!(format!("{:?}", Sealer::new(&seal, &[]).unwrap()), "Sealer(..)");
}

#[test]
fn keys_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<SigningKey>();
    shared::<PublicKey>();
    shared::<KeySet>();
    shared::<Sealer>();
}

#[test]
fn a_key_can_take_another_name() {
    let key = SigningKey::from_jwk_json(P256_PRIVATE).unwrap().public();
    assert_eq!(key.with_kid("other").kid(), Some("other"));
    assert_eq!(key.with_kid("").kid(), None);
    assert_eq!(key.with_kid("other").with_kid("a3"), key);
}

#[test]
fn rsa_keys_are_read_from_pem() {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::RsaKeyPair;
    use base64::engine::general_purpose::STANDARD;

    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let info = pkcs8::PrivateKeyInfoRef::try_from(der.as_ref()).unwrap();
    let pem =
        |label: &str, der: &[u8]| format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der));
    let (whole, inner) = (pem("PRIVATE KEY", der.as_ref()), pem("RSA PRIVATE KEY", info.private_key.as_bytes()));
    for text in [&whole, &inner] {
        let key = SigningKey::rsa_from_pem("k1", text).unwrap();
        assert_eq!((key.kid(), key.algorithm()), ("k1", Algorithm::RS256));
        let token = key.sign_compact(b"{}").unwrap();
        assert!(KeySet::new(vec![key.public()]).verify_compact(&token, &[Algorithm::RS256]).is_ok());
    }
    let nameless = SigningKey::rsa_from_pem("", &whole).unwrap().sign_compact_typed("JWT", b"{}").unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(nameless.split('.').next().unwrap()).unwrap(), br#"{"alg":"RS256","typ":"JWT"}"#);
    let ec = pem("EC PRIVATE KEY", b"rubbish");
    for text in ["", "rubbish", &pem("PRIVATE KEY", b"rubbish"), &pem("CERTIFICATE", der.as_ref()), &ec] {
        assert_eq!(SigningKey::rsa_from_pem("k1", text).map(drop), Err(KeyError::NotPrivatePem), "{text}");
    }
}
