//! The variables by which the clients of OpenBao and Vault are told how to reach them.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Identity};

/// How long one request to the vault may take, retries included, unless `VAULT_CLIENT_TIMEOUT` says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// How many files of `VAULT_CAPATH` are read.
const CA_FILES_MAX: usize = 1000;

/// How to reach the vault. Each variable may begin with `BAO_`, which comes first, or with `VAULT_`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `VAULT_NAMESPACE`
    pub namespace: Option<String>,
    /// `VAULT_CACERT_BYTES`: the certificate authorities to trust instead of the system's, in PEM.
    pub ca_pem: Option<String>,
    /// `VAULT_CACERT`: a file of the same.
    pub ca_file: Option<String>,
    /// `VAULT_CAPATH`: a folder of the same.
    pub ca_folder: Option<String>,
    /// `VAULT_CLIENT_CERT`: a file with the certificate by which dex shows who it is.
    pub client_certificate: Option<String>,
    /// `VAULT_CLIENT_KEY`: a file with its key.
    pub client_key: Option<String>,
    /// `VAULT_SKIP_VERIFY`: any certificate is good enough.
    pub skip_verify: bool,
    /// `VAULT_PROXY_ADDR` or `VAULT_HTTP_PROXY`: the proxy, instead of that of `HTTPS_PROXY`.
    pub proxy: Option<String>,
    /// `VAULT_CLIENT_TIMEOUT`: how long one request may take, retries included.
    pub timeout: Option<Duration>,
}

/// Why a vault can never be asked like this.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
    #[error("failed to create vault client: {0:?} is no address of a vault")]
    Address(String),
    /// The token holds what no header may hold.
    #[error("failed to create vault client: the token holds characters that no token has")]
    Token,
    /// A variable's value makes no sense.
    #[error("failed to create vault client: {name}: {why}")]
    Variable {
        /// Without its prefix.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl OpenError {
    fn variable(name: &'static str, why: &impl std::fmt::Display) -> Self {
        Self::Variable { name, why: why.to_string() }
    }
}

impl Environment {
    /// Reads the variables by `get`, which answers `None` for one that is not set.
    ///
    /// # Errors
    ///
    /// [`OpenError::Variable`] for a switch that is neither on nor off, a time that is none, and `VAULT_TLS_SERVER_NAME`,
    /// which would be ignored in silence otherwise.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, OpenError> {
        let get = |name: &str| {
            let of = |prefix: &str| get(&format!("{prefix}{name}")).filter(|value| !value.is_empty());
            of("BAO_").or_else(|| of("VAULT_"))
        };
        if get("TLS_SERVER_NAME").is_some() {
            let why = "not supported; let the address name the host that the certificate names";
            return Err(OpenError::variable("TLS_SERVER_NAME", &why));
        }
        Ok(Self {
            namespace: get("NAMESPACE"),
            ca_pem: get("CACERT_BYTES"),
            ca_file: get("CACERT"),
            ca_folder: get("CAPATH"),
            client_certificate: get("CLIENT_CERT"),
            client_key: get("CLIENT_KEY"),
            skip_verify: get("SKIP_VERIFY").map_or(Ok(false), |text| switch("SKIP_VERIFY", &text))?,
            proxy: get("PROXY_ADDR").or_else(|| get("HTTP_PROXY")),
            timeout: get("CLIENT_TIMEOUT").map(|text| seconds("CLIENT_TIMEOUT", &text)).transpose()?,
        })
    }

    /// The authorities to trust; none stands for the system's. As in the vault's own client the text comes before the
    /// file, and the file before the folder.
    pub(crate) fn authorities(&self) -> Result<Vec<Certificate>, OpenError> {
        if let Some(pem) = &self.ca_pem {
            return bundle("CACERT_BYTES", pem.as_bytes());
        }
        if let Some(file) = &self.ca_file {
            return bundle("CACERT", &read_file("CACERT", Path::new(file))?);
        }
        let Some(folder) = &self.ca_folder else { return Ok(Vec::new()) };
        let entries = std::fs::read_dir(folder).map_err(|error| OpenError::variable("CAPATH", &error))?;
        let mut authorities = Vec::new();
        for entry in entries.take(CA_FILES_MAX) {
            let path = entry.map_err(|error| OpenError::variable("CAPATH", &error))?.path();
            if path.is_file() {
                authorities.extend(bundle("CAPATH", &read_file("CAPATH", &path)?)?);
            }
        }
        Ok(authorities)
    }

    /// The client certificate with its key.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, OpenError> {
        let (certificate, key) = match (&self.client_certificate, &self.client_key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            _ => return Err(OpenError::variable("CLIENT_CERT", &"certificate and key need each other")),
        };
        let mut pem = read_file("CLIENT_CERT", Path::new(certificate))?;
        pem.push(b'\n');
        pem.extend(read_file("CLIENT_KEY", Path::new(key))?);
        let identity = Identity::from_pem(&pem)
            .map_err(|_| OpenError::variable("CLIENT_CERT", &"not a certificate and its key in PEM"))?;
        Ok(Some(identity))
    }
}

