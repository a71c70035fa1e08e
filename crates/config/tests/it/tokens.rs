use std::time::Duration;

use dex_config::{GrantType, ResponseType, Signer, SigningAlgorithm};

use crate::{Variables, assert_refused, config, config_with, errors, warnings};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn expiry_has_the_defaults_of_dex_but_for_codes() {
    for more in ["", "expiry: {idTokens: 0, authRequests: 0s, deviceRequests: 0}"] {
        let expiry = config(more).expiry;
        assert_eq!(expiry.id_tokens, 24 * HOUR);
        assert_eq!(expiry.auth_requests, 24 * HOUR);
        assert_eq!(expiry.device_requests, Duration::from_secs(300));
        assert_eq!(expiry.auth_codes, Duration::from_secs(60));
        assert!(expiry.refresh_tokens.rotation);
        assert_eq!(expiry.refresh_tokens.reuse_interval, Duration::ZERO);
        assert_eq!(expiry.refresh_tokens.absolute_lifetime, None);
        assert_eq!(expiry.refresh_tokens.valid_if_not_used_for, None);
    }
    let expiry = config(
        "expiry: {idTokens: 1.5h, authCodes: 30s, refreshTokens: {disableRotation: true, \
         reuseInterval: 3s, absoluteLifetime: 3960h, validIfNotUsedFor: 0}}",
    )
    .expiry;
    assert_eq!((expiry.id_tokens, expiry.auth_codes), (HOUR * 3 / 2, Duration::from_secs(30)));
    assert!(!expiry.refresh_tokens.rotation);
    assert_eq!(expiry.refresh_tokens.reuse_interval, Duration::from_secs(3));
    assert_eq!(expiry.refresh_tokens.absolute_lifetime, Some(3960 * HOUR));
    assert_eq!(expiry.refresh_tokens.valid_if_not_used_for, None);
}

#[test]
fn a_wrong_duration_gets_the_text_of_dex() {
    let hint = "; write numbers with units of h, m, s or ms, such as 24h or 1h30m";
    let policy = "invalid refresh token expiration policy config: ";
    let cases = [
        (
            "idTokens: 1d",
            "13: expiry.idTokens: invalid config value \"1d\" for id token expiry: \
             time: unknown unit \"d\" in duration \"1d\"",
            "",
        ),
        (
            "idTokens: 3600",
            "13: expiry.idTokens: invalid config value \"3600\" for id token expiry: \
             time: missing unit in duration \"3600\"",
            "",
        ),
        (
            "authRequests: -1h",
            "17: expiry.authRequests: invalid config value \"-1h\" for auth request expiry: \
             a duration must not be negative, got -1h0m0s",
            "",
        ),
        (
            "deviceRequests: x",
            "19: expiry.deviceRequests: invalid config value \"x\" for device request expiry: \
             time: invalid duration \"x\"",
            "",
        ),
        (
            "refreshTokens: {reuseInterval: x}",
            "34: expiry.refreshTokens.reuseInterval: ",
            "invalid config value \"x\" for refresh tokens reuse interval: time: invalid duration \"x\"",
        ),
        (
            "refreshTokens: {absoluteLifetime: x}",
            "37: expiry.refreshTokens.absoluteLifetime: ",
            "invalid config value \"x\" for refresh tokens absolute lifetime: time: invalid duration \"x\"",
        ),
        (
            "refreshTokens: {validIfNotUsedFor: x}",
            "38: expiry.refreshTokens.validIfNotUsedFor: ",
            "invalid config value \"x\" for refresh token valid if not used for: time: invalid duration \"x\"",
        ),
    ];
    for (key, text, tail) in cases {
        let tail = if tail.is_empty() { String::new() } else { format!("{policy}{tail}") };
        let expected = format!("dex.yaml:6:{text}{tail}{hint}");
        assert_eq!(errors(&format!("expiry:\n  {key}")), expected);
    }
}

