//! Logins as a proxy sends them on.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use dex_connector::{
    Clock, Connector, Departure, Finish, Identity, LoginMethod, Opening, RedirectLogin, Start, UpstreamError, Wanted,
};
use dex_oidc::Form;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

const CALLBACK: &str = "https://id.example/dex/callback";

/// Header lines as text.
type Lines<'a> = &'a [(&'a str, &'a str)];

/// Header lines as bytes.
type RawLines<'a> = &'a [(&'a str, &'a [u8])];

fn opened(id: &str, config: &Value) -> Result<Arc<dyn Connector>, UpstreamError> {
    let clock = Clock::new(|| "2026-08-06T10:00:00Z".parse().unwrap());
    crate::open("authproxy", &Opening { id, config, callback: &CALLBACK.parse().unwrap(), clock })
}

fn redirect(connector: &Arc<dyn Connector>) -> &dyn RedirectLogin {
    match connector.login() {
        LoginMethod::Redirect(login) => login,
        LoginMethod::Password(_) => panic!("a proxy is gone to"),
    }
}

/// Comes back from a peer with these headers.
async fn come_from(config: &Value, peer: Option<&str>, headers: RawLines<'_>) -> Result<Identity, UpstreamError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
    let finish = Finish {
        wanted: Wanted::default(),
        data: &[],
        callback: &CALLBACK.parse().unwrap(),
        state: "state-1",
        parameters: &Form::of([("state", "state-1")]),
        posted: false,
        headers: &map,
        peer: peer.map(|peer| peer.parse::<IpAddr>().unwrap()),
        now: "2026-08-06T10:00:00Z".parse().unwrap(),
    };
    redirect(&opened("proxy", config).unwrap()).finish(&finish).await.map(|arrival| arrival.identity)
}

async fn come(config: &Value, headers: Lines<'_>) -> Result<Identity, UpstreamError> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    come_from(config, Some("192.0.2.7"), &headers).await
}

/// User id, name, preferred name, address, groups.
fn told(identity: &Identity) -> String {
    let Identity { user_id, username, preferred_username, email, groups, .. } = identity;
    format!("{user_id} {username} {preferred_username} {email} [{}]", groups.join("|"))
}

#[tokio::test]
async fn the_browser_is_sent_to_what_the_proxy_guards() {
    for (id, expected) in [
        ("proxy", "https://id.example/dex/callback/proxy?state=state-1"),
        ("a b/c?d#e%", "https://id.example/dex/callback/a%20b%2Fc%3Fd%23e%25?state=state-1"),
    ] {
        let connector = opened(id, &json!({})).unwrap();
        let callback = CALLBACK.parse().unwrap();
        let now = "2026-08-06T10:00:00Z".parse().unwrap();
        let start = Start { wanted: Wanted::default(), callback: &callback, state: "state-1", login_hint: "", now };
        let to = redirect(&connector).start(&start).await.unwrap().to;
        assert_eq!(to, Departure::Get(expected.parse().unwrap()));
        assert!(connector.refresh().is_none() && connector.token_identity().is_none() && connector.logout().is_none());
    }
}

