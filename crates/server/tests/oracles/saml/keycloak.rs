//! Keycloak 26, which has read our metadata.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_peers::Keycloak;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::carrier::Carrier;
use super::logout;
use super::site::{Person, Site, groups, key, response_of, subject};

const NADIA: Person<'_> = (Keycloak::USER, Keycloak::PASSWORD);
const OTTO: Person<'_> = ("otto", "otto");
const DIANA: Person<'_> = ("diana", "diana");

/// One connector by metadata at a URL with keys of ours, and one that pins a certificate and asks for mail addresses.
fn connectors(issuer: &str, keycloak: &Keycloak, folder: &Path) -> String {
    let realm = format!("http://localhost:{}{}", keycloak.port(), Keycloak::REALM);
    format!(
        "  - type: saml
    id: corp
    name: Corp
    config:
      metadata: {https}/protocol/saml/descriptor
      rootCAs: ['{authority}']
      redirectURI: {issuer}/callback
      entityIssuer: {issuer}/saml
      usernameAttr: cn
      emailAttr: mail
      groupsAttr: groups
      allowedGroups: [staff]
      signing: {signing}
      decryption: {decryption}
  - type: saml
    id: post
    name: Post
    config:
      ssoURL: {realm}/protocol/saml
      ssoIssuer: {realm}
      ca: '{certificate}'
      redirectURI: {issuer}/callback
      entityIssuer: {issuer}/post
      usernameAttr: cn
      emailAttr: mail
      groupsAttr: groups
      allowedGroups: [admins]
      filterGroups: true
      nameIDPolicyFormat: emailAddress
",
        https = keycloak.https_realm(),
        authority = keycloak.authority().display(),
        signing = key(folder, "signing"),
        decryption = key(folder, "decryption"),
        certificate = folder.join("idp.pem").display(),
    )
}

/// What the client of a service provider tells it of users.
fn mappers() -> Value {
    let mapper = |kind: &str, attribute: &str, config: &[(&str, &str)]| {
        let mut all = json!({"attribute.name": attribute, "attribute.nameformat": "Basic"});
        for (name, value) in config {
            all[*name] = json!(value);
        }
        json!({"name": attribute, "protocol": "saml", "protocolMapper": kind, "config": all})
    };
    json!([
        mapper("saml-user-property-mapper", "mail", &[("user.attribute", "email")]),
        mapper("saml-user-property-mapper", "cn", &[("user.attribute", "firstName")]),
        mapper("saml-group-membership-mapper", "groups", &[("single", "true"), ("full.path", "false")]),
    ])
}

/// Has Keycloak know the connector `id`, by its metadata.
async fn import(keycloak: &Keycloak, site: &Site, id: &str) -> Value {
    let client = described(keycloak, site, id).await;
    keycloak.add_client(&client).await.unwrap();
    client
}

/// What Keycloak makes of the metadata of the connector `id`, with what it says of users.
async fn described(keycloak: &Keycloak, site: &Site, id: &str) -> Value {
    let mut client = keycloak.client_of(&site.metadata(id)).await.unwrap();
    client["protocolMappers"] = mappers();
    // It would demand signed requests of whoever says nothing, whatever their metadata says.
    let attributes = client["attributes"].as_object_mut().unwrap();
    attributes.entry("saml.client.signature").or_insert(json!("false"));
    client
}

