//! Public keys of security keys (RFC 9052 §7, RFC 9053 §2 and §7, RFC 8230), and their signatures.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};
use minicbor::Decoder;
use minicbor::data::Type;

use super::Refused;

/// The algorithms that a new key may have, in Dex's order.
pub(super) const ALGORITHMS: [i64; 10] = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];

/// Labels of a COSE key: its type, its algorithm, and for each type what follows.
const KTY: i64 = 1;
const ALG: i64 = 3;

/// How many members a key may have; the standards know seven.
const MEMBERS_MAX: u64 = 16;

/// The lengths of an RSA modulus in bytes.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// The members that matter. `-1` is a curve or the modulus, `-2` is x or the exponent, `-3` is y.
#[derive(Default)]
struct Members<'a> {
    kty: Option<i64>,
    alg: Option<i64>,
    curve: Option<i64>,
    first: Option<&'a [u8]>,
    second: Option<&'a [u8]>,
    third: Option<&'a [u8]>,
}

/// Whether `key` is one whose signatures can be verified: of a known algorithm, on its curve, long enough.
pub(super) fn check(key: &[u8]) -> Result<(), Refused> {
    parse(key).map(drop)
}

/// Whether `signature` over `message` is that of `key`.
pub(super) fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Refused> {
    parse(key)?.verify_sig(message, signature).map_err(|_| Refused::Signature)
}

fn parse(key: &[u8]) -> Result<ParsedPublicKey, Refused> {
    let members = read(key).ok().flatten().ok_or(Refused::AuthenticatorData)?;
    let Members { kty: Some(kty), alg: Some(alg), curve, first, second, third } = members else {
        return Err(Refused::AuthenticatorData);
    };
    let parsed = match (kty, alg, curve) {
        (2, -7, Some(1)) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(32, second, third)?),
        (2, -35, Some(2)) => ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point(48, second, third)?),
        (2, -36, Some(3)) => ParsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, point(66, second, third)?),
        (1, -8, Some(6)) => ParsedPublicKey::new(&ED25519, second.ok_or(Refused::AuthenticatorData)?),
        (3, alg, None) => {
            let (n, e) = first.zip(second).ok_or(Refused::AuthenticatorData)?;
            if !RSA_BYTES.contains(&n.len()) {
                return Err(Refused::Algorithm);
            }
            RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa(alg)?)
        }
        _ => return Err(Refused::Algorithm),
    };
    parsed.map_err(|_| Refused::Algorithm)
}

/// An uncompressed point (SEC 1, 2.3.3).
fn point(length: usize, x: Option<&[u8]>, y: Option<&[u8]>) -> Result<Vec<u8>, Refused> {
    let coordinates = x.zip(y).filter(|(x, y)| x.len() == length && y.len() == length);
    let (x, y) = coordinates.ok_or(Refused::AuthenticatorData)?;
    Ok([&[4], x, y].concat())
}

fn rsa(alg: i64) -> Result<&'static RsaParameters, Refused> {
    Ok(match alg {
        -257 => &RSA_PKCS1_2048_8192_SHA256,
        -258 => &RSA_PKCS1_2048_8192_SHA384,
        -259 => &RSA_PKCS1_2048_8192_SHA512,
        -37 => &RSA_PSS_2048_8192_SHA256,
        -38 => &RSA_PSS_2048_8192_SHA384,
        -39 => &RSA_PSS_2048_8192_SHA512,
        _ => return Err(Refused::Algorithm),
    })
}

/// `None`: a member is there twice, or of another type than it must be.
fn read(key: &[u8]) -> Result<Option<Members<'_>>, minicbor::decode::Error> {
    let mut decoder = Decoder::new(key);
    let mut members = Members::default();
    let Some(count) = decoder.map()?.filter(|count| *count <= MEMBERS_MAX) else { return Ok(None) };
    for _ in 0..count {
        let label = decoder.i64()?;
        let bytes = decoder.datatype()? == Type::Bytes;
        let again = match label {
            KTY => members.kty.replace(decoder.i64()?).is_some(),
            ALG => members.alg.replace(decoder.i64()?).is_some(),
            -1 if bytes => members.first.replace(decoder.bytes()?).is_some(),
            -1 => members.curve.replace(decoder.i64()?).is_some(),
            -2 => members.second.replace(decoder.bytes()?).is_some(),
            -3 => members.third.replace(decoder.bytes()?).is_some(),
            _ => {
                decoder.skip()?;
                false
            }
        };
        if again {
            return Ok(None);
        }
    }
    Ok((decoder.position() == key.len()).then_some(members))
}
