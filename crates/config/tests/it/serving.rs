use dex_config::{ListenAddress, LogFormat, LogLevel, Overrides, TlsVersion, load};

use crate::{BASE, EVERYTHING, assert_refused, config, config_with, try_load, warnings};

fn tcp(host: &str, port: u16) -> ListenAddress {
    ListenAddress::Tcp { host: host.to_owned(), port }
}

#[test]
fn web_reads_listeners_tls_headers_cors_and_proxies() {
    let text = "issuer: https://a\nstorage: {type: memory}\nweb:\n  http: unix:///run/dex.sock\n  \
        https: '[::]:5554'\n  tlsCert: c.pem\n  tlsKey: k.pem\n  tlsMinVersion: 1.2\n  tlsMaxVersion: '1.3'\n  \
        headers: {X-Frame-Options: DENY, x-xss-protection: 0}\n  allowedOrigins: ['*']\n  \
        clientRemoteIP: {header: X-Forwarded-For, trustedProxies: [10.0.0.0/8, '::1/128']}\n";
    let web = try_load(text, &[]).expect("web").web;
    assert_eq!(web.http, Some(ListenAddress::Unix("/run/dex.sock".to_owned())));
    assert_eq!(web.https, Some(tcp("::", 5554)));
    let tls = web.tls.expect("tls");
    assert_eq!((tls.cert.as_str(), tls.key.as_str()), ("c.pem", "k.pem"));
    assert_eq!(web.tls_versions.min, TlsVersion::Tls12);
    assert_eq!(web.tls_versions.max, TlsVersion::Tls13);
    let headers = [("X-Frame-Options", "DENY".to_owned()), ("X-XSS-Protection", "0".to_owned())];
    assert_eq!(web.headers, headers);
    assert_eq!(web.allowed_origins, ["*"]);
    assert_eq!(web.allowed_headers, ["Authorization"]);
    assert_eq!(web.client_remote_ip.expect("proxies").trusted_proxies.len(), 2);
}

#[test]
fn the_block_of_dex_comes_in_its_order_and_words() {
    let text = "web: {https: ':1', tlsMinVersion: 1.1, tlsMaxVersion: 1.4}\n\
        staticPasswords: [{email: a@b, userID: u, hash: $2a$10$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]\n\
        grpc: {tlsCert: a, tlsMinVersion: 1.3, tlsMaxVersion: 1.2}\n";
    let refused = try_load(text, &[]).expect_err("much is wrong");
    let texts: Vec<_> = refused.lines().map(|line| line.split(" (dex.yaml").next().unwrap_or(line)).collect();
    assert_eq!(
        texts,
        [
            "invalid Config:",
            "\t-\tno issuer specified in config file",
            "\t-\tcannot specify static passwords without enabling password db",
            "\t-\tno storage supplied in config file",
            "\t-\tno cert specified for HTTPS",
            "\t-\tno private key specified for HTTPS",
            "\t-\tsupported TLS versions are: 1.2, 1.3",
            "\t-\tsupported TLS versions are: 1.2, 1.3",
            "\t-\tno address specified for gRPC",
            "\t-\tmust specific both a gRPC TLS cert and key",
            "\t-\tTLSMinVersion greater than TLSMaxVersion",
        ]
    );
}

#[test]
fn grpc_is_off_without_an_address_and_checks_its_files() {
    assert_eq!(config("grpc: {reflection: true}").grpc, None);
    let grpc = config("grpc: {addr: ':5557', tlsCert: a, tlsKey: b, tlsClientCA: c, reflection: true}");
    let grpc = grpc.grpc.expect("grpc");
    assert_eq!((grpc.addr, grpc.reflection), (tcp("", 5557), true));
    assert_eq!(grpc.tls_client_ca.as_deref(), Some("c"));
    assert_refused(&[
        (
            "grpc: {addr: ':1', tlsClientCA: c}",
            "invalid Config:\n\t-\tcannot specify gRPC TLS client CA without a gRPC TLS cert \
             (dex.yaml:5:33: grpc.tlsClientCA; add tlsCert and tlsKey)",
        ),
        (
            "grpc: {addr: ':1', tlsKey: c}",
            "invalid Config:\n\t-\tmust specific both a gRPC TLS cert and key \
             (dex.yaml:5:28: grpc.tlsCert; name both files or none)",
        ),
    ]);
}

