//! Logging in against OpenLDAP: users, groups, refresh, and the password policy.

use std::fmt::Write as _;

use dex_connector::{AccountState, Identity, UpstreamError, Wanted};
use dex_peers::Slapd;
use serde_json::{Value, json};

use crate::support::{ALL, End, Logged, NOTHING, merged, open};

/// Everybody and every group the tests know.
pub(crate) const PEOPLE: &str = include_str!("people.ldif");

/// The usual connector for `server`.
pub(crate) fn config(server: &Slapd) -> Value {
    json!({
        "host": format!("127.0.0.1:{}", server.port),
        "insecureNoSSL": true,
        "bindDN": "cn=dex,dc=example,dc=org",
        "bindPW": "service",
        "userSearch": {"baseDN": "ou=People,dc=example,dc=org", "username": "cn", "idAttr": "DN", "emailAttr": "mail", "nameAttr": "cn"},
        "groupSearch": {
            "baseDN": "ou=Groups,dc=example,dc=org",
            "nameAttr": "cn",
            "userMatchers": [{"userAttr": "DN", "groupAttr": "member"}],
        },
    })
}

#[tokio::test]
async fn people_log_in_against_openldap() {
    let server = Slapd::start(PEOPLE, None, "").await.unwrap();
    who_is_let_in(&server).await;
    names_that_look_like_filters(&server).await;
    which_attribute_means_what(&server).await;
    groups_are_found_in_every_way(&server).await;
    refresh_reads_again(&server).await;
    the_policy_speaks(&server).await;
    what_a_directory_can_get_wrong(&server).await;
    nothing_secret_is_logged(&server).await;
    a_crowd_of_members_does_not_matter(&server).await;
}

async fn who_is_let_in(server: &Slapd) {
    let corp = open(&config(server));
    let jane = || End::In("cn=jane,ou=People,dc=example,dc=org".to_owned());
    let john = || End::In("cn=john,ou=Seattle,ou=People,dc=example,dc=org".to_owned());
    let cases = [
        ("jane", "foo", jane()),
        ("JANE", "foo", jane()),
        ("john", "bar", john()),
        ("jane", "bar", End::Wrong),
        ("jane", "", End::Wrong),
        ("jane", "foo\0", End::Wrong),
        ("jane", "\0", End::Wrong),
        ("jane\0", "foo", End::Wrong),
        ("", "foo", End::Wrong),
        ("", "", End::Wrong),
        ("nobody", "foo", End::Wrong),
        ("nobody", "", End::Wrong),
        ("*", "foo", End::Wrong),
        ("j*", "foo", End::Wrong),
        ("jane", "*", End::Wrong),
        ("jane)(cn=*", "foo", End::Wrong),
        (r"\2a", "foo", End::Wrong),
    ];
    for (name, password, expected) in cases {
        assert_eq!(corp.end(name, password).await, expected, "{name:?} {password:?}");
    }
    let masked = open(&merged(config(server), json!({"maskUnknownUsers": true})));
    assert_eq!(masked.end("nobody", "foo").await, End::Wrong);
    assert_eq!(masked.end("jane", "foo").await, jane());
    let one = open(&merged(config(server), json!({"userSearch": {"scope": "one"}})));
    assert_eq!(one.end("jane", "foo").await, jane());
    assert_eq!(one.end("john", "bar").await, End::Wrong, "he is not right below the base");
    let anonymous = open(&merged(config(server), json!({"bindDN": "", "bindPW": ""})));
    let End::Failed(error) = anonymous.end("jane", "foo").await else { panic!("nobody may search") };
    assert!(error.contains("search with filter"), "{error}");
}

async fn names_that_look_like_filters(server: &Slapd) {
    let corp = open(&config(server));
    let eva = "cn=Meier\\2C Eva (Ops) *\\2B,ou=People,dc=example,dc=org";
    assert_eq!(corp.end("Meier, Eva (Ops) *+", "qux").await, End::In(eva.to_owned()));
    assert_eq!(corp.end("jörgen", "baz").await, End::In("cn=jörgen,ou=People,dc=example,dc=org".to_owned()));
    assert_eq!(corp.identity("Meier, Eva (Ops) *+", "qux").await.groups, ["Ops, \"night\" (EU)"]);
    assert_eq!(corp.identity("jörgen", "baz").await.groups, ["Ops, \"night\" (EU)"]);
}