/// The certificate of its metadata, in PEM.
fn certificate(metadata: &str) -> String {
    let (_, rest) = metadata.split_once("X509Certificate>").unwrap();
    let (text, _) = rest.split_once('<').unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_through_keycloak() {
    let folder = TempDir::new().unwrap();
    let keycloak = Keycloak::start().await.unwrap();
    std::fs::write(folder.path().join("idp.pem"), certificate(&keycloak.saml_metadata().await.unwrap())).unwrap();
    let site = Site::start(|issuer, _| connectors(issuer, &keycloak, folder.path())).await;
    keycloak.add_user(OTTO.0, &[]).await.unwrap();
    keycloak.add_user(DIANA.0, &["/staff"]).await.unwrap();

    takes_our_metadata(&keycloak, &site).await;
    let before = site.log_in("corp", NADIA);
    assert!(response_of(&before).contains("<saml:EncryptedAssertion"), "{before}");
    refuses_unsigned_requests(&keycloak, &site).await;
    asks_for_mail_addresses(&site);
    keeps_who_is_in_no_group_out(&site);
    logs_out_on_both_sides(&keycloak, folder.path()).await;
    refreshes_by_itself(&keycloak, &site).await;
    follows_a_new_key(&keycloak, &site, &before).await;
}

/// It understands our metadata: signed requests demanded, encrypted assertions sent.
async fn takes_our_metadata(keycloak: &Keycloak, site: &Site) {
    let client = import(keycloak, site, "corp").await;
    let attributes = &client["attributes"];
    assert_eq!(client["clientId"], format!("{}/saml", site.dex.issuer), "{client}");
    for demanded in ["saml.client.signature", "saml.assertion.signature", "saml.encrypt"] {
        assert_eq!(attributes[demanded], "true", "{demanded}: {client}");
    }
    let unsigned = import(keycloak, site, "post").await;
    assert_eq!(unsigned["attributes"]["saml.client.signature"], "false", "{unsigned}");
}

/// It does look at our signatures: a request that names the client whose requests are signed, and is not.
async fn refuses_unsigned_requests(keycloak: &Keycloak, site: &Site) {
    let (to, mut form) = Carrier::new(site).begin("post").await;
    let request = String::from_utf8(BASE64_STANDARD.decode(&form[0].1).unwrap()).unwrap();
    let ours = |id: &str| format!("{}/{id}</Issuer>", site.dex.issuer);
    assert!(request.contains(&ours("post")), "{request}");
    form[0].1 = BASE64_STANDARD.encode(request.replace(&ours("post"), &ours("saml")));
    let refused = keycloak.saml_log_in(&to, &form).await.unwrap_err().to_string();
    assert!(refused.contains("Invalid requester"), "{refused}");
}

fn asks_for_mail_addresses(site: &Site) {
    let claims = site.log_in("post", NADIA);
    assert_eq!(subject(&claims), ("nadia@corp.example".into(), "post".into()));
    assert_eq!(groups(&claims), ["admins"], "the others are filtered");
}

fn keeps_who_is_in_no_group_out(site: &Site) {
    for (connector, person) in [("corp", OTTO), ("post", DIANA)] {
        let page = site.refused(connector, person);
        assert_eq!(page["status"], 403, "{page}");
        let text = page["text"].as_str().unwrap();
        assert!(text.contains("not a member of any of the required groups"), "{text}");
    }
}

/// By links and by forms, from either side; it demands that we sign what we say of logouts.
async fn logs_out_on_both_sides(keycloak: &Keycloak, folder: &Path) {
    // Another site to a browser than the addresses that are numbers.
    let metadata = keycloak.saml_metadata().await.unwrap().replace("127.0.0.1", "localhost");
    std::fs::write(folder.join("idp.xml"), metadata).unwrap();
    let signing = key(folder, "signing");
    let connectors = |issuer: &str, _: &str| {
        let connector = |id: &str, binding: &str| {
            format!(
                "  - {{type: saml, id: {id}, name: {id}, config: {{metadata: '{}', redirectURI: '{issuer}/callback', \
                 entityIssuer: '{issuer}/{id}', usernameAttr: cn, emailAttr: mail, sloBinding: {binding}, \
                 signing: {signing}}}}}\n",
                folder.join("idp.xml").display(),
            )
        };
        connector("link", "redirect") + &connector("form", "post")
    };
    let site = Site::with_sessions(connectors).await;
    for (connector, by_form) in [("link", false), ("form", true)] {
        let mut client = described(keycloak, &site, connector).await;
        client["attributes"]["saml.force.post.binding"] = json!(by_form.to_string());
        keycloak.add_client(&client).await.unwrap();
    }
    logout::begins_here(&site, "link", NADIA, "GET");
    logout::begins_here(&site, "form", NADIA, "POST");
    logout::begins_there(&site, "form", NADIA, (&keycloak.logout(), "POST"));
}

/// A refresh says again what the login said, whatever becomes of the user there; a login does not.
async fn refreshes_by_itself(keycloak: &Keycloak, site: &Site) {
    let mut carrier = Carrier::new(site);
    let (to, form) = carrier.begin("post").await;
    let posted = keycloak.saml_log_in(&to, &form).await.unwrap();
    let (_, to) = carrier.post(&posted, 1).await.remove(0);
    let mut tokens = carrier.tokens(&to).await;
    keycloak.leave(Keycloak::USER, "admins").await.unwrap();
    for _ in 0..2 {
        let (claims, next) = carrier.refresh(&tokens).await;
        assert_eq!((claims["email"].as_str(), groups(&claims)), (Some("nadia@corp.example"), vec!["admins"]));
        tokens = next;
    }
    assert_eq!(site.refused("post", NADIA)["status"], 403, "she is in the group no more");
    keycloak.disable(DIANA.0).await.unwrap();
    let page = site.refused("corp", DIANA);
    assert!(page["url"].as_str().unwrap().starts_with(&keycloak.https_realm()), "{page}");
    assert!(page["text"].as_str().unwrap().contains("disabled"), "{page}");
}

/// The realm changes its key, and its metadata is read again when a signature is by a key that nobody knows.
async fn follows_a_new_key(keycloak: &Keycloak, site: &Site, before: &Value) {
    keycloak.change_key().await.unwrap();
    let page = site.refused("post", NADIA);
    assert_eq!(page["status"], 500, "the pinned certificate is the old one: {page}");
    assert!(site.dex.log().contains("signature"), "{}", site.dex.log());
    let after = site.log_in("corp", NADIA);
    let (user, connector) = subject(&after);
    assert!(user.starts_with("G-") && connector == "corp", "a persistent name id: {user}");
    assert_eq!(after["sub"], before["sub"]);
    assert_eq!((groups(before), groups(&after)), (vec!["admins", "staff"], vec!["staff"]));
    assert_eq!((&after["name"], &after["email"]), (&json!("Nadia"), &json!("nadia@corp.example")));
}
