//! Logins through the stand-in, and logouts.

mod logout;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_connector::{
    Arrival, Clock, Connector, Departure, Finish, Identity, LoginMethod, Opening, RedirectLogin, Start, UpstreamError,
    Wanted,
};
use dex_fakes::saml::{Asked, Saml as IdentityProvider};
use dex_model::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::{Explained, Saml, explain};

const CALLBACK: &str = "https://id.example/callback";
const ENTITY: &str = "https://id.example/saml";
const STATE: &str = "a1b2c3";

fn now() -> Timestamp {
    "2026-08-06T12:00:00Z".parse().unwrap()
}

/// A connector and its clock.
struct Trial {
    connector: Saml,
    time: Arc<Mutex<Timestamp>>,
}

fn open(config: &Value) -> Result<Trial, UpstreamError> {
    let time = Arc::new(Mutex::new(now()));
    let clock = time.clone();
    let clock = Clock::new(move || *clock.lock().unwrap());
    let opening = Opening { id: "corp", config, callback: &CALLBACK.parse().unwrap(), clock };
    Ok(Trial { connector: Saml::open(&opening)?, time })
}

/// The keys for a provider, with others laid over them; `null` takes one out.
fn keys(provider: &IdentityProvider, others: &Value) -> Value {
    let mut keys = json!({
        "ssoURL": provider.sso_url(), "ssoIssuer": provider.entity_id(), "redirectURI": CALLBACK,
        "entityIssuer": ENTITY, "usernameAttr": "cn", "emailAttr": "mail", "groupsAttr": "groups",
        "caData": BASE64_STANDARD.encode(provider.certificate()),
    });
    for (key, value) in others.as_object().unwrap() {
        keys[key] = value.clone();
    }
    keys
}

fn by_metadata(provider: &IdentityProvider) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), provider.fake.ca().unwrap()).unwrap();
    let (_, path) = file.keep().unwrap();
    let others =
        json!({"ssoURL": null, "ssoIssuer": null, "caData": null, "metadata": provider.entity_id(), "rootCAs": [path]});
    keys(provider, &others)
}

fn wanted(groups: bool) -> Wanted {
    Wanted { offline_access: false, groups }
}

impl Trial {
    fn now(&self) -> Timestamp {
        *self.time.lock().unwrap()
    }

    fn advance(&self, span: Duration) {
        let mut time = self.time.lock().unwrap();
        *time = dex_model::later(*time, span);
    }

    async fn start(&self) -> Result<Departure, UpstreamError> {
        let callback: Url = CALLBACK.parse().unwrap();
        let start = Start { wanted: wanted(true), callback: &callback, state: STATE, login_hint: "", now: self.now() };
        Ok(RedirectLogin::start(&self.connector, &start).await?.to)
    }

    async fn finish(&self, form: &[(&str, &str)], groups: bool) -> Result<Arrival, UpstreamError> {
        let (callback, headers) = (CALLBACK.parse().unwrap(), http::HeaderMap::new());
        let finish = Finish {
            wanted: wanted(groups),
            data: b"",
            callback: &callback,
            state: STATE,
            parameters: &dex_oidc::Form::of(form.iter().copied()),
            posted: true,
            headers: &headers,
            peer: None,
            now: self.now(),
        };
        RedirectLogin::finish(&self.connector, &finish).await
    }

    /// Logs in through the provider as a browser would.
    async fn log_in(&self, provider: &IdentityProvider, groups: bool) -> Result<Arrival, UpstreamError> {
        let Departure::Post { action, fields } = self.start().await? else { panic!("a form") };
        assert_eq!(action.as_str(), provider.sso_url());
        assert_eq!(fields[1], ("RelayState".to_owned(), STATE.to_owned()));
        let asked = IdentityProvider::asked(&fields[0].1).unwrap();
        assert_eq!((&*asked.id, &*asked.acs, &*asked.audience), (STATE, CALLBACK, ENTITY));
        let response = provider.respond(&asked);
        self.finish(&[("SAMLResponse", &response), ("RelayState", STATE)], groups).await
    }

    async fn refresh(&self, data: &[u8], groups: bool) -> Result<Identity, UpstreamError> {
        let known = Identity { connector_data: data.to_vec(), ..Identity::default() };
        self.connector.refresh().unwrap().refresh(wanted(groups), known).await
    }
}