async fn which_attribute_means_what(server: &Slapd) {
    let of = |search: Value| open(&merged(config(server), json!({ "userSearch": search })));
    let two = of(
        json!({"username": ["cn", "mail"], "idAttr": "UID", "nameAttr": "DISPLAYNAME", "preferredUsernameAttr": "uid"}),
    );
    for name in ["jane", "janedoe@example.com"] {
        let jane = two.identity(name, "foo").await;
        let told =
            (jane.user_id.as_str(), jane.username.as_str(), jane.preferred_username.as_str(), jane.email.as_str());
        assert_eq!(told, ("jane", "Jane Doe", "jane", "janedoe@example.com"));
        assert!(jane.email_verified);
    }
    let suffix = of(json!({"emailSuffix": "test.example.com", "nameAttr": "cn"}));
    assert_eq!(suffix.identity("jane", "foo").await.email, "jane@test.example.com");
    assert_eq!(suffix.identity("nomail", "foo").await.email, "nomail@test.example.com");
    let filtered = of(json!({"filter": "(ou:dn:=Seattle)"}));
    assert_eq!(filtered.end("jane", "foo").await, End::Wrong);
    assert!(matches!(filtered.end("john", "bar").await, End::In(_)));
    for (name, search, missing) in [
        ("nomail", json!({}), "[\"mail\"]"),
        ("jane", json!({"idAttr": "gidNumber", "nameAttr": "title"}), "[\"gidNumber\" \"title\"]"),
        ("jane", json!({"idAttr": ""}), "[\"\"]"),
        ("jane", json!({"emailSuffix": "x.org", "nameAttr": ""}), "[\"\"]"),
    ] {
        let End::Failed(error) = of(search).end(name, "foo").await else { panic!("{name} has no {missing}") };
        assert!(error.contains(&format!("missing following required attribute(s): {missing}")), "{error}");
    }
}

async fn groups_are_found_in_every_way(server: &Slapd) {
    let with = |groups: Value| open(&merged(config(server), json!({ "groupSearch": groups })));
    let pair = |user: &str, group: &str| json!({"userAttr": user, "groupAttr": group});
    let nested = json!([{"userAttr": "dn", "groupAttr": "member", "recursionGroupAttr": "member"}]);
    let cases = [
        (json!({}), "jane", vec!["childGroup", "circularGroup1"]),
        (
            json!({"userMatchers": nested}),
            "jane",
            vec!["childGroup", "circularGroup1", "intermediateGroup", "circularGroup2", "parentGroup"],
        ),
        (
            json!({"userMatchers": nested, "filter": "(!(cn=intermediateGroup))"}),
            "jane",
            vec!["childGroup", "circularGroup1", "circularGroup2"],
        ),
        (json!({"userMatchers": [pair("departmentNumber", "gidNumber")]}), "jane", vec!["admins", "frontend"]),
        (
            json!({"userMatchers": [pair("DEPARTMENTNUMBER", "gidNumber")], "scope": "one", "nameAttr": "CN"}),
            "jane",
            vec!["admins", "frontend"],
        ),
        (
            json!({"userMatchers": [pair("uid", "memberUid"), pair("DN", "member")]}),
            "jane",
            vec!["admins", "frontend", "childGroup", "circularGroup1"],
        ),
        (
            json!({"userMatchers": [pair("uid", "memberUid"), pair("departmentNumber", "gidNumber")]}),
            "jane",
            vec!["admins", "frontend"],
        ),
        (json!({"userMatchers": [], "userAttr": "uid", "groupAttr": "memberUid"}), "jane", vec!["admins", "frontend"]),
        (
            json!({"nameAttr": "DN"}),
            "jane",
            vec!["cn=childGroup,ou=Groups,dc=example,dc=org", "cn=circularGroup1,ou=Groups,dc=example,dc=org"],
        ),
        (json!({"userMatchers": [pair("title", "member")]}), "jane", vec![]),
        (json!({"baseDN": "ou=Nowhere,dc=example,dc=org"}), "jane", vec![]),
        (json!({"baseDN": ""}), "jane", vec![]),
    ];
    for (groups, name, expected) in cases {
        let got = with(groups.clone()).identity(name, "foo").await.groups;
        assert_eq!(sorted(&got), sorted(&expected), "{groups}");
    }
    let ordered = with(json!({"userMatchers": nested})).identity("john", "bar").await.groups;
    assert_eq!(sorted(&ordered[..2]), ["circularGroup2", "intermediateGroup"], "the nearest come first");
    let Err(UpstreamError::Unacceptable(error)) = with(json!({"nameAttr": "title"})).log_in(ALL, "jane", "foo").await
    else {
        panic!("groups without a name")
    };
    assert!(error.contains("missing required attribute \"title\""), "{error}");
    let unasked = with(json!({"nameAttr": "title"})).log_in(NOTHING, "jane", "foo").await;
    assert!(unasked.is_ok(), "groups that nobody wants are not looked for");
}

