//! A directory whose branches lie on other servers.

use dex_peers::Slapd;
use serde_json::json;

use crate::openldap::{PEOPLE, config};
use crate::support::{End, merged, open};

/// A branch that lies elsewhere, and a search that goes round in circles.
fn entries(branch: &Slapd) -> String {
    let elsewhere = format!("ldap://127.0.0.1:{}/ou=Branch,ou=People,dc=example,dc=org??sub", branch.port);
    format!(
        "{PEOPLE}\n\
         dn: ou=Branch,ou=People,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\nou: Branch\nref: {elsewhere}\n\n"
    )
}

/// The branch: a user, and a referral back to itself.
const BRANCH: &str = "\n\
dn: ou=Branch,ou=People,dc=example,dc=org\nobjectClass: organizationalUnit\nou: Branch\n\n\
dn: cn=far,ou=Branch,ou=People,dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: far\nsn: far\nuid: far\nmail: far@example.com\nuserPassword: away\n\n\
dn: cn=far,ou=Groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: far\nmember: cn=far,ou=Branch,ou=People,dc=example,dc=org\n\n";

#[tokio::test]
async fn another_server_is_asked_only_where_that_is_wanted() {
    let branch = Slapd::start(&format!("{PEOPLE}{BRANCH}"), None, "").await.unwrap();
    let main = Slapd::start(&entries(&branch), None, "").await.unwrap();
    let far = || End::In("cn=far,ou=Branch,ou=People,dc=example,dc=org".to_owned());
    let jane = || End::In("cn=jane,ou=People,dc=example,dc=org".to_owned());
    let usual = open(&config(&main));
    assert_eq!(usual.end("far", "away").await, End::Wrong);
    assert_eq!(usual.end("jane", "foo").await, jane());
    let following = open(&merged(config(&main), json!({"referrals": "follow"})));
    assert_eq!(following.end("far", "away").await, far());
    assert_eq!(following.end("far", "wrong").await, End::Wrong);
    assert_eq!(following.end("jane", "foo").await, jane());

    // The base itself lies elsewhere: the server answers with a referral instead of a result.
    let inside = json!({"userSearch": {"baseDN": "ou=Branch,ou=People,dc=example,dc=org"}});
    let End::Failed(error) = open(&merged(config(&main), inside.clone())).end("far", "away").await else { panic!() };
    assert!(error.contains("LDAP Result Code 10"), "{error}");
    let following = open(&merged(merged(config(&main), inside), json!({"referrals": "follow"})));
    assert_eq!(following.end("far", "away").await, far());

    // Back and forth ends, and one that cannot be asked is an error.
    let back = format!("ldap://127.0.0.1:{}/ou=Branch,ou=People,dc=example,dc=org??sub", main.port);
    let circle = format!(
        "dn: ou=Back,ou=Branch,ou=People,dc=example,dc=org\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: Back\nref: {back}\n"
    );
    branch.modify(&circle).await.unwrap();
    assert_eq!(following.end("far", "away").await, far());
    branch.kill().unwrap();
    assert!(matches!(following.end("far", "away").await, End::Failed(_)));
}
