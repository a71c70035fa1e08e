//! Keycloak 26.

use dex_peers::Keycloak;
use serde_json::{Value, json};

use crate::browser::{CALLBACK, key, log_in, open};

/// What a client's attributes are, and the keys of ours; whether it comes to a login.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, Value, bool);

/// A SAML client, with attributes beside the usual ones.
fn client(entity_id: &str, others: &[(&str, &str)]) -> Value {
    let mut attributes = json!({
        "saml.client.signature": "false", "saml.server.signature": "false", "saml.assertion.signature": "false",
        "saml.force.post.binding": "true", "saml_name_id_format": "username", "saml_force_name_id_format": "true",
        "saml.authnstatement": "true",
    });
    for (name, value) in others {
        attributes[*name] = json!(value);
    }
    let mapper = |name: &str, kind: &str, config: Value| json!({"name": name, "protocol": "saml", "protocolMapper": kind, "config": config});
    let property = |name: &str, attribute: &str| {
        let config = json!({"user.attribute": name, "attribute.name": attribute, "attribute.nameformat": "Basic"});
        mapper(attribute, "saml-user-property-mapper", config)
    };
    let groups =
        json!({"attribute.name": "groups", "attribute.nameformat": "Basic", "single": "true", "full.path": "false"});
    json!({
        "clientId": entity_id, "protocol": "saml", "enabled": true, "frontchannelLogout": true, "redirectUris": [CALLBACK],
        "attributes": attributes, "defaultClientScopes": [],
        "protocolMappers": [
            property("email", "mail"), property("firstName", "cn"), mapper("groups", "saml-group-membership-mapper", groups),
        ],
    })
}

#[tokio::test]
async fn its_users_log_in_however_it_signs_and_encrypts() {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = key(folder.path());
    let keycloak = Keycloak::start().await.unwrap();
    let metadata = folder.path().join("idp.xml");
    std::fs::write(&metadata, keycloak.saml_metadata().await.unwrap()).unwrap();
    let response = ("saml.server.signature", "true");
    let assertion = ("saml.assertion.signature", "true");
    let encrypted = [("saml.encrypt", "true"), ("saml.encryption.certificate", &*certificate)];
    let requests = [("saml.client.signature", "true"), ("saml.signing.certificate", &*certificate)];
    let cases: [Case<'_>; 7] = [
        ("both-signed", vec![response, assertion], json!({}), true),
        ("response-signed", vec![response], json!({}), true),
        ("assertion-signed", vec![assertion], json!({"requestBinding": "redirect"}), true),
        ("nothing-signed", vec![], json!({}), false),
        ("encrypted", [&[assertion][..], &encrypted].concat(), json!({"decryption": key}), true),
        ("requests-signed", [&[response][..], &requests].concat(), json!({"signing": key}), true),
        (
            "redirect-signed",
            [&[response][..], &requests].concat(),
            json!({"signing": key, "requestBinding": "redirect"}),
            true,
        ),
    ];
    for (name, attributes, others, accepted) in cases {
        let entity_id = format!("https://id.example/{name}");
        keycloak.add_client(&client(&entity_id, &attributes)).await.unwrap();
        let mut config = json!({
            "metadata": metadata, "redirectURI": CALLBACK, "entityIssuer": entity_id, "usernameAttr": "cn",
            "emailAttr": "mail", "groupsAttr": "groups", "allowedGroups": ["staff"],
            "nameIDPolicyFormat": "unspecified",
        });
        for (key, value) in others.as_object().unwrap() {
            config[key] = value.clone();
        }
        let visit = async |to: &str, form: &[(String, String)]| keycloak.saml_log_in(to, form).await;
        match log_in(&*open(&config), visit).await {
            Ok(arrival) => {
                let mut user = arrival.identity;
                user.groups.sort();
                let said = (&*user.user_id, &*user.username, &*user.email, &user.groups[..]);
                let groups = ["admins".to_owned(), "staff".to_owned()];
                assert_eq!(said, ("nadia", "Nadia", "nadia@corp.example", &groups[..]), "{name}");
                assert!(accepted, "{name} must not get in");
            }
            Err(error) => assert!(!accepted, "{name}: {error}"),
        }
    }
}
