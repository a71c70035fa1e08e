//! TLS with etcd, as configured.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{OpenError, TlsFiles};

/// What gRPC needs the connection to speak.
const ALPN: &[u8] = b"h2";

/// Reads the files. The authorities are those of the system when none are named.
pub(super) fn config(files: &TlsFiles) -> Result<Arc<ClientConfig>, OpenError> {
    let failed = |file: &str, reason: String| OpenError::File { file: file.to_owned(), reason };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed("", error.to_string()))?.with_root_certificates(roots(&files.ca)?);
    let mut config = if files.cert.is_empty() {
        builder.with_no_client_auth()
    } else {
        let chain = certificates(&files.cert)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| failed(&files.key, error.to_string()))?;
        let paired = builder.with_client_auth_cert(chain, key);
        paired.map_err(|error| failed(&files.cert, error.to_string()))?
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn roots(file: &str) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    if file.is_empty() {
        // Some of the system's may be damaged, which concerns us only when none is left.
        let (_, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        let (_, _) = roots.add_parsable_certificates(certificates(file)?);
    }
    if roots.is_empty() {
        let file = if file.is_empty() { "the authorities of the system" } else { file };
        return Err(OpenError::File { file: file.to_owned(), reason: "it holds no certificate".to_owned() });
    }
    Ok(roots)
}

fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| OpenError::File { file: file.to_owned(), reason: error.to_string() })?;
    if read.is_empty() {
        return Err(OpenError::File { file: file.to_owned(), reason: "it holds no certificate".to_owned() });
    }
    Ok(read)
}
