//! A SAML identity provider with one user, which answers every request at once with a signed assertion.
//!
//! What it writes is in canonical form as it stands, so that it signs by another road than those who verify it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SigningKey as _};
use url::{Url, form_urlencoded};

use crate::kit::Fake;
use crate::{ByHand, CALLBACK_BY_HAND};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What it says of its user.
#[derive(Debug, Clone)]
pub struct User {
    /// The `NameID`.
    pub name_id: String,
    /// `mail`; none is not said.
    pub email: Option<String>,
    /// `cn`.
    pub name: String,
    /// `groups`; none is not said.
    pub groups: Vec<String>,
    /// From when and until when the assertion is good.
    pub good: (String, String),
    /// The id of the assertion.
    pub assertion_id: String,
    /// The status, by its last component.
    pub status: String,
    /// Whether what is signed is hashed with SHA-1.
    pub sha1: bool,
    /// The public key for which the assertion is encrypted, as a SubjectPublicKeyInfo in DER.
    pub sealed_for: Option<Vec<u8>>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            name_id: "mira-1".into(),
            email: Some("mira@corp.example".into()),
            name: "Mira Kowalski".into(),
            groups: vec!["staff".into(), "r&d".into()],
            good: ("2026-01-01T00:00:00Z".into(), "2100-01-01T00:00:00Z".into()),
            assertion_id: "_assertion".into(),
            status: "Success".into(),
            sha1: false,
            sealed_for: None,
        }
    }
}

/// For whom an answer is.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The id of the request.
    pub id: String,
    /// The assertion consumer service.
    pub acs: String,
    /// The audience.
    pub audience: String,
}

/// A key with its certificate.
struct Key {
    pair: KeyPair,
    der: String,
    pem: String,
}

impl Key {
    fn new() -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("the library makes RSA keys");
        let parameters = CertificateParams::new(vec!["idp.example".to_owned()]).expect("a plain name");
        let made = parameters.self_signed(&pair).expect("a key signs its own certificate");
        Self { der: BASE64_STANDARD.encode(made.der()), pem: made.pem(), pair }
    }
}

struct Provider {
    url: Url,
    key: Mutex<Key>,
    user: Mutex<User>,
}

type Shared = Arc<Provider>;

/// A stand-in for an identity provider.
pub struct Saml {
    /// The server.
    pub fake: Fake,
    provider: Shared,
}

impl Saml {
    /// Over TLS, with a certificate of its own.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let mut provider = None;
        let fake = Fake::start_tls(|url| routes(provider.insert(Provider::new(url)).clone())).await?;
        Ok(Self { fake, provider: provider.expect("the router was made") })
    }

    /// Its entity id, where its metadata is too.
    #[must_use]
    pub fn entity_id(&self) -> String {
        self.provider.at("metadata")
    }

    /// Where people log in.
    #[must_use]
    pub fn sso_url(&self) -> String {
        self.provider.at("sso")
    }

    /// The certificate it signs with, in PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        lock(&self.provider.key).pem.clone()
    }

    /// Signs with another key from now on.
    pub fn roll_the_key(&self) {
        *lock(&self.provider.key) = Key::new();
    }

    /// Says other things from now on.
    pub fn change(&self, change: impl FnOnce(&mut User)) {
        change(&mut lock(&self.provider.user));
    }

    /// The response to a request, in base64 as it is posted.
    #[must_use]
    pub fn respond(&self, asked: &Asked) -> String {
        self.provider.respond(asked)
    }

    /// What a posted `SAMLRequest` asks for.
    #[must_use]
    pub fn asked(request: &str) -> Option<Asked> {
        asked(request)
    }
}

/// The routes, and what to configure.
pub(crate) fn by_hand(url: &Url) -> ByHand {
    let provider = Provider::new(url);
    let pem = BASE64_STANDARD.encode(&lock(&provider.key).pem);
    let configuration = format!(
        "    ssoURL: {}\n    ssoIssuer: {}\n    entityIssuer: {CALLBACK_BY_HAND}\n    usernameAttr: cn\n    \
         emailAttr: mail\n    groupsAttr: groups\n    caData: {pem}\n",
        provider.at("sso"),
        provider.at("metadata"),
    );
    ByHand { router: routes(provider), configuration }
}

fn routes(provider: Shared) -> Router {
    Router::new().route("/metadata", get(metadata)).route("/sso", post(sso)).with_state(provider)
}

async fn metadata(State(provider): State<Shared>) -> Response {
    let text = format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"{PROTOCOL}\"><md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{DSIG}\">\
         <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{}\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>",
        provider.at("metadata"),
        lock(&provider.key).der,
        provider.at("sso"),
    );
    ([(header::CONTENT_TYPE, "application/samlmetadata+xml")], text).into_response()
}

/// Answers a posted request with a form that posts the response.
async fn sso(State(provider): State<Shared>, body: String) -> Response {
    let field =
        |name: &str| form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value);
    let request = field("SAMLRequest").unwrap_or_default();
    let Some(asked) = asked(&request) else { return (http::StatusCode::BAD_REQUEST, "no request").into_response() };
    let page = format!(
        "<form method=\"post\" action=\"{}\"><input type=\"hidden\" name=\"SAMLResponse\" value=\"{}\">\
         <input type=\"hidden\" name=\"RelayState\" value=\"{}\"><button>Log in as {}</button></form>",
        escape(&asked.acs),
        provider.respond(&asked),
        escape(&field("RelayState").unwrap_or_default()),
        escape(&lock(&provider.user).name),
    );
    Html(page).into_response()
}

