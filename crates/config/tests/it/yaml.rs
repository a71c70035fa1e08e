use crate::{BASE, assert_refused, config, config_with, errors, try_load, warnings};

#[test]
fn yaml_is_read_as_dex_reads_it() {
    let cases = [
        ("frontend: {issuer: yes}", "true"),
        ("frontend: {issuer: Off}", "false"),
        ("frontend: {issuer: 0x1f}", "31"),
        ("frontend: {issuer: 010}", "8"),
        ("frontend: {issuer: 1_000}", "1000"),
        ("frontend: {issuer: 1:30}", "1:30"),
        ("frontend: {issuer: 2001-01-01}", "2001-01-01"),
        ("frontend: {issuer: 12345}", "12345"),
        ("frontend: {issuer: 1.10}", "1.1"),
        ("frontend: {issuer: '1.10'}", "1.10"),
        ("frontend: {issuer: !!str 010}", "010"),
        ("frontend: {issuer: null}", "dex"),
        ("frontend: {issuer: ~}", "dex"),
        ("frontend:", "dex"),
        ("FRONTEND: {Issuer: a}", "a"),
        ("frontend: {ISSUER: a, issuer: b}", "b"),
        ("frontend: {issuer: b, ISSUER: a}", "b"),
        ("frontend: {Issuer: b, ISSUER: a}", "a"),
        ("frontend: {issuer: a, issuer: b}", "b"),
        ("x: &x {issuer: a}\nfrontend: *x", "a"),
        ("x: &x {issuer: a}\nfrontend: {<<: *x}", "a"),
        ("x: &x {issuer: a}\nfrontend: {issuer: b, <<: *x}", "b"),
        ("x: &x {issuer: a}\ny: &y {issuer: b}\nfrontend: {<<: [*y, *x]}", "b"),
        ("frontend: {\"issuer\": \"a\"}", "a"),
        ("frontend:\n  issuer: >-\n    a\n    b", "a b"),
        ("frontend:\n  issuer: a\n---\nfrontend: {issuer: b}", "a"),
        ("frontend:\n  issuer: a\n---\n\t: {", "a"),
    ];
    for (more, expected) in cases {
        assert_eq!(config(more).frontend.issuer, expected, "{more}");
    }
}

#[test]
fn json_is_a_configuration_too() {
    let text = r#"{"issuer": "https://a", "storage": {"type": "memory"}, "web": {"http": ":1"}}"#;
    assert_eq!(try_load(text, &[]).expect("json").issuer, "https://a");
}

#[test]
fn numbers_and_booleans_may_be_quoted_and_texts_may_be_not() {
    let read = config(
        "enablePasswordDB: 'true'\nfrontend: {extra: {a: 1, b: no}}\n\
         oauth2: {skipApprovalScreen: \"yes\"}\nstaticClients: [{id: 7, name: yes, secret: 12345}]\n",
    );
    assert!(read.enable_password_db && read.oauth2.skip_approval_screen);
    assert_eq!(read.frontend.extra["a"], "1");
    assert_eq!(read.frontend.extra["b"], "false");
    let client = &read.static_clients[0];
    assert_eq!((client.id.as_str(), client.name.as_str()), ("7", "true"));
    assert_eq!(client.secret.expose(), "12345");
}

#[test]
fn what_dex_refused_unquoted_is_taken_as_written() {
    let read =
        config("connectors: [{type: mockPassword, id: 007, name: 1.10, config: {username: yes, password: 0123}}]");
    let connector = &read.connectors[0];
    assert_eq!((connector.id.as_str(), connector.name.as_str()), ("007", "1.10"));
    assert_eq!(connector.config["username"], "yes");
    assert_eq!(connector.config["password"], "0123");
}

