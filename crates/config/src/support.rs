//! What this build can do, set against what a file asks for.
//!
//! Every key is read and checked whether or not its function exists. A key that says something
//! whose function the caller does not name in [`Supported`] stops the start, so that nothing is
//! ever silently left undone.

use std::collections::BTreeSet;

use crate::report::Report;

/// A function of the server that a key turns on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The TLS listener.
    Https,
    /// Unix sockets as listeners.
    UnixSockets,
    /// Response headers for every route.
    ResponseHeaders,
    /// Cross-origin requests.
    Cors,
    /// The client's address behind proxies.
    ClientRemoteIp,
    /// The telemetry listener.
    Telemetry,
    /// The profiling routes.
    Profiling,
    /// The management API.
    Grpc,
    /// Its reflection service.
    GrpcReflection,
    /// Own templates, themes and static files.
    FrontendDir,
    /// Log fields left out on request.
    ExcludeFields,
    /// The password grant.
    PasswordGrant,
    /// Client authentication at introspection.
    IntrospectionAuthentication,
    /// Browser sessions.
    Sessions,
    /// Second factors.
    Mfa,
    /// Groups in tokens of the `client_credentials` grant.
    ClientCredentialsClaims,
    /// SQL storages in the layout of Dex's ORM engine.
    EntStorage,
}

impl Feature {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Https,
        Self::UnixSockets,
        Self::ResponseHeaders,
        Self::Cors,
        Self::ClientRemoteIp,
        Self::Telemetry,
        Self::Profiling,
        Self::Grpc,
        Self::GrpcReflection,
        Self::FrontendDir,
        Self::ExcludeFields,
        Self::PasswordGrant,
        Self::IntrospectionAuthentication,
        Self::Sessions,
        Self::Mfa,
        Self::ClientCredentialsClaims,
        Self::EntStorage,
    ];
}

/// The key that turns a function on, list positions left out. Keys not listed need nothing
/// special.
const KEYS: &[(&str, Feature)] = &[
    ("web.https", Feature::Https),
    ("web.headers", Feature::ResponseHeaders),
    ("web.allowedOrigins", Feature::Cors),
    ("web.clientRemoteIP.header", Feature::ClientRemoteIp),
    ("telemetry.http", Feature::Telemetry),
    ("telemetry.enableProfiling", Feature::Profiling),
    ("grpc.addr", Feature::Grpc),
    ("grpc.reflection", Feature::GrpcReflection),
    ("frontend.dir", Feature::FrontendDir),
    ("logger.excludeFields", Feature::ExcludeFields),
    ("oauth2.passwordConnector", Feature::PasswordGrant),
    ("oauth2.introspection.requireAuthentication", Feature::IntrospectionAuthentication),
    ("mfa.authenticators", Feature::Mfa),
    ("mfa.defaultMFAChain", Feature::Mfa),
    ("staticClients[].mfaChain", Feature::Mfa),
    ("staticClients[].clientCredentialsClaims", Feature::ClientCredentialsClaims),
];

/// What this build can do.
#[derive(Clone, Copy, Debug)]
pub struct Supported<'s> {
    /// `connectors[].type`
    pub connector_kinds: &'s [&'s str],
    /// `storage.type`
    pub storage_kinds: &'s [&'s str],
    /// `signer.type`
    pub signer_kinds: &'s [&'s str],
    /// `signer.config.algorithm` of the local signer
    pub signer_algorithms: &'s [&'s str],
    /// `mfa.authenticators[].type`
    pub authenticator_kinds: &'s [&'s str],
    /// Everything else.
    pub features: &'s [Feature],
}

impl Supported<'_> {
    pub(crate) fn can(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }

    /// Reports each key of the file that asks for what this build cannot do.
    pub(crate) fn check_keys(&self, report: &Report) {
        // A key that the file has and a flag replaces is there twice.
        let mut told = BTreeSet::new();
        for present in report.take_present() {
            let wanted = KEYS.iter().find(|(key, _)| *key == present.pattern);
            if wanted.is_some_and(|(_, feature)| !self.can(*feature)) && told.insert(present.key.clone()) {
                report.error(present.at, &present.key, NOT_YET, "remove the key");
            }
        }
    }
}

/// What a key is told whose function does not exist.
pub(crate) const NOT_YET: &str = "not supported yet";
