//! A SAML identity provider.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_connector::Departure;
use dex_fakes::kit::Fake;
use dex_fakes::saml;
use dex_oidc::Form;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::journey::{Back, StandIn, lay_over};
use super::super::keys::{Row, row};
use super::super::nine::{Comes, Nine};
use crate::kit::STATE;

pub(crate) struct Saml {
    up: saml::Saml,
    folder: TempDir,
}

/// A key of ours, and its certificate in PEM. Making one takes a while.
static OURS: LazyLock<(KeyPair, String)> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let made = CertificateParams::new(vec!["id.example".to_owned()]).unwrap().self_signed(&pair).unwrap();
    (pair, made.pem())
});

/// One of the two keys that tell of ours.
fn ours(block: &str, key: &str) -> Value {
    let value = if key == "cert" { OURS.1.clone() } else { OURS.0.serialize_pem() };
    json!({block: {key: value}})
}

impl Saml {
    /// Writes a file, and tells where it is.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The keys with which metadata tells what the least would.
    fn by_metadata(&self) -> Value {
        let root = self.file("root.pem", self.up.fake.ca().unwrap());
        json!({"ssoURL": null, "caData": null, "metadata": self.up.entity_id(), "rootCAs": [root]})
    }

    /// A certificate with which nothing is signed.
    fn foreign(&self) -> &str {
        self.up.fake.ca().unwrap()
    }
}

impl StandIn for Saml {
    const KIND: &'static str = "saml";

    async fn start(_: bool) -> Self {
        Self { up: saml::Saml::start_tls().await.unwrap(), folder: TempDir::new().unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.up.fake)
    }

    fn least(&self) -> Value {
        json!({
            "ssoURL": self.up.sso_url(), "usernameAttr": "cn", "emailAttr": "mail",
            "caData": BASE64_STANDARD.encode(self.up.certificate()),
        })
    }

    fn grouped(&self) -> Value {
        json!({"groupsAttr": "groups"})
    }

    fn gates(&self) -> Vec<Value> {
        vec![
            json!({"groupsAttr": "groups", "allowedGroups": ["staff"]}),
            json!({"groupsAttr": "groups", "allowedGroups": ["staff"], "filterGroups": true}),
        ]
    }

    fn dependent(&self) -> Value {
        self.by_metadata()
    }

    async fn leave(&self) {
        self.up.change(|user| user.groups.retain(|group| group != "staff"));
    }

    async fn come_back(&self, to: &Departure) -> Option<Back> {
        let Departure::Post { action, fields } = to else { return None };
        if action.as_str() != self.up.sso_url() {
            return None;
        }
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        assert_eq!(field("RelayState"), Some(STATE));
        let asked = saml::Saml::asked(field("SAMLRequest")?)?;
        let response = self.up.respond(&asked);
        let parameters = Form::of([("SAMLResponse", response.as_str()), ("RelayState", STATE)]);
        Some(Back { parameters, posted: true, ..Back::default() })
    }

    fn rows() -> Vec<Row<Self>> {
        [request_rows(), logout_rows(), trust_rows(), user_rows()].into_iter().flatten().collect()
    }

    fn nine() -> Nine {
        let told_once = "a SAML identity provider is not asked again: a refresh repeats what the login told";
        Nine {
            group_removed: Comes::Otherwise(told_once, "groups=[\"staff\", \"r&d\"]"),
            gate_at_refresh: Comes::Otherwise(told_once, "ok "),
            gate_without_scope: Comes::Otherwise(told_once, "gate, then ok"),
            // Not by the first call, which there is not: what is known outlives an outage.
            down_at_login: Comes::Otherwise("what its metadata said is believed for a while", "unreachable, then ok"),
            down_at_refresh: Comes::Otherwise(told_once, "ok "),
            ..Nine::kept(
                "ok id=\"mira-1\" name=\"Mira Kowalski\" preferred=\"\" email=\"mira@corp.example\" verified=true groups=[]",
                "groups=[\"staff\", \"r&d\"]",
                "",
            )
        }
    }
}

