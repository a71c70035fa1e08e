//! What is trusted of a server, and what we show it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::UpstreamError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::raw::Raw;
use super::wrong;

/// The largest file that is read, in bytes: every certificate authority of a system fits.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// The TLS configuration of connector `id`.
pub(super) fn client(id: &str, raw: &Raw) -> Result<Arc<ClientConfig>, UpstreamError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| wrong(format!("ldap: TLS: {error}")))?;
    let roots = roots(id, raw)?;
    let builder = if raw.insecure_skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        builder.with_root_certificates(roots)
    };
    let config = match pair(raw)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key),
        None => Ok(builder.with_no_client_auth()),
    };
    config.map(Arc::new).map_err(|error| wrong(format!("ldap: load client cert failed: {error}")))
}

/// The configured authorities, or else the system's.
fn roots(id: &str, raw: &Raw) -> Result<RootCertStore, UpstreamError> {
    let mut roots = RootCertStore::empty();
    let pem = if !raw.root_ca_data.is_empty() {
        let text: String = raw.root_ca_data.split_ascii_whitespace().collect();
        STANDARD.decode(text).map_err(|error| wrong(format!("ldap: rootCAData is not base64: {error}")))?
    } else if !raw.root_ca.is_empty() {
        read(&raw.root_ca).map_err(|error| wrong(format!("ldap: read ca file: {error}")))?
    } else {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(connector.id = %id, err = %error, "cannot read the system's certificate authorities");
        }
        roots.add_parsable_certificates(system.certs);
        return Ok(roots);
    };
    let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(wrong("ldap: no certs found in ca file")) } else { Ok(roots) }
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Our own certificate, if both halves are configured.
fn pair(raw: &Raw) -> Result<Option<Pair>, UpstreamError> {
    if raw.client_cert.is_empty() || raw.client_key.is_empty() {
        return Ok(None);
    }
    let failed = |error: &dyn std::fmt::Display| wrong(format!("ldap: load client cert failed: {error}"));
    let chain = read(&raw.client_cert).map_err(|error| failed(&error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let key = zeroize::Zeroizing::new(read(&raw.client_key).map_err(|error| failed(&error))?);
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| failed(&error))?;
    Ok(Some((chain.map_err(|error| failed(&error))?, key)))
}

/// A file of the configuration.
pub(crate) fn read(path: &str) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes any certificate, as `insecureSkipVerify` says. Whoever shows it must hold its key all the same.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