#[test]
fn what_cannot_be_served_is_refused_where_it_stands() {
    assert_refused(&[
        (
            "telemetry: {http: 5558}",
            "dex.yaml:5:19: telemetry.http: listening (telemetry) on 5558: address 5558: missing port in address; \
             write host:port, such as 0.0.0.0:5556, [::1]:5556 or :5556",
        ),
        (
            "logger: {level: warning}",
            "dex.yaml:5:17: logger.level: slog: level string \"warning\": unknown name; write debug, info, warn or error",
        ),
        (
            "logger: {format: xml}",
            "dex.yaml:5:18: logger.format: invalid config: log format is not one of the supported values (json, text): xml",
        ),
        (
            "frontend: {theme: ../a}",
            "dex.yaml:5:19: frontend.theme: a theme is the name of one folder; leave out the path",
        ),
    ]);
    let text = format!(
        "{BASE}  clientRemoteIP: {{header: X, trustedProxies: [10.0.0.1]}}\n  https: unix:/a\n  tlsCert: a\n  tlsKey: b\n  headers: {{X-Frame-Options: \"a\\nb\"}}\n"
    );
    let refused = try_load(&text, &[]).expect_err("web");
    assert_eq!(
        refused,
        "dex.yaml:6:10: web.https: a unix socket carries no TLS; use web.http for it\n\
         dex.yaml:9:30: web.headers.X-Frame-Options: a header value is one line; fold the lines with `>-`\n\
         dex.yaml:5:47: web.clientRemoteIP.trustedProxies[0]: failed to parse client remote IP settings: \
         failed to parse CIDR \"10.0.0.1\": not an address with a prefix length; write 10.0.0.0/8, or 192.0.2.1/32 for one address"
    );
}

#[test]
fn a_header_nobody_is_trusted_with_is_a_warning() {
    let text = format!("{BASE}  clientRemoteIP: {{header: X}}\n");
    let read = try_load(&text, &[]).expect("accepted");
    assert!(warnings(&read).starts_with("dex.yaml:5:28: web.clientRemoteIP.header: "));
}

#[test]
fn flags_replace_addresses_before_they_are_checked() {
    let flags = Overrides {
        web_http_addr: "0.0.0.0:1".to_owned(),
        telemetry_addr: ":3".to_owned(),
        grpc_addr: ":4".to_owned(),
        ..Overrides::default()
    };
    let text = "issuer: https://a\nstorage: {type: memory}\nweb: {http: broken}\n";
    let read = load("dex.yaml", text, &|_: &str| None, &flags, &EVERYTHING).expect("flags");
    assert_eq!(read.web.http, Some(tcp("0.0.0.0", 1)));
    assert_eq!(read.telemetry.http, Some(tcp("", 3)));
    assert_eq!(read.grpc.expect("grpc").addr, tcp("", 4));
    let flags = Overrides { web_https_addr: "x".to_owned(), ..Overrides::default() };
    let refused = load("dex.yaml", BASE, &|_: &str| None, &flags, &EVERYTHING).expect_err("flag");
    let lines = refused.to_string();
    assert!(lines.contains("no cert specified for HTTPS (--web-https-addr: web.tlsCert; "), "{lines}");
    assert!(lines.contains("\n--web-https-addr: web.https: listening (https) on x: "), "{lines}");
}

#[test]
fn frontend_and_logger_have_the_defaults_of_dex() {
    let read = config("");
    let frontend = &read.frontend;
    assert_eq!((frontend.theme.as_str(), frontend.issuer.as_str()), ("", "dex"));
    assert_eq!((frontend.logo_url.as_str(), &frontend.dir), ("theme/logo.png", &None));
    assert_eq!((read.logger.level, read.logger.format), (LogLevel(0), LogFormat::Text));
    let read = config("frontend: {theme: tectonic}\nlogger: {level: '', format: JSON, excludeFields: [email]}");
    assert_eq!(read.frontend.theme, "");
    assert_eq!((read.logger.level, read.logger.format), (LogLevel(0), LogFormat::Json));
    assert_eq!(read.logger.exclude_fields, ["email"]);
    let env = [("DEX_FRONTEND_DIR", "/srv")];
    assert_eq!(config_with("", &env).frontend.dir.as_deref(), Some("/srv"));
    assert_eq!(config_with("frontend: {dir: /a}", &env).frontend.dir.as_deref(), Some("/a"));
}
