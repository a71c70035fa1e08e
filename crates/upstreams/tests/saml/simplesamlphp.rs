//! Logins through SimpleSAMLphp, signed and encrypted in the ways it knows.

use dex_peers::{ServiceProvider, SimpleSamlPhp};
use serde_json::{Value, json};

use crate::browser::{CALLBACK, key, log_in, now, open};

/// What it may be told of a service provider, and what ours is told besides; and whether it comes to a login.
fn cases(key: &Value, certificate: &str) -> Vec<(&'static str, String, Value, bool)> {
    let plain = |options: &str| options.to_owned();
    let with_certificate = |options: &str| format!("'certData' => '{certificate}', {options}");
    let both = "'saml20.sign.response' => true, 'saml20.sign.assertion' => true";
    let sha1 = "'signature.algorithm' => 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'";
    let gcm = "'sharedkey_algorithm' => 'http://www.w3.org/2009/xmlenc11#aes256-gcm'";
    let encrypted = "'assertion.encryption' => true";
    let decryption = json!({"decryption": key});
    vec![
        ("both-signed", plain(both), json!({}), true),
        ("response-signed", plain("'saml20.sign.assertion' => false"), json!({}), true),
        ("assertion-signed", plain("'saml20.sign.response' => false"), json!({}), true),
        ("redirect", plain(both), json!({"requestBinding": "redirect"}), true),
        ("requests-signed", with_certificate("'validate.authnrequest' => true"), json!({"signing": key}), true),
        (
            "redirect-signed",
            with_certificate("'validate.authnrequest' => true, 'redirect.validate' => true"),
            json!({"signing": key, "requestBinding": "redirect"}),
            true,
        ),
        ("encrypted", with_certificate(&format!("{encrypted}, {gcm}")), decryption.clone(), true),
        ("cbc-signed", with_certificate(encrypted), decryption.clone(), true),
        ("cbc-unsigned", with_certificate(&format!("{encrypted}, 'saml20.sign.response' => false")), decryption, false),
        ("sha1", plain(sha1), json!({}), false),
        ("sha1-opted-in", plain(sha1), json!({"insecureAllowSHA1": true}), true),
        (
            "nothing-signed",
            plain("'saml20.sign.response' => false, 'saml20.sign.assertion' => false"),
            json!({}),
            false,
        ),
    ]
}

#[tokio::test]
async fn its_users_log_in_however_it_signs_and_encrypts() {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = key(folder.path());
    let cases = cases(&key, &certificate);
    let entity = |name: &str| format!("https://id.example/{name}");
    let known: Vec<(String, &str)> = cases.iter().map(|(name, options, ..)| (entity(name), &**options)).collect();
    let known: Vec<ServiceProvider<'_>> =
        known.iter().map(|(entity_id, options)| ServiceProvider { entity_id, acs: CALLBACK, options }).collect();
    let server = SimpleSamlPhp::start(&known).await.unwrap();
    let metadata = folder.path().join("idp.xml");
    std::fs::write(&metadata, server.metadata().await.unwrap()).unwrap();
    for (name, _, others, accepted) in &cases {
        let mut config = json!({
            "metadata": metadata, "redirectURI": CALLBACK, "entityIssuer": entity(name), "usernameAttr": "cn",
            "emailAttr": "mail", "groupsAttr": "groups", "allowedGroups": ["staff"],
        });
        for (key, value) in others.as_object().unwrap() {
            config[key] = value.clone();
        }
        let visit = async |to: &str, form: &[(String, String)]| server.log_in(to, form).await;
        let outcome = log_in(&*open(&config), visit).await;
        match outcome {
            Ok(arrival) => {
                let user = &arrival.identity;
                let said = (&*user.user_id, &*user.username, &*user.email, &user.groups[..]);
                let groups = ["staff".to_owned(), "r&d".to_owned()];
                assert_eq!(said, ("mira-1", "Mira Kowalski", "mira@corp.example", &groups[..]), "{name}");
                assert!(arrival.once.is_some_and(|once| once.until > now()), "{name}");
                let logout: Value = serde_json::from_slice(&arrival.logout).unwrap();
                assert!(logout["sessionIndex"].is_string() && logout["format"].is_string(), "{name}: {logout}");
                assert!(accepted, "{name} must not get in");
            }
            Err(error) => assert!(!accepted, "{name}: {error}"),
        }
    }
}
