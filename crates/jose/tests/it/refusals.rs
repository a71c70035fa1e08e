//! Every way in which a token is refused, with the accepted neighbour beside it where there is one.

use dex_jose::{
    Algorithm, KEYS_TRIED_MAX, KeySet, PublicKey, Segment, SigningKey, TOKEN_BYTES_MAX, VerifyError,
    parse_unverified_payload,
};

use crate::{
    token,
    vectors::{P256_PRIVATE, RSA_PRIVATE},
};

const BOTH: &[Algorithm] = &[Algorithm::ES256, Algorithm::RS256];

fn p256() -> SigningKey {
    SigningKey::from_jwk_json(P256_PRIVATE).unwrap()
}

fn verify(set: &KeySet, token: &str) -> Result<(), VerifyError> {
    set.verify_compact(token, BOTH).map(drop)
}

/// What becomes of an honestly signed token with this header.
fn header(header: &str) -> Result<(), VerifyError> {
    let key = p256();
    verify(&KeySet::new(vec![key.public()]), &token(&key, header, "{}"))
}

#[test]
fn headers_by_what_they_demand() {
    let unknown_key = VerifyError::UnknownKey { kid: Some("a4".into()) };
    let foreign = " {\"jku\":\"https://x\",\r\n \"alg\":\"ES256\",\"typ\":\"JWT\"} ";
    let cases = [
        ("ours", r#"{"alg":"ES256","kid":"a3"}"#, Ok(())),
        ("no kid", r#"{"alg":"ES256"}"#, Ok(())),
        ("empty kid is none", r#"{"alg":"ES256","kid":""}"#, Ok(())),
        ("null kid is none", r#"{"alg":"ES256","kid":null}"#, Ok(())),
        ("space, and members of others", foreign, Ok(())),
        ("other kid", r#"{"alg":"ES256","kid":"a4"}"#, Err(unknown_key)),
        ("crit", r#"{"alg":"ES256","crit":["b64"]}"#, Err(VerifyError::Critical)),
        ("empty crit", r#"{"alg":"ES256","crit":[]}"#, Err(VerifyError::Critical)),
        ("null crit", r#"{"alg":"ES256","crit":null}"#, Err(VerifyError::Critical)),
        ("crit, unsigned", r#"{"alg":"none","crit":["x"]}"#, Err(VerifyError::Critical)),
    ];
    for (told, json, expected) in cases {
        assert_eq!(header(json), expected, "{told}");
    }
}

#[test]
fn algorithms_that_are_refused() {
    let unknown = |alg: &str| VerifyError::UnknownAlgorithm(alg.to_owned());
    let long = "a".repeat(1000);
    let cases = [
        ("none", VerifyError::Unsigned),
        ("None", VerifyError::Unsigned),
        ("nOnE", VerifyError::Unsigned),
        ("HS256", VerifyError::Symmetric),
        ("HS384", VerifyError::Symmetric),
        ("HS512", VerifyError::Symmetric),
        ("es256", unknown("es256")),
        ("ES256 ", unknown("ES256 ")),
        ("ES256K", unknown("ES256K")),
        ("", unknown("")),
        (long.as_str(), unknown(&long[..32])),
        ("ES384", VerifyError::AlgorithmNotAllowed(Algorithm::ES384)),
        ("RS256", VerifyError::AlgorithmMismatch(Algorithm::RS256)),
    ];
    for (alg, expected) in cases {
        for kid in ["", r#","kid":"a3""#] {
            let json = format!(r#"{{"alg":"{alg}"{kid}}}"#);
            assert_eq!(header(&json), Err(expected.clone()), "{json}");
        }
    }
}

#[test]
fn headers_that_are_none() {
    for json in [
        r#"{"kid":"a3"}"#,
        r#"{"alg":"ES256","alg":"none"}"#,
        r#"{"alg":256}"#,
        r#"{"alg":"ES256","kid":3}"#,
        r#"["ES256","a3",null,true]"#,
        "null",
        "",
        r#"{"alg":"ES256"}{}"#,
        r#"{"alg":"ES256""#,
    ] {
        assert_eq!(header(json), Err(VerifyError::Header), "{json}");
    }
}

#[test]
fn shapes() {
    let key = p256();
    let set = KeySet::new(vec![key.public()]);
    let good = key.sign_compact(b"{}").unwrap();
    let [h, p, s] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three segments") };
    assert_eq!(verify(&set, &good), Ok(()));
    let zero = "A".repeat(86);
    let in_header = VerifyError::Base64(Segment::Header);
    let in_payload = VerifyError::Base64(Segment::Payload);
    let in_signature = VerifyError::Base64(Segment::Signature);
    let cases = [
        ("nothing", String::new(), VerifyError::Segments),
        ("one segment", h.to_owned(), VerifyError::Segments),
        ("two segments", format!("{h}.{p}"), VerifyError::Segments),
        ("four segments", format!("{good}."), VerifyError::Segments),
        ("five, a JWE", format!("{good}.a.b"), VerifyError::Segments),
        ("only dots", "..".to_owned(), VerifyError::Header),
        ("leading space", format!(" {good}"), in_header),
        ("newline within", format!("{h}.{p}\n.{s}"), in_payload.clone()),
        ("padded payload", format!("{h}.{p}=.{s}"), in_payload.clone()),
        ("standard alphabet", format!("{h}.+/++.{s}"), in_payload),
        ("padded signature", format!("{good}=="), in_signature.clone()),
        ("trailing newline", format!("{good}\n"), in_signature.clone()),
        ("characters too many", format!("{good}AAA"), in_signature),
        ("no signature", format!("{h}.{p}."), VerifyError::BadSignature),
        ("short signature", format!("{h}.{p}.AAAA"), VerifyError::BadSignature),
        ("zero signature", format!("{h}.{p}.{zero}"), VerifyError::BadSignature),
        ("other payload", format!("{h}.e30K.{s}"), VerifyError::BadSignature),
    ];
    for (told, token, expected) in cases {
        assert_eq!(verify(&set, &token), Err(expected), "{told}");
    }
}

#[test]
fn no_character_of_a_token_can_be_changed() {
    let key = p256();
    let set = KeySet::new(vec![key.public()]);
    let good = key.sign_compact(br#"{"sub":"x"}"#).unwrap();
    for position in 0..good.len() {
        // The neighbour in the alphabet differs in the lowest bit: in a last character that is a trailing bit.
        for replacement in [good.as_bytes()[position] ^ 1, b'A', b'.', b'=', 0xC3] {
            let mut bytes = good.clone().into_bytes();
            if bytes[position] == replacement {
                continue;
            }
            bytes[position] = replacement;
            let changed = String::from_utf8_lossy(&bytes);
            assert!(verify(&set, &changed).is_err(), "{changed}");
        }
    }
}

#[test]
fn sizes() {
    let set = KeySet::default();
    let longest = "a".repeat(TOKEN_BYTES_MAX);
    assert_eq!(verify(&set, &longest), Err(VerifyError::Segments));
    let longer = format!("{longest}a");
    let refused = VerifyError::TooLong { bytes: TOKEN_BYTES_MAX + 1 };
    assert_eq!(verify(&set, &longer), Err(refused.clone()));
    assert_eq!(parse_unverified_payload(&longer), Err(refused));
}

#[test]
fn keys_are_chosen_by_name_type_and_their_own_alg() {
    let (ec, rsa) = (p256(), SigningKey::from_jwk_json(RSA_PRIVATE).unwrap());
    let same_name = SigningKey::generate(Algorithm::ES256).public().with_kid("a3");
    let nameless = ec.public().with_kid("");
    let good = ec.sign_compact(b"{}").unwrap();
    let free = token(&ec, r#"{"alg":"ES256"}"#, "{}");
    let pss = token(&rsa, r#"{"alg":"PS256"}"#, "{}");
    let unknown = |kid: Option<&str>| Err(VerifyError::UnknownKey { kid: kid.map(str::to_owned) });
    let bad = Err(VerifyError::BadSignature);
    let cases = [
        ("no keys, named", vec![], &good, unknown(Some("a3"))),
        ("no keys, nameless", vec![], &free, unknown(None)),
        ("the key is last", vec![rsa.public(), ec.public()], &good, Ok(())),
        ("same name, other key", vec![same_name.clone()], &good, bad.clone()),
        ("same name, both keys", vec![same_name.clone(), ec.public()], &good, Ok(())),
        ("a nameless key has no name", vec![nameless.clone()], &good, unknown(Some("a3"))),
        ("nameless both", vec![nameless], &free, Ok(())),
        ("nameless token, all keys", vec![rsa.public(), same_name.clone(), ec.public()], &free, Ok(())),
        (
            "nameless token, no key fits",
            vec![rsa.public()],
            &free,
            Err(VerifyError::AlgorithmMismatch(Algorithm::ES256)),
        ),
        ("nameless token, wrong key", vec![same_name], &free, bad),
        ("the key's own alg", vec![rsa.public()], &pss, Err(VerifyError::AlgorithmMismatch(Algorithm::PS256))),
    ];
    for (told, keys, token, expected) in cases {
        let got = KeySet::new(keys).verify_compact(token, &Algorithm::ALL).map(drop);
        assert_eq!(got, expected, "{told}");
    }
}

#[test]
fn only_so_many_keys_are_tried() {
    let ec = p256();
    let free = token(&ec, r#"{"alg":"ES256"}"#, "{}");
    let others = |count: usize| -> Vec<PublicKey> {
        (0..count).map(|_| SigningKey::generate(Algorithm::ES256).public()).collect()
    };
    for (before, expected) in [(KEYS_TRIED_MAX - 1, Ok(())), (KEYS_TRIED_MAX, Err(VerifyError::BadSignature))] {
        let keys = [others(before), vec![ec.public()]].concat();
        assert_eq!(verify(&KeySet::new(keys), &free), expected, "{before} others");
    }
}

#[test]
fn what_verified_tells() {
    let ec = p256();
    let set = KeySet::new(vec![ec.public()]);
    let typed = ec.sign_compact_typed("at+jwt", b"\x00 not json").unwrap();
    let verified = set.verify_compact(&typed, BOTH).unwrap();
    assert_eq!(verified.payload, b"\x00 not json");
    assert_eq!(verified.header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(verified.header.alg, "ES256");
    let nameless = set.verify_compact(&token(&ec, r#"{"alg":"ES256"}"#, ""), BOTH).unwrap();
    assert_eq!((nameless.header.kid, nameless.kid.as_deref()), (None, Some("a3")));
}

#[test]
fn an_unverified_payload_is_read_or_refused() {
    let cases = [
        ("claims", "e30.eyJzdWIiOiJ4In0.", Ok(r#"{"sub":"x"}"#)),
        ("header and signature do not matter", "?.e30.?", Ok("{}")),
        ("an opaque token", "CgJhYhICY2Q", Err(VerifyError::Segments)),
        ("two segments", "e30.e30", Err(VerifyError::Segments)),
        ("four segments", "e30.e30.e30.e30", Err(VerifyError::Segments)),
        ("padding", "e30.e30=.x", Err(VerifyError::Base64(Segment::Payload))),
        ("not JSON", "e30.e30K_w.x", Err(VerifyError::Payload)),
        ("an array", "e30.W10.x", Err(VerifyError::Payload)),
        ("empty", "e30..x", Err(VerifyError::Payload)),
    ];
    for (told, text, expected) in cases {
        let got = parse_unverified_payload(text).map(|claims| serde_json::to_string(&claims).unwrap());
        assert_eq!(got, expected.map(str::to_owned), "{told}");
    }
}
