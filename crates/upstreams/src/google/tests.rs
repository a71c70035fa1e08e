//! Logins and refreshes against the stand-in.

use std::io::Write as _;
use std::time::Duration;

use dex_connector::{Identity, UpstreamError};
use dex_fakes::google::{ACCOUNT, Google};
use dex_fakes::kit::{Answer, CLIENT_ID, Fault};
use dex_jose::{Algorithm, SigningKey};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::environment::Environment;
use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

fn file(content: &Value) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.to_string().as_bytes()).unwrap();
    file
}

/// A connector for the stand-in, in an environment.
fn open_in(google: &Google, keys: &Value, environment: &Environment) -> Result<Trial, UpstreamError> {
    let mut all = json!({"baseURL": google.fake.base(), "apiURL": google.api()});
    all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Trial::open_by(&all, |opening| super::open_in(opening, environment))
}

/// A connector whose service account has a key file.
fn open(google: &Google, keys: &Value) -> Trial {
    let key_file = file(&google.key_file());
    let mut all = json!({
        "serviceAccountFilePath": key_file.path(), "domainToAdminEmail": {"team.example": "admin@team.example"},
    });
    all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    open_in(google, &all, &Environment::default()).unwrap()
}

/// A connector without a directory.
fn open_plain(google: &Google, keys: &Value) -> Trial {
    open_in(google, keys, &Environment::default()).unwrap()
}

fn asked(google: &Google, prefix: &str) -> usize {
    google.fake.lines().iter().filter(|line| line.starts_with(prefix)).count()
}

const LISTS: &str = "GET /apis/admin/directory/v1/groups";

#[tokio::test]
async fn a_user_is_who_google_says() {
    let google = Google::start().await.unwrap();
    let ines = Identity {
        user_id: "110555000111".into(),
        username: "Ines Prado".into(),
        email: "ines@team.example".into(),
        email_verified: true,
        connector_data: b"rt-1".into(),
        ..Identity::default()
    };
    let trial = open_plain(&google, &json!({"hostedDomains": ["team.example", "other.example"]}));
    assert!(trial.log_in(&google.fake, PLAIN).await.unwrap() == ines);
    google.change(|script| {
        for (claim, value) in [("email_verified", json!(false)), ("name", json!(null)), ("hd", json!(null))] {
            script.claims[claim] = value;
        }
    });
    let got = open_plain(&google, &json!({})).log_in(&google.fake, GROUPS).await.unwrap();
    assert_eq!((got.email_verified, got.username.as_str(), got.groups.len()), (false, "", 0));
    assert_eq!(asked(&google, LISTS), 0, "without a directory nobody is asked for groups");
}