#[test]
fn without_a_signer_the_deprecated_period_holds_and_warns() {
    let local = |period| Signer::Local { keys_rotation_period: period, algorithm: SigningAlgorithm::Rs256 };
    assert_eq!(config("").signer, local(6 * HOUR));
    let read = config("expiry: {signingKeys: 12h}");
    assert_eq!(read.signer, local(12 * HOUR));
    let warning = &read.warnings[0];
    assert_eq!(warning.text, "config expiry.signingKeys will be removed in a future release");
    assert_eq!(warning.use_instead, Some("signer.config.keysRotationPeriod"));
    assert_eq!(warning.current_value.as_deref(), Some("12h"));
    let read = config("expiry: {signingKeys: 12h}\nsigner: {type: local, config: {keysRotationPeriod: 1h}}");
    assert_eq!(read.signer, local(HOUR));
    assert!(warnings(&read).contains("signer.type: expiry.signingKeys is ignored"));
}

#[test]
fn a_local_signer_takes_eight_algorithms() {
    for algorithm in SigningAlgorithm::ALL {
        let name = algorithm.as_str();
        let read = config(&format!("signer: {{type: local, config: {{keysRotationPeriod: 6h, algorithm: {name}}}}}"));
        let expected = Signer::Local { keys_rotation_period: 6 * HOUR, algorithm };
        assert_eq!(read.signer, expected);
    }
}

#[test]
fn a_vault_takes_what_the_file_leaves_out_from_its_variables() {
    let env = [("VAULT_ADDR", "https://v"), ("VAULT_TOKEN", "from-env"), ("K", "key")];
    let read = config_with("signer: {type: vault, config: {keyName: $K}}", &env);
    let Signer::Vault { addr, token, key_name } = read.signer else { panic!("no vault") };
    assert_eq!((addr.as_str(), token.expose(), key_name.as_str()), ("https://v", "from-env", "key"));
    let read = config_with("signer: {type: vault, config: {keyName: k, addr: http://own, token: own}}", &env);
    let Signer::Vault { addr, token, .. } = read.signer else { panic!("no vault") };
    assert_eq!((addr.as_str(), token.expose()), ("http://own", "own"));
}

#[test]
fn signers_are_refused_in_the_words_of_dex() {
    let period = "failed to open local signer: signer.config.keysRotationPeriod must be specified";
    let hint = "add `keysRotationPeriod: 6h` below `config:`";
    for more in ["signer: {type: local}", "signer: {type: local, config: {}}"] {
        let refused = errors(more);
        assert!(refused.ends_with(&format!("{period}; {hint}")), "{refused}");
    }
    assert_refused(&[
        ("signer:\n  type: hsm", "dex.yaml:6:9: signer.type: unknown signer type \"hsm\"; write `local` or `vault`"),
        ("signer: {config: {}}", "dex.yaml:5:9: signer.type: unknown signer type \"\"; write `local` or `vault`"),
        (
            "signer: {type: local, config: {keysRotationPeriod: 6h, algorithm: HS256}}",
            "dex.yaml:5:67: signer.config.algorithm: parse signer config: unsupported local signer algorithm \"HS256\"; \
             write one of RS256, ES256, PS256, ES384, ES512, RS384, RS512, EdDSA",
        ),
        (
            "signer: {type: local, config: {keysRotationPeriod: 6d}}",
            "dex.yaml:5:52: signer.config.keysRotationPeriod: failed to open local signer: invalid config value \"6d\" \
             for local signer rotation period: time: unknown unit \"d\" in duration \"6d\"; \
             write numbers with units of h, m, s or ms, such as 24h or 1h30m",
        ),
        (
            "signer: {type: local, config: {keysRotationPeriod: 0}}",
            "dex.yaml:5:52: signer.config.keysRotationPeriod: keys cannot rotate all the time; write 6h",
        ),
        (
            "signer: {type: vault, config: {addr: ftp://a, keyName: k}}",
            "dex.yaml:5:38: signer.config.addr: failed to open vault signer: failed to create vault client: not a URL; write https://host:port",
        ),
        (
            "signer:\n  type: vault\n  config: {token: t}",
            "dex.yaml:7:11: signer.config.keyName: failed to open vault signer: no transit key named; \
             add `keyName:` with the name of the transit key",
        ),
    ]);
}