fn asked() -> Asked {
    Asked { id: STATE.into(), acs: CALLBACK.into(), audience: ENTITY.into() }
}

fn refusal<T>(result: Result<T, UpstreamError>) -> String {
    result.err().expect("it is refused").to_string()
}

#[tokio::test]
async fn a_user_is_who_the_assertion_says_and_stays_so_at_a_refresh() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let trial = open(&keys(&provider, &json!({}))).unwrap();
    assert!(matches!(trial.connector.login(), LoginMethod::Redirect(_)));
    let arrival = trial.log_in(&provider, true).await.unwrap();
    let kept = r#"{"userId":"mira-1","username":"Mira Kowalski","preferredUsername":"","email":"mira@corp.example","emailVerified":true,"groups":["staff","r&d"]}"#;
    let expected = Identity {
        user_id: "mira-1".into(),
        username: "Mira Kowalski".into(),
        preferred_username: String::new(),
        email: "mira@corp.example".into(),
        email_verified: true,
        groups: vec!["staff".into(), "r&d".into()],
        connector_data: kept.into(),
    };
    assert!(arrival.identity == expected, "{}", String::from_utf8_lossy(&arrival.identity.connector_data));
    let once = arrival.once.unwrap();
    assert_eq!((once.id.len(), once.until.to_string()), (32, "2100-01-01T00:00:30Z".to_owned()));
    assert!(trial.refresh(kept.as_bytes(), true).await.unwrap() == expected);
    assert!(trial.refresh(kept.as_bytes(), false).await.unwrap().groups.is_empty());
    assert!(trial.log_in(&provider, false).await.unwrap().identity.groups.is_empty());
    assert!(refusal(trial.refresh(b"", true).await).ends_with("saml: no connector data available for refresh"));
    assert!(refusal(trial.refresh(b"?", true).await).contains("saml: failed to unmarshal cached identity"));
}

#[tokio::test]
async fn what_a_logout_will_want_is_handed_over_where_there_is_one() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let cases = [(json!({}), ""), (json!({"sloURL": "https://idp.example/slo"}), "{}")];
    for (others, expected) in cases {
        let trial = open(&keys(&provider, &others)).unwrap();
        assert_eq!(trial.log_in(&provider, true).await.unwrap().logout, expected.as_bytes(), "it names no session");
    }
}

#[tokio::test]
async fn an_assertion_is_known_by_its_own_id() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let trial = open(&keys(&provider, &json!({}))).unwrap();
    let first = trial.log_in(&provider, true).await.unwrap().once;
    assert_eq!(trial.log_in(&provider, true).await.unwrap().once, first);
    provider.change(|user| user.assertion_id = "_another".into());
    assert_ne!(trial.log_in(&provider, true).await.unwrap().once, first);
}

#[tokio::test]
async fn groups_are_split_kept_and_gated_whatever_the_client_asks() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let cases: [(Value, Result<&[&str], ()>); 6] = [
        (json!({}), Ok(&["staff", "r&d"])),
        (json!({"groupsAttr": null}), Ok(&[])),
        (json!({"groupsDelim": "a"}), Ok(&["st", "ff"])),
        (json!({"allowedGroups": ["r&d", "x"]}), Ok(&["staff", "r&d"])),
        (json!({"allowedGroups": ["r&d", "x"], "filterGroups": true}), Ok(&["r&d"])),
        (json!({"allowedGroups": ["x"]}), Err(())),
    ];
    for (others, expected) in cases {
        let trial = open(&keys(&provider, &others)).unwrap();
        for groups in [true, false] {
            match (trial.log_in(&provider, groups).await, expected) {
                (Ok(arrival), Ok(expected)) => {
                    assert_eq!(arrival.identity.groups, if groups { expected } else { &[] }, "{others}");
                }
                (Err(UpstreamError::NotInRequiredGroups { user_id, groups }), Err(())) => {
                    assert_eq!((&*user_id, &groups[..]), ("mira-1", &["x".to_owned()][..]));
                }
                (got, _) => panic!("{others}: {:?}", got.map(|arrival| arrival.identity.groups)),
            }
        }
    }
    // Who is in no group is told nothing of groups, and is not locked out for it.
    provider.change(|user| user.groups.clear());
    assert!(
        open(&keys(&provider, &json!({}))).unwrap().log_in(&provider, true).await.unwrap().identity.groups.is_empty()
    );
    let gated = open(&keys(&provider, &json!({"allowedGroups": ["staff"]}))).unwrap();
    assert!(gated.log_in(&provider, true).await.is_err());
    let kept = br#"{"userId":"u","username":"u","preferredUsername":"","email":"e","emailVerified":true}"#;
    assert!(matches!(gated.refresh(kept, false).await, Err(UpstreamError::NotInRequiredGroups { .. })));
}

