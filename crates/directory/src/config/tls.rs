//! What is trusted of a server, and what we show it.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::UpstreamError;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::raw::Raw;
use super::trust::{AnyCertificate, Trusted};
use super::wrong;
use crate::watched::Watched;

/// The largest file that is read, in bytes: every certificate authority of a system fits.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What is configured of TLS.
struct Tls {
    id: String,
    insecure_skip_verify: bool,
    root_ca_data: String,
    root_ca: String,
    /// Files of our own certificate and its key, if both are configured.
    pair: Option<(String, String)>,
}

/// The TLS configuration of connector `id`, which follows its files when they change.
pub(super) fn client(id: &str, raw: &Raw) -> Result<Arc<Watched<ClientConfig>>, UpstreamError> {
    let tls = Tls {
        id: id.to_owned(),
        insecure_skip_verify: raw.insecure_skip_verify,
        root_ca_data: raw.root_ca_data.clone(),
        root_ca: raw.root_ca.clone(),
        pair: Some((raw.client_cert.clone(), raw.client_key.clone()))
            .filter(|(chain, key)| !chain.is_empty() && !key.is_empty()),
    };
    let root_ca = Some(&tls.root_ca).filter(|path| tls.root_ca_data.is_empty() && !path.is_empty());
    let pair = tls.pair.iter().flat_map(|(chain, key)| [chain, key]);
    let paths = root_ca.into_iter().chain(pair).map(PathBuf::from).collect();
    Watched::open(id, paths, move || tls.read()).map(Arc::new)
}

impl Tls {
    fn read(&self) -> Result<ClientConfig, UpstreamError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| wrong(format!("ldap: TLS: {error}")))?;
        let authorities = self.authorities()?;
        let verifier: Arc<dyn ServerCertVerifier> = if self.insecure_skip_verify {
            Arc::new(AnyCertificate(provider))
        } else {
            let trusted = Trusted::new(authorities, provider);
            Arc::new(trusted.map_err(|error| wrong(format!("ldap: TLS: {error}")))?)
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let config = match &self.pair {
            Some((chain, key)) => {
                let (chain, key) = pair(chain, key)?;
                builder.with_client_auth_cert(chain, key)
            }
            None => Ok(builder.with_no_client_auth()),
        };
        config.map_err(|error| wrong(format!("ldap: load client cert failed: {error}")))
    }

    /// The configured authorities, or else the system's.
    fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, UpstreamError> {
        let pem = if !self.root_ca_data.is_empty() {
            let text: String = self.root_ca_data.split_ascii_whitespace().collect();
            STANDARD.decode(text).map_err(|error| wrong(format!("ldap: rootCAData is not base64: {error}")))?
        } else if !self.root_ca.is_empty() {
            read(&self.root_ca).map_err(|error| wrong(format!("ldap: read ca file: {error}")))?
        } else {
            let system = rustls_native_certs::load_native_certs();
            for error in &system.errors {
                tracing::warn!(connector.id = %self.id, err = %error, "cannot read the system's certificate authorities");
            }
            return Ok(system.certs);
        };
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
        if certificates.is_empty() { Err(wrong("ldap: no certs found in ca file")) } else { Ok(certificates) }
    }
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Our own certificate and its key.
fn pair(chain: &str, key: &str) -> Result<Pair, UpstreamError> {
    let failed = |error: &dyn std::fmt::Display| wrong(format!("ldap: load client cert failed: {error}"));
    let chain = read(chain).map_err(|error| failed(&error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let key = zeroize::Zeroizing::new(read(key).map_err(|error| failed(&error))?);
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| failed(&error))?;
    Ok((chain.map_err(|error| failed(&error))?, key))
}

/// A file of the configuration.
pub(crate) fn read(path: &str) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