#[tokio::test]
async fn the_browser_is_sent_with_what_is_configured() {
    let google = Google::start().await.unwrap();
    let one = json!({"hostedDomains": ["team.example"], "scopes": ["email", "groups"], "promptType": "select_account"});
    let cases = [
        (json!({}), PLAIN, json!({"scope": "openid profile email"})),
        (json!({}), GROUPS, json!({"scope": "openid profile email"})),
        (
            json!({"hostedDomains": ["a", "b"], "promptType": null}),
            OFFLINE,
            json!({"scope": "openid profile email", "hd": "*", "access_type": "offline", "prompt": "consent"}),
        ),
        (json!({"promptType": ""}), OFFLINE, json!({"scope": "openid profile email", "access_type": "offline"})),
        (one.clone(), PLAIN, json!({"scope": "openid email", "hd": "team.example"})),
        (
            one,
            ALL,
            json!({"scope": "openid email", "hd": "team.example", "access_type": "offline", "prompt": "select_account"}),
        ),
    ];
    for (keys, wanted, expected) in cases {
        let (url, _) = open_plain(&google, &keys).depart(wanted).await.unwrap();
        let mut sent = parameters(&url);
        for always in ["client_id", "redirect_uri", "response_type", "state", "nonce", "code_challenge"] {
            assert!(sent.remove(always).is_some(), "{always}");
        }
        assert_eq!(sent.remove("code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(json!(sent), expected, "{keys}");
    }
    let other = open_plain(&google, &json!({"redirectURI": "https://id.example/callback"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn another_domain_is_shut_out_at_login_and_refresh() {
    let google = Google::start().await.unwrap();
    let trial = open_plain(&google, &json!({"hostedDomains": ["team.example"]}));
    let identity = trial.log_in(&google.fake, OFFLINE).await.unwrap();
    for hd in [json!("Team.example"), json!("evil.example"), json!(""), json!(null)] {
        google.change(|script| script.claims["hd"] = hd);
        let required = "not in any of the required groups [\"team.example\"]";
        assert_fails("login", trial.log_in(&google.fake, PLAIN).await, "gate", required);
        assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "gate", required);
    }
}

#[tokio::test]
async fn groups_come_from_the_directory_page_by_page() {
    let google = Google::start().await.unwrap();
    let trial = open(&google, &json!({}));
    let groups = trial.log_in(&google.fake, GROUPS).await.unwrap().groups;
    assert_eq!(groups, ["eng@team.example", "all@team.example"]);
    google.change_directory(|directory| directory.page_size = 1);
    assert_eq!(trial.log_in(&google.fake, GROUPS).await.unwrap().groups, groups);
    let lines = google.fake.lines();
    let lists: Vec<_> = lines.iter().filter(|line| line.starts_with(LISTS)).collect();
    let query = "alt=json&maxResults=200&pageToken=&prettyPrint=false&userKey=ines%40team.example";
    assert_eq!((lists.len(), lists[0].as_str()), (3, format!("{LISTS}?{query}").as_str()));
    assert!(lists[2].contains("pageToken=p1&"), "{}", lists[2]);
    assert_eq!(asked(&google, "POST /apis/token"), 1, "the access token is kept");
    google.fake.forget();
    assert!(trial.log_in(&google.fake, PLAIN).await.unwrap().groups.is_empty());
    assert_eq!(asked(&google, LISTS), 0, "nobody wants them");
    let nested = open(&google, &json!({"fetchTransitiveGroupMembership": true}));
    let groups = nested.log_in(&google.fake, GROUPS).await.unwrap().groups;
    assert_eq!(groups, ["eng@team.example", "staff@team.example", "all@team.example"]);
    assert_eq!(asked(&google, LISTS), 6, "each group once: two pages for ines and for eng, one for staff and for all");
}

#[tokio::test]
async fn thousands_of_groups_are_read_and_not_one_more_than_the_limit() {
    let google = Google::start().await.unwrap();
    let many = |count: usize| (0..count).map(|n| format!("g{n}@team.example")).collect::<Vec<_>>();
    let trial = open(&google, &json!({}));
    google.change_directory(|directory| {
        directory.members.insert("ines@team.example".into(), many(10_000));
    });
    assert_eq!(trial.log_in(&google.fake, GROUPS).await.unwrap().groups.len(), 10_000);
    assert_eq!(asked(&google, LISTS), 50);
    let nested = open(&google, &json!({"fetchTransitiveGroupMembership": true}));
    let got = nested.log_in(&google.fake, GROUPS).await;
    assert_fails("too many to look up", got, "unacceptable", "could not list transitive groups: more than 2000 groups");
    google.change_directory(|directory| {
        directory.members.insert("ines@team.example".into(), many(10_001));
    });
    assert_fails("too many", trial.log_in(&google.fake, GROUPS).await, "unacceptable", "more than 10000 groups");
    google.change_directory(|directory| {
        directory.members.insert("ines@team.example".into(), many(2_000));
    });
    assert_eq!(nested.log_in(&google.fake, GROUPS).await.unwrap().groups.len(), 2_000);
}

#[tokio::test]
async fn addresses_that_are_not_verified_have_no_groups() {
    let google = Google::start().await.unwrap();
    let trial = open(&google, &json!({}));
    for (claim, value) in [("email_verified", json!(false)), ("email", json!(null))] {
        google.change(|script| script.claims[claim] = value);
        assert_fails(claim, trial.log_in(&google.fake, GROUPS).await, "denied", "no address that Google has verified");
        assert!(trial.log_in(&google.fake, PLAIN).await.is_ok());
    }
    assert_eq!(asked(&google, LISTS), 0);
}

#[tokio::test]
async fn each_domain_is_read_for_its_own_administrator() {
    let google = Google::start().await.unwrap();
    google.change_directory(|directory| {
        for (domain, admin) in [("other.example", "boss@other.example"), ("rest.example", "rest@team.example")] {
            directory.admins.insert(domain.into(), admin.into());
        }
        let members = [
            ("ines@team.example", vec!["mix@other.example", "far@unknown.example"]),
            ("mix@other.example", vec!["up@team.example"]),
            ("ines@rest.example", vec!["few@rest.example"]),
            ("ines@alias.example", vec!["by-alias@team.example"]),
        ];
        directory.members = members
            .map(|(member, groups)| (member.to_owned(), groups.into_iter().map(str::to_owned).collect()))
            .into_iter()
            .collect();
    });
    let admins = json!({"team.example": "admin@team.example", "OTHER.example": "boss@other.example"});
    let nested = open(&google, &json!({"fetchTransitiveGroupMembership": true, "domainToAdminEmail": admins}));
    let groups = nested.log_in(&google.fake, GROUPS).await.unwrap().groups;
    assert_eq!(
        groups,
        ["mix@other.example", "up@team.example", "far@unknown.example"],
        "a foreign group is no failure"
    );

    let log_in_as = async |email: &str, trial: &Trial| {
        google.change(|script| script.claims["email"] = email.into());
        trial.log_in(&google.fake, GROUPS).await.map(|identity| identity.groups)
    };
    let unmapped = open(&google, &json!({"domainToAdminEmail": {"other.example": "boss@other.example"}}));
    let text = "unable to find super admin email, domainToAdminEmail for domain: rest.example not set, * is also empty";
    assert_fails("unmapped", log_in_as("ines@rest.example", &unmapped).await, "misconfigured", text);
    let any = open(&google, &json!({"domainToAdminEmail": {"*": "rest@team.example"}}));
    assert_eq!(log_in_as("ines@rest.example", &any).await.unwrap(), ["few@rest.example"]);
    let old = open(&google, &json!({"domainToAdminEmail": {"*": "x@x"}, "adminEmail": "rest@team.example"}));
    assert_eq!(log_in_as("ines@rest.example", &old).await.unwrap(), ["few@rest.example"]);
    google.change_directory(|directory| {
        directory.admins.insert("alias.example".into(), "admin@team.example".into());
    });
    let by_hd = open(&google, &json!({}));
    assert_eq!(log_in_as("ines@alias.example", &by_hd).await.unwrap(), ["by-alias@team.example"], "by hd");
}

#[tokio::test]
async fn the_service_account_speaks_for_the_administrator() {
    let google = Google::start().await.unwrap();
    let trial = open(&google, &json!({}));
    trial.log_in(&google.fake, GROUPS).await.unwrap();
    let claims = google.asserted();
    assert_eq!(claims["iss"], ACCOUNT);
    assert_eq!((&claims["sub"], &claims["prn"]), (&json!("admin@team.example"), &json!("admin@team.example")));
    assert_eq!(claims["iat"], 1_786_010_390, "ten seconds ago");
    trial.advance(Duration::from_secs(3_588));
    trial.log_in(&google.fake, GROUPS).await.unwrap();
    assert_eq!(asked(&google, "POST /apis/token"), 1);
    trial.advance(Duration::from_secs(1));
    trial.log_in(&google.fake, GROUPS).await.unwrap();
    assert_eq!(asked(&google, "POST /apis/token"), 2, "ten seconds before its end");

    google.fake.fail(Fault::at("/apis/admin").status(401, "{}").times(1));
    trial.log_in(&google.fake, GROUPS).await.unwrap();
    assert_eq!(asked(&google, "POST /apis/token"), 3, "a token that was taken back is replaced");

    let own = open(&google, &json!({"domainToAdminEmail": {"*": ""}}));
    own.log_in(&google.fake, GROUPS).await.unwrap();
    assert!(google.asserted().get("sub").is_none() && google.asserted().get("prn").is_none());
    google.change_directory(|directory| directory.delegated = false);
    let refused = open(&google, &json!({})).log_in(&google.fake, GROUPS).await;
    assert_fails("not delegated", refused, "misconfigured", "google: could not retrieve groups: could not list groups");
}

#[tokio::test]
async fn a_machine_of_googles_needs_no_key_file() {
    let google = Google::start().await.unwrap();
    let host = google.fake.base().trim_start_matches("http://").to_owned();
    let environment = Environment { metadata_host: Some(host), ..Environment::default() };
    let keys = |admin: &str| json!({"domainToAdminEmail": {"*": admin}});
    let trial = open_in(&google, &keys("admin@team.example"), &environment).unwrap();
    trial.connector.prepare().await.unwrap();
    assert_eq!(trial.log_in(&google.fake, GROUPS).await.unwrap().groups.len(), 2);
    assert_eq!((&google.asserted()["sub"], google.asserted().get("prn")), (&json!("admin@team.example"), None));
    let own = open_in(&google, &keys(""), &environment).unwrap();
    assert_eq!(own.log_in(&google.fake, GROUPS).await.unwrap().groups.len(), 2);
    assert_eq!(asked(&google, "POST /apis/token"), 1, "its own rights need no assertion");
    google.change_directory(|directory| directory.delegated = false);
    let refused = open_in(&google, &keys("admin@team.example"), &environment).unwrap();
    let text = "the role Service Account Token Creator";
    assert_fails("may not sign", refused.log_in(&google.fake, GROUPS).await, "misconfigured", text);
    google.fake.fail(Fault::at("/computeMetadata").status(404, ""));
    let none = open_in(&google, &keys("a@b"), &environment).unwrap();
    let text = "unable to get service account email from metadata server";
    assert_fails("no account", none.connector.prepare().await, "unacceptable", text);
    let nowhere = Environment { metadata_host: Some("127.0.0.1:9".into()), ..Environment::default() };
    let nowhere = open_in(&google, &keys("a@b"), &nowhere).unwrap();
    assert_fails("nowhere", nowhere.connector.prepare().await, "unreachable", "there is no key file");
    assert_fails("nowhere", nowhere.log_in(&google.fake, GROUPS).await, "unreachable", "there is no key file");
}

#[tokio::test]
async fn key_files_are_checked_when_the_connector_is_opened() {
    let google = Google::start().await.unwrap();
    let named = |content: Value| {
        let file = file(&content);
        let environment = Environment { credentials: Some(file.path().to_owned()), ..Environment::default() };
        open_in(&google, &json!({"domainToAdminEmail": {"*": "admin@team.example"}}), &environment)
    };
    let trial = named(google.key_file()).unwrap();
    assert_eq!(trial.log_in(&google.fake, GROUPS).await.unwrap().groups.len(), 2, "by the environment");
    let with = |key: &str, value: Value| {
        let mut content = google.key_file();
        content[key] = value;
        content
    };
    assert!(named(with("audience", json!("https://x"))).is_ok() && named(with("token_uri", json!(null))).is_ok());
    for (content, text) in [
        (json!({"type": "authorized_user"}), "it is of type \"authorized_user\""),
        (json!({"type": "external_account"}), "it is of type \"external_account\""),
        (json!("hunter2"), "it is no JSON of a key file"),
        (with("private_key", json!("hunter2")), "not an RSA private key in PEM"),
        (with("token_uri", json!("hunter2")), "token_uri is no URL"),
    ] {
        let error = named(content).err().unwrap().to_string();
        assert!(error.contains("unable to parse client secret file to config") && error.contains(text), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let missing = json!({"serviceAccountFilePath": "/no/such.json", "domainToAdminEmail": {"*": "a@b"}});
    let error = open_in(&google, &missing, &Environment::default());
    assert_fails("missing", error, "misconfigured", "error reading credentials from file");
    let gate = open_in(&google, &json!({"groups": ["a"]}), &Environment::default());
    assert_fails("a gate without a directory", gate, "misconfigured", "cannot be checked without domainToAdminEmail");
}

#[tokio::test]
async fn a_refresh_sees_what_changed_and_keeps_a_name_that_is_not_told() {
    let google = Google::start().await.unwrap();
    let trial = open(&google, &json!({}));
    let identity = trial.log_in(&google.fake, ALL).await.unwrap();
    google.change(|script| {
        script.claims["name"] = json!(null);
        script.claims["email_verified"] = json!(true);
    });
    google.change_directory(|directory| {
        directory.members.insert("ines@team.example".into(), vec!["all@team.example".into()]);
    });
    let fresh = trial.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.groups.join(",")), ("Ines Prado", "all@team.example".into()));
    assert_eq!((fresh.user_id.as_str(), stored(&fresh)), ("110555000111", "rt-2"));
    assert_eq!(trial.refresh(OFFLINE, &fresh).await.unwrap().groups, fresh.groups, "not asked for, they stay");
    google.oauth().change(|terms| terms.rotates = false);
    let third = Identity { connector_data: b"rt-3".into(), ..fresh.clone() };
    assert_eq!(stored(&trial.refresh(OFFLINE, &third).await.unwrap()), "rt-3", "the old one is kept");

    let without = Identity { connector_data: Vec::new(), ..fresh.clone() };
    let text = "google: failed to get token: oauth2: token expired and refresh token is not set";
    assert_fails("none stored", trial.refresh(OFFLINE, &without).await, "denied", text);
    let rubbish = Identity { connector_data: vec![0xff], ..fresh.clone() };
    assert_fails("rubbish stored", trial.refresh(OFFLINE, &rubbish).await, "unacceptable", "no refresh token");
    google.change(|script| script.id_tokens = (true, false));
    assert_fails(
        "no ID token",
        trial.refresh(OFFLINE, &third).await,
        "unacceptable",
        "google: no id_token in token response",
    );
    google.change(|script| {
        script.id_tokens = (true, true);
        script.claims["sub"] = json!("another");
    });
    assert_fails("another user", trial.refresh(OFFLINE, &third).await, "unacceptable", "for another user");
    google.oauth().revoke_all();
    assert_fails(
        "revoked",
        trial.refresh(OFFLINE, &third).await,
        "denied",
        "google: failed to get token: oauth2: \"invalid_grant\"",
    );
}

#[tokio::test]
async fn id_tokens_that_are_not_for_this_login_are_refused() {
    let google = Google::start().await.unwrap();
    let trial = open_plain(&google, &json!({}));
    let now = 1_786_010_400;
    for (claim, value, text) in [
        ("iss", json!("https://evil.example"), "of issuer"),
        ("aud", json!("another-client"), "another audience"),
        ("azp", json!("another-client"), "azp"),
        ("nonce", json!("of another login"), "nonce"),
        ("exp", json!(now - 61), "expired"),
        ("nbf", json!(now + 301), "nbf"),
        ("sub", json!(null), "sub is missing"),
        ("email_verified", json!("true"), "oidc: failed to decode claims: email_verified"),
        ("name", json!(["x"]), "oidc: failed to decode claims: name is no text"),
    ] {
        let mut before = json!(null);
        google.change(|script| {
            before = script.claims.clone();
            script.claims[claim] = value;
        });
        assert_fails(text, trial.log_in(&google.fake, PLAIN).await, "unacceptable", text);
        google.change(|script| script.claims = before);
    }
    google.change(|script| script.id_tokens = (false, false));
    assert_fails(
        "none",
        trial.log_in(&google.fake, PLAIN).await,
        "unacceptable",
        "google: no id_token in token response",
    );
    google.change(|script| {
        script.id_tokens = (true, true);
        let claims = json!({"aud": CLIENT_ID, "iss": "x"}).to_string();
        script.id_token = SigningKey::generate(Algorithm::ES256).sign_compact(claims.as_bytes()).ok();
    });
    assert_fails(
        "a stranger's",
        trial.log_in(&google.fake, PLAIN).await,
        "unacceptable",
        "google: failed to verify ID Token",
    );
}

#[tokio::test]
async fn what_comes_back_with_an_error_or_from_elsewhere_ends_the_login() {
    let google = Google::start().await.unwrap();
    let trial = open_plain(&google, &json!({}));
    google.oauth().refuse_next("access_denied", "no");
    assert_fails("cancel", trial.log_in(&google.fake, PLAIN).await, "denied", "access_denied: no");
    let (_, data) = trial.depart(PLAIN).await.unwrap();
    let mixed = trial.arrive(PLAIN, &data, &[("code", "code-1"), ("iss", "https://evil.example")]).await;
    assert_fails("mixed up", mixed, "unacceptable", "another issuer");
    let (theirs, _) = trial.depart(PLAIN).await.unwrap();
    google.fake.browse(&theirs).await.unwrap();
    let stolen = trial.arrive(PLAIN, &data, &[("code", "code-1")]).await;
    assert_fails("stolen", stolen, "denied", "google: failed to get token");
}

#[tokio::test]
async fn a_google_that_is_down_is_told_from_one_that_says_no() {
    let google = Google::start().await.unwrap();
    let trial = open(&google, &json!({}));
    google.fake.go_down().await;
    assert_fails("start", trial.depart(PLAIN).await, "unreachable", "cannot connect");
    assert_fails("prepare", trial.connector.prepare().await, "unreachable", "cannot connect");
    google.fake.come_back().await.unwrap();
    let identity = trial.log_in(&google.fake, ALL).await.unwrap();
    google.fake.go_down().await;
    assert_fails("login", trial.log_in(&google.fake, PLAIN).await, "unreachable", "google: failed to get token");
    assert_fails("refresh", trial.refresh(ALL, &identity).await, "unreachable", "google: failed to get token");
    google.fake.come_back().await.unwrap();
    for fault in [
        Fault::at("/apis/admin").status(503, "{}"),
        Fault::at("/apis/admin").status(429, "{}"),
        Fault::at("/apis/admin").status(403, r#"{"error":{"errors":[{"reason":"quotaExceeded"}]}}"#),
    ] {
        google.fake.heal();
        google.fake.fail(fault);
        let text = "google: could not retrieve groups: could not list groups";
        assert_fails("the directory", trial.refresh(ALL, &identity).await, "unreachable", text);
    }
    google.fake.heal();
    assert!(trial.refresh(ALL, &identity).await.is_ok(), "the refresh token is not lost");
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let google = Google::start().await.unwrap();
    let trial = open(&google, &json!({}));
    trial.log_in(&google.fake, GROUPS).await.unwrap();
    let refused = r#"{"error":{"code":403,"message":"Not Authorized to access this resource/api"}}"#;
    for (fault, text) in [
        (Fault::at("/token").html(), "google: failed to get token"),
        (Fault::at("/token").status(200, "{}"), "missing access_token"),
        (Fault::at("/apis/admin").status(403, refused), "Not Authorized to access this resource/api"),
        (Fault::at("/apis/admin").html(), "HTML"),
        (Fault::at("/apis/admin").answer(Answer::Truncated), "could not list groups"),
        (Fault::at("/apis/admin").answer(Answer::Endless), "more than"),
        (Fault::at("/apis/admin").status(200, r#"{"groups":[],"nextPageToken":"same"}"#), "a page that was read"),
        (Fault::at("/apis/admin").status(200, r#"{"groups":[5]}"#), "another type"),
    ] {
        google.fake.heal();
        google.fake.fail(fault);
        assert_fails(text, trial.log_in(&google.fake, GROUPS).await, "unacceptable", text);
    }
}

#[tokio::test]
async fn no_error_tells_a_token_of_the_directory() {
    let google = Google::start().await.unwrap();
    let host = google.fake.base().trim_start_matches("http://").to_owned();
    let environment = Environment { metadata_host: Some(host), ..Environment::default() };
    let keys = json!({"domainToAdminEmail": {"*": "admin@team.example"}});
    let trial = open_in(&google, &keys, &environment).unwrap();
    for (path, token) in [("/apis/v1", "machine-token"), ("/apis/admin", "directory-token-1")] {
        google.fake.heal();
        google.fake.fail(Fault::at(path).status(400, &format!(r#"{{"error":"bad {token}"}}"#)));
        let error = trial.log_in(&google.fake, GROUPS).await.unwrap_err().to_string();
        assert!(error.contains("bad [..]") && !error.contains(token), "{error}");
    }
}
