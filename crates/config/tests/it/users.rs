use std::time::Duration;

use dex_config::{AuthenticatorKind, GrantType, RefreshTokenLifetime, SsoSharing};

use crate::{Variables, assert_refused, config, config_with, errors, errors_with, warnings};

const HASH: &str = "$2a$10$33EMT0cVYVlPy6WAMCLsceLYjWhuHpbz5yuZxu/GAFj03J9Lytjuy";

#[test]
fn a_client_is_read_with_all_its_keys() {
    let read = config(
        "mfa: {authenticators: [{id: m, type: TOTP}]}\nsessions: {}\nstaticClients:\n- id: a\n  \
         name: A\n  secret: s\n  redirectURIs: [https://a/cb]\n  \
         postLogoutRedirectURIs: [https://a/]\n  backchannelLogoutURI: https://a/bc\n  \
         refreshTokenLifetime: session\n  trustedPeers: [b]\n  logoURL: https://a/l.png\n  \
         allowedConnectors: [ldap]\n  mfaChain: [m]\n  ssoSharedWith: []\n  \
         clientCredentialsClaims: {groups: [g]}\n- {id: b, name: B, public: true, trustedPeers: [7]}\n",
    );
    let [a, b] = &read.static_clients[..] else { panic!("two clients") };
    assert_eq!((a.id.as_str(), a.name.as_str(), a.secret.expose()), ("a", "A", "s"));
    assert_eq!(a.redirect_uris, ["https://a/cb"]);
    assert_eq!(a.post_logout_redirect_uris, ["https://a/"]);
    assert_eq!(a.backchannel_logout_uri.as_deref(), Some("https://a/bc"));
    assert_eq!(a.refresh_token_lifetime, RefreshTokenLifetime::Session);
    assert_eq!((&a.trusted_peers[..], a.logo_url.as_str()), (&["b".to_owned()][..], "https://a/l.png"));
    assert_eq!(a.allowed_connectors, ["ldap"]);
    assert_eq!(a.mfa_chain, Some(vec!["m".to_owned()]));
    assert_eq!(a.sso_shared_with, Some(Vec::new()));
    assert_eq!(a.client_credentials_groups, Some(vec!["g".to_owned()]));
    assert!(b.public && b.secret.is_empty());
    assert_eq!(b.trusted_peers, ["7"]);
    assert_eq!((&b.mfa_chain, &b.sso_shared_with), (&None, &None));
    assert_eq!(b.client_credentials_groups, None);
}

#[test]
fn a_client_takes_id_and_secret_from_variables() {
    let more = "staticClients: [{idEnv: ID, secretEnv: SECRET, name: a}]";
    let env = [("ID", "app"), ("SECRET", "hidden"), ("DEX_EXPAND_ENV", "false")];
    let client = &config_with(more, &env).static_clients[0];
    assert_eq!((client.id.as_str(), client.secret.expose()), ("app", "hidden"));
    for env in [&[][..], &[("ID", ""), ("SECRET", "")]] {
        assert_eq!(
            errors_with(more, env),
            "dex.yaml:5:25: staticClients[0].idEnv: names a variable that is not set; set the variable\n\
             dex.yaml:5:40: staticClients[0].secretEnv: names a variable that is not set; set the variable"
        );
    }
    let public = config("staticClients: [{id: a, secretEnv: SECRET, name: a, public: true}]");
    assert!(public.static_clients[0].secret.is_empty());
    assert!(warnings(&public).contains("secretEnv: names a variable that is not set"));
}

