//! SimpleSAMLphp, which has read our metadata.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dex_peers::SimpleSamlPhp;
use serde_json::Value;
use tempfile::TempDir;

use super::carrier::Carrier;
use super::logout;
use super::site::{Person, Site, groups, key, response_of, subject};
use crate::browser::real_clock;

const MIRA: Person<'_> = (SimpleSamlPhp::USER, SimpleSamlPhp::PASSWORD);
const OTTO: Person<'_> = (SimpleSamlPhp::OUTSIDER, SimpleSamlPhp::PASSWORD);

/// How often the same response is posted at once.
const REPLAYS: usize = 8;

/// What has it answer that nobody may log in, when they have typed their password.
const DENIES: &str = r#"'authproc' => [60 => ['class' => 'core:PHP', 'code' => 'SimpleSAML\Auth\State::throwException(
    $state, new SimpleSAML\Module\saml\Error(SAML2\Constants::STATUS_RESPONDER, null, "You are not invited."));']]"#;

/// When no response is of use any more.
const LATER: Duration = Duration::from_secs(3600);

/// The connectors: by metadata and with keys of ours; by a pinned certificate, with groups in one text; with the
/// certificate of somebody else; for people who begin at the identity provider; and for whoever it refuses.
fn connectors(issuer: &str, app: &str, folder: &Path, pinned: &Path) -> String {
    let connector = |id: &str, keys: &str| {
        format!(
            "  - {{type: saml, id: {id}, name: {id}, config: {{metadata: '{metadata}', redirectURI: '{issuer}/callback', \
             entityIssuer: '{issuer}/{id}', usernameAttr: cn, emailAttr: mail, {keys}}}}}\n",
            metadata = folder.join("idp.xml").display(),
        )
    };
    let (signing, decryption) = (key(folder, "signing"), key(folder, "decryption"));
    let keyed = format!("groupsAttr: groups, allowedGroups: [staff], signing: {signing}, decryption: {decryption}");
    let joined = format!("groupsAttr: memberOf, groupsDelim: ', ', ca: '{}'", pinned.display());
    // The certificate of the signing key above is good, and not the identity provider's.
    let strange = format!("ca: '{}'", folder.join("signing.pem").display());
    let first = format!("idpInitiatedLogin: '{app}'");
    let all = [
        ("keyed", keyed),
        ("joined", joined),
        ("strange", strange),
        ("first", first),
        ("denied", "groupsAttr: groups".into()),
    ];
    all.map(|(id, keys)| connector(id, &keys)).concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_through_simplesamlphp() {
    let folder = TempDir::new().unwrap();
    let server = SimpleSamlPhp::start(&[]).await.unwrap();
    std::fs::write(folder.path().join("idp.xml"), server.metadata().await.unwrap()).unwrap();
    let site = Site::start(|issuer, app| connectors(issuer, app, folder.path(), &server.certificate())).await;
    let post = "'Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', 'Location' =>";
    let acs = format!(
        "'AssertionConsumerService' => [['index' => 0, 'isDefault' => true, {post} '{issuer}/callback/first'],
         ['index' => 1, {post} '{issuer}/callback']]",
        issuer = site.dex.issuer
    );
    let options = [
        (
            "keyed",
            "'assertion.encryption' => true, 'sharedkey_algorithm' => 'http://www.w3.org/2009/xmlenc11#aes128-gcm'",
        ),
        ("joined", "'saml20.sign.response' => false"),
        ("strange", ""),
        ("first", &acs),
        ("denied", DENIES),
    ];
    for (connector, options) in options {
        server.import(&site.metadata(connector), options).await.unwrap();
    }

    lets_in_members_only(&site);
    splits_groups(&site);
    believes_no_other_key(&site);
    begins_there(&server, &site);
    tells_the_client_of_a_refusal(&server, &site).await;
    spends_a_response_once(&server, &site).await;
    logs_out_on_both_sides(&server, folder.path()).await;
    // Said long ago, but heard of with a delay.
    assert!(site.dex.log().contains("You are not invited."), "{}", site.dex.log());
}

/// From either side. It signs what it says of logouts, and demands that we do.
async fn logs_out_on_both_sides(server: &SimpleSamlPhp, folder: &Path) {
    let connector = |issuer: &str, _: &str| {
        format!(
            "  - {{type: saml, id: link, name: Link, config: {{metadata: '{}', redirectURI: '{issuer}/callback', \
             entityIssuer: '{issuer}/link', usernameAttr: cn, emailAttr: mail, signing: {}}}}}\n",
            folder.join("idp.xml").display(),
            key(folder, "signing"),
        )
    };
    let site = Site::with_sessions(connector).await;
    server.import(&site.metadata("link"), "'sign.logout' => true, 'validate.logout' => true").await.unwrap();
    logout::begins_here(&site, "link", MIRA, "GET");
    logout::begins_there(&site, "link", MIRA, (&server.logout(), "GET"));
}