#[tokio::test]
async fn what_does_not_fit_logs_nobody_in() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let trial = open(&keys(&provider, &json!({}))).unwrap();
    let finish = async |response: &str| refusal(trial.finish(&[("SAMLResponse", response)], true).await);
    assert!(finish("").await.contains("no SAMLResponse"));
    assert!(finish("%").await.contains("xml: decode response: it is not base64"));
    let other = provider.respond(&Asked { id: "another".into(), ..asked() });
    assert!(finish(&other).await.contains("in-response-to: expected InResponseTo value \"a1b2c3\", got \"another\""));
    let other = provider.respond(&Asked { audience: "https://other".into(), ..asked() });
    assert!(finish(&other).await.contains("audience: "));
    provider.change(|user| user.email = None);
    let refused = finish(&provider.respond(&asked())).await;
    assert!(refused.ends_with("attributes: no attribute with name \"mail\": [\"cn\" \"groups\"]"), "{refused}");
    provider.change(|user| user.status = "Responder".into());
    let denied = trial.finish(&[("SAMLResponse", &provider.respond(&asked()))], true).await;
    assert!(matches!(denied, Err(UpstreamError::Denied(_))));
    provider.change(|user| *user = dex_fakes::saml::User::default());
    provider.roll_the_key();
    assert!(finish(&provider.respond(&asked())).await.contains("signature: "));
}

#[tokio::test]
async fn metadata_tells_all_and_keys_roll_over_while_running() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let trial = open(&by_metadata(&provider)).unwrap();
    trial.connector.prepare().await.unwrap();
    assert!(trial.log_in(&provider, true).await.is_ok());
    provider.fake.forget();
    provider.roll_the_key();
    // A key that is not known makes us read again, yet not at every knock.
    assert!(trial.log_in(&provider, true).await.is_ok());
    assert_eq!(provider.fake.lines(), ["GET /metadata"]);
    provider.roll_the_key();
    for seconds in [0, 59] {
        trial.advance(Duration::from_secs(seconds));
        assert!(trial.log_in(&provider, true).await.is_err());
        assert_eq!(provider.fake.lines().len(), 1, "once a minute");
    }
    trial.advance(Duration::from_secs(1));
    assert!(trial.log_in(&provider, true).await.is_ok());
    assert_eq!(provider.fake.lines().len(), 2);
    // What is known outlives an outage.
    provider.fake.go_down().await;
    trial.advance(Duration::from_secs(2 * 3600));
    assert!(trial.log_in(&provider, true).await.is_ok());
    provider.fake.come_back().await.unwrap();
}

#[tokio::test]
async fn without_metadata_nobody_leaves_and_prepare_says_why() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    provider.fake.go_down().await;
    let trial = open(&by_metadata(&provider)).unwrap();
    assert!(matches!(trial.connector.prepare().await, Err(UpstreamError::Unreachable(_))));
    assert!(trial.start().await.is_err());
}

#[tokio::test]
async fn a_request_by_redirect_keeps_the_query_of_the_url() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let others = json!({"requestBinding": "redirect", "ssoURL": "https://idp.example/sso?tenant=a"});
    let Departure::Get(url) = open(&keys(&provider, &others)).unwrap().start().await.unwrap() else { panic!("a URL") };
    assert!(url.as_str().starts_with("https://idp.example/sso?tenant=a&SAMLRequest="), "{url}");
    let text = dex_saml::decode_redirect(url.query().unwrap(), "SAMLRequest", None, now()).unwrap();
    assert!(text.contains("Destination=\"https://idp.example/sso?tenant=a\""), "{text}");
    assert!(url.as_str().ends_with(&format!("&RelayState={STATE}")));
}

