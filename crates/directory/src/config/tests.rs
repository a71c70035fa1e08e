use serde_json::json;

use super::*;

fn with(change: Value) -> Value {
    let mut config = json!({"host": "ldap.example.com", "userSearch": {"baseDN": "dc=example", "username": "uid", "idAttr": "uid", "emailAttr": "mail"}});
    for (key, value) in change.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

fn error(config: &Value) -> String {
    match Settings::read("x", config) {
        Ok(_) => String::new(),
        Err(error) => error.to_string().replace("the connector is not set up: ", ""),
    }
}

#[test]
fn what_cannot_work_is_refused_in_dex_s_words() {
    let search = |change: Value| {
        let mut search = with(json!({}))["userSearch"].clone();
        for (key, value) in change.as_object().unwrap() {
            search[key] = value.clone();
        }
        with(json!({ "userSearch": search }))
    };
    let cases = [
        (json!(null), "ldap: missing required field \"host\""),
        (json!({"host": "a"}), "ldap: missing required field \"userSearch.baseDN\""),
        (search(json!({"username": ""})), "ldap: missing required field \"userSearch.username\""),
        (search(json!({"username": []})), "ldap: missing required field \"userSearch.username\""),
        (search(json!({"username": 7})), "parse connector config: username must be a string or list of strings"),
        (search(json!({"username": ["a", 7]})), "parse connector config: username must be a string or list of strings"),
        (search(json!({"scope": "base"})), "userSearch.Scope unknown value \"base\""),
        (with(json!({"groupSearch": {"scope": "tree"}})), "groupSearch.Scope unknown value \"tree\""),
        (with(json!({"rootCA": "/nowhere"})), "ldap: read ca file: No such file or directory (os error 2)"),
        (with(json!({"rootCAData": "aGVsbG8="})), "ldap: no certs found in ca file"),
        (
            with(json!({"clientCert": "/nowhere", "clientKey": "/nowhere"})),
            "ldap: load client cert failed: No such file or directory (os error 2)",
        ),
        (with(json!({"bindDN": "cn=a"})), "ldap: bindDN \"cn=a\" without bindPW"),
        (with(json!({"host": "ldaps://a"})), "ldap: host \"ldaps://a\" is not host or host:port"),
        (with(json!({"referrals": "maybe"})), "ldap: referrals unknown value \"maybe\""),
        (with(json!({"accountMessages": "maybe"})), "ldap: accountMessages unknown value \"maybe\""),
        (with(json!({"maxConnections": 0})), "ldap: maxConnections must lie between 1 and 1000"),
        (with(json!({"requestTimeout": 301})), "ldap: requestTimeout must lie between 1 and 300"),
        (with(json!({"saslExternal": true})), "ldap: saslExternal needs clientCert and clientKey"),
    ];
    for (config, expected) in cases {
        assert_eq!(error(&config), expected);
    }
    assert!(error(&search(json!({"filter": "(uid=a"}))).starts_with("ldap: userSearch.filter: "));
    let matcher = json!({"userAttr": "DN", "groupAttr": "a)(b"});
    let groups = json!({"groupSearch": {"baseDN": "dc=x", "userMatchers": [matcher]}});
    assert!(error(&with(groups)).starts_with("ldap: groupSearch.userMatchers: "));
}

#[test]
fn keys_are_found_in_any_case_and_null_means_not_set() {
    let config = json!({"HOST": "a:1636", "Kerberos": null, "usersearch": {"BaseDN": "dc=x", "Username": ["uid", "mail"], "IDATTR": "uid"}, "BINDDN": null});
    let settings = Settings::read("x", &config).ok().unwrap();
    assert_eq!(settings.hosts, [Endpoint::new("a", 1636)]);
    assert_eq!(settings.users.usernames, ["uid", "mail"]);
    assert!(settings.kerberos.is_none());
}

#[test]
fn the_single_host_comes_first_and_once() {
    let hosts = |config| -> Vec<String> {
        Settings::read("x", &with(config)).ok().unwrap().hosts.iter().map(ToString::to_string).collect()
    };
    assert_eq!(hosts(json!({"hosts": ["b", "c:1"]})), ["ldap.example.com:636", "b:636", "c:1"]);
    assert_eq!(hosts(json!({"hosts": ["b", "ldap.example.com"]})), ["b:636", "ldap.example.com:636"]);
    assert_eq!(hosts(json!({"host": "", "hosts": ["b"], "startTLS": true})), ["b:389"]);
}

#[test]
fn start_tls_wins_over_no_tls() {
    let cases = [
        (json!({}), Security::Ldaps),
        (json!({"startTLS": true}), Security::StartTls),
        (json!({"insecureNoSSL": true}), Security::Plain),
        (json!({"insecureNoSSL": true, "startTLS": true}), Security::StartTls),
    ];
    for (config, expected) in cases {
        let settings = Settings::read("x", &with(config.clone())).ok().unwrap();
        assert_eq!(settings.transport.security, expected, "{config}");
    }
}

#[test]
fn matchers_are_the_list_or_the_single_pair() {
    let matcher = |user: &str, group: &str, recursion: Option<&str>| Matcher {
        user: user.into(),
        group: group.into(),
        recursion: recursion.map(Into::into),
    };
    let cases = [
        (json!({"userAttr": "DN", "groupAttr": "member"}), vec![matcher("DN", "member", None)]),
        (
            json!({"userAttr": "uid", "groupAttr": "memberUid", "userMatchers": [{"userAttr": "DN", "groupAttr": "member", "recursionGroupAttr": "member"}]}),
            vec![matcher("DN", "member", Some("member"))],
        ),
        (
            json!({"userMatchers": [{"groupAttr": "x"}, {"userAttr": "DN", "groupAttr": "member"}]}),
            vec![matcher("DN", "member", None)],
        ),
        (json!({}), vec![]),
    ];
    for (mut groups, expected) in cases {
        groups["baseDN"] = json!("dc=x");
        let settings = Settings::read("x", &with(json!({ "groupSearch": groups }))).ok().unwrap();
        assert_eq!(settings.groups.unwrap().matchers, expected);
    }
}

#[test]
fn what_does_not_fit_is_not_quoted() {
    for config in [json!({"bindPW": 20251125}), json!({"bindPW": ["20251125"]}), json!({"insecureNoSSL": "20251125"})] {
        let Err(error) = Settings::read("x", &with(config)) else { panic!("it does not fit") };
        let text = error.to_string();
        assert!(text.contains("parse connector config: ") && !text.contains("20251125"), "{text}");
    }
}
