//! Single logout, with a provider that is nothing but its key.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_connector::{
    Clock, Connector, Departure, LogoutArrival, LogoutArrived, LogoutAsked, LogoutStart, Opening, UpstreamError,
    UpstreamLogout,
};
use dex_model::Timestamp;
use dex_oidc::Form;
use dex_saml::{
    Certificate, LogoutExpected, LogoutMessage, LogoutRequest, LogoutResponse, LogoutStatus, NameId, SigningKey,
    TrustedKeys, decode_post, encode_post, encode_redirect,
};
use serde_json::{Value, json};
use url::Url;

use super::super::Saml;

const CALLBACK: &str = "https://id.example/logout/callback/corp";
const ENTITY: &str = "https://id.example/saml";
const IDP: &str = "https://idp.example/metadata";
const SLO: &str = "https://idp.example/slo?tenant=a";
const STATE: &str = "a1b2c3";
/// What the login has handed over.
const DATA: &str = r#"{"format":"urn:x","nameQualifier":"n","spNameQualifier":"s","sessionIndex":"_s1"}"#;

/// A key and its certificate.
struct Pair {
    key: String,
    pem: String,
}

impl Pair {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["idp.example".to_owned()]).unwrap();
        Self { key: made.signing_key.serialize_pem(), pem: made.cert.pem() }
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.pem.as_bytes()).unwrap().remove(0)
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from_pem(self.key.as_bytes(), self.certificate()).unwrap()
    }

    fn trusted(&self) -> TrustedKeys {
        TrustedKeys::new(vec![self.certificate()]).unwrap()
    }
}

static THEIRS: LazyLock<Pair> = LazyLock::new(Pair::new);
static OURS: LazyLock<Pair> = LazyLock::new(Pair::new);
static STRANGER: LazyLock<Pair> = LazyLock::new(Pair::new);

fn now() -> Timestamp {
    "2026-08-06T12:00:00Z".parse().unwrap()
}

/// A connector with keys laid over the usual ones.
fn open(others: &Value) -> Result<Saml, UpstreamError> {
    let mut config = json!({
        "ssoURL": "https://idp.example/sso", "ssoIssuer": IDP, "redirectURI": "https://id.example/callback",
        "entityIssuer": ENTITY, "usernameAttr": "cn", "emailAttr": "mail", "sloURL": SLO,
        "caData": BASE64_STANDARD.encode(&THEIRS.pem), "signing": {"key": OURS.key, "cert": OURS.pem},
    });
    for (key, value) in others.as_object().unwrap() {
        config[key] = value.clone();
    }
    let callback = "https://id.example/callback".parse().unwrap();
    Saml::open(&Opening { id: "corp", config: &config, callback: &callback, clock: Clock::new(now) })
}

async fn start(connector: &Saml, data: &str) -> Option<Departure> {
    let callback = "https://id.example/logout/callback".parse().unwrap();
    let start = LogoutStart { user_id: "mira-1", data: data.as_bytes(), callback: &callback, state: STATE, now: now() };
    connector.start(&start).await.unwrap()
}

/// What a browser brings.
struct Brought {
    query: String,
    form: Vec<(&'static str, String)>,
    data: &'static str,
    state: Option<&'static str>,
}

impl Brought {
    fn posted(parameter: &'static str, text: &str) -> Self {
        let form = vec![(parameter, encode_post(text)), ("RelayState", "r/1".to_owned())];
        Self { query: String::new(), form, data: DATA, state: Some(STATE) }
    }

    fn queried(query: String) -> Self {
        Self { query, form: Vec::new(), data: DATA, state: Some(STATE) }
    }