#[test]
fn clients_are_refused_in_the_words_of_dex() {
    assert_refused(&[
        (
            "staticClients:\n- id: a\n  secret: s",
            "dex.yaml:6:3: staticClients[0].name: invalid config: Name field is required for a client; \
             add `name:`, shown to people who log in",
        ),
        (
            "staticClients: [{name: a, secret: s}]",
            "dex.yaml:5:17: staticClients[0].id: invalid config: ID or IDEnv field is required for a client; add `id:`",
        ),
        (
            "staticClients: [{id: a, idEnv: b, name: a, secret: s}]",
            "dex.yaml:5:32: staticClients[0].idEnv: invalid config: ID and IDEnv fields are exclusive for client \"a\"; remove one of them",
        ),
        (
            "staticClients: [{id: a, name: a}]",
            "dex.yaml:5:17: staticClients[0].secret: invalid config: Secret or SecretEnv field is required for client \"a\"; \
             add `secret:`, or `public: true` if it cannot keep one",
        ),
        (
            "staticClients: [{id: a, name: a, secret: s, secretEnv: b}]",
            "dex.yaml:5:56: staticClients[0].secretEnv: invalid config: Secret and SecretEnv fields are exclusive for client \"a\"; remove one of them",
        ),
        (
            "staticClients: [{id: a, name: a, secret: s, refreshTokenLifetime: long}]",
            "dex.yaml:5:67: staticClients[0].refreshTokenLifetime: staticClients: client \"a\": invalid refresh token lifetime \"long\": \
             want \"standalone\" or \"session\"",
        ),
        (
            "staticClients: [{id: a, name: a, secret: s, mfaChain: [totp]}]",
            "dex.yaml:5:55: staticClients[0].mfaChain: staticClients: client \"a\" references unknown MFA authenticator \"totp\"; \
             mfa.authenticators is empty",
        ),
    ]);
}

#[test]
fn twins_and_fragments_are_warnings() {
    let read = config(
        "staticClients:\n- {id: a, name: a, secret: s, redirectURIs: ['https://a/#x']}\n- {id: a, name: b, secret: s}\n\
         connectors:\n- {id: m, name: m, type: mockCallback}\n- {id: m, name: m, type: mockCallback}\n",
    );
    assert_eq!(
        warnings(&read),
        "dex.yaml:6:45: staticClients[0].redirectURIs: a redirect URI must have no fragment (RFC 6749 section 3.1.2)\n\
         dex.yaml:7:8: staticClients[1].id: \"a\" was given before; the last one is used\n\
         dex.yaml:10:8: connectors[1].id: \"m\" was given before; the last one is used"
    );
}

#[test]
fn a_password_is_read_as_bcrypt_as_its_base64_or_from_a_variable() {
    let base64 = "JDJhJDEwJDMzRU1UMGNWWVZsUHk2V0FNQ0xzY2VMWWpXaHVIcGJ6NXl1Wnh1L0dBRmowM0o5THl0anV5";
    let cases = [
        (format!("hash: {HASH}"), ""),
        (format!("hash: '{base64}'"), ""),
        ("hashFromEnv: H".to_owned(), HASH),
        ("hashFromEnv: H".to_owned(), base64),
        (format!("hash: {HASH}, hashFromEnv: H"), "not used"),
    ];
    for (keys, variable) in cases {
        let more =
            format!("enablePasswordDB: true\nstaticPasswords: [{{email: A@b.c, userID: u, username: n, {keys}}}]");
        let read = config_with(&more, &[("H", variable)]);
        let password = &read.static_passwords[0];
        assert_eq!(password.hash.expose(), HASH, "{keys}");
        assert_eq!((password.email.as_str(), password.email_verified), ("A@b.c", None));
        assert_eq!((password.username.as_str(), password.name.as_str()), ("n", ""));
    }
    let more = format!(
        "enablePasswordDB: true\nstaticPasswords: [{{email: a@b, userID: 08, name: N, \
         preferredUsername: p, emailVerified: false, groups: [g], hash: {HASH}}}]"
    );
    let password = &config(&more).static_passwords[0];
    assert_eq!((password.user_id.as_str(), password.name.as_str()), ("08", "N"));
    assert_eq!(password.email_verified, Some(false));
    assert_eq!((password.preferred_username.as_str(), &password.groups[..]), ("p", &["g".to_owned()][..]));
}

