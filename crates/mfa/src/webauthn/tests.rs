//! Both ceremonies with a security key made here, and everything that can be wrong with its answers.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_model::{Timestamp, WebAuthnCredential, later};
use minicbor::Encoder;
use serde_json::{Value, json};
use std::time::Duration;

use super::*;

const ID: &[u8] = b"a credential's id";
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const JANE: User<'_> = User { id: "jane", connector_id: "ldap", name: "jane@example.org", display_name: "Jane" };

/// The flags: present, verified, backup eligible, backed up, attested.
const UP: u8 = 0x01;
const UV: u8 = 0x04;
const BE: u8 = 0x08;
const BS: u8 = 0x10;
const AT: u8 = 0x40;

enum Secret {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, bool),
}

/// A security key in software, as bad as a test wants it.
struct Key {
    secret: Secret,
    rp_id: String,
    origin: String,
    flags: u8,
    count: u32,
    cross_origin: bool,
}

fn cose(labels: &[(i64, Member<'_>)]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.map(labels.len() as u64).unwrap();
    for (label, member) in labels {
        encoder.i64(*label).unwrap();
        match member {
            Member::Int(value) => encoder.i64(*value).unwrap(),
            Member::Bytes(value) => encoder.bytes(value).unwrap(),
        };
    }
    encoder.into_writer()
}

enum Member<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl Key {
    fn new(alg: i64) -> Self {
        let ecdsa = |algorithm| Secret::Ecdsa(EcdsaKeyPair::generate(algorithm).unwrap());
        let secret = match alg {
            -7 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            -35 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            -36 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            -8 => Secret::Ed25519(Ed25519KeyPair::generate().unwrap()),
            -257 | -37 => Secret::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), alg == -37),
            _ => unreachable!("no test wants it"),
        };
        let origin = "https://id.example".to_owned();
        Self { secret, rp_id: "id.example".into(), origin, flags: UP, count: 0, cross_origin: false }
    }

    fn public(&self) -> Vec<u8> {
        use Member::{Bytes, Int};
        match &self.secret {
            Secret::Ecdsa(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(point.len() / 2);
                let (alg, curve) = match x.len() {
                    32 => (-7, 1),
                    48 => (-35, 2),
                    _ => (-36, 3),
                };
                cose(&[(1, Int(2)), (3, Int(alg)), (-1, Int(curve)), (-2, Bytes(x)), (-3, Bytes(y))])
            }
            Secret::Ed25519(pair) => {
                cose(&[(1, Int(1)), (3, Int(-8)), (-1, Int(6)), (-2, Bytes(pair.public_key().as_ref()))])
            }
            Secret::Rsa(pair, pss) => {
                // PKCS #1 in DER: two heads and a zero before the modulus, one head before the exponent.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[9..9 + 256], &der[der.len() - 3..]);
                cose(&[(1, Int(3)), (3, Int(if *pss { -37 } else { -257 })), (-1, Bytes(n)), (-2, Bytes(e))])
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.secret {
            Secret::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Secret::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Secret::Rsa(pair, pss) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &dyn aws_lc_rs::signature::RsaEncoding =
                    if *pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.rp_id.as_bytes());
        [hash.as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    fn client_data(&self, kind: &str, ceremony: &Ceremony) -> Vec<u8> {
        let data = json!({"type": kind, "challenge": ceremony.challenge, "origin": self.origin,
            "crossOrigin": self.cross_origin, "other": 1});
        data.to_string().into_bytes()
    }

    fn register(&self, ceremony: &Ceremony) -> Value {
        let length = u16::try_from(ID.len()).unwrap().to_be_bytes();
        let data = [&self.data(self.flags | AT), &[9; 16][..], &length, ID, &self.public()].concat();
        let mut object = Encoder::new(Vec::new());
        object.map(3).unwrap().str("fmt").unwrap().str("packed").unwrap();
        object.str("attStmt").unwrap().map(1).unwrap().str("x").unwrap().array(1).unwrap().i64(7).unwrap();
        object.str("authData").unwrap().bytes(&data).unwrap();
        answer(json!({
            "clientDataJSON": encoded(&self.client_data("webauthn.create", ceremony)),
            "attestationObject": encoded(&object.into_writer()),
            "transports": ["usb", "nfc"],
        }))
    }

    fn show(&self, ceremony: &Ceremony) -> Value {
        let (data, client_data) = (self.data(self.flags), self.client_data("webauthn.get", ceremony));
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &client_data);
        answer(json!({
            "clientDataJSON": encoded(&client_data),
            "authenticatorData": encoded(&data),
            "signature": encoded(&self.sign(&[&data, hash.as_ref()].concat())),
            "userHandle": "",
        }))
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn answer(response: Value) -> Value {
    json!({"id": encoded(ID), "rawId": encoded(ID), "type": "public-key", "response": response})
}

fn party() -> RelyingParty {
    RelyingParty {
        id: "id.example".into(),
        display_name: "Example".into(),
        origins: vec!["https://other.example".into(), "https://ID.example/".into()],
        attestation: Some("indirect"),
        timeout: None,
        user_verification: None,
        authenticator_attachment: None,
    }
}

fn registered(key: &Key) -> Result<WebAuthnCredential, Refused> {
    let (ceremony, _) = party().begin_registration(&JANE, &[], NOW).unwrap();
    party().finish_registration(&ceremony, &[], key.register(&ceremony).to_string().as_bytes(), NOW)
}

/// Shows `key`, registered as `known`; `bend` may change the answer.
fn shown(key: &Key, known: &WebAuthnCredential, bend: impl Fn(&mut Value)) -> Result<WebAuthnCredential, Refused> {
    let known = std::slice::from_ref(known);
    let (ceremony, _) = party().begin_authentication(known, NOW).unwrap();
    let mut answer = key.show(&ceremony);
    bend(&mut answer);
    party().finish_authentication(&ceremony, (&JANE, known), answer.to_string().as_bytes(), NOW)
}

#[test]
fn a_key_of_each_algorithm_is_registered_and_shown() {
    for alg in [-7, -35, -36, -8, -257, -37] {
        let mut key = Key::new(alg);
        key.flags = UP | UV | BE;
        let known = registered(&key).unwrap_or_else(|error| panic!("{alg}: {error}"));
        assert_eq!((known.credential_id.as_slice(), known.sign_count), (ID, 0));
        assert_eq!((known.attestation_type.as_str(), known.display_name.as_str()), ("packed", "Security Key"));
        assert_eq!((known.aaguid.as_slice(), known.transport.join(" ").as_str()), (&[9; 16][..], "usb nfc"));
        assert!(known.backup_eligible && !known.backup_state);
        key.flags |= BS;
        key.count = 7;
        let seen = shown(&key, &known, |_| ()).unwrap_or_else(|error| panic!("{alg}: {error}"));
        assert_eq!((seen.sign_count, seen.backup_state), (7, true));
        assert_eq!(updated(std::slice::from_ref(&known), &seen), [seen]);
        assert_eq!(shown(&Key { count: 7, flags: UP | BE, ..Key::new(alg) }, &known, |_| ()), Err(Refused::Signature));
    }
}

#[test]
fn options_say_what_browsers_need() {
    let strict = RelyingParty {
        timeout: Some(Duration::from_secs(60)),
        user_verification: Some("required"),
        authenticator_attachment: Some("platform"),
        ..party()
    };
    let known = registered(&Key::new(-7)).unwrap();
    let (ceremony, options) = strict.begin_registration(&JANE, std::slice::from_ref(&known), NOW).unwrap();
    let asked = &options["publicKey"];
    assert_eq!(asked["challenge"], ceremony.challenge.as_str());
    assert_eq!(ceremony.expires, later(NOW, Duration::from_secs(60)));
    assert_eq!(asked["user"], json!({"id": "amFuZXxsZGFw", "name": "jane@example.org", "displayName": "Jane"}));
    assert_eq!((&asked["timeout"], &asked["attestation"]), (&json!(60_000), &json!("indirect")));
    let selection = json!({"authenticatorAttachment": "platform", "userVerification": "required"});
    assert_eq!(asked["authenticatorSelection"], selection);
    let descriptor = json!([{"type": "public-key", "id": encoded(ID), "transports": ["usb", "nfc"]}]);
    assert_eq!(asked["excludeCredentials"], descriptor);
    let (_, options) = strict.begin_authentication(std::slice::from_ref(&known), NOW).unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"], descriptor);
    assert_eq!(options["publicKey"]["userVerification"], "required");
    assert_eq!(party().begin_authentication(&[], NOW).unwrap_err(), Refused::Unknown);
    let long = "x".repeat(80);
    assert_eq!(User { id: &long, ..JANE }.handle().len(), 32);
}

#[test]
fn a_registration_that_is_not_quite_right_is_refused() {
    let key = || Key::new(-7);
    let other = "https://id.example.evil.example".to_owned();
    let cases: [(Key, Refused); 6] = [
        (Key { origin: other, ..key() }, Refused::Origin),
        (Key { origin: "http://id.example".into(), ..key() }, Refused::Origin),
        (Key { cross_origin: true, ..key() }, Refused::Origin),
        (Key { rp_id: "evil.example".into(), ..key() }, Refused::RelyingParty),
        (Key { flags: UV, ..key() }, Refused::UserPresence),
        (Key { flags: UP | BS, ..key() }, Refused::AuthenticatorData),
    ];
    for (key, expected) in cases {
        assert_eq!(registered(&key), Err(expected));
    }
    let (ceremony, _) = party().begin_registration(&JANE, &[], NOW).unwrap();
    let body = key().register(&ceremony).to_string();
    let finish = |ceremony: &Ceremony, existing: &[WebAuthnCredential], body: &str, now| {
        party().finish_registration(ceremony, existing, body.as_bytes(), now).map(drop)
    };
    let late = later(NOW, Duration::from_secs(301));
    assert_eq!(finish(&ceremony, &[], &body, late), Err(Refused::Expired));
    let login = Ceremony { kind: Kind::Authentication, ..ceremony.clone() };
    assert_eq!(finish(&login, &[], &body, NOW), Err(Refused::NotBegun));
    let (another, _) = party().begin_registration(&JANE, &[], NOW).unwrap();
    assert_eq!(finish(&another, &[], &body, NOW), Err(Refused::Challenge));
    let known = registered(&key()).unwrap();
    assert_eq!(finish(&ceremony, std::slice::from_ref(&known), &body, NOW), Err(Refused::Registered));
    let many: Vec<_> = (0..20).map(|n| WebAuthnCredential { credential_id: vec![n], ..known.clone() }).collect();
    assert_eq!(finish(&ceremony, &many, &body, NOW), Err(Refused::TooMany));
    let strict = RelyingParty { user_verification: Some("required"), ..party() };
    let refused = strict.finish_registration(&ceremony, &[], body.as_bytes(), NOW);
    assert_eq!(refused, Err(Refused::UserVerification));
    for body in ["", "{}", "[]", "{\"rawId\":1}", &"[".repeat(100_000)] {
        assert_eq!(finish(&ceremony, &[], body, NOW), Err(Refused::Unreadable), "{body:.20}");
    }
}

#[test]
fn a_key_that_is_shown_but_not_quite_right_is_refused() {
    let key = Key::new(-7);
    let known = registered(&key).unwrap();
    type Bend = fn(&mut Value);
    let cases: [(Bend, Refused); 8] = [
        (|answer| answer["rawId"] = json!(encoded(b"another")), Refused::Unknown),
        (|answer| answer["type"] = json!("password"), Refused::Unreadable),
        (|answer| answer["response"]["userHandle"] = json!(encoded(b"joe|ldap")), Refused::Unknown),
        (|answer| answer["response"]["signature"] = json!(""), Refused::Signature),
        (|answer| answer["response"]["signature"] = json!(encoded(&[0; 70])), Refused::Signature),
        (|answer| answer["response"]["authenticatorData"] = json!(encoded(&[0; 36])), Refused::AuthenticatorData),
        (|answer| answer["response"]["clientDataJSON"] = json!(encoded(b"{}")), Refused::Unreadable),
        (|answer| answer["response"]["clientDataJSON"] = json!("!"), Refused::Unreadable),
    ];
    for (bend, expected) in cases {
        assert_eq!(shown(&key, &known, bend), Err(expected));
    }
    assert!(shown(&key, &known, |answer| answer["response"]["userHandle"] = json!("amFuZXxsZGFw")).is_ok());
    assert!(shown(&key, &known, |answer| answer["response"]["userHandle"] = json!(null)).is_ok());
    let backed_up = WebAuthnCredential { backup_eligible: true, ..known.clone() };
    assert_eq!(shown(&key, &backed_up, |_| ()), Err(Refused::Backup));
}

#[test]
fn a_counter_moves_on_or_stays_at_nought() {
    let mut key = Key::new(-7);
    let known = registered(&key).unwrap();
    for (before, shows, accepted) in
        [(0, 0, true), (0, 1, true), (5, 6, true), (5, 5, false), (5, 4, false), (5, 0, false)]
    {
        key.count = shows;
        let known = WebAuthnCredential { sign_count: before, ..known.clone() };
        let verdict = shown(&key, &known, |_| ());
        assert_eq!(verdict.is_ok(), accepted, "{before} {shows} {verdict:?}");
    }
}

#[test]
fn public_keys_that_are_none_are_refused() {
    use Member::{Bytes, Int};
    let good = Key::new(-7).public();
    assert_eq!(cose::check(&good), Ok(()));
    let (zero, short) = ([0; 32], [1; 31]);
    let on_no_curve: &[(i64, Member<'_>)] =
        &[(1, Int(2)), (3, Int(-7)), (-1, Int(1)), (-2, Bytes(&zero)), (-3, Bytes(&zero))];
    let cases = [
        (cose(on_no_curve), Refused::Algorithm),
        (
            cose(&[(1, Int(2)), (3, Int(-7)), (-1, Int(1)), (-2, Bytes(&short)), (-3, Bytes(&zero))]),
            Refused::AuthenticatorData,
        ),
        (cose(&[(1, Int(2)), (3, Int(-35)), (-1, Int(1)), (-2, Bytes(&zero)), (-3, Bytes(&zero))]), Refused::Algorithm),
        (cose(&[(1, Int(3)), (3, Int(-257)), (-1, Bytes(&[1; 64])), (-2, Bytes(&[1, 0, 1]))]), Refused::Algorithm),
        (cose(&[(1, Int(3)), (3, Int(-65535)), (-1, Bytes(&[1; 256])), (-2, Bytes(&[1, 0, 1]))]), Refused::Algorithm),
        (cose(&[(1, Int(4)), (3, Int(5)), (-1, Bytes(&[1; 32]))]), Refused::Algorithm),
        (cose(&[(1, Int(2)), (1, Int(2)), (3, Int(-7))]), Refused::AuthenticatorData),
        (cose(&[(3, Int(-7))]), Refused::AuthenticatorData),
        ([&good[..], &[0]].concat(), Refused::AuthenticatorData),
        (good[..good.len() - 1].to_vec(), Refused::AuthenticatorData),
        (vec![], Refused::AuthenticatorData),
        (vec![0xbf; 1000], Refused::AuthenticatorData),
        (vec![0x9f; 60_000], Refused::AuthenticatorData),
    ];
    for (at, (key, expected)) in cases.iter().enumerate() {
        assert_eq!(cose::check(key), Err(*expected), "{at}");
    }
}

#[test]
fn no_byte_of_an_answer_can_be_changed() {
    let key = Key::new(-7);
    let known = registered(&key).unwrap();
    let known = std::slice::from_ref(&known);
    let (ceremony, _) = party().begin_authentication(known, NOW).unwrap();
    let answer = key.show(&ceremony);
    for part in ["authenticatorData", "clientDataJSON", "signature"] {
        let bytes = URL_SAFE_NO_PAD.decode(answer["response"][part].as_str().unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            let mut bent = answer.clone();
            bent["response"][part] = json!(encoded(&bytes));
            let verdict = party().finish_authentication(&ceremony, (&JANE, known), bent.to_string().as_bytes(), NOW);
            assert!(verdict.is_err(), "{part} {at}");
        }
    }
}