#[tokio::test]
async fn a_user_is_who_the_headers_say() {
    const USER: (&str, &str) = ("X-Remote-User", "jane");
    let everything = [
        USER,
        ("X-Remote-User-Id", "1234"),
        ("X-Remote-User-Name", "Jane Doe"),
        ("X-Remote-User-Email", "jane@x.test"),
        ("X-Remote-Group", "a"),
    ];
    let own = json!({
        "userHeader": "X-User", "userIDHeader": "X-Id", "userNameHeader": "X-Name", "emailHeader": "X-Mail",
        "groupHeader": "X-Groups", "groupHeaderSeparator": "; ",
    });
    let owned = [("x-user", "u"), ("x-id", "i"), ("x-name", "n"), ("x-mail", "m"), ("x-groups", "a,b; c")];
    let fixed = json!({"staticGroups": ["s", "a"]});
    let semicolon = json!({"groupHeaderSeparator": ";"});
    let cases: [(&str, Value, Lines<'_>, &str); 11] = [
        ("one for all", json!({}), &[USER], "jane jane jane jane []"),
        ("each its own", json!({}), &everything, "1234 jane Jane Doe jane@x.test [a]"),
        (
            "empty ones are none",
            json!({}),
            &[USER, ("X-Remote-User-Id", ""), ("X-Remote-Group", "")],
            "jane jane jane jane []",
        ),
        ("a list", json!({}), &[USER, ("X-Remote-Group", "a, b ,c d")], "jane jane jane jane [a|b|c d]"),
        ("empty parts", json!({}), &[USER, ("X-Remote-Group", ",a,, b,")], "jane jane jane jane [a|b]"),
        (
            "several lines",
            json!({}),
            &[USER, ("X-Remote-Group", "a,b"), ("X-Remote-Group", "c")],
            "jane jane jane jane [a|b|c]",
        ),
        (
            "another separator",
            semicolon,
            &[USER, ("X-Remote-Group", "cn=a,dc=x; b")],
            "jane jane jane jane [cn=a,dc=x|b]",
        ),
        ("groups for everybody", fixed.clone(), &[USER], "jane jane jane jane [s|a]"),
        ("they come last", fixed, &[USER, ("X-Remote-Group", "a,b")], "jane jane jane jane [a|b|s|a]"),
        ("other names", own.clone(), &owned, "i u n m [a,b|c]"),
        (
            "names of other scripts",
            json!({}),
            &[("x-remote-user", "żółw/../<&>\"'")],
            "żółw/../<&>\"' żółw/../<&>\"' żółw/../<&>\"' żółw/../<&>\"' []",
        ),
    ];
    for (what, config, headers, expected) in cases {
        let identity = come(&config, headers).await.expect(what);
        assert_eq!(told(&identity), expected, "{what}");
        assert!(identity.email_verified && identity.connector_data.is_empty(), "{what}");
    }
    let error = come(&own, &[USER]).await.unwrap_err().to_string();
    assert!(error.contains("required HTTP header x-user is not set"), "{error}");
}

#[tokio::test]
async fn headers_that_do_not_tell_who_it_is_are_refused() {
    let user: (&str, &[u8]) = ("x-remote-user", b"jane");
    let cases: [(RawLines<'_>, &str); 8] = [
        (&[], "required HTTP header x-remote-user is not set"),
        (&[("x-remote-user", b"")], "required HTTP header x-remote-user is not set"),
        (&[user, user], "x-remote-user came more than once"),
        (&[user, ("x-remote-user-id", b"1"), ("x-remote-user-id", b"2")], "x-remote-user-id came more than once"),
        (&[user, ("x-remote-user-name", b""), ("x-remote-user-name", b"J")], "x-remote-user-name came more than once"),
        (&[user, ("x-remote-user-email", b"a@b"), ("x-remote-user-email", b"c@d")], "x-remote-user-email came more"),
        (&[("x-remote-user", b"jos\xe9")], "x-remote-user is not UTF-8"),
        (&[user, ("x-remote-group", b"a,\xff")], "x-remote-group is not UTF-8"),
    ];
    for (headers, text) in cases {
        match come_from(&json!({}), None, headers).await {
            Err(UpstreamError::Unacceptable(error)) => assert!(error.contains(text), "{error}"),
            other => panic!("{text}: {:?}", other.map(|identity| told(&identity))),
        }
    }
}

#[tokio::test]
async fn only_listed_proxies_are_believed() {
    let headers: RawLines<'_> = &[("x-remote-user", b"jane"), ("x-forwarded-for", b"10.0.0.1")];
    let networks = json!({"trustedProxies": ["10.0.0.0/8", "::1"]});
    let cases = [
        (json!({}), Some("203.0.113.1"), true),
        (json!({}), None, true),
        (networks.clone(), Some("10.0.0.1"), true),
        (networks.clone(), Some("::ffff:10.0.0.1"), true),
        (networks.clone(), Some("::1"), true),
        (networks.clone(), Some("127.0.0.1"), false),
        (networks.clone(), None, false),
        (json!({"TRUSTEDPROXIES": ["unix"]}), None, true),
        (json!({"trustedProxies": ["unix"]}), Some("127.0.0.1"), false),
    ];
    for (config, peer, believed) in cases {
        match come_from(&config, peer, headers).await {
            Ok(_) => assert!(believed, "{config} {peer:?}"),
            Err(UpstreamError::Unacceptable(text)) => {
                assert!(!believed && text.contains(peer.unwrap_or("a Unix socket")), "{config} {peer:?}: {text}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    for none in [json!([]), json!([""]), json!(["proxy"])] {
        let refused = opened("proxy", &json!({"trustedProxies": none}));
        assert!(matches!(refused, Err(UpstreamError::Misconfigured(_))), "{none}");
    }
}

#[tokio::test]
async fn the_gate_is_shut_to_those_whom_the_proxy_names_in_no_group_of_it() {
    let gate = json!({"allowedGroups": ["dev", "ops"]});
    let with_static = json!({"allowedGroups": ["dev", "ops"], "staticGroups": ["dev", "all"]});
    let cases = [
        (&gate, Some("ops,x,dev"), Some("ops|dev")),
        (&gate, Some("x"), None),
        (&gate, Some("DEV"), None),
        (&gate, None, None),
        (&with_static, Some("ops"), Some("ops|dev|all")),
        (&with_static, Some("x"), None),
        (&with_static, None, None),
    ];
    for (config, groups, expected) in cases {
        let mut headers = vec![("x-remote-user", "jane"), ("x-remote-user-id", "7")];
        headers.extend(groups.map(|groups| ("x-remote-group", groups)));
        match (come(config, &headers).await, expected) {
            (Ok(identity), Some(expected)) => assert_eq!(identity.groups.join("|"), expected),
            (Err(UpstreamError::NotInRequiredGroups { user_id, groups }), None) => {
                assert_eq!((user_id.as_str(), groups.join(",").as_str()), ("7", "dev,ops"));
            }
            (got, expected) => panic!("{groups:?}: {:?} for {expected:?}", got.map(|identity| identity.groups)),
        }
    }
}

/// What is logged while something is opened.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn believing_everybody_is_told_once_when_the_connector_is_opened() {
    for (config, times) in
        [(json!({}), 1), (json!({"trustedProxies": null}), 1), (json!({"trustedProxies": ["::1"]}), 0)]
    {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || opened("proxy", &config).map(|_| ()).unwrap());
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches("in trustedProxies").count(), times, "{text}");
        assert!(times == 0 || (text.contains("WARN") && text.contains("proxy")), "{text}");
    }
}
