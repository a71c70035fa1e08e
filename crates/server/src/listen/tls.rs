//! Making a TLS configuration from files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// How many bytes a certificate, key or CA file may have.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub(super) const ALPN_HTTP2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// The versions there are. Their order is their age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246
    Tls12,
    /// RFC 8446
    Tls13,
}

/// A text that names no version of TLS we speak.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("supported TLS versions are: 1.2, 1.3")]
pub struct UnknownTlsVersion;

impl FromStr for TlsVersion {
    type Err = UnknownTlsVersion;

    fn from_str(text: &str) -> Result<Self, UnknownTlsVersion> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err(UnknownTlsVersion),
        }
    }
}

/// What one listener's TLS is made from.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// PEM, the chain from the server's own certificate up.
    pub certificate: PathBuf,
    /// PEM, in PKCS#1, PKCS#8 or SEC1.
    pub key: PathBuf,
    /// PEM; when given, clients must have a certificate issued by one of these.
    pub client_ca: Option<PathBuf>,
    /// The oldest version spoken.
    pub min_version: TlsVersion,
    /// The newest version spoken.
    pub max_version: TlsVersion,
}

/// Why files make no TLS configuration. Texts begin as Dex's do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum TlsError {
    #[error("loading TLS keypair: reading {path}: {cause}")]
    Read { path: PathBuf, cause: io::Error },
    #[error("loading TLS keypair: {path} is not PEM: {cause}")]
    Pem { path: PathBuf, cause: rustls_pki_types::pem::Error },
    #[error("loading TLS keypair: {path} holds no certificate")]
    NoCertificate { path: PathBuf },
    #[error("loading TLS keypair: {path} holds no private key that can be used: {cause}")]
    NoKey { path: PathBuf, cause: rustls_pki_types::pem::Error },
    #[error("loading TLS keypair: {certificate} and {key}: {cause}")]
    Pair { certificate: PathBuf, key: PathBuf, cause: rustls::Error },
    #[error("reading from client CA file: {path}: {cause}")]
    ReadClientCa { path: PathBuf, cause: io::Error },
    #[error("failed to parse client CA: {path}: {cause}")]
    ClientCa { path: PathBuf, cause: String },
    #[error("no TLS version is left between the configured minimum and maximum: {0}")]
    Versions(rustls::Error),
}

impl TlsSettings {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or used. At the start that is fatal, later the caller keeps what
    /// it has.
    pub fn load(&self) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain = self.chain()?;
        let key = self.private_key()?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions())
            .map_err(TlsError::Versions)?;
        let builder = match &self.client_ca {
            Some(path) => builder.with_client_cert_verifier(client_verifier(path, provider)?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|cause| TlsError::Pair {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            cause,
        })?;
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
        if let Ok(ticketer) = aws_lc_rs::Ticketer::new() {
            config.ticketer = ticketer;
        }
        Ok(config)
    }

    /// Every file the configuration is made from.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        files.into_iter().flatten().cloned().collect()
    }

    fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)]
            .into_iter()
            .filter(|(version, _)| (self.min_version..=self.max_version).contains(version))
            .map(|(_, version)| version)
            .collect()
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let path = || self.certificate.clone();
        let pem = read(&self.certificate).map_err(|cause| TlsError::Read { path: path(), cause })?;
        let chain = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|cause| TlsError::Pem { path: path(), cause })?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate { path: path() });
        }
        Ok(chain)
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let path = || self.key.clone();
        let pem = read(&self.key).map_err(|cause| TlsError::Read { path: path(), cause })?;
        PrivateKeyDer::from_pem_slice(&pem).map_err(|cause| TlsError::NoKey { path: path(), cause })
    }
}

fn client_verifier(path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let pem = read(path).map_err(|cause| TlsError::ReadClientCa { path: path.to_owned(), cause })?;
    let unusable = |cause: String| TlsError::ClientCa { path: path.to_owned(), cause };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(error.to_string()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut contents)?;
    Ok(contents)
}
