//! Encrypted assertions, by xmlsec1 and by our own hand.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey,
    PublicEncryptingKey,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_saml::{Check, DecryptionKey, Examined, Expected, examine};
use rcgen::PublicKeyData as _;

use crate::idp::{OTHER, Plan, RSA, expected, now, sign, trust};
use crate::xmlsec::XmlSec;

/// Examines with a decryption key that is not the signing key.
fn examined(text: &str) -> Examined {
    let trust = trust(&[&RSA]);
    let keys = [DecryptionKey::from_pem(OTHER.pair.serialize_pem().as_bytes(), OTHER.certificate.clone()).unwrap()];
    examine(text, &Expected { decryption: &keys, ..expected(&trust) }, now())
}

fn refused(text: &str) -> Check {
    examined(text).outcome.unwrap_err().check
}

const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";

fn template(content: &str, transport: &str) -> String {
    format!(
        "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"{content}\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey><xenc:EncryptionMethod \
         Algorithm=\"{transport}\"/><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey>\
         </ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
}

/// The assertion of a text, without a declaration.
fn split(text: &str) -> (&str, &str, &str) {
    let start = text.find("<saml:Assertion").unwrap();
    let end = text.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    (&text[..start], &text[start..end], &text[end..])
}

/// A response whose assertion was encrypted by `how`, signed as the plan says.
fn encrypted(plan: &Plan, how: impl Fn(&str) -> String) -> String {
    let mut text = plan.unsigned();
    if plan.sign_assertion {
        text = sign(&text, &plan.assertion_id, &plan.signing);
    }
    let (head, assertion, tail) = split(&text);
    let data = how(assertion);
    let own = "urn:oasis:names:tc:SAML:2.0:assertion";
    let text = format!("{head}<saml:EncryptedAssertion xmlns:saml=\"{own}\">{data}</saml:EncryptedAssertion>{tail}");
    if plan.sign_response { sign(&text, &plan.response_id, &plan.signing) } else { text }
}

fn by_xmlsec(content: &'static str, transport: &'static str, session_key: &'static str) -> impl Fn(&str) -> String {
    move |assertion| {
        let made = XmlSec::new().encrypt(&template(content, transport), assertion, &OTHER.pem, session_key);
        made.trim_start_matches("<?xml version=\"1.0\"?>").trim().to_owned()
    }
}

#[test]
fn what_xmlsec1_has_encrypted_is_opened() {
    let cbc = |bits: &str| -> &'static str {
        Box::leak(format!("http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc").into_boxed_str())
    };
    let gcm = |bits: &str| -> &'static str {
        Box::leak(format!("http://www.w3.org/2009/xmlenc11#aes{bits}-gcm").into_boxed_str())
    };
    let cases = [
        (gcm("128"), "aes-128", true),
        (gcm("192"), "aes-192", true),
        (gcm("256"), "aes-256", true),
        (cbc("128"), "aes-128", false),
        (cbc("256"), "aes-256", false),
    ];
    for (content, session, authenticated) in cases {
        for (response, assertion) in crate::honest::SIGNED {
            let text = encrypted(&Plan::new(response, assertion), by_xmlsec(content, OAEP, session));
            let outcome = examined(&text).outcome;
            if response || authenticated {
                let opened = outcome.unwrap_or_else(|refusal| panic!("{content}: {refusal}\n{text}"));
                assert_eq!(opened.name_id.value, "jane", "{content}");
            } else {
                let refusal = outcome.unwrap_err();
                assert!(refusal.reason.contains("AES-CBC in a response that is not signed"), "{refusal}");
            }
        }
    }
}

#[test]
fn what_is_in_an_encrypted_assertion_is_not_believed_for_being_encrypted() {
    let by = || by_xmlsec(GCM, OAEP, "aes-256");
    // Anybody can encrypt for us.
    assert_eq!(refused(&encrypted(&Plan::new(false, false), by())), Check::Signature);
    let mut forged = Plan::new(false, true);
    forged.signing.key = &OTHER;
    assert_eq!(refused(&encrypted(&forged, by())), Check::Signature);
    let inside_out = encrypted(&Plan::new(false, true), |assertion| by()(&assertion.replace(">jane<", ">admin<")));
    assert_eq!(refused(&inside_out), Check::Signature);
    let two = encrypted(&Plan::new(true, false), |assertion| by()(&format!("<a>{assertion}{assertion}</a>")));
    assert_eq!(refused(&two), Check::Decryption);
}