#[test]
fn passwords_are_refused_in_the_words_of_dex() {
    let hint = "make one with `htpasswd -bnBC 10 '' PASSWORD`";
    let cases = [
        ("email: a@b", format!("19: staticPasswords[0].hash: no password hash provided; {hint}")),
        (
            "email: a@b, hashFromEnv: NO",
            format!("45: staticPasswords[0].hashFromEnv: no password hash provided; {hint}"),
        ),
        (
            "email: a@b, hash: nonsense",
            format!(
                "38: staticPasswords[0].hash: malformed bcrypt hash: it does not begin with $2a$, $2b$ or $2y$; {hint}"
            ),
        ),
    ];
    for (keys, expected) in cases {
        let refused = errors(&format!("enablePasswordDB: true\nstaticPasswords: [{{{keys}, userID: u}}]"));
        assert_eq!(refused, format!("dex.yaml:6:{expected}"));
    }
    let cheap = HASH.replace("$10$", "$09$");
    let read = config(&format!("enablePasswordDB: true\nstaticPasswords: [{{email: a@b, userID: u, hash: {cheap}}}]"));
    assert!(warnings(&read).contains("cost 9 is not between 10 and 16; every login will fail"));
}

#[test]
fn a_connector_hands_on_typed_json_and_knows_its_lines() {
    let read = config(
        "connectors:\n- type: ldap\n  id: l\n  name: L\n  grantTypes: [password, refresh_token]\n  \
         config:\n    Host: h:389\n    INSECURENOSSL: \"true\"\n    kerberos: {maxClockSkew: '300'}\n    \
         userSearch:\n      username: mail\n    groupSearch:\n      userMatchers:\n      - userAttr: DN\n    \
         own: [1, {a: null}]\n    usernamePrompt:\n- {type: samlExperimental, id: s, name: S}\n",
    );
    let [ldap, saml] = &read.connectors[..] else { panic!("two connectors") };
    assert_eq!(ldap.grant_types, [GrantType::Password, GrantType::RefreshToken]);
    assert_eq!(
        ldap.config.to_string(),
        r#"{"host":"h:389","insecureNoSSL":true,"kerberos":{"maxClockSkew":300},"userSearch":{"username":"mail"},"groupSearch":{"userMatchers":[{"userAttr":"DN"}]},"own":[1,{"a":null}]}"#
    );
    let cases = [
        ("host", "dex.yaml:11:11"),
        ("userSearch.username", "dex.yaml:15:17"),
        ("groupSearch.userMatchers[0].userAttr", "dex.yaml:18:19"),
        ("groupSearch.userMatchers[0].groupAttr", "dex.yaml:18:9"),
        ("groupSearch.userMatchers[7]", "dex.yaml:18:9"),
        ("bindDN", "dex.yaml:11:5"),
        ("", "dex.yaml:11:5"),
    ];
    for (path, expected) in cases {
        assert_eq!(ldap.places.locate(path).to_string(), expected, "{path}");
    }
    assert_eq!(ldap.places.key("host"), "connectors[0].config.host");
    assert_eq!((saml.kind.as_str(), saml.config.to_string().as_str()), ("saml", "{}"));
}

#[test]
fn moving_a_connector_changes_nothing_about_it() {
    let more = "connectors: [{type: mockPassword, id: m, name: m, config: {username: a, password: b}}]";
    let moved = format!("# a comment\n\n{more}");
    assert!(config(more).connectors == config(&moved).connectors);
    let other = more.replace("password: b", "password: c");
    assert!(config(more).connectors != config(&other).connectors);
}

#[test]
fn connectors_are_refused_in_the_words_of_dex() {
    let required = "invalid config: ID, Type and Name fields are required for a connector";
    assert_refused(&[
        ("connectors: [{type: oidc, name: a}]", &format!("dex.yaml:5:14: connectors[0].id: {required}; add `id:`")),
        ("connectors: [{id: a, name: a}]", &format!("dex.yaml:5:14: connectors[0].type: {required}; add `type:`")),
        ("connectors: [{id: a, type: oidc}]", &format!("dex.yaml:5:14: connectors[0].name: {required}; add `name:`")),
        (
            "connectors: [{id: a, type: local, name: a}]",
            "dex.yaml:5:28: connectors[0].type: unknown connector type \"local\"; write one of atlassian-crowd, authproxy, \
             bitbucket-cloud, gitea, github, gitlab, google, keystone, ldap, linkedin, microsoft, mockCallback, \
             mockPassword, oauth, oidc, openshift, saml",
        ),
        (
            "connectors: [{id: a, type: oidc, name: a, grantTypes: [client_credentials]}]",
            "dex.yaml:5:55: connectors[0].grantTypes: invalid config: unknown grant type \"client_credentials\" for connector \"a\"; \
             write one of authorization_code, implicit, password, refresh_token, \
             urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "connectors: [{id: a, type: oidc, name: a, config: {scopes: openid}}]",
            "dex.yaml:5:60: connectors[0].config.scopes: must be a list, not text; see the documentation of this connector",
        ),
        (
            "connectors: [{id: a, type: ldap, name: a, config: {rootCAData: '*'}}]",
            "dex.yaml:5:64: connectors[0].config.rootCAData: is not valid base64; \
             encode the whole file in one go, as `base64 -w 0 FILE` does",
        ),
    ]);
}