#[tokio::test]
async fn requests_are_signed_and_our_metadata_shows_the_key() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let made = rcgen::generate_simple_self_signed(["id.example".to_owned()]).unwrap();
    let (key, cert) = (made.signing_key.serialize_pem(), made.cert.pem());
    let trial = open(&keys(&provider, &json!({"signing": {"key": key, "cert": cert}}))).unwrap();
    let Departure::Post { fields, .. } = trial.start().await.unwrap() else { panic!("a form") };
    let text = dex_saml::decode_post(&fields[0].1).unwrap();
    assert!(text.contains("<ds:SignatureValue>") && text.contains("ecdsa-sha256"), "{text}");
    let (kind, metadata) = trial.connector.metadata(None).unwrap();
    assert_eq!(kind, "application/samlmetadata+xml");
    assert!(metadata.contains(&BASE64_STANDARD.encode(made.cert.der())) && metadata.contains(ENTITY), "{metadata}");
}

#[tokio::test]
async fn a_response_is_explained_as_a_login_would_judge_it() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let config = keys(&provider, &json!({"allowedGroups": ["staff"]}));
    let callback = CALLBACK.parse().unwrap();
    let explained = async |response: &str, request: Option<&str>| -> Explained {
        let opening = Opening { id: "corp", config: &config, callback: &callback, clock: Clock::new(now) };
        explain(&opening, response, request, now()).await.unwrap()
    };
    let response = provider.respond(&asked());
    let good = explained(&response, None).await;
    assert_eq!(good.outcome.unwrap().user_id, "mira-1");
    let names: Vec<&str> = good.checked.iter().map(|(name, _)| *name).collect();
    assert_eq!(names[names.len() - 2..], ["attributes", "groups"]);
    assert!(
        good.checked.contains(&("in-response-to", "not checked: it was not said which request this answers".into()))
    );
    let raw = String::from_utf8(BASE64_STANDARD.decode(&response).unwrap()).unwrap();
    assert!(explained(format!("\n{raw}").trim_start(), Some(STATE)).await.outcome.is_ok());
    assert_eq!(explained(&raw, Some("other")).await.outcome.unwrap_err().0, "in-response-to");
    assert_eq!(explained(&raw.replace("mira-1", "admin"), None).await.outcome.unwrap_err().0, "signature");
    provider.change(|user| user.groups.clear());
    assert_eq!(explained(&provider.respond(&asked()), None).await.outcome.unwrap_err().0, "groups");
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_in_words() {
    let provider = IdentityProvider::start_tls().await.unwrap();
    let data = |text: &str| BASE64_STANDARD.encode(text);
    let pem = provider.certificate();
    let cases = [
        (json!({"ssoURL": ""}), "missing required field \"ssoURL\""),
        (json!({"ssoURL": "", "emailAttr": null}), "missing required fields [\"ssoURL\" \"emailAttr\"]"),
        (json!({"nameIDPolicyFormat": "Persistent"}), "invalid nameIDPolicyFormat: \"Persistent\""),
        (json!({"caData": null}), "must provide either 'ca' or 'caData'"),
        (json!({"ca": "/x"}), "must provide either 'ca' or 'caData'"),
        (json!({"ca": "/no/such/file", "caData": null}), "read ca file: No such file"),
        (json!({"caData": ""}), "no certificates found in ca data"),
        (json!({"caData": data(&format!("{pem}garbage"))}), "parse cert: trailing data: \"garbage\""),
        (json!({"caData": data(&pem.replacen("MII", "AAA", 1))}), "parse cert: "),
        (json!({"allowedGroups": ["x"], "groupsAttr": null}), "allowedGroups without groupsAttr lets nobody in"),
        (json!({"idpInitiatedLogin": "/login"}), "idpInitiatedLogin \"/login\" is no URL of http or https"),
        (json!({"requestBinding": "soap"}), "requestBinding is neither post nor redirect"),
        (json!({"signing": {"key": "x"}}), "signing: both key and cert are needed"),
        (json!({"decryption": {"key": "/no/such", "cert": "/no/such"}}), "decryption.key: No such file"),
        (json!({"metadata": "http://idp.example/"}), "metadata that is fetched by http must be signed"),
    ];
    for (others, told) in cases {
        let error = refusal(open(&keys(&provider, &others)));
        assert!(error.contains(told), "{others}: {error}");
    }
    let insecure = json!({"caData": null, "insecureSkipSignatureValidation": true});
    assert!(open(&keys(&provider, &insecure)).is_ok());
}