    async fn to(&self, connector: &Saml) -> Result<LogoutArrived, UpstreamError> {
        let callback: Url = CALLBACK.parse().unwrap();
        let posted = !self.form.is_empty();
        let parameters = match posted {
            true => Form::of(self.form.iter().map(|(name, value)| (*name, &**value))),
            false => Form::parse(self.query.as_bytes()).unwrap(),
        };
        let arrival = LogoutArrival {
            parameters: &parameters,
            raw_query: &self.query,
            posted,
            callback: &callback,
            state: self.state,
            data: self.data.as_bytes(),
            now: now(),
        };
        connector.arrive(&arrival).await
    }
}

fn request(indexes: &[&str]) -> LogoutRequest {
    LogoutRequest {
        id: "_theirs".into(),
        issue_instant: now(),
        destination: CALLBACK.into(),
        issuer: IDP.into(),
        name_id: NameId { value: "mira-1".into(), ..NameId::default() },
        session_indexes: indexes.iter().map(|index| (*index).to_owned()).collect(),
    }
}

fn response() -> LogoutResponse {
    LogoutResponse {
        id: "_answer".into(),
        issue_instant: now(),
        destination: CALLBACK.into(),
        issuer: IDP.into(),
        in_response_to: STATE.into(),
        status: LogoutStatus::Success,
    }
}

fn signed_query(parameter: &'static str, text: &str) -> String {
    encode_redirect(parameter, text, Some("r/1"), Some(&THEIRS.signing()))
}

async fn asked(brought: &Brought, connector: &Saml) -> LogoutAsked {
    match brought.to(connector).await.unwrap() {
        LogoutArrived::Asked(asked) => asked,
        LogoutArrived::Answered { .. } => panic!("it asks"),
    }
}

async fn refusal(brought: &Brought, connector: &Saml) -> String {
    match brought.to(connector).await {
        Err(UpstreamError::Unacceptable(told)) => told,
        other => panic!("it is taken, or refused oddly: {:?}", other.err()),
    }
}

/// What the identity provider makes of a message of ours.
fn read_there<T>(
    message: &LogoutMessage,
    read: impl FnOnce(&LogoutMessage, &LogoutExpected<'_>) -> Result<T, dex_saml::Refusal>,
) -> T {
    let expected = LogoutExpected { destination: SLO, issuer: ENTITY, now: now(), skew: std::time::Duration::ZERO };
    read(message, &expected).unwrap()
}

/// The message of ours that goes by a signed query.
fn by_query(departure: Option<Departure>, parameter: &'static str) -> (LogoutMessage, String) {
    let Some(Departure::Get(url)) = departure else { panic!("a link") };
    assert!(url.as_str().starts_with(SLO), "{url}");
    let query = url.query().unwrap().strip_prefix("tenant=a&").unwrap();
    (LogoutMessage::in_query(query, parameter, &OURS.trusted(), now()).unwrap(), url.to_string())
}

#[tokio::test]
async fn a_logout_begins_with_a_signed_request_for_this_session() {
    let (message, _) = by_query(start(&open(&json!({})).unwrap(), DATA).await, "SAMLRequest");
    assert_eq!(message.relay_state(), Some(STATE));
    let expected = LogoutRequest {
        id: STATE.into(),
        issue_instant: now(),
        destination: SLO.into(),
        issuer: ENTITY.into(),
        name_id: NameId {
            value: "mira-1".into(),
            format: Some("urn:x".into()),
            name_qualifier: Some("n".into()),
            sp_name_qualifier: Some("s".into()),
        },
        session_indexes: vec!["_s1".into()],
    };
    assert_eq!(read_there(&message, LogoutRequest::read), expected);

    let posting = open(&json!({"sloBinding": "post"})).unwrap();
    let Some(Departure::Post { action, fields }) = start(&posting, DATA).await else { panic!("a form") };
    assert_eq!((action.as_str(), &*fields[1].0, &*fields[1].1), (SLO, "RelayState", STATE));
    let message = LogoutMessage::posted(&fields[0].1, &OURS.trusted(), now()).unwrap();
    assert_eq!(read_there(&message, LogoutRequest::read), expected);

    // Without what the login had handed over: the user alone.
    let (message, _) = by_query(start(&open(&json!({})).unwrap(), "").await, "SAMLRequest");
    let name_id = NameId { value: "mira-1".into(), ..NameId::default() };
    let expected = LogoutRequest { name_id, session_indexes: Vec::new(), ..expected };
    assert_eq!(read_there(&message, LogoutRequest::read), expected);

    let unsigned = open(&json!({"signing": null, "sloBinding": "post"})).unwrap();
    let Some(Departure::Post { fields, .. }) = start(&unsigned, DATA).await else { panic!("a form") };
    assert!(!decode_post(&fields[0].1).unwrap().contains("Signature"));
    assert!(start(&open(&json!({"sloURL": ""})).unwrap(), DATA).await.is_none());
}

#[tokio::test]
async fn the_answer_is_believed_by_either_binding_and_may_say_no() {
    let connector = open(&json!({})).unwrap();
    let statuses = [
        (LogoutStatus::Success, None),
        (LogoutStatus::Partial, Some("PartialLogout")),
        (LogoutStatus::Failed(String::new()), Some("Responder")),
    ];
    for (status, expected) in statuses {
        let response = LogoutResponse { status, ..response() };
        for brought in [
            Brought::posted("SAMLResponse", &response.to_xml(Some(&THEIRS.signing()))),
            Brought::queried(signed_query("SAMLResponse", &response.to_xml(None))),
        ] {
            let LogoutArrived::Answered { refused } = brought.to(&connector).await.unwrap() else {
                panic!("an answer")
            };
            assert_eq!(refused.is_some(), expected.is_some());
            assert!(refused.unwrap_or_default().contains(expected.unwrap_or_default()));
        }
    }
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let connector = open(&json!({})).unwrap();
    let good = || Brought::queried(signed_query("SAMLResponse", &response().to_xml(None)));
    let other = LogoutResponse { in_response_to: "another".into(), ..response() };
    let cases = [
        ("in-response-to", Brought::queried(signed_query("SAMLResponse", &other.to_xml(None)))),
        ("nothing was asked", Brought { state: None, ..good() }),
        ("signature", Brought::queried(encode_redirect("SAMLResponse", &response().to_xml(None), None, None))),
        ("signature", Brought::posted("SAMLResponse", &response().to_xml(None))),
        ("signature", Brought::posted("SAMLResponse", &response().to_xml(Some(&STRANGER.signing())))),
        ("structure", Brought::queried(signed_query("SAMLResponse", &request(&[]).to_xml(None)))),
        ("not one", Brought::queried(String::new())),
        ("not one", Brought::queried(good().query + "&SAMLRequest=x")),
        ("not one", Brought { form: vec![("SAMLResponse", "x".into()); 2], ..good() }),
        ("xml", Brought { form: vec![("SAMLResponse", "%".into())], ..good() }),
    ];
    for (told, brought) in cases {
        let refused = refusal(&brought, &connector).await;
        assert!(refused.contains(told), "{told}: {refused}");
    }
}

#[tokio::test]
async fn a_request_names_whom_and_which_sessions_and_is_answered() {
    let connector = open(&json!({})).unwrap();
    let cases: [(&[&str], &str, bool); 5] = [
        (&["_s1"], DATA, true),
        (&["_s0", "_s1"], DATA, true),
        (&["_s0"], DATA, false),
        (&["_s0"], "", true),
        (&[], DATA, false),
    ];
    for (indexes, data, only_here) in cases {
        for brought in [
            Brought::posted("SAMLRequest", &request(indexes).to_xml(Some(&THEIRS.signing()))),
            Brought::queried(signed_query("SAMLRequest", &request(indexes).to_xml(None))),
        ] {
            let asked = asked(&Brought { data, state: None, ..brought }, &connector).await;
            assert_eq!((&*asked.user_id, asked.only_here), ("mira-1", only_here), "{indexes:?} {data}");
            let once = asked.once.unwrap();
            assert_eq!((once.id.len(), once.until.to_string()), (32, "2026-08-06T12:05:30Z".into()));
            let (message, _) = by_query(Some((asked.answer)(true).unwrap()), "SAMLResponse");
            assert_eq!(message.relay_state(), Some("r/1"));
            let answer = read_there(&message, |message, expected| LogoutResponse::read(message, "_theirs", expected));
            assert_eq!((answer.status, answer.id), (LogoutStatus::Success, format!("_{}", once.id)));
        }
    }
}

#[tokio::test]
async fn a_logout_that_failed_here_is_told_there() {
    let connector = open(&json!({"sloBinding": "post"})).unwrap();
    let brought = Brought::posted("SAMLRequest", &request(&[]).to_xml(Some(&THEIRS.signing())));
    let Ok(Departure::Post { action, fields }) = (asked(&brought, &connector).await.answer)(false) else {
        panic!("a form")
    };
    assert_eq!((action.as_str(), &*fields[1].1), (SLO, "r/1"));
    let message = LogoutMessage::posted(&fields[0].1, &OURS.trusted(), now()).unwrap();
    let answer = read_there(&message, |message, expected| LogoutResponse::read(message, "_theirs", expected));
    assert!(matches!(answer.status, LogoutStatus::Failed(_)));
}

#[tokio::test]
async fn nobody_else_logs_anybody_out() {
    let connector = open(&json!({})).unwrap();
    let from = |issuer: &str| LogoutRequest { issuer: issuer.into(), ..request(&[]) };
    let to = |destination: &str| LogoutRequest { destination: destination.into(), ..request(&[]) };
    let at = |time: &str| LogoutRequest { issue_instant: time.parse().unwrap(), ..request(&[]) };
    let requests = [
        ("issuer", from("https://idp.example/other-tenant")),
        ("destination", to("https://id.example/logout/callback/other")),
        ("destination", to("https://other.example/logout/callback/corp")),
        ("conditions", at("2026-08-06T11:54:30Z")),
        ("conditions", at("2026-08-06T12:00:31Z")),
    ];
    for (told, request) in requests {
        for brought in [
            Brought::posted("SAMLRequest", &request.to_xml(Some(&THEIRS.signing()))),
            Brought::queried(signed_query("SAMLRequest", &request.to_xml(None))),
        ] {
            let refused = refusal(&brought, &connector).await;
            assert!(refused.starts_with(told), "{told}: {refused}");
        }
    }
    let long =
        encode_redirect("SAMLRequest", &request(&[]).to_xml(None), Some(&"x".repeat(1025)), Some(&THEIRS.signing()));
    let honest = signed_query("SAMLRequest", &request(&[]).to_xml(None));
    let cases = [
        ("signature", Brought::posted("SAMLRequest", &request(&[]).to_xml(None))),
        ("signature", Brought::posted("SAMLRequest", &request(&[]).to_xml(Some(&STRANGER.signing())))),
        ("signature", Brought::posted("SAMLRequest", &request(&[]).to_xml(Some(&OURS.signing())))),
        ("signature", Brought::queried(encode_redirect("SAMLRequest", &request(&[]).to_xml(None), None, None))),
        ("signature", Brought::queried(honest.replace("RelayState=r", "RelayState=s"))),
        ("not one", Brought::queried(format!("{honest}&{honest}"))),
        ("not one", Brought::queried(honest.replace("SAMLRequest", "SAML%52equest"))),
        ("RelayState", Brought::queried(long)),
    ];
    for (told, brought) in cases {
        let refused = refusal(&brought, &connector).await;
        assert!(refused.contains(told), "{told}: {refused}");
    }
    let unknown = open(&json!({"sloURL": ""})).unwrap();
    assert!(refusal(&Brought::queried(honest.clone()), &unknown).await.contains("it is not known where"));
    let anybody = json!({"sloURL": "", "caData": null, "insecureSkipSignatureValidation": true});
    assert!(refusal(&Brought::queried(honest), &open(&anybody).unwrap()).await.contains("or by what key"));
}

#[tokio::test]
async fn metadata_says_where_and_where_to_answer() {
    let der: String = THEIRS.pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let service = |binding: &str, rest: &str| {
        format!("<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" {rest}/>")
    };
    let published = |services: &str| {
        let text = format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{IDP}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
             <ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{services}\
             <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             Location=\"https://idp.example/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
        );
        let (_, path) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
        std::fs::write(&path, text).unwrap();
        json!({"ssoURL": "", "ssoIssuer": "", "caData": null, "sloURL": "", "metadata": path})
    };
    let both = service("HTTP-POST", "Location=\"https://idp.example/post\"")
        + &service("HTTP-Redirect", &format!("Location=\"{SLO}\" ResponseLocation=\"https://idp.example/back\""));
    let connector = open(&published(&both)).unwrap();
    by_query(start(&connector, DATA).await, "SAMLRequest");
    let brought = Brought::queried(signed_query("SAMLRequest", &request(&[]).to_xml(None)));
    let Ok(Departure::Get(url)) = (asked(&brought, &connector).await.answer)(true) else { panic!("a link") };
    assert!(url.as_str().starts_with("https://idp.example/back?SAMLResponse="), "{url}");
    let mut posting = published(&both);
    posting["sloBinding"] = json!("post");
    assert!(matches!(start(&open(&posting).unwrap(), DATA).await, Some(Departure::Post { .. })));
    for odd in
        ["", &service("SOAP", &format!("Location=\"{SLO}\"")), &service("HTTP-POST", "Location=\"javascript:x\"")]
    {
        assert!(start(&open(&published(odd)).unwrap(), DATA).await.is_none(), "{odd}");
    }
}

#[test]
fn our_metadata_says_where_we_are_told_of_logouts() {
    let connector = open(&json!({})).unwrap();
    let callback: Url = CALLBACK.parse().unwrap();
    let (_, text) = connector.metadata(Some(&callback)).unwrap();
    assert_eq!(text.matches("<md:SingleLogoutService ").count(), 2);
    assert_eq!(text.matches(&format!("Location=\"{CALLBACK}\"")).count(), 2, "{text}");
    let (_, text) = connector.metadata(None).unwrap();
    assert!(!text.contains("SingleLogoutService"), "{text}");
}

#[test]
fn keys_of_a_logout_that_could_be_anybodys_are_refused() {
    let cases = [
        (json!({"ssoIssuer": ""}), "sloURL without ssoIssuer"),
        (json!({"insecureSkipSignatureValidation": true}), "sloURL with insecureSkipSignatureValidation"),
        (json!({"sloBinding": "soap"}), "sloBinding is neither post nor redirect"),
        (json!({"sloURL": "/slo"}), "sloURL is no URL"),
    ];
    for (others, told) in cases {
        let error = open(&others).err().expect("it is refused").to_string();
        assert!(error.contains(told), "{others}: {error}");
    }
}
