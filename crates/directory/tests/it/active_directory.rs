//! Logging in against Active Directory, which Samba is here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::{AccountState, Identity, UpstreamError};
use dex_peers::{SambaAd, TlsFiles, kinit};
use serde_json::{Value, json};

use crate::support::{ALL, End, Logged, merged, open_at};
use crate::tickets::{Taken, clock, take, token};
use crate::transport::Authority;

const PASSWORD: &str = "Passw0rd!user";

fn user(name: &str, control: u32, further: &str) -> String {
    let account = name.to_lowercase();
    let password = format!("\"{PASSWORD}\"");
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    format!(
        "dn: CN={name},CN=Users,{root}\nchangetype: add\nobjectClass: user\nsAMAccountName: {account}\n\
         userPrincipalName: {account}@ad.example.test\ndisplayName: {name} Doe\nmail: {account}@example.test\n\
         unicodePwd:: {password}\nuserAccountControl: {control}\n{further}\n",
        root = SambaAd::ROOT,
        password = STANDARD.encode(password),
    )
}

fn group(name: &str, member: &str) -> String {
    let root = SambaAd::ROOT;
    format!(
        "dn: CN={name},CN=Users,{root}\nchangetype: add\nobjectClass: group\nsAMAccountName: {name}\n\
         member: CN={member},CN=Users,{root}\n\n"
    )
}

fn people() -> String {
    [
        user("Jane", 512, ""),
        user("Disabled", 514, ""),
        user("Expired", 512, "accountExpires: 116444736010000000\n"),
        user("Fresh", 512, "pwdLastSet: 0\n"),
        user("Locked", 512, ""),
        user("Svc-dex", 512, "msDS-SupportedEncryptionTypes: 24\n"),
        group("night", "Jane"),
        group("ops", "night"),
        group("all-staff", "ops"),
    ]
    .concat()
}

/// The connectors as the documentation has them, for this controller: the first without Kerberos, the second with it.
fn configs(ad: &SambaAd, authority: &Authority) -> [Value; 2] {
    let examples = crate::documentation::examples("active-directory.md");
    let [(_, plain), (_, kerberos)] = examples.try_into().expect("two examples");
    [plain, kerberos].map(|example| here(example, ad, authority))
}

fn here(example: Value, ad: &SambaAd, authority: &Authority) -> Value {
    merged(
        example,
        json!({"host": ad.address, "hosts": [], "rootCA": authority.file(), "bindDN": "svc-dex@ad.example.test", "bindPW": PASSWORD}),
    )
}

#[tokio::test]
async fn people_log_in_against_active_directory() {
    let address = SambaAd::address();
    let authority = Authority::new("dex test authority");
    let (certificate, key) = authority.issue("dc1", &[&address]);
    private(&key);
    let tls = TlsFiles { authority: &authority.file(), certificate: &certificate, key: &key };
    let ad = SambaAd::start(address, &tls).await.unwrap();
    ad.modify(&people()).await.unwrap();
    let [config, with_tickets] = configs(&ad, &authority);
    names_and_groups(&config).await;
    what_is_told_of_accounts(&ad, &config).await;
    ids_that_are_bytes(&config).await;
    tickets(&ad, &with_tickets).await;
    refresh_ends_with_the_account(&ad, &config).await;
}

