//! Certificates in the forms Dex takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::UpstreamError;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// The certificates of `entries`: each the path of a PEM file, PEM in base64, or PEM. Empty ones are skipped, and not counted.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for an entry without a certificate, in Dex's words (connectors-protocol spec, 3.1), with
/// what the file system said if it looks like a path.
pub fn certificates(entries: &[String]) -> Result<Vec<CertificateDer<'static>>, UpstreamError> {
    let mut found = Vec::new();
    for (index, entry) in entries.iter().filter(|entry| !entry.is_empty()).enumerate() {
        let (text, missing) = pem_of(entry);
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match read {
            Ok(read) if !read.is_empty() => found.extend(read),
            _ => {
                return Err(UpstreamError::Misconfigured(format!(
                    "rootCAs.{index} is not in PEM format, certificate must be a PEM encoded string, a base64 encoded bytes that \
                     contain PEM encoded string, or a path to a PEM encoded certificate{missing}"
                )));
            }
        }
    }
    Ok(found)
}

/// The bytes an entry stands for, and what to add to the error if they are no certificate.
fn pem_of(entry: &str) -> (Vec<u8>, String) {
    let problem = match std::fs::read(entry) {
        Ok(bytes) => return (bytes, String::new()),
        Err(problem) => problem,
    };
    let unbroken: String = entry.split_ascii_whitespace().collect();
    match STANDARD.decode(unbroken) {
        Ok(bytes) => (bytes, String::new()),
        Err(_) if entry.contains("-----BEGIN") => (entry.as_bytes().to_vec(), String::new()),
        Err(_) => (Vec::new(), format!(" ({entry}: {problem})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_read_from_files_base64_and_text() {
        let pem = rcgen::generate_simple_self_signed(["id.example".to_owned()]).unwrap().cert.pem();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{pem}{pem}")).unwrap();
        let entries = [String::new(), file.path().display().to_string(), STANDARD.encode(&pem), pem.clone()];
        assert_eq!(certificates(&entries).unwrap().len(), 4);
        assert!(certificates(&[]).unwrap().is_empty());
    }

    #[test]
    fn an_entry_without_a_certificate_is_refused_by_number() {
        let none = STANDARD.encode("no certificate");
        for (entry, told) in
            [("/no/such/file.pem", "No such file"), (&none, "certificate"), ("-----BEGIN X", "certificate")]
        {
            let error = certificates(&[String::new(), entry.to_owned()]).unwrap_err().to_string();
            assert!(error.contains("rootCAs.0 is not in PEM format") && error.contains(told), "{error}");
        }
    }
}
