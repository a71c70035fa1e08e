//! TLS files and versions, as `web` and `grpc` name them.

use crate::tree::{Given, Map};

/// A TLS version that may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2
    Tls12,
    /// TLS 1.3
    Tls13,
}

/// The versions to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsVersions {
    /// The oldest, 1.2 by default.
    pub min: TlsVersion,
    /// The newest, 1.3 by default.
    pub max: TlsVersion,
}

impl Default for TlsVersions {
    fn default() -> Self {
        Self { min: TlsVersion::Tls12, max: TlsVersion::Tls13 }
    }
}

/// A certificate chain and its key, as paths of PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain.
    pub cert: String,
    /// The private key.
    pub key: String,
}

/// Reads `tlsMinVersion` and `tlsMaxVersion`; `rank` is the place of the first of three checks in
/// Dex's `invalid Config:` block.
pub(crate) fn versions(map: &mut Map<'_>, rank: u8) -> TlsVersions {
    /// Dex's text.
    const SUPPORTED: &str = "supported TLS versions are: 1.2, 1.3";
    let mut read = |key: &'static str, rank| -> Option<TlsVersion> {
        let Given { text, origin } = map.given(key)?;
        match text.as_str() {
            "1.2" => Some(TlsVersion::Tls12),
            "1.3" => Some(TlsVersion::Tls13),
            _ => {
                let hint = "write \"1.2\" or \"1.3\"";
                map.report().ranked(rank, origin, &map.path(key), SUPPORTED, hint);
                None
            }
        }
    };
    let (min, max) = (read("tlsMinVersion", rank), read("tlsMaxVersion", rank + 1));
    if min.is_some() && max.is_some() && min > max {
        let (key, text) = (map.path("tlsMinVersion"), "TLSMinVersion greater than TLSMaxVersion");
        let origin = map.origin("tlsMinVersion");
        map.report().ranked(rank + 2, origin, &key, text, "swap the two");
    }
    let default = TlsVersions::default();
    TlsVersions { min: min.unwrap_or(default.min), max: max.unwrap_or(default.max) }
}