#[cfg(unix)]
fn private(key: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn names_and_groups(config: &Value) {
    let corp = open_at(config, clock(0));
    for name in ["jane", "JANE", "jane@ad.example.test"] {
        let jane = corp.identity(name, PASSWORD).await;
        let told = (jane.username.as_str(), jane.preferred_username.as_str(), jane.email.as_str());
        assert_eq!(told, ("Jane Doe", "jane", "jane@example.test"), "{name}");
        let mut groups = jane.groups;
        groups.sort();
        assert_eq!(groups, ["all-staff", "night", "ops"], "{name}");
    }
    for (name, password) in [("jane", "wrong"), ("jane", ""), ("*", PASSWORD), ("nobody", PASSWORD)] {
        assert_eq!(corp.end(name, password).await, End::Wrong, "{name}");
    }
    let member_of = json!({"groupSearch": {"userMatchers": [{"userAttr": "DN", "groupAttr": "member", "recursionGroupAttr": "member"}]}});
    let level_by_level = open_at(&merged(config.clone(), member_of), clock(0));
    assert_eq!(level_by_level.identity("jane", PASSWORD).await.groups, ["night", "ops", "all-staff"]);
    let clear = json!({"insecureNoSSL": true, "rootCA": ""});
    let End::Failed(error) = open_at(&merged(config.clone(), clear), clock(0)).end("jane", PASSWORD).await else {
        panic!("in clear")
    };
    assert!(error.contains("LDAP Result Code 8"), "{error}");
    let start_tls = open_at(&merged(config.clone(), json!({"startTLS": true})), clock(0));
    assert!(matches!(start_tls.end("jane", PASSWORD).await, End::In(_)));
}

async fn what_is_told_of_accounts(ad: &SambaAd, config: &Value) {
    ad.modify(&format!("dn: {}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 3\n", SambaAd::ROOT))
        .await
        .unwrap();
    // The example leaves out disabled accounts; here they are looked at.
    let all = merged(config.clone(), json!({"userSearch": {"filter": "(objectClass=user)"}}));
    let usual = open_at(&all, clock(0));
    let always = open_at(&merged(all.clone(), json!({"accountMessages": "always"})), clock(0));
    for (name, state) in [
        ("disabled", AccountState::Disabled),
        ("expired", AccountState::Expired),
        ("fresh", AccountState::MustChangePassword),
    ] {
        assert_eq!(usual.end(name, PASSWORD).await, End::Refused(state), "{name}");
        assert_eq!(usual.end(name, "wrong").await, End::Wrong, "{name}");
    }
    for _ in 0..3 {
        assert_eq!(usual.end("locked", "wrong").await, End::Wrong);
    }
    assert_eq!(usual.end("locked", PASSWORD).await, End::Wrong, "whoever guesses learns nothing");
    assert_eq!(always.end("locked", PASSWORD).await, End::Refused(AccountState::Locked));
    assert_eq!(open_at(config, clock(0)).end("disabled", PASSWORD).await, End::Wrong, "the filter leaves it out");
}

async fn ids_that_are_bytes(config: &Value) {
    for (attribute, start, length) in [("objectGUID", "", 36), ("objectSid", "S-1-5-21-", 40)] {
        let corp = open_at(&merged(config.clone(), json!({"userSearch": {"idAttr": attribute}})), clock(0));
        let id = corp.identity("jane", PASSWORD).await.user_id;
        assert!(id.starts_with(start) && id.len() >= length && id.is_ascii(), "{id}");
    }
}

async fn tickets(ad: &SambaAd, config: &Value) {
    let keytab = ad.keytab("svc-dex", "HTTP/dex.example.test").await.unwrap();
    let corp = |change: Value| {
        let config = merged(config.clone(), json!({"kerberos": {"keytabPath": keytab}}));
        open_at(&merged(config, change), clock(0))
    };
    let jane = kinit(&ad.krb5_conf().unwrap(), "jane", PASSWORD).await.unwrap();
    let upn = json!({"kerberos": {"usernameFromPrincipal": "userPrincipalName"}, "userSearch": {"username": "userPrincipalName"}});
    for (told, change) in [("as it is written", json!({})), ("by the whole principal", upn)] {
        let logged = Logged::here();
        let taken = take(&corp(change), &token(&jane).await).await;
        assert!(matches!(taken, Taken::In(_)), "{told}: {}", logged.text());
    }
    assert!(matches!(corp(json!({})).end("jane", PASSWORD).await, End::In(_)), "the form is still there");
    // A ticket outlives the account, so the entry is looked at.
    let shown = token(&jane).await;
    control(ad, 514).await;
    assert_eq!(take(&corp(json!({})), &shown).await, Taken::Gone);
    control(ad, 512).await;
}

async fn control(ad: &SambaAd, value: u32) {
    let change = format!(
        "dn: CN=Jane,CN=Users,{}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: {value}\n",
        SambaAd::ROOT
    );
    ad.modify(&change).await.unwrap();
}

async fn refresh_ends_with_the_account(ad: &SambaAd, config: &Value) {
    let all = merged(config.clone(), json!({"userSearch": {"filter": "(objectClass=user)", "idAttr": "objectGUID"}}));
    let corp = open_at(&all, clock(0));
    let refresh = async |identity: &Identity| corp.refresher().refresh(ALL, identity.clone()).await;
    let jane = corp.identity("jane", PASSWORD).await;
    assert_eq!(refresh(&jane).await.unwrap(), jane);
    control(ad, 514).await;
    assert!(matches!(refresh(&jane).await, Err(UpstreamError::Gone(_))), "disabled");
    control(ad, 512).await;
    assert!(refresh(&jane).await.is_ok(), "enabled again");
    for _ in 0..3 {
        assert_eq!(corp.end("jane", "wrong").await, End::Wrong);
    }
    assert!(matches!(refresh(&jane).await, Err(UpstreamError::Gone(_))), "locked");
    ad.modify(&format!("dn: CN=Jane,CN=Users,{}\nchangetype: delete\n", SambaAd::ROOT)).await.unwrap();
    assert!(matches!(refresh(&jane).await, Err(UpstreamError::Gone(_))), "deleted");
}
