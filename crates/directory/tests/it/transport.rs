//! Reaching OpenLDAP by StartTLS and LDAPS, and being reached by nobody else.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use dex_peers::{Slapd, TlsFiles};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::openldap::{PEOPLE, config};
use crate::support::{End, merged, open};

/// A certificate authority whose files lie in a folder.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self::naming(name, &[])
    }

    /// One whose own certificate is for hosts, too.
    fn naming(name: &str, hosts: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut parameters = CertificateParams::new(hosts).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let certificate = parameters.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("ca.key"), key.serialize_pem()).unwrap();
        Self { folder, issuer: Issuer::new(parameters, key) }
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("ca.key")
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate and its key, for a server of these names or for a client without any.
    pub(crate) fn issue(&self, common_name: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let at = |end: &str| self.folder.path().join(format!("{common_name}.{end}"));
        std::fs::write(at("crt"), certificate.pem()).unwrap();
        std::fs::write(at("key"), key.serialize_pem()).unwrap();
        (at("crt"), at("key"))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn connections_are_secured_before_anything_is_said() {
    let authority = Authority::new("dex test authority");
    let (certificate, key) = authority.issue("server", &["localhost", "127.0.0.1"]);
    let ca = authority.file();
    let tls = TlsFiles { authority: &ca, certificate: &certificate, key: &key };
    // Nobody is answered in clear, and whoever shows the certificate `dex` is the service.
    let strict = "authz-regexp \"^cn=dex$\" \"cn=dex,dc=example,dc=org\"\nsecurity simple_bind=128\n";
    let server = Slapd::start(PEOPLE, Some(&tls), strict).await;
    let server = server.unwrap();
    let start_tls =
        |change: Value| merged(merged(config(&server), json!({"insecureNoSSL": false, "startTLS": true})), change);
    let ldaps = |change: Value| {
        let host = format!("127.0.0.1:{}", server.tls_port);
        merged(merged(config(&server), json!({"insecureNoSSL": false, "host": host})), change)
    };
    let jane = || End::In("cn=jane,ou=People,dc=example,dc=org".to_owned());
    let pem = base64::engine::general_purpose::STANDARD.encode(std::fs::read(&ca).unwrap());
    let trusted = json!({"rootCA": text(&ca)});
    let (client, client_key) = authority.issue("dex", &[]);
    let pair = json!({"rootCA": text(&ca), "clientCert": text(&client), "clientKey": text(&client_key)});
    let external = merged(pair.clone(), json!({"saslExternal": true, "bindDN": "", "bindPW": ""}));
    for (told, change) in [
        ("a private authority", trusted.clone()),
        ("the same in the configuration", json!({"rootCAData": pem, "rootCA": "/nowhere"})),
        ("a client certificate", pair),
        ("being whom the client certificate names", external),
        ("no check", json!({"insecureSkipVerify": true})),
    ] {
        assert_eq!(open(&start_tls(change.clone())).end("jane", "foo").await, jane(), "StartTLS, {told}");
        assert_eq!(open(&ldaps(change)).end("jane", "foo").await, jane(), "LDAPS, {told}");
    }
    let both = open(&start_tls(json!({"insecureNoSSL": true, "rootCA": text(&ca)})));
    assert_eq!(both.end("jane", "foo").await, jane(), "StartTLS wins over no TLS");
    let stranger = Authority::new("somebody else");
    let elsewhere = format!("127.0.0.2:{}", server.tls_port);
    for (told, config, why) in [
        ("StartTLS, another authority", start_tls(json!({"rootCA": text(&stranger.file())})), "UnknownIssuer"),
        ("LDAPS, another authority", ldaps(json!({"rootCA": text(&stranger.file())})), "UnknownIssuer"),
        ("LDAPS, the system's authorities", ldaps(json!({})), "UnknownIssuer"),
        ("LDAPS, another name", ldaps(json!({"host": elsewhere, "rootCA": text(&ca)})), "failed"),
    ] {
        let End::Failed(error) = open(&config).end("jane", "foo").await else { panic!("{told}") };
        assert!(error.contains(why), "{told}: {error}");
    }
    let renewed = stranger.file();
    let corp = open(&ldaps(json!({"rootCA": text(&renewed)})));
    assert!(matches!(corp.end("jane", "foo").await, End::Failed(_)), "the authority of old");
    std::fs::copy(&ca, &renewed).unwrap();
    assert_eq!(corp.end("jane", "foo").await, jane(), "the new one");
    let clear = open(&config(&server)).end("jane", "foo").await;
    let End::Failed(error) = clear else { panic!("in clear: {clear:?}") };
    assert!(error.contains("LDAP Result Code 13"), "{error}");
    let to_ldaps =
        start_tls(json!({"host": format!("127.0.0.1:{}", server.tls_port), "rootCA": text(&ca), "connectTimeout": 1}));
    assert!(matches!(open(&to_ldaps).end("jane", "foo").await, End::Failed(_)), "StartTLS at the port of LDAPS");
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_in_clear() {
    let server = Slapd::start(PEOPLE, None, "").await.unwrap();
    let start_tls = merged(config(&server), json!({"insecureNoSSL": false, "startTLS": true, "maxConnections": 1}));
    let corp = open(&start_tls);
    for _ in 0..3 {
        let End::Failed(error) = corp.end("jane", "foo").await else { panic!("nobody is let in") };
        assert!(error.contains("start TLS failed: LDAP Result Code"), "{error}");
    }
    assert_eq!(server.connections().await.unwrap(), 0, "refused connections are closed");
}

/// Its own authority, as `openssl req -x509` makes it.
#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_believed_if_it_is_configured() {
    let own = Authority::naming("self", &["127.0.0.1"]);
    let (ca, key) = (own.file(), own.key());
    let server =
        Slapd::start(PEOPLE, Some(&TlsFiles { authority: &ca, certificate: &ca, key: &key }), "").await.unwrap();
    let over = |ca: &Path, host: &str| {
        let host = format!("{host}:{}", server.tls_port);
        open(&merged(config(&server), json!({"insecureNoSSL": false, "host": host, "rootCA": text(ca)})))
    };
    assert!(matches!(over(&ca, "127.0.0.1").end("jane", "foo").await, End::In(_)));
    let End::Failed(error) = over(&ca, "localhost").end("jane", "foo").await else { panic!("another name") };
    assert!(error.contains("certificate not valid for name"), "{error}");
    let stranger = Authority::naming("self", &["127.0.0.1"]);
    assert!(matches!(over(&stranger.file(), "127.0.0.1").end("jane", "foo").await, End::Failed(_)));
}