fn read_file(name: &'static str, path: &Path) -> Result<Vec<u8>, OpenError> {
    std::fs::read(path).map_err(|error| OpenError::Variable { name, why: format!("{}: {error}", path.display()) })
}

fn bundle(name: &'static str, pem: &[u8]) -> Result<Vec<Certificate>, OpenError> {
    match Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(OpenError::variable(name, &"holds no certificate in PEM")),
    }
}

/// As Go reads a bool.
fn switch(name: &'static str, text: &str) -> Result<bool, OpenError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(OpenError::variable(name, &"write true or false")),
    }
}

/// Seconds, with or without their unit, or minutes.
fn seconds(name: &'static str, text: &str) -> Result<Duration, OpenError> {
    let (number, factor) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let number: u32 = number.parse().map_err(|_| OpenError::variable(name, &"write a number of seconds"))?;
    match u64::from(number) * factor {
        // The vault's client takes 0 for no limit at all; without one a hanging vault would hang every login.
        0 => Ok(TIMEOUT),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, OpenError> {
        Environment::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_of_the_newer_name_come_first_and_empty_ones_count_for_nothing() {
        let cases = [
            (vec![], None),
            (vec![("VAULT_NAMESPACE", "a")], Some("a")),
            (vec![("VAULT_NAMESPACE", "a"), ("BAO_NAMESPACE", "b")], Some("b")),
            (vec![("VAULT_NAMESPACE", "a"), ("BAO_NAMESPACE", "")], Some("a")),
        ];
        for (variables, expected) in cases {
            assert_eq!(read(&variables).unwrap().namespace.as_deref(), expected, "{variables:?}");
        }
    }

    #[test]
    fn times_and_switches_are_read_as_the_vaults_client_reads_them() {
        let times = [("5", Some(5)), ("5s", Some(5)), ("2m", Some(120)), ("0", Some(10)), ("soon", None), ("-1", None)];
        for (text, expected) in times {
            let got = read(&[("VAULT_CLIENT_TIMEOUT", text)]).ok().map(|read| read.timeout.unwrap().as_secs());
            assert_eq!(got, expected, "{text}");
        }
        for (text, expected) in [("1", Some(true)), ("false", Some(false)), ("", Some(false)), ("yes", None)] {
            let got = read(&[("VAULT_SKIP_VERIFY", text)]).ok().map(|read| read.skip_verify);
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let half = read(&[("VAULT_CLIENT_CERT", "/no/such")]).unwrap().identity();
        assert!(matches!(half, Err(OpenError::Variable { name: "CLIENT_CERT", .. })));
        let empty = read(&[("VAULT_CACERT_BYTES", "nothing")]).unwrap().authorities();
        assert!(matches!(empty, Err(OpenError::Variable { name: "CACERT_BYTES", .. })));
        assert!(read(&[("BAO_TLS_SERVER_NAME", "v")]).is_err() && read(&[("BAO_TLS_SERVER_NAME", "")]).is_ok());
        let missing = read(&[("VAULT_CACERT", "/no/such")]).unwrap().authorities();
        assert!(matches!(missing, Err(OpenError::Variable { name: "CACERT", .. })));
    }
}