fn asked(request: &str) -> Option<Asked> {
    let text = String::from_utf8(BASE64_STANDARD.decode(request).ok()?).ok()?;
    let between = |from: &str, to: &str| {
        let (_, rest) = text.split_once(from)?;
        rest.split_once(to).map(|(value, _)| value.to_owned())
    };
    let acs = between("AssertionConsumerServiceURL=\"", "\"")?;
    let audience =
        between("<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">", "<").unwrap_or_else(|| acs.clone());
    Some(Asked { id: between(" ID=\"", "\"")?, acs, audience })
}

impl Provider {
    fn new(url: &Url) -> Shared {
        Arc::new(Self { url: url.clone(), key: Mutex::new(Key::new()), user: Mutex::default() })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn respond(&self, asked: &Asked) -> String {
        let user = lock(&self.user).clone();
        let signed = match (&*user.status, &user.sealed_for) {
            ("Success", None) => self.assertion(&user, asked),
            ("Success", Some(key)) => sealed(&self.assertion(&user, asked), key),
            _ => String::new(),
        };
        let response = format!(
            "<samlp:Response xmlns:samlp=\"{PROTOCOL}\" ID=\"_response\" InResponseTo=\"{}\" Destination=\"{}\" \
             IssueInstant=\"{}\" Version=\"2.0\"><samlp:Status><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:{}\"/></samlp:Status>{signed}</samlp:Response>",
            escape(&asked.id),
            escape(&asked.acs),
            user.good.0,
            user.status,
        );
        BASE64_STANDARD.encode(response)
    }

    /// The assertion with its signature behind the issuer.
    fn assertion(&self, user: &User, asked: &Asked) -> String {
        let (from, until) = &user.good;
        let (id, acs) = (escape(&user.assertion_id), escape(&asked.acs));
        let attribute = |name: &str, values: &[String]| {
            let values =
                values.iter().map(|value| format!("<saml:AttributeValue>{}</saml:AttributeValue>", escape(value)));
            let values: String = values.collect();
            if values.is_empty() {
                values
            } else {
                format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
            }
        };
        let email: Vec<String> = user.email.iter().cloned().collect();
        let head = format!(
            "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"{id}\" IssueInstant=\"{from}\" Version=\"2.0\"><saml:Issuer>{}\
             </saml:Issuer>",
            escape(&self.at("metadata"))
        );
        let tail = format!(
            "<saml:Subject><saml:NameID>{}</saml:NameID><saml:SubjectConfirmation \
             Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData InResponseTo=\"{}\" \
             NotOnOrAfter=\"{until}\" Recipient=\"{acs}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"><saml:AudienceRestriction>\
             <saml:Audience>{}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
             AuthnInstant=\"{from}\"></saml:AuthnStatement><saml:AttributeStatement>{}{}{}</saml:AttributeStatement>\
             </saml:Assertion>",
            escape(&user.name_id),
            escape(&asked.id),
            escape(&asked.audience),
            attribute("cn", std::slice::from_ref(&user.name)),
            attribute("mail", &email),
            attribute("groups", &user.groups),
        );
        let signature = self.signature(&id, &format!("{head}{tail}"), user.sha1);
        format!("{head}{signature}{tail}")
    }

    /// The signature of what stands there in canonical form.
    fn signature(&self, id: &str, canonical: &str, sha1: bool) -> String {
        let key = lock(&self.key);
        let (uri, algorithm) = match sha1 {
            true => ("http://www.w3.org/2000/09/xmldsig#sha1", &SHA1_FOR_LEGACY_USE_ONLY),
            false => ("http://www.w3.org/2001/04/xmlenc#sha256", &SHA256),
        };
        let info = format!(
            "<ds:SignedInfo xmlns:ds=\"{DSIG}\"><ds:CanonicalizationMethod Algorithm=\"{C14N}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
             <ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{DSIG}enveloped-signature\">\
             </ds:Transform><ds:Transform Algorithm=\"{C14N}\"></ds:Transform></ds:Transforms><ds:DigestMethod \
             Algorithm=\"{uri}\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            BASE64_STANDARD.encode(digest(algorithm, canonical.as_bytes())),
        );
        let value = key.pair.sign(info.as_bytes()).expect("an RSA key signs");
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{info}<ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
            BASE64_STANDARD.encode(value)
        )
    }
}

/// An assertion that only the owner of a key can read (XML Encryption 1.1 §5.1 and §5.5). The key of the content is always the
/// same: nobody is to be kept from it.
fn sealed(assertion: &str, key: &[u8]) -> String {
    const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
    let (content_key, nonce) = ([7; 32], [9; NONCE_LEN]);
    let mut content = assertion.as_bytes().to_vec();
    let gcm = UnboundKey::new(&AES_256_GCM, &content_key).map(LessSafeKey::new).expect("a key of that length");
    gcm.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut content).expect("it is short");
    let public = PublicEncryptingKey::from_der(key).expect("the test made an RSA key");
    let public = OaepPublicEncryptingKey::new(public).expect("and it is not small");
    let mut wrapped = vec![0; public.ciphertext_size()];
    public.encrypt(&OAEP_SHA1_MGF1SHA1, &content_key, &mut wrapped, None).expect("a key is short");
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"{ASSERTION}\"><xenc:EncryptedData xmlns:xenc=\"{XENC}\" Type=\"{XENC}Element\">\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/><ds:KeyInfo xmlns:ds=\"{DSIG}\">\
         <xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"{XENC}rsa-oaep-mgf1p\"/><xenc:CipherData><xenc:CipherValue>{}\
         </xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{}\
         </xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>",
        BASE64_STANDARD.encode(&wrapped),
        BASE64_STANDARD.encode([&nonce[..], &content].concat()),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
