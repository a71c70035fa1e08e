//! Public keys as X.509 writes them: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER and in PEM.

use pkcs8::{ObjectIdentifier, spki::SubjectPublicKeyInfoRef};
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};

use crate::{
    algorithm::Curve,
    error::{KeyError, excerpt},
    material::Material,
};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, Curve); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
];

/// The first `PUBLIC KEY` of a PEM text.
pub(crate) fn from_pem(pem: &str) -> Result<Material, KeyError> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes());
    from_der(&der.map_err(|_| KeyError::NotSpki)?)
}

pub(crate) fn from_der(der: &[u8]) -> Result<Material, KeyError> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::NotSpki)?;
    let key = info.subject_public_key.as_bytes().ok_or(KeyError::NotSpki)?;
    match info.algorithm.oid {
        RSA => {
            let key = pkcs1::RsaPublicKeyRef::try_from(key).map_err(|_| KeyError::NotSpki)?;
            Material::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
        }
        EC => {
            let oid = info.algorithm.parameters_oid().map_err(|_| KeyError::NotSpki)?;
            let curve = CURVES.iter().find(|(known, _)| *known == oid);
            let (_, curve) = curve.ok_or_else(|| unsupported(oid))?;
            Material::ec(*curve, key)
        }
        ED25519 => Material::ed25519(key),
        other => Err(unsupported(other)),
    }
}

fn unsupported(oid: ObjectIdentifier) -> KeyError {
    KeyError::UnsupportedType(excerpt(&oid.to_string()))
}