#[test]
fn a_block_turns_sessions_on_and_the_flag_has_the_last_word() {
    let on = [("DEX_SESSIONS_ENABLED", "true")];
    let off = [("DEX_SESSIONS_ENABLED", "false")];
    let nonsense = [("DEX_SESSIONS_ENABLED", "yes")];
    let cases: [(&str, Variables<'_>, bool); 8] = [
        ("", &[], false),
        ("sessions:", &[], false),
        ("sessions: {}", &[], true),
        ("", &on, true),
        ("", &off, false),
        ("sessions: {}", &off, false),
        ("sessions: {}", &nonsense, true),
        ("", &nonsense, false),
    ];
    for (more, env, expected) in cases {
        assert_eq!(config_with(more, env).sessions.is_some(), expected, "{more} {env:?}");
    }
    let defaults = config("sessions: {}").sessions.expect("on");
    assert_eq!(defaults.cookie_name, "dex_session");
    assert_eq!(defaults.absolute_lifetime, Duration::from_secs(24 * 3600));
    assert_eq!(defaults.valid_if_not_used_for, Duration::from_secs(3600));
    assert!(defaults.remember_me_checked_by_default);
    assert_eq!(defaults.cookie_encryption_key, None);
    assert_eq!(defaults.sso_shared_with_default, SsoSharing::None);
    let given = config(
        "sessions: {cookieName: s, absoluteLifetime: 2h, validIfNotUsedFor: 2h, \
         rememberMeCheckedByDefault: false, cookieEncryptionKey: 0123456789abcdef, ssoSharedWithDefault: all}",
    );
    let given = given.sessions.expect("on");
    assert!(!given.remember_me_checked_by_default);
    assert_eq!(given.cookie_encryption_key.expect("key").expose(), "0123456789abcdef");
    assert_eq!(given.sso_shared_with_default, SsoSharing::All);
}

#[test]
fn sessions_are_refused_in_the_words_of_dex() {
    let cases = [
        (
            "absoluteLifetime: 1d",
            "30: sessions.absoluteLifetime: invalid session config: invalid absoluteLifetime \"1d\": \
             time: unknown unit \"d\" in duration \"1d\"; write numbers with units, such as 24h",
        ),
        (
            "absoluteLifetime: 0",
            "30: sessions.absoluteLifetime: invalid session config: absoluteLifetime must be positive, got 0s; write 24h",
        ),
        (
            "validIfNotUsedFor: -1h",
            "31: sessions.validIfNotUsedFor: invalid session config: validIfNotUsedFor must be positive, got -1h0m0s; write 24h",
        ),
        (
            "validIfNotUsedFor: 25h",
            "31: sessions.validIfNotUsedFor: invalid session config: validIfNotUsedFor (25h0m0s) must not exceed absoluteLifetime (24h0m0s); shorten it",
        ),
        (
            "cookieEncryptionKey: short",
            "33: sessions.cookieEncryptionKey: invalid session config: cookieEncryptionKey must be 16, 24, or 32 bytes (AES-128/192/256), got 5; \
             the bytes of the text count, nothing is decoded",
        ),
        (
            "ssoSharedWithDefault: some",
            "34: sessions.ssoSharedWithDefault: invalid session config: ssoSharedWithDefault must be \"none\" or \"all\", got \"some\"",
        ),
        (
            "cookieName: a b",
            "24: sessions.cookieName: no cookie can have this name (RFC 6265); use letters, digits, `-` and `_`",
        ),
    ];
    for (key, expected) in cases {
        assert_eq!(errors(&format!("sessions: {{{key}}}")), format!("dex.yaml:5:{expected}"));
    }
}

#[test]
fn factors_get_their_defaults_from_the_issuer() {
    let read = config(
        "sessions: {}\nmfa:\n  authenticators:\n  - {id: t, type: TOTP, connectorTypes: [ldap, local, samlExperimental]}\n  \
         - {id: w, type: WebAuthn, config: {userVerification: Required, timeout: 60s, attestationPreference: odd}}\n  \
         defaultMFAChain: [t, w]\n",
    );
    let [totp, webauthn] = &read.mfa.authenticators[..] else { panic!("two factors") };
    assert_eq!(totp.kind, AuthenticatorKind::Totp { issuer: "dex.example.com".to_owned() });
    assert_eq!(totp.connector_types, ["ldap", "local", "saml"]);
    let AuthenticatorKind::WebAuthn(webauthn) = &webauthn.kind else { panic!("no webauthn") };
    assert_eq!((webauthn.rp_id.as_str(), webauthn.rp_display_name.as_str()), ("dex.example.com", "dex.example.com"));
    assert_eq!(webauthn.rp_origins, ["https://dex.example.com"]);
    assert_eq!(webauthn.user_verification, Some("required"));
    assert_eq!(webauthn.timeout, Some(Duration::from_secs(60)));
    assert_eq!(webauthn.attestation_preference, None);
    assert!(warnings(&read).contains("attestationPreference: is none, indirect or direct"));
    assert_eq!(read.mfa.default_chain, ["t", "w"]);
}

#[test]
fn a_factor_that_cannot_be_asked_for_stops_the_start() {
    let cases = [
        (
            "[{type: TOTP}]",
            "24: mfa.authenticators[0].id: mfa.authenticators: authenticator must have an id; add `id:`",
        ),
        (
            "[{id: a, type: TOTP}, {id: a, type: TOTP}]",
            "50: mfa.authenticators[1].id: mfa.authenticators: duplicate authenticator id \"a\"; give each its own",
        ),
        (
            "[{id: a, type: totp}]",
            "38: mfa.authenticators[0].type: mfa.authenticators: unknown type \"totp\" for authenticator \"a\"; write TOTP or WebAuthn",
        ),
        (
            "[{id: a, type: TOTP, connectorTypes: [lpad]}]",
            "60: mfa.authenticators[0].connectorTypes: unknown connector type \"lpad\"; nobody would be asked for this factor",
        ),
        (
            "[{id: a, type: WebAuthn, config: {timeout: 1}}]",
            "66: mfa.authenticators[0].config.timeout: invalid timeout \"1\": time: missing unit in duration \"1\"; \
             write numbers with units of h, m, s or ms, such as 24h or 1h30m",
        ),
        (
            "[{id: a, type: WebAuthn, config: {userVerification: maybe}}]",
            "75: mfa.authenticators[0].config.userVerification: must be one of required, preferred, discouraged; \
             it decides who is let in, so it is not guessed",
        ),
        (
            "[{id: a, type: TOTP, config: 3}]",
            "52: mfa.authenticators[0].config: must be a block of keys, not a number; write `key: value` lines below it",
        ),
        (
            "[{id: a, type: TOTP}], defaultMFAChain: [b]",
            "63: mfa.defaultMFAChain: mfa.defaultMFAChain: references unknown authenticator \"b\"; mfa.authenticators has a",
        ),
    ];
    for (text, expected) in cases {
        let refused = errors(&format!("sessions: {{}}\nmfa: {{authenticators: {text}}}"));
        assert_eq!(refused, format!("dex.yaml:6:{expected}"));
    }
    for env in [&[][..], &[("DEX_SESSIONS_ENABLED", "false")]] {
        assert_eq!(
            errors_with("mfa: {authenticators: [{id: a, type: TOTP}]}", env),
            "dex.yaml:5:6: mfa: mfa requires sessions to be enabled (DEX_SESSIONS_ENABLED=true); add a `sessions:` block"
        );
    }
}