/// With signed requests and encrypted assertions, as the metadata said.
fn lets_in_members_only(site: &Site) {
    let claims = site.log_in("keyed", MIRA);
    assert_eq!(subject(&claims), ("mira-1".into(), "keyed".into()));
    assert_eq!(groups(&claims), ["r&d", "staff"]);
    assert!(response_of(&claims).contains("<saml:EncryptedAssertion"), "{claims}");
    assert_eq!((&claims["name"], &claims["email"]), (&"Mira Kowalski".into(), &"mira@corp.example".into()));
    let page = site.refused("keyed", OTTO);
    assert_eq!(page["status"], 403, "{page}");
}

/// By the assertion's signature alone; the response that the browser posted can be explained afterwards.
fn splits_groups(site: &Site) {
    let claims = site.log_in("joined", MIRA);
    assert_eq!(groups(&claims), ["r&d", "staff"]);
    assert_eq!(groups(&site.log_in("joined", OTTO)), [""; 0], "nothing is told of his groups");
    let posted = claims["posted"].as_array().unwrap();
    let addresses: Vec<&str> = posted.iter().filter_map(|form| form["url"].as_str()).collect();
    let callback = format!("{}/callback", site.dex.issuer);
    assert_eq!(addresses, [callback.clone(), callback + "?reposted=1"], "the first time without the cookie");
    explains(site, &posted[0]);
}

fn believes_no_other_key(site: &Site) {
    let page = site.refused("strange", MIRA);
    assert_eq!(page["status"], 500, "{page}");
    assert!(page["url"].as_str().unwrap().starts_with(&site.dex.issuer), "{page}");
    assert!(site.dex.log().lines().any(|line| line.contains("signature:")), "{}", site.dex.log());
}

/// Whoever begins at the identity provider is sent to the application, where an ordinary login follows, or is refused.
fn begins_there(server: &SimpleSamlPhp, site: &Site) {
    let begin = |connector: &str| server.login_at(&format!("{}/{connector}", site.dex.issuer));
    let claims = site.visit(&begin("first"), "login", "first", MIRA);
    assert_eq!(subject(&claims), ("mira-1".into(), "first".into()));
    let answered: Vec<bool> =
        claims["posted"].as_array().unwrap().iter().map(|form| form["RelayState"].is_string()).collect();
    assert_eq!(answered, [false, true, true], "unasked, then asked, by way of our own page");
    let page = site.visit(&begin("joined"), "refused", "joined", MIRA);
    assert!(page["url"].as_str().unwrap().starts_with(&site.dex.issuer) && page["status"] == 400, "{page}");
}

/// A response with a status other than success, and without an assertion.
async fn tells_the_client_of_a_refusal(server: &SimpleSamlPhp, site: &Site) {
    let mut carrier = Carrier::new(site);
    let (to, form) = carrier.begin("denied").await;
    let posted = server.log_in(&to, &form).await.unwrap();
    let (_, to) = carrier.post(&posted, 1).await.remove(0);
    assert!(to.starts_with(&site.redirect_uri()) && to.contains("error=access_denied"), "{to}\n{}", site.dex.log());
}

async fn spends_a_response_once(server: &SimpleSamlPhp, site: &Site) {
    let mut carrier = Carrier::new(site);
    let (to, form) = carrier.begin("joined").await;
    let posted = server.log_in(&to, &form).await.unwrap();
    let answers = carrier.post(&posted, REPLAYS).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 303);
    assert_eq!((won.len(), lost.len()), (1, REPLAYS - 1), "{answers:?}");
    let again = carrier.post(&posted, 1).await;
    for (status, page) in lost.into_iter().chain(&again) {
        assert!(*status == 400 && page.contains("has been used before"), "{status}: {page}");
    }
    let tokens = carrier.tokens(&won[0].1).await;
    let (claims, _) = carrier.refresh(&tokens).await;
    assert_eq!(groups(&claims), ["r&d", "staff"]);
    // Somebody else's browser, with a response that was never used.
    let (to, form) = carrier.begin("joined").await;
    let posted = server.log_in(&to, &form).await.unwrap();
    let stolen = Carrier::new(site).post(&posted, 1).await;
    assert_eq!(stolen[0].0, 400, "{stolen:?}");
}

/// `dex saml explain` says of a response what the login said, at the time it came and for the request it answered.
fn explains(site: &Site, posted: &Value) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("response.txt");
    std::fs::write(&file, posted["SAMLResponse"].as_str().unwrap()).unwrap();
    let request = posted["RelayState"].as_str().unwrap();
    let now = jiff::Timestamp::try_from(real_clock()()).unwrap();
    let (now, later) = (now.to_string(), (now + LATER).to_string());
    let explain = |at: &str, request: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dex"));
        command.args(["saml", "explain", "--connector", "joined", "--json", "--at", at, "--in-response-to", request]);
        let done = command.arg("--config").arg(site.dex.configuration()).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        (done.status.code(), serde_json::from_str::<Value>(&said).unwrap_or_else(|_| panic!("{done:?}")))
    };
    let (status, said) = explain(&now, request);
    assert_eq!((status, &said["identity"]["user_id"]), (Some(0), &"mira-1".into()), "{said}");
    let cases = [(&*later, request, "subject-confirmation"), (&*now, "another", "in-response-to")];
    for (at, request, check) in cases {
        let (status, said) = explain(at, request);
        assert_eq!((status, &said["check"]), (Some(1), &check.into()), "{said}");
    }
}
