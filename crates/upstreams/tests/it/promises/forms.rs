//! Kinds whose users type name and password into our own page.

use dex_fakes::kit::Fake;
use dex_fakes::{crowd, keystone};
use serde_json::{Value, json};

use super::journey::StandIn;
use super::keys::{Row, row};
use super::nine::{Comes, Nine};

pub(crate) type Crowd = crowd::Crowd;

impl StandIn for Crowd {
    const KIND: &'static str = "atlassian-crowd";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { crowd::Crowd::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn typed(&self) -> (&'static str, &'static str) {
        ("jane", crowd::PASSWORD)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.base_url()})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"groups": ["staff"]})]
    }

    async fn leave(&self) {
        self.change(|directory| directory.user("jane").unwrap().groups.retain(|group| group != "developers"));
    }

    fn rows() -> Vec<Row<Self>> {
        vec![
            row("baseURL", |up: &Self| json!({"baseURL": format!("{}/another", up.fake.base())}))
                .appears("asked: POST /another/rest/usermanagement/1/session"),
            row("clientID", |_| json!({"clientID": "another"})).appears("by another:"),
            row("clientSecret", |_| json!({"clientSecret": "wrong"})).appears("by dex-under-test:wrong"),
            row("groups", |_| json!({"groups": ["staff"]})).vanishes("crowd-users"),
            row("preferredUsernameField", |_| json!({"preferredUsernameField": "name"})).appears("preferred=\"jane\""),
            row("usernamePrompt", |_| json!({"usernamePrompt": "Crowd name"})).appears("prompt: Crowd name"),
            row("rootCAs", |up: &Self| json!({"rootCAs": [up.fake.ca()]})).tls().appears("login: ok"),
        ]
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"32769:1\" name=\"jane\" preferred=\"\" email=\"32769:1@crowd.example\" verified=true groups=[]",
            "groups=[\"developers\", \"crowd-users\", \"staff\", \"everybody\"]",
            "groups=[\"crowd-users\"]",
        )
    }
}

pub(crate) type Keystone = keystone::Keystone;

impl StandIn for Keystone {
    const KIND: &'static str = "keystone";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { keystone::Keystone::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn typed(&self) -> (&'static str, &'static str) {
        ("jane", keystone::PASSWORD)
    }

    fn least(&self) -> Value {
        json!({
            "keystoneHost": self.fake.base(), "domain": "default", "keystoneUsername": keystone::ADMIN,
            "keystonePassword": keystone::PASSWORD,
        })
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"groups": ["ops"]})]
    }

    async fn leave(&self) {
        self.change(|realm| realm.user("jane").unwrap().groups.retain(|group| group != "ops"));
    }

    fn rows() -> Vec<Row<Self>> {
        vec![
            row("domain", |_| json!({"domain": "heat"})).appears("\"domain\":{\"name\":\"heat\"}"),
            row("keystoneHost", |up: &Self| json!({"keystoneHost": format!("{}/identity", up.fake.base())}))
                .appears("asked: POST /identity/v3/auth/tokens"),
            row("keystoneUsername", |_| json!({"keystoneUsername": keystone::ADMIN}))
                .given(|_| json!({"keystoneUsername": null}))
                .appears("refresh: ok"),
            row("keystonePassword", |_| json!({"keystonePassword": "wrong"}))
                .appears("refresh: misconfigured: the connector is not set up: keystone: failed to obtain admin token"),
            row("groups", |_| json!({"groups": ["ops"]})).vanishes("\"dev\"]"),
            row("rootCAs", |up: &Self| json!({"rootCAs": [up.fake.ca()]})).tls().appears("login: ok"),
            row("insecureSkipVerify", |_| json!({"insecureSkipVerify": true})).tls().appears("login: ok"),
        ]
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"u-jane\" name=\"jane\" preferred=\"\" email=\"jane@stack.example\" verified=true groups=[]",
            "groups=[\"ops\", \"dev\"]",
            "groups=[\"dev\"]",
        )
    }
}

/// The mock asks nobody.
pub(crate) struct MockPassword;

impl StandIn for MockPassword {
    const KIND: &'static str = "mockPassword";

    async fn start(_: bool) -> Self {
        Self
    }

    fn fake(&self) -> Option<&Fake> {
        None
    }

    fn typed(&self) -> (&'static str, &'static str) {
        ("u", "p")
    }

    fn least(&self) -> Value {
        json!({"username": "u", "password": "p"})
    }

    fn gates(&self) -> Vec<Value> {
        Vec::new()
    }

    async fn leave(&self) {}

    fn rows() -> Vec<Row<Self>> {
        vec![
            row("username", |_| json!({"username": "another"})).appears("Wrong"),
            row("password", |_| json!({"password": "another"})).appears("Wrong"),
        ]
    }

    fn nine() -> Nine {
        let mock = "it is always the same user, who is in no group";
        Nine {
            gate_at_login: Comes::Otherwise(mock, "no gate"),
            gate_at_refresh: Comes::Otherwise(mock, "no gate"),
            gate_without_scope: Comes::Otherwise(mock, "no gate"),
            down_at_login: Comes::Otherwise(mock, "ok, then ok"),
            down_at_refresh: Comes::Otherwise(mock, "ok "),
            ..Nine::kept("ok id=\"0-385-28089-0\" name=\"Kilgore Trout\"", "groups=[]", "groups=[]")
        }
    }
}
