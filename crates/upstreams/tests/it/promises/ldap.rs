//! A directory: OpenLDAP, and a Kerberos realm.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_connector::{Connector, LoginMethod, Negotiated, PasswordLogin};
use dex_fakes::kit::Fake;
use dex_model::{Timestamp, later};
use dex_peers::{Kdc, Slapd, TlsFiles, kinit, shown};
use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::journey::{StandIn, failure, lay_over, outcome};
use super::keys::{Row, every_key_of, row};
use super::nine::{Comes, Nine, every_promise};
use crate::kit::ALL;

/// The people and groups of the directory's own tests.
const PEOPLE: &str = include_str!("../../../../directory/tests/it/people.ldif");

/// A user on another server.
const BRANCH: &str = "\n\
dn: ou=Branch,ou=People,dc=example,dc=org\nobjectClass: organizationalUnit\nou: Branch\n\n\
dn: cn=far,ou=Branch,ou=People,dc=example,dc=org\nobjectClass: inetOrgPerson\ncn: far\nsn: far\nuid: far\nmail: far@example.com\nuserPassword: away\n\n";

/// Whoever shows the certificate `dex` is the service, and few entries are sent at once.
const EXTRA: &str = "authz-regexp \"^cn=dex$\" \"cn=dex,dc=example,dc=org\"\n\
                     sizelimit size.soft=1 size.hard=2 size.prtotal=unlimited";

const JANE: (&str, &str) = ("jane", "foo");

/// How many log in at once.
const CROWD: usize = 8;

#[tokio::test]
async fn every_key() {
    let servers = Arc::new(Servers::all().await);
    every_key_of(async |_| Ldap::over(&servers)).await;
}

#[tokio::test]
async fn every_promise_is_kept() {
    every_promise::<Ldap>().await;
}

/// The servers, which all rows share: starting them takes a while, and nothing in them changes.
struct Servers {
    main: Slapd,
    more: Option<More>,
}

/// What only some keys are about.
struct More {
    /// Where one branch lies.
    branch: Slapd,
    /// Takes connections and says nothing.
    silent: TcpListener,
    files: Files,
    _kdc: Kdc,
    keytab: PathBuf,
    /// In which jane has a ticket.
    jane: Vec<(&'static str, PathBuf)>,
}

impl Servers {
    async fn plain() -> Self {
        Self { main: Slapd::start(PEOPLE, None, "").await.unwrap(), more: None }
    }