/// How people are sent there.
fn request_rows() -> Vec<Row<Saml>> {
    vec![
        row("entityIssuer", |_| json!({"entityIssuer": "https://id.example/saml"}))
            .appears("<Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://id.example/saml</Issuer>"),
        row("ssoURL", |_| json!({"ssoURL": "https://idp.example/sso"}))
            .appears("browser: POST https://idp.example/sso"),
        row("redirectURI", |_| json!({"redirectURI": "https://other.example/callback"}))
            .appears("AssertionConsumerServiceURL=\"https://other.example/callback\""),
        row("nameIDPolicyFormat", |_| json!({"nameIDPolicyFormat": "transient"}))
            .appears("Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\""),
        row("requestBinding", |_| json!({"requestBinding": "redirect"})).appears("browser: GET UP/sso?SAMLRequest=*"),
        row("idpInitiatedLogin", |_| json!({"idpInitiatedLogin": "https://app.example/login"}))
            .appears("unsolicited: https://app.example/login"),
        row("signing.key", |_| ours("signing", "key")).given(|_| ours("signing", "cert")).appears("SignatureValue>"),
        row("signing.cert", |_| ours("signing", "cert")).given(|_| ours("signing", "key")).appears("SignatureValue>"),
    ]
}

/// How people are sent there to log out. Who may log people out must be known, and that it is we who ask.
fn logout_rows() -> Vec<Row<Saml>> {
    fn known(up: &Saml) -> Value {
        let mut keys = json!({"ssoIssuer": up.up.entity_id()});
        for key in ["key", "cert"] {
            lay_over(&mut keys, &ours("signing", key));
        }
        keys
    }
    const SLO: &str = "https://idp.example/slo";
    vec![
        row("sloURL", |_| json!({"sloURL": SLO})).given(known).appears("logout: GET https://idp.example/slo?"),
        row("sloBinding", |_| json!({"sloBinding": "post"}))
            .given(|up| {
                let mut keys = known(up);
                keys["sloURL"] = SLO.into();
                keys
            })
            .appears("logout: POST https://idp.example/slo"),
    ]
}

/// Who is believed.
fn trust_rows() -> Vec<Row<Saml>> {
    vec![
        row("ssoIssuer", |_| json!({"ssoIssuer": "https://another.example"})).appears("https://another.example"),
        row("ca", |up: &Saml| json!({"ca": up.file("ca.pem", &up.up.certificate())}))
            .given(|_| json!({"caData": null}))
            .appears("login: ok"),
        row("caData", |up: &Saml| json!({"caData": BASE64_STANDARD.encode(up.foreign())}))
            .appears("login: unacceptable"),
        row("insecureSkipSignatureValidation", |_| json!({"insecureSkipSignatureValidation": true}))
            .given(|up: &Saml| json!({"caData": BASE64_STANDARD.encode(up.foreign())}))
            .appears("login: ok"),
        row("insecureAllowSHA1", |_| json!({"insecureAllowSHA1": true}))
            .world(|up: &Saml| up.up.change(|user| user.sha1 = true))
            .appears("login: ok"),
        row("decryption.key", |_| ours("decryption", "key"))
            .given(|_| ours("decryption", "cert"))
            .world(seal)
            .appears("login: ok"),
        row("decryption.cert", |_| ours("decryption", "cert"))
            .given(|_| ours("decryption", "key"))
            .world(seal)
            .appears("login: ok"),
        row("metadata", |up: &Saml| json!({"metadata": up.up.entity_id()}))
            .given(|up: &Saml| {
                let mut keys = up.by_metadata();
                keys["metadata"] = Value::Null;
                keys
            })
            .appears("asked: GET /metadata"),
        row("metadataCA", |up: &Saml| json!({"metadataCA": up.file("signer.pem", up.foreign())}))
            .given(Saml::by_metadata)
            .appears("signature"),
        row("rootCAs", |up: &Saml| json!({"rootCAs": up.by_metadata()["rootCAs"]}))
            .given(|up: &Saml| {
                let mut keys = up.by_metadata();
                keys["rootCAs"] = Value::Null;
                keys
            })
            .appears("login: ok"),
    ]
}

/// Encrypts assertions for us.
fn seal(up: &Saml) {
    up.up.change(|user| user.sealed_for = Some(OURS.0.subject_public_key_info()));
}

/// Who the user is.
fn user_rows() -> Vec<Row<Saml>> {
    vec![
        row("usernameAttr", |_| json!({"usernameAttr": "mail"})).appears("name=\"mira@corp.example\""),
        row("emailAttr", |_| json!({"emailAttr": "cn"})).appears("email=\"Mira Kowalski\""),
        row("groupsAttr", |_| json!({"groupsAttr": "groups"})).appears("groups=[\"staff\", \"r&d\"]"),
        row("groupsDelim", |_| json!({"groupsDelim": "a"})).given(Saml::grouped).appears("groups=[\"st\", \"ff\"]"),
        row("allowedGroups", |_| json!({"allowedGroups": ["root"]})).given(Saml::grouped).appears("login: gate"),
        row("filterGroups", |_| json!({"filterGroups": true})).given(|up: &Saml| up.gates().remove(0)).vanishes("r&d"),
    ]
}