/// Encrypts by hand what xmlsec1 cannot.
fn by_hand(assertion: &str, method: &str, seal: impl Fn(PublicEncryptingKey, &[u8]) -> Vec<u8>) -> String {
    let key = [7; 32];
    let mut sealed = assertion.as_bytes().to_vec();
    let nonce = [9; 12];
    let gcm = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    gcm.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).unwrap();
    let public = PublicEncryptingKey::from_der(&OTHER.pair.subject_public_key_info()).unwrap();
    let (key, content) =
        (BASE64_STANDARD.encode(seal(public, &key)), BASE64_STANDARD.encode([&nonce[..], &sealed].concat()));
    template(GCM, OAEP)
        .replacen(&format!("<xenc:EncryptionMethod Algorithm=\"{OAEP}\"/>"), method, 1)
        .replacen("<xenc:CipherValue/>", &format!("<xenc:CipherValue>{key}</xenc:CipherValue>"), 1)
        .replacen("<xenc:CipherValue/>", &format!("<xenc:CipherValue>{content}</xenc:CipherValue>"), 1)
}

fn oaep(algorithm: &'static OaepAlgorithm) -> impl Fn(PublicEncryptingKey, &[u8]) -> Vec<u8> {
    move |public, key| {
        let public = OaepPublicEncryptingKey::new(public).unwrap();
        let mut sealed = vec![0; public.ciphertext_size()];
        public.encrypt(algorithm, key, &mut sealed, None).unwrap();
        sealed
    }
}

#[test]
fn oaep_is_taken_with_sha1_and_sha256_and_rsa_15_is_not() {
    let method = |uri: &str, inside: &str| {
        format!("<xenc:EncryptionMethod Algorithm=\"{uri}\">{inside}</xenc:EncryptionMethod>")
    };
    let digest =
        |uri: &str| format!("<ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"{uri}\"/>");
    let mgf = |name: &str| {
        format!(
            "<x:MGF xmlns:x=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"http://www.w3.org/2009/xmlenc11#{name}\"/>"
        )
    };
    let (sha1, sha256) =
        (digest("http://www.w3.org/2000/09/xmldsig#sha1"), digest("http://www.w3.org/2001/04/xmlenc#sha256"));
    let new = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    let open = |method: &str, algorithm| {
        let text = encrypted(&Plan::new(true, false), |assertion| by_hand(assertion, method, oaep(algorithm)));
        examined(&text).outcome.map(|assertion| assertion.name_id.value).map_err(|refusal| refusal.check)
    };
    let jane = || Ok("jane".to_owned());
    assert_eq!(open(&method(OAEP, &sha1), &OAEP_SHA1_MGF1SHA1), jane());
    assert_eq!(open(&method(new, ""), &OAEP_SHA1_MGF1SHA1), jane());
    assert_eq!(open(&method(new, &(sha256.clone() + &mgf("mgf1sha256"))), &OAEP_SHA256_MGF1SHA256), jane());
    assert_eq!(open(&method(OAEP, &sha256), &OAEP_SHA256_MGF1SHA256), Err(Check::Decryption));
    let rsa15 = method("http://www.w3.org/2001/04/xmlenc#rsa-1_5", "");
    let text = encrypted(&Plan::new(true, false), |assertion| {
        by_hand(assertion, &rsa15, |public, key| {
            let public = Pkcs1PublicEncryptingKey::new(public).unwrap();
            let mut sealed = vec![0; public.ciphertext_size()];
            public.encrypt(key, &mut sealed).unwrap();
            sealed
        })
    });
    assert_eq!(refused(&text), Check::Decryption);
}

#[test]
fn what_does_not_open_says_not_why() {
    let text = encrypted(&Plan::new(false, true), by_xmlsec(GCM, OAEP, "aes-256"));
    let values: Vec<usize> = text.match_indices("<xenc:CipherValue>").map(|(at, tag)| at + tag.len()).collect();
    let flipped = |at: usize| {
        let mut changed = text.clone();
        let other = if changed.as_bytes()[at] == b'A' { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        changed
    };
    let other_key = encrypted(&Plan::new(false, true), |assertion| {
        let made = XmlSec::new().encrypt(&template(GCM, OAEP), assertion, &RSA.pem, "aes-256");
        made.trim_start_matches("<?xml version=\"1.0\"?>").trim().to_owned()
    });
    let no_xml = encrypted(&Plan::new(false, true), |_| {
        by_hand("no xml", &format!("<xenc:EncryptionMethod Algorithm=\"{OAEP}\"/>"), oaep(&OAEP_SHA1_MGF1SHA1))
    });
    let cases = [
        ("changed key", flipped(values[0] + 9)),
        ("changed vector", flipped(values[1] + 2)),
        ("changed content", flipped(values[1] + 99)),
        ("for somebody else", other_key),
        ("not XML", no_xml),
    ];
    let mut reasons: Vec<String> = cases
        .into_iter()
        .map(|(told, text)| {
            let refusal = examined(&text).outcome.expect_err(told);
            assert_eq!(refusal.check, Check::Decryption, "{told}");
            refusal.reason
        })
        .collect();
    reasons.dedup();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let without = crate::idp::outcome(&text).unwrap_err();
    assert!(without.reason.contains("no decryption key"), "{without}");
}