#[test]
fn the_effective_grants_are_those_that_can_work_sorted() {
    use GrantType::{
        AuthorizationCode, ClientCredentials, DeviceCode, Implicit, Password, RefreshToken, TokenExchange,
    };
    let flag = &[("DEX_CLIENT_CREDENTIAL_GRANT_ENABLED_BY_DEFAULT", "true")][..];
    let always = [AuthorizationCode, RefreshToken, DeviceCode, TokenExchange];
    let cases: [(&str, Variables<'_>, &[GrantType]); 9] = [
        ("", &[], &always),
        ("grantTypes: []", &[], &always),
        ("", flag, &[AuthorizationCode, ClientCredentials, RefreshToken, DeviceCode, TokenExchange]),
        (
            "responseTypes: [code, id_token token], passwordConnector: local",
            &[],
            &[AuthorizationCode, Implicit, Password, RefreshToken, DeviceCode, TokenExchange],
        ),
        ("responseTypes: [id_token, code id_token]", &[], &always),
        ("grantTypes: [refresh_token, authorization_code]", &[], &[AuthorizationCode, RefreshToken]),
        ("grantTypes: [client_credentials]", &[], &[ClientCredentials]),
        ("grantTypes: [implicit, password, refresh_token]", &[], &[RefreshToken]),
        ("grantTypes: [magic]", &[], &[]),
    ];
    for (keys, env, expected) in cases {
        let read = config_with(&format!("oauth2: {{{keys}}}"), env);
        assert_eq!(read.oauth2.grant_types, expected, "{keys}");
    }
    let read = config("oauth2: {grantTypes: [magic, refresh_token]}");
    assert!(warnings(&read).contains("unknown grant type \"magic\"; it is ignored"));
}

#[test]
fn oauth2_has_the_defaults_of_dex() {
    let oauth2 = config("").oauth2;
    assert_eq!(oauth2.response_types, [ResponseType::Code]);
    let methods: Vec<_> = oauth2.pkce.methods.iter().map(|method| method.as_str()).collect();
    assert_eq!(methods, ["S256", "plain"]);
    assert!(!oauth2.pkce.enforce && !oauth2.skip_approval_screen);
    assert!(!oauth2.always_show_login_screen && !oauth2.introspection_requires_authentication);
    assert!(!oauth2.lean_id_tokens);
    let more = "oauth2: {pkce: {enforce: true, codeChallengeMethodsSupported: [plain]}, \
        introspection: {requireAuthentication: true}, leanIDTokens: true, responseTypes: [token, code]}";
    let oauth2 = config(more).oauth2;
    assert!(oauth2.pkce.enforce && oauth2.introspection_requires_authentication && oauth2.lean_id_tokens);
    assert_eq!(oauth2.pkce.methods.len(), 1);
    assert_eq!(oauth2.response_types, [ResponseType::Token, ResponseType::Code]);
}

#[test]
fn oauth2_is_refused_in_the_words_of_dex() {
    assert_refused(&[
        (
            "oauth2: {responseTypes: [token code]}",
            "dex.yaml:5:25: oauth2.responseTypes: failed to initialize server: unsupported response_type \"token code\"; \
             write one of code, token, id_token, code token, code id_token, id_token token, code id_token token",
        ),
        (
            "oauth2: {pkce: {codeChallengeMethodsSupported: [s256]}}",
            "dex.yaml:5:48: oauth2.pkce.codeChallengeMethodsSupported: failed to initialize server: \
             unsupported PKCE challenge method \"s256\"; write S256 or plain",
        ),
    ]);
}

#[test]
fn an_issuer_without_a_scheme_is_refused() {
    let text = "issuer: dex.example.com\nstorage: {type: memory}\nweb: {http: ':1'}\n";
    assert_eq!(
        crate::try_load(text, &[]).expect_err("issuer"),
        "dex.yaml:1:9: issuer: server: can't parse issuer URL: it is not an absolute URL; \
         write it as users reach it, such as https://dex.example.com/dex"
    );
}
