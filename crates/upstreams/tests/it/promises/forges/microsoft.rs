//! Microsoft.

use std::io::Write as _;

use dex_fakes::kit::Fake;
use dex_fakes::microsoft;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::super::journey::StandIn;
use super::super::keys::{Row, idle, row};
use super::super::nine::Nine;
use super::application;

pub(crate) struct Microsoft {
    up: microsoft::Microsoft,
    assertion: NamedTempFile,
}

impl StandIn for Microsoft {
    const KIND: &'static str = "microsoft";

    async fn start(_: bool) -> Self {
        let mut assertion = NamedTempFile::new().unwrap();
        assertion.write_all(b"assertion-1\n").unwrap();
        Self { up: microsoft::Microsoft::start().await.unwrap(), assertion }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.up.fake)
    }

    fn least(&self) -> Value {
        json!({"apiURL": self.up.fake.base(), "graphURL": self.up.fake.base(), "tenant": "fjord.example"})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"groups": ["Platform"]}), json!({"groups": ["g-1"], "groupNameFormat": "id"})]
    }

    async fn leave(&self) {
        self.up.change(|user| user.groups.retain(|group| group.id != "g-1"));
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("clientAssertion", |up: &Self| json!({"clientAssertion": up.assertion.path()}))
                .appears("client_assertion=assertion-1"),
            row("tenant", |_| json!({"tenant": "another.example"})).appears("/another.example/oauth2/v2.0/authorize"),
            row("onlySecurityGroups", |_| json!({"onlySecurityGroups": true})).vanishes("On-call"),
            row("groups", |_| json!({"groups": ["Nobody"]})).appears("login: gate"),
            row("groupNameFormat", |_| json!({"groupNameFormat": "id"})).appears("groups=[\"g-1\""),
            row("useGroupsAsWhitelist", |_| json!({"useGroupsAsWhitelist": true}))
                .given(|_| json!({"groups": ["Platform"]}))
                .vanishes("On-call"),
            row("emailToLowercase", |_| json!({"emailToLowercase": true})).appears(
                "refresh: ok id=\"7b1f0c52-0000-4000-8000-aaaabbbbcccc\" name=\"Jonas Lindqvist\" preferred=\"\" \
                          email=\"jonas.lindqvist@fjord.example\"",
            ),
            idle(
                "batchGroupLookups",
                "names are always looked up a thousand at a time",
                |_| json!({"batchGroupLookups": true}),
            ),
            row("apiURL", |_| json!({"apiURL": "https://login.example/"}))
                .appears("browser: GET https://login.example/fjord.example/oauth2/v2.0/authorize"),
            row("graphURL", |up: &Self| json!({"graphURL": format!("{}/graph/", up.up.fake.base())}))
                .appears("asked: GET /graph/v1.0/me"),
            row("promptType", |_| json!({"promptType": "login"})).appears("prompt=login"),
            row("domainHint", |_| json!({"domainHint": "fjord"})).appears("domain_hint=fjord"),
            row("scopes", |_| json!({"scopes": ["user.read", "mail.read"]})).appears("scope=user.read mail.read"),
            row("preferredUsernameField", |_| json!({"preferredUsernameField": "mailNickname"}))
                .appears("preferred=\"jonas\""),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"7b1f0c52-0000-4000-8000-aaaabbbbcccc\" name=\"Jonas Lindqvist\" preferred=\"\" \
             email=\"Jonas.Lindqvist@Fjord.example\" verified=true groups=[]",
            "groups=[\"Platform\", \"On-call\", \"\"]",
            "groups=[\"On-call\", \"\"]",
        )
    }
}