#[test]
fn a_text_that_is_no_yaml_is_refused_where_it_breaks() {
    let cases = [
        ("web:\n\thttp: a", "dex.yaml:2:2: error parse config file dex.yaml: "),
        ("a: [1, 2", "dex.yaml:1:"),
        ("a: *b", "dex.yaml:1:4: error parse config file dex.yaml: "),
        ("a: &a [*a]", "dex.yaml:1:8: error parse config file dex.yaml: an alias stands for"),
        ("a: {<<: 1}", "dex.yaml:1:5: error parse config file dex.yaml: `<<` must name"),
        ("[]", "dex.yaml:1:1: error unmarshalling config file dex.yaml: must be a block of keys, not a list"),
        ("just text", "dex.yaml:1:1: error unmarshalling config file dex.yaml: must be a block of keys, not text"),
    ];
    for (text, expected) in cases {
        let refused = try_load(text, &[]).expect_err(text);
        assert!(refused.starts_with(expected), "{text}\n{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
    }
}

#[test]
fn what_a_file_may_hold_is_limited() {
    let deep = |levels: usize| format!("{BASE}x: {}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(try_load(&deep(60), &[]).is_ok());
    assert!(try_load(&deep(70), &[]).is_err());
    let mut chain = format!("{BASE}a0: &a0 1\n");
    for level in 1..100 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(try_load(&chain, &[]).expect_err("a chain").contains("nested too deeply"));
    let mut bomb = format!("{BASE}a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for level in 1..8 {
        let before = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let refused = try_load(&bomb, &[]).expect_err("an alias bomb");
    assert!(refused.contains("too many values"), "{refused}");
    let long = format!("{BASE}# {}", "x".repeat(8 * 1024 * 1024));
    assert!(try_load(&long, &[]).expect_err("too long").contains("longer than 8388608 bytes"));
}

#[test]
fn an_empty_file_gets_the_block_of_dex() {
    for text in ["", "null", "# nothing\n", "---\n"] {
        let refused = try_load(text, &[]).expect_err("empty");
        let lines: Vec<_> = refused.lines().collect();
        let starts = [
            "invalid Config:",
            "\t-\tno issuer specified in config file (dex.yaml:1:1: issuer; ",
            "\t-\tno storage supplied in config file (dex.yaml:1:1: storage; ",
            "\t-\tmust supply a HTTP/HTTPS  address to listen on (dex.yaml:1:1: web.http; ",
        ];
        assert_eq!(lines.len(), starts.len(), "{refused}");
        for (line, start) in lines.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}

#[test]
fn unknown_keys_are_warnings_with_the_nearest_known_key() {
    let read = config(
        "isuer: a\nwebb: {}\noauth2:\n  skipAproval: true\nskipApprovalScreen: true\n\
         additionalFeatures: [ConnectorsCRUD]\nxyzzy: 1\nconnectors:\n- type: ldap\n  id: a\n  \
         name: a\n  config:\n    bindPWD: x\n    userSearch: {basedn: a, baseDM: b}\n    issuer: a\n",
    );
    let expected = "\
dex.yaml:5:1: isuer: unknown field \"isuer\"; did you mean `issuer`?; it is ignored
dex.yaml:6:1: webb: unknown field \"webb\"; did you mean `web`?; it is ignored
dex.yaml:8:3: oauth2.skipAproval: unknown field \"skipAproval\"; did you mean `skipApprovalScreen`?; it is ignored
dex.yaml:9:1: skipApprovalScreen: unknown field \"skipApprovalScreen\"; did you mean `oauth2.skipApprovalScreen`?; it is ignored
dex.yaml:10:1: additionalFeatures: unknown field \"additionalFeatures\"; set the variable DEX_API_CONNECTORS_CRUD=true instead of listing ConnectorsCRUD; it is ignored
dex.yaml:11:1: xyzzy: unknown field \"xyzzy\"; it is ignored
dex.yaml:17:5: connectors[0].config.bindPWD: unknown field \"bindPWD\"; did you mean `bindPW`?; it is ignored
dex.yaml:18:29: connectors[0].config.userSearch.baseDM: unknown field \"baseDM\"; did you mean `baseDN`?; it is ignored
dex.yaml:19:5: connectors[0].config.issuer: unknown field \"issuer\"; it is ignored";
    let mut lines: Vec<_> = expected.lines().collect();
    let got = warnings(&read);
    let mut got: Vec<_> = got.lines().collect();
    lines.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, lines);
}

#[test]
fn unknown_keys_are_all_errors_when_that_is_asked_for() {
    let strict = [("DEX_CONFIG_DISALLOW_UNKNOWN_FIELDS", "true")];
    let refused = crate::errors_with(
        "a: 1\nsigner: {type: local, config: {keysRotationPeriod: 6h, b: 1}}\n\
         sessions: {}\nmfa: {authenticators: [{id: x, type: TOTP, config: {c: 1}}]}\n",
        &strict,
    );
    let keys: Vec<_> = refused.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(keys, ["mfa.authenticators[0].config.c", "signer.config.b", "a"], "{refused}");
    assert!(try_load(BASE, &strict).is_ok());
}

#[test]
fn twins_and_further_documents_are_warnings() {
    let read = config("frontend:\n  issuer: a\n  issuer: b\n---\na: b\n");
    assert_eq!(
        warnings(&read),
        "dex.yaml:6:3: issuer: given twice in this block; line 7 is the one used\n\
         dex.yaml:8:1: only the first document of the file is used"
    );
}

#[test]
fn a_wrong_kind_of_value_names_its_place_and_not_itself() {
    assert_refused(&[
        (
            "enablePasswordDB: maybe",
            "dex.yaml:5:19: enablePasswordDB: must be true or false, not this text; write `true` or `false`",
        ),
        ("frontend:\n  issuer: [a]", "dex.yaml:6:11: frontend.issuer: must be a text, not a list; write one value"),
        (
            "frontend: 3",
            "dex.yaml:5:11: frontend: must be a block of keys, not a number; write `key: value` lines below it",
        ),
        (
            "oauth2:\n  responseTypes: code",
            "dex.yaml:6:18: oauth2.responseTypes: must be a list, not text; write [\"one\", \"two\"]",
        ),
        (
            "staticClients: {id: a}",
            "dex.yaml:5:16: staticClients: must be a list, not a block of keys; begin each item with `- `",
        ),
    ]);
}

#[test]
fn problems_of_all_sections_are_reported_together() {
    let refused = errors(
        "expiry: {idTokens: 1d}\nlogger: {level: loud}\nstaticClients: [{id: a}]\n\
         staticPasswords: [{email: a@b}]\n",
    );
    let lines: Vec<_> = refused.lines().collect();
    assert_eq!(lines.len(), 7, "{refused}");
    assert_eq!(lines[0], "invalid Config:");
    for text in ["no password hash", "id token expiry", "slog:", "Name field", "Secret or Secret"] {
        assert!(refused.contains(text), "{text}\n{refused}");
    }
}

#[test]
fn variables_expand_in_three_places_and_nowhere_else() {
    let more = "frontend: {issuer: $A}\nstaticClients: [{id: $A, name: $A, secret: $A}]\n\
        connectors:\n- {type: gitea, id: $A, name: $A, config: {baseURL: $A, orgs: [{name: $A, teams: [$A]}], clientID: 1}}\n";
    let env = [("A", "1"), ("P", "5432")];
    let read = config_with(more, &env);
    assert_eq!(read.frontend.issuer, "$A");
    assert_eq!(read.static_clients[0].id, "$A");
    let gitea = &read.connectors[0];
    assert_eq!((gitea.id.as_str(), gitea.name.as_str()), ("$A", "$A"));
    let expected = r#"{"baseURL":"1","orgs":[{"name":"1","teams":["1"]}],"clientID":"1"}"#;
    assert_eq!(gitea.config.to_string(), expected);
    let off = [("A", "1"), ("DEX_EXPAND_ENV", "false")];
    assert_eq!(config_with(more, &off).connectors[0].config["baseURL"], "$A");
    let text = "issuer: https://a\nweb: {http: ':1'}\nstorage: {type: postgres, config: {host: h, port: $P}}\n";
    let read = try_load(text, &env).expect("a port from a variable");
    assert!(format!("{:?}", read.storage).contains("port: 5432"));
}

#[test]
fn an_unset_variable_is_a_warning_that_names_key_and_line_only() {
    let read = config(
        "connectors:\n- type: ldap\n  id: a\n  name: a\n  config:\n    host: h\n    bindPW: pa$word\n    \
         userSearch:\n      username: [$ONE, $$two]\n",
    );
    assert_eq!(
        warnings(&read),
        "dex.yaml:11:13: connectors[0].config.bindPW: names a variable that is not set; it is taken as empty (write `$$` for a dollar sign)\n\
         dex.yaml:13:18: connectors[0].config.userSearch.username[0]: names a variable that is not set; it is taken as empty (write `$$` for a dollar sign)"
    );
    assert_eq!(read.connectors[0].config["bindPW"], "pa");
    assert_eq!(read.connectors[0].config["userSearch"]["username"][1], "$two");
}
