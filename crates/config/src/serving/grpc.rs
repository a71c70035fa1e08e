//! `grpc`: the management API.

use crate::Overrides;
use crate::problem::Origin;
use crate::serving::address::{ListenAddress, listen_address, or_flag};
use crate::serving::tls::{self, TlsFiles, TlsVersions};
use crate::tree::Map;

/// The section `grpc` with an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// Where to serve.
    pub addr: ListenAddress,
    /// Plain text when unset.
    pub tls: Option<TlsFiles>,
    /// The CA whose client certificates are required, as the path of a PEM file.
    pub tls_client_ca: Option<String>,
    /// The TLS versions offered.
    pub tls_versions: TlsVersions,
    /// Whether the reflection service is served.
    pub reflection: bool,
}

impl Grpc {
    pub(crate) fn read(map: &mut Map<'_>, flags: &Overrides) -> Option<Self> {
        let given = or_flag(map, "addr", ("--grpc-addr", &flags.grpc_addr));
        let (cert, key) = (map.given("tlsCert"), map.given("tlsKey"));
        let client_ca = map.given("tlsClientCA");
        let tls_versions = tls::versions(map, 14);
        let reflection = map.bool("reflection", false);
        let ranked = |rank, origin: &Origin, key, text, hint| {
            map.report().ranked(rank, origin.clone(), &map.path(key), text, hint);
        };
        if given.is_none() {
            for (rank, file) in [(10, &cert), (11, &key)] {
                let Some(file) = file else { continue };
                let text = "no address specified for gRPC";
                ranked(rank, &file.origin, "addr", text, "add `addr: 127.0.0.1:5557`");
            }
        }
        if let (Some(one), None) | (None, Some(one)) = (&cert, &key) {
            let text = "must specific both a gRPC TLS cert and key";
            let missing = if cert.is_some() { "tlsKey" } else { "tlsCert" };
            ranked(12, &one.origin, missing, text, "name both files or none");
        }
        if let (Some(ca), None) = (&client_ca, &cert) {
            let text = "cannot specify gRPC TLS client CA without a gRPC TLS cert";
            ranked(13, &ca.origin, "tlsClientCA", text, "add tlsCert and tlsKey");
        }
        let addr = listen_address(&given?, &map.path("addr"), "grpc", map.report())?;
        let tls = cert.zip(key).map(|(cert, key)| TlsFiles { cert: cert.text, key: key.text });
        let tls_client_ca = client_ca.map(|ca| ca.text);
        Some(Self { addr, tls, tls_client_ca, tls_versions, reflection })
    }
}
