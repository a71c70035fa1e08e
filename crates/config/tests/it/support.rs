use dex_config::{Feature, Overrides, Supported, load};

use crate::{BASE, EVERYTHING};

/// The least a server can do.
const LITTLE: Supported<'static> = Supported {
    connector_kinds: &["mockCallback"],
    storage_kinds: &["memory"],
    signer_kinds: &["local"],
    signer_algorithms: &["RS256"],
    authenticator_kinds: &[],
    features: &[],
};

fn refused(more: &str, supported: &Supported<'_>, variables: &[(&str, &str)]) -> Option<String> {
    let env = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let text = format!("{BASE}{more}");
    load("dex.yaml", &text, &env, &Overrides::default(), supported).err().map(|errors| errors.to_string())
}

#[test]
fn a_key_whose_function_does_not_exist_stops_the_start() {
    let cases = [
        ("  https: ':1'\n  tlsCert: a\n  tlsKey: b", "dex.yaml:5:3: web.https: not supported yet"),
        ("  headers: {X-Frame-Options: DENY}", "dex.yaml:5:3: web.headers: not supported yet"),
        ("  allowedOrigins: ['*']", "dex.yaml:5:3: web.allowedOrigins: not supported yet"),
        (
            "  clientRemoteIP: {header: X, trustedProxies: [10.0.0.0/8]}",
            "dex.yaml:5:20: web.clientRemoteIP.header: not supported yet",
        ),
        ("telemetry: {http: ':1'}", "dex.yaml:5:13: telemetry.http: not supported yet"),
        ("telemetry: {enableProfiling: true}", "dex.yaml:5:13: telemetry.enableProfiling: not "),
        ("grpc: {addr: ':1'}", "dex.yaml:5:8: grpc.addr: not supported yet"),
        ("frontend: {dir: /a}", "dex.yaml:5:12: frontend.dir: not supported yet"),
        ("logger: {excludeFields: [a]}", "dex.yaml:5:10: logger.excludeFields: not supported yet"),
        ("oauth2: {passwordConnector: a}", "dex.yaml:5:10: oauth2.passwordConnector: not "),
        (
            "oauth2: {introspection: {requireAuthentication: true}}",
            "dex.yaml:5:26: oauth2.introspection.requireAuthentication: not supported yet",
        ),
        ("sessions: {}", "dex.yaml:5:11: sessions: not supported yet"),
        ("signer: {type: vault, config: {keyName: k}}", "dex.yaml:5:9: signer.type: `vault` is not supported yet"),
        (
            "signer: {type: local, config: {keysRotationPeriod: 6h, algorithm: ES256}}",
            "dex.yaml:5:9: signer.config.algorithm: `ES256` is not supported yet",
        ),
        (
            "connectors: [{type: saml, id: a, name: a, config: {}}]",
            "dex.yaml:5:21: connectors[0].type: `saml` is not supported yet",
        ),
    ];
    for (more, expected) in cases {
        let errors = refused(more, &LITTLE, &[]).expect(more);
        assert!(errors.starts_with(expected), "{more}\n{errors}");
        assert_eq!(refused(more, &EVERYTHING, &[]), None, "{more}");
    }
}

#[test]
fn a_key_that_asks_for_nothing_needs_nothing() {
    let more = "telemetry: {http: '', enableProfiling: false}\ngrpc: {}\nfrontend: {dir: ''}\n\
        oauth2: {passwordConnector: ''}\nmfa: {authenticators: [], defaultMFAChain: []}\n\
        staticClients: [{id: a, name: a, secret: s, mfaChain: []}]\n\
        connectors: [{type: mockCallback, id: m, name: m}]\n";
    assert_eq!(refused(more, &LITTLE, &[]), None);
}

#[test]
fn a_block_that_is_switched_off_is_no_error_and_a_forced_one_is() {
    let off = [("DEX_SESSIONS_ENABLED", "false")];
    let on = [("DEX_SESSIONS_ENABLED", "1")];
    assert_eq!(refused("sessions: {absoluteLifetime: x}", &LITTLE, &off), None);
    let errors = refused("", &LITTLE, &on).expect("forced");
    assert!(errors.starts_with("dex.yaml:1:1: sessions: not supported yet"), "{errors}");
    assert_eq!(refused("", &EVERYTHING, &on), None);
}

#[test]
fn storages_and_their_other_layout_are_asked_for_too() {
    let none = Supported { storage_kinds: &["sqlite3"], ..EVERYTHING };
    let errors = refused("", &none, &[]).expect("memory");
    assert!(errors.starts_with("dex.yaml:2:10: storage.type: `memory` is not supported yet"));
    let without_ent: Vec<_> = Feature::ALL.iter().copied().filter(|one| *one != Feature::EntStorage).collect();
    let without_ent = Supported { features: &without_ent, ..EVERYTHING };
    let text = "issuer: https://a\nstorage: {type: sqlite3}\nweb: {http: ':1'}\n";
    let env = |name: &str| (name == "DEX_ENT_ENABLED").then(|| "true".to_owned());
    let flags = Overrides::default();
    let errors = load("dex.yaml", text, &env, &flags, &without_ent).expect_err("ent");
    assert!(errors.to_string().starts_with("DEX_ENT_ENABLED: storage.type: not supported yet"));
    assert!(load("dex.yaml", text, &env, &flags, &EVERYTHING).is_ok());
    assert!(load("dex.yaml", text, &|_: &str| None, &flags, &without_ent).is_ok());
}

#[test]
fn a_key_that_a_flag_replaces_is_told_once() {
    let overrides = Overrides { grpc_addr: ":2".to_owned(), ..Overrides::default() };
    let text = format!("{BASE}grpc: {{addr: ':1'}}");
    let errors = load("dex.yaml", &text, &|_: &str| None, &overrides, &LITTLE).expect_err("no gRPC");
    assert_eq!(errors.problems().len(), 1, "{errors}");
}
