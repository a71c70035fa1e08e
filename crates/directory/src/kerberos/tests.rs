use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};

use super::forge::{Forged, SESSION_KEY};
use super::*;

const REALM: &str = "EXAMPLE.COM";
const SERVICE: (&str, &[&str]) = (REALM, &["HTTP", "dex.example.com"]);
const JANE: (&str, &[&str]) = (REALM, &["jane"]);
const ADMIN: (&str, &[&str]) = (REALM, &["admin"]);
const KEY: [u8; 32] = [3; 32];

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A keytab with the service's key, and one of another service.
fn keytab() -> Vec<u8> {
    let mut file = vec![5, 2];
    for (components, key) in [(["HTTP", "dex.example.com"], KEY), (["host", "dex.example.com"], [4; 32])] {
        let counted = |text: &[u8]| [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat();
        let mut entry = vec![0, 2];
        entry.extend(counted(REALM.as_bytes()));
        components.iter().for_each(|component| entry.extend(counted(component.as_bytes())));
        entry.extend([0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 18]);
        entry.extend(counted(&key));
        file.extend(u32::try_from(entry.len()).unwrap().to_be_bytes());
        file.extend(entry);
    }
    file
}

fn kerberos() -> Kerberos {
    Kerberos {
        keytab: Watched::open("corp", Vec::new(), || Keytab::parse(&keytab())).unwrap(),
        service: None,
        keyed_as: None,
        skew: SKEW,
        expected_realm: None,
        mapping: Mapping::LocalPart,
        falls_back: false,
    }
}

fn honest() -> Forged {
    Forged {
        service: SERVICE,
        client: JANE,
        claimed: JANE,
        options: 0,
        flags: 0,
        starts: Some(after(-60)),
        authenticated: after(-3600),
        ends: after(3600),
        address: None,
        at: now(),
        micros: 5,
        kind: 18,
        version: 3,
        key: KEY.to_vec(),
        session_key: SESSION_KEY.to_vec(),
    }
}

fn hear(kerberos: &Kerberos, forged: &Forged) -> Told {
    let peer = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    told(kerberos.hear(&forged.token(), peer, now(), &Replays::default()))
}

/// The client, or why there is none.
type Told = Result<Principal, Option<Doubt>>;

fn told(heard: Heard) -> Told {
    match heard {
        Heard::Client(client, _) => Ok(client),
        Heard::Incomplete => Err(None),
        Heard::Doubted(doubt) => Err(Some(doubt)),
    }
}

fn client(of: (&str, &[&str])) -> Principal {
    Principal { components: of.1.iter().map(|text| (*text).to_owned()).collect(), realm: of.0.to_owned() }
}

#[test]
fn only_what_a_realm_has_sealed_is_believed() {
    let skew = SKEW.as_secs().cast_signed();
    let cases: Vec<(&str, Forged, bool)> = vec![
        ("an honest one", honest(), true),
        ("of any version", Forged { version: 0, ..honest() }, true),
        ("without a start", Forged { starts: None, ..honest() }, true),
        ("another key of the service", Forged { key: vec![9; 32], ..honest() }, false),
        ("another key of the session", Forged { session_key: vec![9; 32], ..honest() }, false),
        ("another version of the key", Forged { version: 4, ..honest() }, false),
        ("a kind without a key", Forged { kind: 17, ..honest() }, false),
        ("a kind that is not supported", Forged { kind: 23, ..honest() }, false),
        ("another service", Forged { service: (REALM, &["HTTP", "other.example.com"]), ..honest() }, false),
        ("another service's realm", Forged { service: ("OTHER", SERVICE.1), ..honest() }, false),
        ("sealed by a user's key", Forged { options: 0x40, ..honest() }, false),
        ("wants mutual authentication", Forged { options: 0x20, ..honest() }, true),
        ("marked as not valid", Forged { flags: 0x01, ..honest() }, false),
        ("another flag", Forged { flags: 0x40, ..honest() }, true),
        ("claims another realm", Forged { claimed: ("CORP.EXAMPLE.COM", JANE.1), ..honest() }, false),
        ("claims the realm in lower case", Forged { claimed: ("example.com", JANE.1), ..honest() }, false),
        ("claims another name", Forged { claimed: ADMIN, ..honest() }, false),
        ("from our address", Forged { address: Some([10, 0, 0, 1]), ..honest() }, true),
        ("from another address", Forged { address: Some([10, 0, 0, 2]), ..honest() }, false),
        ("starts when the skew ends", Forged { starts: Some(after(skew)), ..honest() }, true),
        ("starts a second later", Forged { starts: Some(after(skew + 1)), ..honest() }, false),
        ("first authenticated too late", Forged { starts: None, authenticated: after(skew + 1), ..honest() }, false),
        ("ended when the skew began", Forged { ends: after(-skew), ..honest() }, true),
        ("ended a second before", Forged { ends: after(-skew - 1), ..honest() }, false),
        ("a clock as fast as may be", Forged { at: after(skew), micros: 0, ..honest() }, true),
        ("a microsecond faster", Forged { at: after(skew), micros: 1, ..honest() }, false),
        ("a clock as slow as may be", Forged { at: after(-skew), micros: 0, ..honest() }, true),
        ("a microsecond slower", Forged { at: after(-skew - 1), micros: 999_999, ..honest() }, false),
        ("a second of microseconds", Forged { micros: 1_000_000, ..honest() }, false),
    ];
    for (told, forged, believed) in cases {
        let heard = hear(&kerberos(), &forged);
        assert_eq!(heard == Ok(client(JANE)), believed, "{told}: {heard:?}");
        assert!(believed || matches!(heard, Err(Some(_))), "{told}: {heard:?}");
    }
}

#[test]
fn a_token_counts_once_whoever_hears_it() {
    let replays = Replays::default();
    let hear = |forged: &Forged, at| told(kerberos().hear(&forged.token(), None, at, &replays));
    assert_eq!(hear(&honest(), now()), Ok(client(JANE)));
    assert_eq!(hear(&honest(), now()), Err(Some(Doubt::Replayed)), "sealed anew, and the same");
    assert_eq!(hear(&honest(), after(299)), Err(Some(Doubt::Replayed)));
    assert_eq!(hear(&Forged { micros: 6, ..honest() }, now()), Ok(client(JANE)));
    let admin = Forged { client: ADMIN, claimed: ADMIN, ..honest() };
    assert_eq!(hear(&admin, now()), Ok(client(ADMIN)));
    assert_eq!(hear(&honest(), after(601)), Err(Some(Doubt::Skew(honest().at + SignedDuration::from_micros(5)))));
}

#[test]
fn other_replicas_know_a_token_by_a_name_of_its_own() {
    let once = |forged: &Forged| match kerberos().hear(&forged.token(), None, now(), &Replays::default()) {
        Heard::Client(_, once) => once,
        other => panic!("{other:?}"),
    };
    let first = once(&honest());
    assert_eq!(first, once(&honest()), "at another replica");
    assert_eq!(first.until, after(600), "as long as a clock may be off, both ways");
    assert!(first.id.len() < 64 && first.id.bytes().all(|byte| byte.is_ascii_graphic()), "{}", first.id);
    let others = [
        Forged { micros: 6, ..honest() },
        Forged { client: ADMIN, claimed: ADMIN, ..honest() },
        Forged { service: (REALM, &["host", "dex.example.com"]), key: vec![4; 32], ..honest() },
    ];
    for other in others {
        assert_ne!(first.id, once(&other).id);
    }
}

#[test]
fn the_service_and_the_key_can_be_named() {
    let host = Forged { service: (REALM, &["host", "dex.example.com"]), key: vec![4; 32], ..honest() };
    assert_eq!(hear(&kerberos(), &host), Ok(client(JANE)), "any service of the keytab");
    let bound = Kerberos { service: Some(Principal::parse("HTTP/DEX.example.com")), ..kerberos() };
    assert_eq!(hear(&bound, &host), Err(Some(Doubt::AnotherService(client(host.service)))));
    assert_eq!(hear(&bound, &honest()), Ok(client(JANE)));
    let keyed = Kerberos { keyed_as: Some(vec!["host".into(), "dex.example.com".into()]), ..kerberos() };
    assert_eq!(hear(&keyed, &Forged { key: vec![4; 32], ..honest() }), Ok(client(JANE)));
}

#[test]
fn names_of_a_trusted_realm_are_not_those_of_ours() {
    let stranger = ("TRUSTED.EXAMPLE", JANE.1);
    let cases = [
        (None, Mapping::LocalPart, JANE, true),
        (None, Mapping::LocalPart, stranger, false),
        (None, Mapping::UserPrincipalName, stranger, true),
        (Some("example.com"), Mapping::LocalPart, JANE, true),
        (Some("example.com"), Mapping::LocalPart, stranger, false),
        (Some("example.com"), Mapping::UserPrincipalName, stranger, false),
        (Some("trusted.example"), Mapping::LocalPart, stranger, true),
        (Some("trusted.example"), Mapping::LocalPart, JANE, false),
    ];
    for (expected, mapping, who, admitted) in cases {
        let kerberos = Kerberos { expected_realm: expected.map(str::to_owned), mapping, ..kerberos() };
        let forged = Forged { client: who, claimed: who, ..honest() };
        let client = hear(&kerberos, &forged).expect("the realm's own server has sealed it");
        assert_eq!(kerberos.admits(&client), admitted, "{expected:?} {mapping:?} {client}");
    }
}

#[test]
fn no_damage_to_a_token_lets_anybody_in() {
    let whole = honest().token();
    let kerberos = kerberos();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            let heard = told(kerberos.hear(&damaged, None, now(), &Replays::default()));
            // The name of the mechanism, the options and the like are not sealed.
            assert!(heard == Ok(client(JANE)) || heard.is_err(), "{at} {bit}: {heard:?}");
        }
        let heard = told(kerberos.hear(&whole[..at], None, now(), &Replays::default()));
        assert!(heard.is_err(), "cut at {at}");
    }
}
