//! Logging in by tickets of a real Kerberos realm, as a browser shows them.

use std::path::{Path, PathBuf};

use dex_connector::{Clock, Negotiated, UpstreamError};
use dex_peers::{Kdc, Slapd, kinit};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::openldap::{PEOPLE, config};
use crate::support::{ALL, Opened, merged, open_at};

/// How a ticket was taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// As this user id.
    In(String),
    /// With this answer.
    Rejected(Vec<u8>),
    WrongRealm,
    Gone,
    Failed(String),
}

/// The answers of the mechanism: ask again for Kerberos, and no.
const INCOMPLETE: &[u8] = b"\xa1\x14\x30\x12\xa0\x03\x0a\x01\x01\xa1\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
const REJECT: &[u8] = b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02";

/// The machine's time and so much more: the realm's server knows no other.
#[expect(clippy::disallowed_methods, reason = "tickets are made by a server that runs by the machine's clock")]
pub(crate) fn clock(ahead: i64) -> Clock {
    Clock::new(move || jiff::Timestamp::now() + SignedDuration::from_secs(ahead))
}

/// What a browser shows to a site that asks for Negotiate.
pub(crate) async fn token(environment: &[(&'static str, PathBuf)]) -> Vec<u8> {
    let token = dex_peers::shown(environment).await.unwrap();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, token).unwrap()
}

pub(crate) async fn take(corp: &Opened, token: &[u8]) -> Taken {
    let negotiate = corp.form().negotiate().expect("tickets are taken");
    match negotiate.accept(ALL, token, None).await {
        Ok(Negotiated::Arrival(arrival)) => Taken::In(arrival.identity.user_id),
        Ok(Negotiated::Rejected(answer)) => Taken::Rejected(answer),
        Ok(Negotiated::WrongRealm) => Taken::WrongRealm,
        Err(UpstreamError::Gone(_)) => Taken::Gone,
        Err(error) => Taken::Failed(error.to_string()),
    }
}

fn with_tickets(server: &Slapd, keytab: &Path, change: Value) -> Value {
    let kerberos = merged(json!({"enabled": true, "keytabPath": keytab}), change);
    merged(config(server), json!({"kerberos": kerberos, "userSearch": {"idAttr": "uid"}}))
}

#[tokio::test]
async fn a_ticket_of_the_realm_is_taken_once() {
    let server = Slapd::start(PEOPLE, None, "").await.unwrap();
    let kdc = Kdc::start("EXAMPLE.TEST").await.unwrap();
    kdc.add("HTTP/dex.example.test", None, None).await.unwrap();
    kdc.add("HTTP/other.example.test", None, None).await.unwrap();
    for user in ["jane", "locked", "stranger", "twin"] {
        kdc.add(user, Some("ticket"), None).await.unwrap();
    }
    let keytab = kdc.keytab("dex", "HTTP/dex.example.test").await.unwrap();
    let others = kdc.keytab("other", "HTTP/other.example.test").await.unwrap();
    let corp = |change: Value| open_at(&with_tickets(&server, &keytab, change), clock(0));
    let jane = kinit(&kdc.krb5_conf(), "jane", "ticket").await.unwrap();
    let usual = corp(json!({}));

    let shown = token(&jane).await;
    let logged_in = || Taken::In("jane".to_owned());
    assert_eq!(take(&usual, &shown).await, logged_in());
    assert_eq!(take(&usual, &shown).await, Taken::Rejected(REJECT.to_vec()), "shown twice");
    assert_eq!(
        take(&corp(json!({})), &shown).await,
        Taken::Rejected(REJECT.to_vec()),
        "shown to a connector opened anew"
    );
    assert_eq!(take(&usual, &token(&jane).await).await, logged_in(), "the next one");
    what_is_no_ticket(&usual, &shown).await;

    for (told, change, expected) in [
        ("the realm, in lower case", json!({"expectedRealm": "example.test"}), logged_in()),
        ("another realm", json!({"expectedRealm": "OTHER.TEST"}), Taken::WrongRealm),
        ("the service", json!({"spn": "HTTP/dex.example.test"}), logged_in()),
        ("another service", json!({"spn": "HTTP/other.example.test"}), Taken::Rejected(REJECT.to_vec())),
        ("the key by name", json!({"keytabPrincipal": "HTTP/dex.example.test@EXAMPLE.TEST"}), logged_in()),
        ("a key that is not there", json!({"keytabPrincipal": "dex"}), Taken::Rejected(REJECT.to_vec())),
        ("the whole principal", json!({"usernameFromPrincipal": "userPrincipalName"}), Taken::Gone),
    ] {
        assert_eq!(take(&corp(change), &token(&jane).await).await, expected, "{told}");
    }
    for (told, keytab, ahead, expected) in [
        ("another service's keytab", &others, 0, Taken::Rejected(REJECT.to_vec())),
        ("a clock within the skew", &keytab, 250, logged_in()),
        ("a clock ahead", &keytab, 400, Taken::Rejected(REJECT.to_vec())),
        ("a clock behind", &keytab, -400, Taken::Rejected(REJECT.to_vec())),
    ] {
        let corp = open_at(&with_tickets(&server, keytab, json!({})), clock(ahead));
        assert_eq!(take(&corp, &token(&jane).await).await, expected, "{told}");
    }
    a_keytab_is_read_again_when_it_changes(&server, [&others, &keytab], &jane).await;
    for user in ["stranger", "locked"] {
        let ticket = kinit(&kdc.krb5_conf(), user, "ticket").await.unwrap();
        assert_eq!(take(&usual, &token(&ticket).await).await, Taken::Gone, "{user}");
    }
    let by_uid = open_at(
        &merged(with_tickets(&server, &keytab, json!({})), json!({"userSearch": {"username": "uid"}})),
        clock(0),
    );
    let twin = kinit(&kdc.krb5_conf(), "twin", "ticket").await.unwrap();
    let Taken::Failed(error) = take(&by_uid, &token(&twin).await).await else { panic!("one of two") };
    assert!(error.contains("multiple (2) results"), "{error}");
    a_login_by_ticket_is_refreshed(&usual, &token(&jane).await).await;
    without_a_keytab(&server).await;
}

async fn a_keytab_is_read_again_when_it_changes(
    server: &Slapd,
    [others, own]: [&Path; 2],
    jane: &[(&'static str, PathBuf)],
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keytab");
    std::fs::copy(others, &path).unwrap();
    let corp = open_at(&with_tickets(server, &path, json!({})), clock(0));
    assert_eq!(take(&corp, &token(jane).await).await, Taken::Rejected(REJECT.to_vec()), "the keytab of old");
    std::fs::copy(own, folder.path().join("next")).unwrap();
    std::fs::rename(folder.path().join("next"), &path).unwrap();
    for told in ["the new one", "the new one is kept"] {
        assert_eq!(take(&corp, &token(jane).await).await, Taken::In("jane".to_owned()), "{told}");
        std::fs::write(&path, "broken").unwrap();
    }
}

async fn what_is_no_ticket(corp: &Opened, shown: &[u8]) {
    // The Kerberos token as it stands inside the one of SPNEGO.
    let start = shown.windows(2).enumerate().skip(2).find(|(at, pair)| *pair == [0x60, 0x82] && *at > 4).unwrap().0;
    let ntlm = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2".to_vec();
    for (told, token, answer) in [
        ("bare Kerberos", shown[start..].to_vec(), INCOMPLETE),
        ("bare NTLM", ntlm, INCOMPLETE),
        ("nothing", vec![], INCOMPLETE),
        ("garbage", b"hello".to_vec(), INCOMPLETE),
        ("half a token", shown[..shown.len() / 2].to_vec(), INCOMPLETE),
        (
            "a token that was changed",
            shown.iter().enumerate().map(|(at, byte)| if at == shown.len() - 40 { byte ^ 1 } else { *byte }).collect(),
            REJECT,
        ),
    ] {
        assert_eq!(take(corp, &token).await, Taken::Rejected(answer.to_vec()), "{told}");
    }
}

async fn a_login_by_ticket_is_refreshed(corp: &Opened, token: &[u8]) {
    let Ok(Negotiated::Arrival(arrival)) = corp.form().negotiate().unwrap().accept(ALL, token, None).await else {
        panic!("the ticket is good")
    };
    assert!(arrival.once.is_some(), "other replicas are told of it");
    let identity = arrival.identity;
    assert_eq!(identity.groups, ["childGroup", "circularGroup1"]);
    assert_eq!(corp.refresher().refresh(ALL, identity.clone()).await.unwrap(), identity);
}

/// It is as if tickets were not asked for; people log in by the form.
async fn without_a_keytab(server: &Slapd) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken"), "hello").unwrap();
    for keytab in
        [PathBuf::new(), folder.path().join("nowhere"), folder.path().join("broken"), folder.path().to_owned()]
    {
        let corp = open_at(&with_tickets(server, &keytab, json!({})), clock(0));
        assert!(corp.form().negotiate().is_none(), "{}", keytab.display());
    }
    let off = merged(with_tickets(server, Path::new("x"), json!({})), json!({"kerberos": {"enabled": false}}));
    assert!(open_at(&off, clock(0)).form().negotiate().is_none());
}