fn sorted(names: &[impl AsRef<str>]) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_server_that_sends_few_entries_at_once_is_asked_page_by_page() {
    let few = "sizelimit size.soft=1 size.hard=2 size.prtotal=unlimited";
    let server = Slapd::start(PEOPLE, None, few).await.unwrap();
    let with = |page: u32| open(&merged(config(&server), json!({ "pageSize": page })));
    for page in [1, 2, 500] {
        assert_eq!(
            sorted(&with(page).identity("jane", "foo").await.groups),
            ["childGroup", "circularGroup1"],
            "{page}"
        );
    }
    let End::Failed(error) = with(0).end("jane", "foo").await else { panic!("half of the groups") };
    assert!(error.contains("LDAP Result Code 4"), "{error}");
}

async fn refresh_reads_again(server: &Slapd) {
    let corp = open(&merged(
        config(server),
        json!({"userSearch": {"idAttr": "uid", "filter": "(objectClass=inetOrgPerson)"}}),
    ));
    let refresh = async |identity: &Identity| corp.refresher().refresh(ALL, identity.clone()).await;
    for (name, password) in [("jane", "foo"), ("jörgen", "baz"), ("Meier, Eva (Ops) *+", "qux")] {
        let identity = corp.identity(name, password).await;
        assert_eq!(refresh(&identity).await.unwrap(), identity, "{name}");
    }
    let jane = corp.identity("jane", "foo").await;
    let data: Value = serde_json::from_slice(&jane.connector_data).unwrap();
    assert_eq!(data["username"], "jane");
    assert_eq!(data["entry"]["DN"], "cn=jane,ou=People,dc=example,dc=org");
    let without = corp.refresher().refresh(Wanted { groups: false, ..ALL }, jane.clone()).await.unwrap();
    assert!(without.groups.is_empty());

    // As Dex has stored a name with a special character.
    let mut escaped = corp.identity("jörgen", "baz").await;
    let text = String::from_utf8(escaped.connector_data)
        .unwrap()
        .replace("\"username\":\"jörgen\"", r#""username":"j\\c3\\b6rgen""#);
    assert!(text.contains(r"j\\c3"));
    escaped.connector_data = text.into_bytes();
    assert_eq!(refresh(&escaped).await.unwrap().user_id, "jm");

    let change = |what: &str| format!("dn: cn=jane,ou=People,dc=example,dc=org\nchangetype: modify\n{what}\n");
    server.modify(&change("replace: mail\nmail: jane@new.example.com")).await.unwrap();
    assert_eq!(refresh(&jane).await.unwrap().email, "jane@new.example.com");
    server.modify("dn: cn=childGroup,ou=Groups,dc=example,dc=org\nchangetype: modify\nadd: member\nmember: cn=john,ou=Seattle,ou=People,dc=example,dc=org\n-\ndelete: member\nmember: cn=jane,ou=People,dc=example,dc=org\n").await.unwrap();
    assert_eq!(refresh(&jane).await.unwrap().groups, ["circularGroup1"]);

    let moving = "dn: cn=jane,ou=People,dc=example,dc=org\nchangetype: modrdn\nnewrdn: cn=jane\ndeleteoldrdn: 0\nnewsuperior: ou=Seattle,ou=People,dc=example,dc=org\n";
    server.modify(moving).await.unwrap();
    let moved = refresh(&jane).await.unwrap();
    assert_eq!(moved.user_id, "jane", "an entry that was moved is the same one");
    assert!(String::from_utf8(moved.connector_data.clone()).unwrap().contains("ou=Seattle"));
    assert!(refresh(&moved).await.is_ok());

    let john = corp.identity("john", "bar").await;
    server.modify("dn: cn=john,ou=Seattle,ou=People,dc=example,dc=org\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n").await.unwrap();
    assert!(matches!(refresh(&john).await, Err(UpstreamError::Gone(_))), "a locked account");
    server.modify("dn: cn=john,ou=Seattle,ou=People,dc=example,dc=org\nchangetype: delete\n").await.unwrap();
    assert!(matches!(refresh(&john).await, Err(UpstreamError::Gone(_))), "a deleted account");
    let somebody_else = "dn: cn=john,ou=People,dc=example,dc=org\nchangetype: add\nobjectClass: inetOrgPerson\ncn: john\nsn: x\nuid: john\nmail: x@example.com\nuserPassword: bar\n";
    server.modify(somebody_else).await.unwrap();
    assert!(matches!(refresh(&john).await, Err(UpstreamError::Gone(_))), "somebody else of the same name");
    let broken = Identity { connector_data: b"foobar".to_vec(), ..jane };
    assert!(matches!(refresh(&broken).await, Err(UpstreamError::Unacceptable(_))));
}

async fn the_policy_speaks(server: &Slapd) {
    let telling = |how: &str| open(&merged(config(server), json!({"accountMessages": how})));
    let (usual, always, never) = (telling("afterPassword"), telling("always"), telling("never"));
    let expired = || End::Refused(AccountState::PasswordExpired);
    let must_change = || End::Refused(AccountState::MustChangePassword);
    let locked = || End::Refused(AccountState::Locked);
    let cases = [
        // name,  password,   by default,    always,        never
        ("old", "foo", [expired(), expired(), End::Wrong]),
        ("old", "bar", [End::Wrong, End::Wrong, End::Wrong]),
        ("reset", "foo", [must_change(), must_change(), End::Wrong]),
        ("reset", "bar", [End::Wrong, End::Wrong, End::Wrong]),
        ("locked", "foo", [End::Wrong, locked(), End::Wrong]),
        ("locked", "bar", [End::Wrong, locked(), End::Wrong]),
        ("nobody", "foo", [End::Wrong, End::Wrong, End::Wrong]),
    ];
    for (name, password, expected) in cases {
        let got = [usual.end(name, password).await, always.end(name, password).await, never.end(name, password).await];
        assert_eq!(got, expected, "{name} {password}");
    }
}

async fn what_a_directory_can_get_wrong(server: &Slapd) {
    let failed = async |change: Value, name: &str, told: &str| {
        let End::Failed(error) = open(&merged(config(server), change)).end(name, "foo").await else {
            panic!("{name} was answered")
        };
        assert!(error.contains(told), "{error}");
    };
    failed(json!({"userSearch": {"username": "uid"}}), "twin", "filter returned multiple (2) results: \"(uid=twin)\"")
        .await;
    failed(json!({"userSearch": {"baseDN": "ou=Nowhere,dc=example,dc=org"}}), "jane", "LDAP Result Code 32").await;
    failed(
        json!({"bindPW": "wrong"}),
        "jane",
        "initial bind for user \"cn=dex,dc=example,dc=org\" failed: LDAP Result Code 49",
    )
    .await;
    failed(json!({"userSearch": {"idAttr": "userPassword"}}), "jane", "missing following required attribute(s)").await;
}

async fn nothing_secret_is_logged(server: &Slapd) {
    let logged = Logged::here();
    let corp = open(&config(server));
    corp.end("nomail", "a-wrong-password").await;
    corp.end("locked", "another-wrong-password").await;
    corp.end("nobody", "a-third-password").await;
    let text = logged.text();
    assert!(text.contains("connector.id=corp") && text.contains("code=49"), "{text}");
    for secret in ["service", "a-wrong-password", "another-wrong-password", "a-third-password"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

async fn a_crowd_of_members_does_not_matter(server: &Slapd) {
    let mut ldif =
        "dn: cn=everybody,ou=Groups,dc=example,dc=org\nchangetype: add\nobjectClass: groupOfNames\ncn: everybody\n"
            .to_owned();
    for number in 0..20_000 {
        writeln!(ldif, "member: uid=user{number},ou=People,dc=example,dc=org").unwrap();
    }
    ldif.push_str("member: cn=nomail,ou=People,dc=example,dc=org\n");
    server.modify(&ldif).await.unwrap();
    let corp = open(&merged(config(server), json!({"userSearch": {"emailAttr": "uid"}})));
    assert_eq!(corp.identity("nomail", "foo").await.groups, ["everybody"]);
    // Whoever asks for the members gets them all.
    let members = json!({"userSearch": {"emailAttr": "uid", "baseDN": "ou=Groups,dc=example,dc=org", "nameAttr": "cn", "idAttr": "member"}});
    let reader = open(&merged(config(server), members));
    assert_eq!(reader.end("everybody", "x").await, End::Wrong);
}
