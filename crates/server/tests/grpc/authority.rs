//! A CA, for server and clients alike.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { ca: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// Writes a pair for the server and this CA into `folder`; the section `grpc` that asks for them.
    pub(crate) fn mutual_tls(&self, folder: &Path) -> String {
        let (certificate, key, _) = self.issue();
        let path = |name: &str| folder.join(name).display().to_string();
        for (name, text) in [("tls.crt", certificate), ("tls.key", key), ("ca.crt", self.ca.pem())] {
            std::fs::write(path(name), text).unwrap();
        }
        format!("tlsCert: {}, tlsKey: {}, tlsClientCA: {}", path("tls.crt"), path("tls.key"), path("ca.crt"))
    }

    /// What a client needs that trusts this CA and has a certificate of `issuer`.
    pub(crate) fn client(&self, issuer: Option<&Self>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let mut config = match issuer {
            Some(issuer) => {
                let (_, key, certificate) = issuer.issue();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    fn issue(&self) -> (String, String, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.ca).unwrap();
        (certificate.pem(), key.serialize_pem(), certificate.der().clone())
    }
}
