//! Metadata of identity providers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_saml::{
    Certificate, CertificateError, Endpoint, IdentityProvider, MetadataError, NameIdFormat, ServiceProvider, Trust,
    service_provider_metadata,
};

use crate::idp::{IDP, Key, OTHER, P256, RSA, Signing, now, place, sign, trust};

/// A certificate whose RSA key has 1024 bits.
const SMALL: &str = "-----BEGIN CERTIFICATE-----\n\
    MIIB/jCCAWegAwIBAgIUB0X5u/MhMsomhoq2snA6YetdM0EwDQYJKoZIhvcNAQEL\n\
    BQAwEDEOMAwGA1UEAwwFc21hbGwwIBcNMjYxMTI1MTU0NjI3WhgPMjEyNjExMDEx\n\
    NTQ2MjdaMBAxDjAMBgNVBAMMBXNtYWxsMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB\n\
    iQKBgQDbU6qZzdk1o8sWBWONguFEtxIIbtNGPIvxPPoXhBpGVUVqVSrpXqt5hpj8\n\
    l0tcX6igc1I1VRVlPzuf4EtDTpIwqBzwwqGaM8leytWH4BGJvD1u92PijF0znGZL\n\
    F/NvIlkScyvC62bH/hEgi0CmiwTwX7DHRFSbaC3pdqjum9GQuwIDAQABo1MwUTAd\n\
    BgNVHQ4EFgQUyw5Ru4PzeOreMBYK3jhceMc1tmgwHwYDVR0jBBgwFoAUyw5Ru4Pz\n\
    eOreMBYK3jhceMc1tmgwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOB\n\
    gQAhmsBW1/0n7Zp0PoVN4PhBlbSHzGQ9tAlwf/vCKCD7DUMB8Vx/8etZ/mPOGdMm\n\
    kYuNULPW1g/0/OCZXLKEWSDHwL8DoTO6rhCbK2usm/cCwJtw135fxVs/GCwpWlhZ\n\
    9+KhCz1s9PTo8dc3WTIGGHJgN3sD/C6sfuEsvW2Qq2bZTg==\n\
    -----END CERTIFICATE-----\n";

fn key(usage: &str, key: &Key) -> String {
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>\n{}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
        BASE64_STANDARD.encode(key.certificate.der())
    )
}

fn entity(id: &str, keys: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_{}\" entityID=\"{id}\" \
         validUntil=\"2026-08-07T00:00:00Z\">{}<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol\">{keys}\
         <md:SingleLogoutService Binding=\"{}\" Location=\"https://idp.example/slo\" ResponseLocation=\"https://idp.example/slr\"/>\
         <md:SingleSignOnService Binding=\"{}\" Location=\"https://idp.example/sso\"/></md:IDPSSODescriptor>\
         </md:EntityDescriptor>",
        id.len(),
        place(&format!("_{}", id.len())),
        Endpoint::REDIRECT,
        Endpoint::POST,
    )
}

fn unsigned(text: &str) -> String {
    let (head, rest) = text.split_once("[[").unwrap();
    format!("{head}{}", rest.split_once("]]").unwrap().1)
}

#[test]
fn endpoints_and_signing_keys_are_read() {
    let keys =
        [key(" use=\"signing\"", &RSA), key("", &P256), key(" use=\"encryption\"", &OTHER), key("", &RSA)].concat();
    let read = IdentityProvider::read(&unsigned(&entity(IDP, &keys)), Some(IDP), None, now()).unwrap();
    assert_eq!(read.entity_id, IDP);
    assert!(read.wants_signed_requests);
    let expected = [&RSA, &P256].map(|key| key.certificate.clone().whatever_its_dates());
    assert_eq!(read.certificates, expected);
    assert_eq!(read.single_sign_on[0].location, "https://idp.example/sso");
    assert_eq!(read.single_sign_on[0].binding, Endpoint::POST);
    assert_eq!(read.single_logout[0].response_location.as_deref(), Some("https://idp.example/slr"));
    assert_eq!(read.valid_until.map(|until| until.to_string()).as_deref(), Some("2026-08-07T00:00:00Z"));
}