    async fn all() -> Self {
        let branch = Slapd::start(&format!("{PEOPLE}{BRANCH}"), None, "").await.unwrap();
        let elsewhere = format!("ldap://127.0.0.1:{}/ou=Branch,ou=People,dc=example,dc=org??sub", branch.port);
        let entries = format!(
            "{PEOPLE}\ndn: ou=Branch,ou=People,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\n\
             ou: Branch\nref: {elsewhere}\n\n"
        );
        let files = Files::new();
        let tls = TlsFiles {
            authority: &files.at("ca.pem"),
            certificate: &files.at("server.crt"),
            key: &files.at("server.key"),
        };
        let main = Slapd::start(&entries, Some(&tls), EXTRA).await.unwrap();
        let kdc = Kdc::start("EXAMPLE.TEST").await.unwrap();
        kdc.add("HTTP/dex.example.test", None, None).await.unwrap();
        kdc.add("jane", Some("ticket"), None).await.unwrap();
        let keytab = kdc.keytab("dex", "HTTP/dex.example.test").await.unwrap();
        let jane = kinit(&kdc.krb5_conf(), "jane", "ticket").await.unwrap();
        let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self { main, more: Some(More { branch, silent, files, _kdc: kdc, keytab, jane }) }
    }
}

/// An authority, and certificates for the server and for us.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(TempDir::new().unwrap());
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "authority of the directory");
        std::fs::write(files.at("ca.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        for (name, hosts) in [("server", vec!["127.0.0.1".to_owned()]), ("dex", vec![])] {
            let key = KeyPair::generate().unwrap();
            let mut parameters = CertificateParams::new(hosts).unwrap();
            parameters.distinguished_name = rcgen::DistinguishedName::new();
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let certificate = parameters.signed_by(&key, &issuer).unwrap();
            std::fs::write(files.at(&format!("{name}.crt")), certificate.pem()).unwrap();
            std::fs::write(files.at(&format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        files
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A directory as one row sees it.
pub(crate) struct Ldap {
    servers: Arc<Servers>,
    trial: Mutex<Trial>,
}

/// What is tried.
struct Trial {
    typed: (&'static str, &'static str),
    /// How far our clock is ahead of the realm's.
    ahead: Duration,
    besides: Besides,
}

#[derive(Clone, Copy)]
enum Besides {
    Nothing,
    /// Somebody who does not exist, and how often a password was checked for it.
    Nobody,
    /// Many at once, and over how many connections.
    Crowd,
    /// A ticket.
    Ticket,
}

impl Ldap {
    fn over(servers: &Arc<Servers>) -> Self {
        let trial = Trial { typed: JANE, ahead: Duration::ZERO, besides: Besides::Nothing };
        Self { servers: servers.clone(), trial: Mutex::new(trial) }
    }

    fn trial(&self) -> MutexGuard<'_, Trial> {
        self.trial.lock().unwrap()
    }

    fn more(&self) -> &More {
        self.servers.more.as_ref().expect("the table of keys has all servers")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.more().files.at(name)
    }

    /// The keys for LDAPS, with others.
    fn ldaps(&self, others: Value) -> Value {
        let mut keys = json!({"insecureNoSSL": false, "host": format!("127.0.0.1:{}", self.servers.main.tls_port)});
        lay_over(&mut keys, &others);
        keys
    }

    /// The keys for a server that says nothing.
    fn silent(&self, others: Value) -> Value {
        let mut keys = json!({"host": self.more().silent.local_addr().unwrap().to_string()});
        lay_over(&mut keys, &others);
        keys
    }

    /// How often the server was asked to check a password meanwhile, its own monitor's left out.
    async fn nobody(&self, form: &dyn PasswordLogin) -> String {
        let before = self.servers.main.binds().await.unwrap();
        let _ = form.log_in(ALL, "nobody", "a password").await;
        format!("nobody: {} checks", self.servers.main.binds().await.unwrap() - before - 1)
    }

    async fn crowd(&self, form: &dyn PasswordLogin) -> String {
        let branch = &self.more().branch;
        join_all((0..CROWD).map(|_| form.log_in(ALL, JANE.0, JANE.1))).await;
        // Those of an earlier connector may take a moment to end.
        let mut connections = branch.connections().await.unwrap();
        for _ in 0..50 {
            if connections == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            connections = branch.connections().await.unwrap();
        }
        format!("connections: {}", if connections == 1 { "one" } else { "several" })
    }

    async fn ticket(&self, form: &dyn PasswordLogin) -> String {
        let Some(negotiate) = form.negotiate() else { return "ticket: not asked for".into() };
        let token = BASE64_STANDARD.decode(shown(&self.more().jane).await.unwrap()).unwrap();
        let taken = match negotiate.accept(ALL, &token, None).await {
            Ok(Negotiated::Arrival(arrival)) => outcome(&Ok(arrival.identity)),
            Ok(Negotiated::Rejected(_)) => "rejected".into(),
            Ok(Negotiated::WrongRealm) => "of another realm".into(),
            Err(error) => failure(&error),
        };
        format!("ticket: {taken}\nform besides: {}", negotiate.falls_back_to_password())
    }
}

impl StandIn for Ldap {
    const KIND: &'static str = "ldap";

    async fn start(_: bool) -> Self {
        Self::over(&Arc::new(Servers::plain().await))
    }

    fn fake(&self) -> Option<&Fake> {
        None
    }

    async fn go_down(&self) {
        self.servers.main.kill().unwrap();
    }

    /// Tickets are made by the machine's clock.
    #[expect(clippy::disallowed_methods, reason = "the realm's server runs by the machine's clock")]
    fn now(&self) -> Timestamp {
        later(std::time::SystemTime::now().try_into().unwrap(), self.trial().ahead)
    }

    fn typed(&self) -> (&'static str, &'static str) {
        self.trial().typed
    }

    fn least(&self) -> Value {
        json!({
            "host": format!("127.0.0.1:{}", self.servers.main.port),
            "insecureNoSSL": true, "bindDN": "cn=dex,dc=example,dc=org", "bindPW": "service",
            "userSearch": {
                "baseDN": "ou=People,dc=example,dc=org", "username": "cn", "idAttr": "DN", "emailAttr": "mail", "nameAttr": "cn",
            },
            "groupSearch": {
                "baseDN": "ou=Groups,dc=example,dc=org", "nameAttr": "cn",
                "userMatchers": [{"userAttr": "DN", "groupAttr": "member"}],
            },
        })
    }

    fn gates(&self) -> Vec<Value> {
        Vec::new()
    }

    async fn leave(&self) {
        let left = "dn: cn=childGroup,ou=Groups,dc=example,dc=org\nchangetype: modify\nadd: member\n\
                    member: cn=john,ou=Seattle,ou=People,dc=example,dc=org\n-\ndelete: member\n\
                    member: cn=jane,ou=People,dc=example,dc=org\n";
        self.servers.main.modify(left).await.unwrap();
    }

    async fn besides(&self, connector: &dyn Connector) -> String {
        let LoginMethod::Password(form) = connector.login() else { panic!("a directory has a form") };
        let besides = self.trial().besides;
        match besides {
            Besides::Nothing => String::new(),
            Besides::Nobody => self.nobody(form).await,
            Besides::Crowd => self.crowd(form).await,
            Besides::Ticket => self.ticket(form).await,
        }
    }

    fn rows() -> Vec<Row<Self>> {
        [server_rows(), tls_rows(), answer_rows(), user_rows(), group_rows(), matcher_rows(), ticket_rows()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn nine() -> Nine {
        let no_gate = "who may enter is said by userSearch.filter; groups decide nothing, as in Dex";
        Nine {
            gate_at_login: Comes::Otherwise(no_gate, "no gate"),
            gate_at_refresh: Comes::Otherwise(no_gate, "no gate"),
            gate_without_scope: Comes::Otherwise(no_gate, "no gate"),
            ..Nine::kept(
                "ok id=\"cn=jane,ou=People,dc=example,dc=org\" name=\"jane\" preferred=\"\" email=\"janedoe@example.com\" \
                 verified=true groups=[]",
                "groups=[\"childGroup\", \"circularGroup1\"]",
                "groups=[\"circularGroup1\"]",
            )
        }
    }
}

/// Types something else.
fn typing(up: &Ldap, name: &'static str, password: &'static str) {
    up.trial().typed = (name, password);
}

/// Where servers are, and as whom they are asked.
fn server_rows() -> Vec<Row<Ldap>> {
    let nowhere = |_: &Ldap| json!({"host": ""});
    vec![
        row("host", |up: &Ldap| json!({"host": format!("127.0.0.1:{}", up.servers.main.port)}))
            .given(nowhere)
            .appears("login: ok"),
        row("hosts", |up: &Ldap| json!({"hosts": [format!("127.0.0.1:{}", up.servers.main.port)]}))
            .given(nowhere)
            .appears("login: ok"),
        row("dnsSRV", |_: &Ldap| json!({"dnsSRV": "corp.invalid"})).given(nowhere).appears("_ldap._tcp.corp.invalid"),
        row("bindDN", |_: &Ldap| json!({"bindDN": "cn=dex,dc=example,dc=org"}))
            .given(|_: &Ldap| json!({"bindDN": ""}))
            .appears("login: ok"),
        row("bindPW", |_: &Ldap| json!({"bindPW": "wrong"})).appears("initial bind for user"),
        row("connectTimeout", |_: &Ldap| json!({"connectTimeout": 1}))
            .given(|up: &Ldap| up.silent(json!({"insecureNoSSL": false, "connectTimeout": 2})))
            .appears("within 1s"),
        row("requestTimeout", |_: &Ldap| json!({"requestTimeout": 1}))
            .given(|up: &Ldap| up.silent(json!({"requestTimeout": 2})))
            .appears("within 1s"),
        row("maxConnections", |_: &Ldap| json!({"maxConnections": 1}))
            .given(|up: &Ldap| json!({"host": format!("127.0.0.1:{}", up.more().branch.port)}))
            .world(|up: &Ldap| up.trial().besides = Besides::Crowd)
            .appears("connections: one"),
    ]
}

/// How servers are spoken to.
fn tls_rows() -> Vec<Row<Ldap>> {
    fn client(up: &Ldap, key: &str, file: &str) -> Value {
        json!({key: up.file(file)})
    }
    /// As the service that only a client's certificate names.
    fn external(up: &Ldap, others: Value) -> Value {
        let mut keys = up.ldaps(json!({"bindDN": "", "bindPW": "", "rootCA": up.file("ca.pem")}));
        lay_over(&mut keys, &others);
        keys
    }
    vec![
        row("insecureNoSSL", |_: &Ldap| json!({"insecureNoSSL": true}))
            .given(|_: &Ldap| json!({"insecureNoSSL": null}))
            .appears("login: ok"),
        row("insecureSkipVerify", |_: &Ldap| json!({"insecureSkipVerify": true}))
            .given(|up: &Ldap| up.ldaps(json!({})))
            .appears("login: ok"),
        row("startTLS", |_: &Ldap| json!({"startTLS": true}))
            .given(|up: &Ldap| json!({"insecureNoSSL": false, "rootCA": up.file("ca.pem")}))
            .appears("login: ok"),
        row("rootCA", |up: &Ldap| json!({"rootCA": up.file("ca.pem")}))
            .given(|up: &Ldap| up.ldaps(json!({})))
            .appears("login: ok"),
        row(
            "rootCAData",
            |up: &Ldap| json!({"rootCAData": BASE64_STANDARD.encode(std::fs::read(up.file("ca.pem")).unwrap())}),
        )
        .given(|up: &Ldap| up.ldaps(json!({})))
        .appears("login: ok"),
        row("clientCert", |up: &Ldap| client(up, "clientCert", "dex.crt"))
            .given(|up: &Ldap| external(up, json!({"saslExternal": true, "clientKey": up.file("dex.key")})))
            .appears("login: ok"),
        row("clientKey", |up: &Ldap| client(up, "clientKey", "dex.key"))
            .given(|up: &Ldap| external(up, json!({"saslExternal": true, "clientCert": up.file("dex.crt")})))
            .appears("login: ok"),
        row("saslExternal", |_: &Ldap| json!({"saslExternal": true}))
            .given(|up: &Ldap| external(up, json!({"clientCert": up.file("dex.crt"), "clientKey": up.file("dex.key")})))
            .appears("login: ok"),
    ]
}

/// What is made of answers.
fn answer_rows() -> Vec<Row<Ldap>> {
    vec![
        row("usernamePrompt", |_: &Ldap| json!({"usernamePrompt": "Corp login"})).appears("prompt: Corp login"),
        row("pageSize", |_: &Ldap| json!({"pageSize": 0})).appears("LDAP Result Code 4"),
        row("referrals", |_: &Ldap| json!({"referrals": "follow"}))
            .world(|up: &Ldap| typing(up, "far", "away"))
            .appears("login: ok"),
        row("accountMessages", |_: &Ldap| json!({"accountMessages": "always"}))
            .world(|up: &Ldap| typing(up, "locked", "foo"))
            .appears("Refused(Locked)"),
        row("maskUnknownUsers", |_: &Ldap| json!({"maskUnknownUsers": true}))
            .world(|up: &Ldap| up.trial().besides = Besides::Nobody)
            .vanishes("nobody: 0 checks"),
    ]
}

/// Who the user is.
fn user_rows() -> Vec<Row<Ldap>> {
    fn search(key: &str, value: &str) -> Value {
        json!({"userSearch": {key: value}})
    }
    vec![
        row("userSearch.baseDN", |_: &Ldap| search("baseDN", "ou=Seattle,ou=People,dc=example,dc=org"))
            .appears("Wrong"),
        row("userSearch.filter", |_: &Ldap| search("filter", "(ou:dn:=Seattle)")).appears("Wrong"),
        row("userSearch.username", |_: &Ldap| search("username", "mail"))
            .world(|up: &Ldap| typing(up, "janedoe@example.com", "foo"))
            .appears("login: ok"),
        row("userSearch.scope", |_: &Ldap| search("scope", "one"))
            .world(|up: &Ldap| typing(up, "john", "bar"))
            .appears("Wrong"),
        row("userSearch.idAttr", |_: &Ldap| search("idAttr", "uid")).appears("id=\"jane\""),
        row("userSearch.emailAttr", |_: &Ldap| search("emailAttr", "uid")).appears("email=\"jane\""),
        row("userSearch.nameAttr", |_: &Ldap| search("nameAttr", "displayName")).appears("name=\"Jane Doe\""),
        row("userSearch.preferredUsernameAttr", |_: &Ldap| search("preferredUsernameAttr", "uid"))
            .appears("preferred=\"jane\""),
        row("userSearch.emailSuffix", |_: &Ldap| search("emailSuffix", "corp.example"))
            .appears("email=\"jane@corp.example\""),
    ]
}

fn groups(groups: Value) -> Value {
    json!({"groupSearch": groups})
}

/// The groups of the user.
fn group_rows() -> Vec<Row<Ldap>> {
    vec![
        row("groupSearch.baseDN", |_: &Ldap| groups(json!({"baseDN": "ou=Nowhere,dc=example,dc=org"})))
            .appears("groups=[]"),
        row("groupSearch.filter", |_: &Ldap| groups(json!({"filter": "(cn=childGroup)"}))).vanishes("circularGroup1"),
        row("groupSearch.scope", |_: &Ldap| groups(json!({"scope": "one"})))
            .given(|_: &Ldap| groups(json!({"baseDN": "dc=example,dc=org"})))
            .appears("groups=[]"),
        row("groupSearch.nameAttr", |_: &Ldap| groups(json!({"nameAttr": "DN"}))).appears("cn=childGroup,ou=Groups"),
        row("groupSearch.userAttr", |_: &Ldap| groups(json!({"userAttr": "uid"})))
            .given(|_: &Ldap| groups(json!({"userMatchers": [], "userAttr": "mail", "groupAttr": "memberUid"})))
            .appears("\"admins\""),
        row("groupSearch.groupAttr", |_: &Ldap| groups(json!({"groupAttr": "memberUid"})))
            .given(|_: &Ldap| groups(json!({"userMatchers": [], "userAttr": "uid", "groupAttr": "member"})))
            .appears("\"admins\""),
        row("groupSearch.recursionGroupAttr", |_: &Ldap| groups(json!({"recursionGroupAttr": "member"})))
            .given(|_: &Ldap| groups(json!({"userMatchers": [], "userAttr": "DN", "groupAttr": "member"})))
            .appears("\"parentGroup\""),
    ]
}

/// What of a user is compared with what of a group.
fn matcher_rows() -> Vec<Row<Ldap>> {
    fn matcher(user: &str, group: &str, nested: &str) -> Value {
        groups(json!({"userMatchers": [{"userAttr": user, "groupAttr": group, "recursionGroupAttr": nested}]}))
    }
    vec![
        row("groupSearch.userMatchers.userAttr", |_: &Ldap| matcher("uid", "memberUid", ""))
            .given(|_: &Ldap| matcher("mail", "memberUid", ""))
            .appears("\"admins\""),
        row("groupSearch.userMatchers.groupAttr", |_: &Ldap| matcher("uid", "memberUid", ""))
            .given(|_: &Ldap| matcher("uid", "member", ""))
            .appears("\"admins\""),
        row("groupSearch.userMatchers.recursionGroupAttr", |_: &Ldap| matcher("DN", "member", "member"))
            .given(|_: &Ldap| matcher("DN", "member", ""))
            .appears("\"parentGroup\""),
    ]
}

/// Logging in by tickets.
fn ticket_rows() -> Vec<Row<Ldap>> {
    fn ticket(up: &Ldap) {
        up.trial().besides = Besides::Ticket;
    }
    fn kerberos(key: &str, value: Value) -> Value {
        json!({"kerberos": {key: value}})
    }
    fn keytab(up: &Ldap) -> Value {
        kerberos("keytabPath", json!(up.more().keytab))
    }
    fn enabled(up: &Ldap) -> Value {
        json!({"kerberos": {"enabled": true, "keytabPath": up.more().keytab}})
    }
    let of = |key, set: fn(&Ldap) -> Value| row(key, set).given(enabled).world(ticket);
    vec![
        row("kerberos.enabled", |_: &Ldap| kerberos("enabled", json!(true)))
            .given(keytab)
            .world(ticket)
            .appears("ticket: ok"),
        row("kerberos.keytabPath", keytab)
            .given(|_: &Ldap| kerberos("enabled", json!(true)))
            .world(ticket)
            .appears("ticket: ok"),
        of("kerberos.spn", |_: &Ldap| kerberos("spn", json!("HTTP/other.example.test"))).appears("ticket: rejected"),
        of("kerberos.keytabPrincipal", |_: &Ldap| kerberos("keytabPrincipal", json!("dex")))
            .appears("ticket: rejected"),
        of("kerberos.maxClockSkew", |_: &Ldap| kerberos("maxClockSkew", json!(600)))
            .world(|up: &Ldap| {
                ticket(up);
                up.trial().ahead = Duration::from_secs(400);
            })
            .appears("ticket: ok"),
        of("kerberos.expectedRealm", |_: &Ldap| kerberos("expectedRealm", json!("OTHER.TEST")))
            .appears("ticket: of another realm"),
        of("kerberos.usernameFromPrincipal", |_: &Ldap| kerberos("usernameFromPrincipal", json!("userPrincipalName")))
            .appears("ticket: gone"),
        of("kerberos.fallbackToPassword", |_: &Ldap| kerberos("fallbackToPassword", json!(true)))
            .appears("form besides: true"),
    ]
}
