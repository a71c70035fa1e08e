//! `web`: the HTTP and HTTPS listeners.

use ipnet::IpNet;

use crate::Overrides;
use crate::problem::quoted;
use crate::serving::address::{ListenAddress, listen_address, or_flag};
use crate::serving::tls::{self, TlsFiles, TlsVersions};
use crate::tree::{Given, Map};

/// The section `web`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Web {
    /// The plain listener.
    pub http: Option<ListenAddress>,
    /// The TLS listener; `tls` is set when this is.
    pub https: Option<ListenAddress>,
    /// What the TLS listener shows.
    pub tls: Option<TlsFiles>,
    /// The TLS versions it offers.
    pub tls_versions: TlsVersions,
    /// Headers for every routed response, name and value; only those that were given.
    pub headers: Vec<(&'static str, String)>,
    /// Origins allowed by CORS, `*` for all; empty turns CORS off.
    pub allowed_origins: Vec<String>,
    /// Request headers allowed by CORS.
    pub allowed_headers: Vec<String>,
    /// How a proxy tells the client's address.
    pub client_remote_ip: Option<ClientRemoteIp>,
}

/// The block `web.clientRemoteIP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRemoteIp {
    /// The header the proxies fill.
    pub header: String,
    /// The peers whose header is believed. Empty: nobody's is.
    pub trusted_proxies: Vec<IpNet>,
}

/// The response headers that can be set.
const HEADERS: [&str; 5] = [
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
];

impl Web {
    pub(crate) fn read(map: &mut Map<'_>, flags: &Overrides) -> Self {
        let http = or_flag(map, "http", ("--web-http-addr", &flags.web_http_addr));
        let https = or_flag(map, "https", ("--web-https-addr", &flags.web_https_addr));
        let (cert, key) = (map.text("tlsCert"), map.text("tlsKey"));
        check_listeners(map, &http, &https, (&cert, &key));
        let read = |given: Option<Given>, key, server| {
            given.and_then(|given| listen_address(&given, &map.path(key), server, map.report()))
        };
        let http = read(http, "http", "http");
        let https = read(https, "https", "https");
        if matches!(https, Some(ListenAddress::Unix(_))) {
            map.error("https", "a unix socket carries no TLS", "use web.http for it");
        }
        Self {
            tls: https.is_some().then_some(TlsFiles { cert, key }),
            http,
            https,
            tls_versions: tls::versions(map, 7),
            headers: map.section("headers", headers),
            allowed_origins: map.texts("allowedOrigins"),
            allowed_headers: match map.texts("allowedHeaders") {
                none if none.is_empty() => vec!["Authorization".to_owned()],
                some => some,
            },
            client_remote_ip: map.section("clientRemoteIP", client_remote_ip),
        }
    }
}

fn check_listeners(map: &Map<'_>, http: &Option<Given>, https: &Option<Given>, (cert, key): (&str, &str)) {
    let report = map.report();
    if http.is_none() && https.is_none() {
        let text = "must supply a HTTP/HTTPS  address to listen on";
        let hint = "add `http: 0.0.0.0:5556` below `web:`";
        report.ranked(4, map.origin("http"), &map.path("http"), text, hint);
    }
    let Some(https) = https else { return };
    if cert.is_empty() {
        let (path, text) = (map.path("tlsCert"), "no cert specified for HTTPS");
        report.ranked(5, https.origin.clone(), &path, text, "name the PEM file of the chain");
    }
    if key.is_empty() {
        let (path, text) = (map.path("tlsKey"), "no private key specified for HTTPS");
        report.ranked(6, https.origin.clone(), &path, text, "name the PEM file of the key");
    }
}

fn headers(map: &mut Map<'_>) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    for name in HEADERS {
        let Some(value) = map.optional(name) else {
            continue;
        };
        if value.contains(['\r', '\n', '\0']) {
            map.error(name, "a header value is one line", "fold the lines with `>-`");
        }
        headers.push((name, value));
    }
    headers
}

fn client_remote_ip(map: &mut Map<'_>) -> Option<ClientRemoteIp> {
    let header = map.text("header");
    let proxies = map.texts("trustedProxies");
    let mut trusted_proxies = Vec::with_capacity(proxies.len());
    for (at, text) in proxies.iter().enumerate() {
        match text.parse::<IpNet>() {
            Ok(net) => trusted_proxies.push(net),
            Err(_) => {
                let key = format!("{}[{at}]", map.path("trustedProxies"));
                let cidr = quoted(text);
                let text = format!(
                    "failed to parse client remote IP settings: failed to parse CIDR {cidr}: \
                     not an address with a prefix length"
                );
                let hint = "write 10.0.0.0/8, or 192.0.2.1/32 for one address";
                map.report().error(map.at("trustedProxies"), &key, text, hint);
            }
        }
    }
    if !header.is_empty() && proxies.is_empty() {
        map.warn("header", "without trustedProxies nobody's header is believed; it is ignored");
    }
    (!header.is_empty()).then_some(ClientRemoteIp { header, trusted_proxies })
}