#[test]
fn metadata_that_is_of_no_use_is_told_apart() {
    let rsa = key("", &RSA);
    let good = unsigned(&entity(IDP, &rsa));
    let read = |text: &str, id: Option<&str>| IdentityProvider::read(text, id, None, now()).map(|read| read.entity_id);
    let both = |text: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{text}</md:EntitiesDescriptor>"
        )
    };
    let two = both(&(good.clone() + &unsigned(&entity("https://other", &rsa))));
    assert_eq!(read(&good, None).as_deref(), Ok(IDP));
    assert_eq!(read(&two, Some("https://other")).as_deref(), Ok("https://other"));
    let cases = [
        (read(&two, None), MetadataError::NotThere("exactly one identity provider".into())),
        (read(&good, Some("https://other")), MetadataError::NotThere("https://other".into())),
        (
            read(&good.replace("SAML:2.0:protocol", "SAML:1.0:protocol"), None),
            MetadataError::NotThere("exactly one identity provider".into()),
        ),
        (read(&unsigned(&entity(IDP, "")), None), MetadataError::NoKey),
        (read(&unsigned(&entity(IDP, &key(" use=\"encryption\"", &RSA))), None), MetadataError::NoKey),
        (
            read(&good.replace("2026-08-07", "2026-08-06"), None),
            MetadataError::Expired("2026-08-06T00:00:00Z".parse().unwrap()),
        ),
    ];
    for (got, expected) in cases {
        assert_eq!(got, Err(expected));
    }
}

#[test]
fn signed_metadata_is_verified_when_a_key_for_it_is_given() {
    let text = sign(&entity(IDP, &key("", &P256)), &format!("_{}", IDP.len()), &Signing::usual());
    let Trust::Keys(keys) = trust(&[&RSA]) else { panic!("keys") };
    assert!(IdentityProvider::read(&text, None, Some(&keys), now()).is_ok());
    let changed = text.replace("https://idp.example/sso", "https://evil.example/sso");
    assert!(matches!(IdentityProvider::read(&changed, None, Some(&keys), now()), Err(MetadataError::Signature(_))));
    let none = unsigned(&entity(IDP, &key("", &P256)));
    assert!(matches!(IdentityProvider::read(&none, None, Some(&keys), now()), Err(MetadataError::Signature(_))));
}

#[test]
fn our_own_metadata_shows_our_keys() {
    let provider = ServiceProvider {
        logout: None,
        entity_id: "https://dex.example/sp",
        acs: "https://dex.example/callback",
        signing: Some(&RSA.certificate),
        encryption: vec![&OTHER.certificate],
        format: NameIdFormat::PERSISTENT,
    };
    let text = service_provider_metadata(&provider);
    for key in [&RSA, &OTHER] {
        assert!(text.contains(&BASE64_STANDARD.encode(key.certificate.der())));
    }
    assert!(text.contains("AuthnRequestsSigned=\"true\""));
}

#[test]
fn certificates_are_read_from_pem_as_dex_reads_them() {
    let (one, two) = (&RSA.pem, &P256.pem);
    let read = |text: &str| Certificate::from_pem(text.as_bytes()).map(|all| all.len());
    assert_eq!(read(one), Ok(1));
    assert_eq!(read(&format!("{one}\n\n{two}  \n")), Ok(2));
    assert_eq!(read(&format!("subject=x\n{one}{two}")), Ok(2));
    assert_eq!(read(""), Err(CertificateError::None));
    assert_eq!(read("nothing"), Err(CertificateError::None));
    assert_eq!(read(&format!("glued{one}")), Err(CertificateError::None));
    assert_eq!(read(&format!("{one}more")), Err(CertificateError::TrailingData("more".into())));
    let broken = one.replacen("MII", "AAA", 1);
    assert!(matches!(read(&broken), Err(CertificateError::NotACertificate(_))));
    assert_eq!(read(SMALL), Err(CertificateError::SmallKey));
}
