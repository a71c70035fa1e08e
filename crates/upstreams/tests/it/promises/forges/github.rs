//! GitHub.

use dex_fakes::github;
use dex_fakes::kit::Fake;
use serde_json::{Value, json};

use super::super::journey::StandIn;
use super::super::keys::{Row, row};
use super::super::nine::Nine;
use super::application;

pub(crate) type GitHub = github::GitHub;

impl StandIn for GitHub {
    const KIND: &'static str = "github";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { github::GitHub::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.fake.base(), "apiURL": self.fake.base()})
    }

    fn grouped(&self) -> Value {
        json!({"loadAllGroups": true})
    }

    fn gates(&self) -> Vec<Value> {
        vec![
            json!({"orgs": [{"name": "acme"}]}),
            json!({"orgs": [{"name": "acme", "teams": ["Docs"]}]}),
            json!({"org": "acme"}),
        ]
    }

    async fn leave(&self) {
        self.change(|user| {
            user.orgs.retain(|org| org != "acme");
            user.teams.retain(|(org, _, _)| org != "acme");
        });
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("org", |_| json!({"org": "acme"})).appears("groups=[\"Site Reliability\", \"Docs\"]"),
            row("orgs.name", |_| json!({"orgs": [{"name": "elsewhere"}]})).appears("login: gate"),
            row("orgs.teams", |_| json!({"orgs": [{"name": "acme", "teams": ["Docs"]}]}))
                .given(|_| json!({"orgs": [{"name": "acme"}]}))
                .vanishes("acme:Site Reliability"),
            row("hostName", |up: &Self| json!({"hostName": up.fake.base().trim_start_matches("https://")}))
                .tls()
                .given(|up: &Self| json!({"baseURL": null, "apiURL": null, "rootCA": up.fake.ca()}))
                .appears("asked: GET /api/v3/user"),
            row("baseURL", |_| json!({"baseURL": "https://git.example"}))
                .appears("browser: GET https://git.example/login/oauth/authorize"),
            row("apiURL", |up: &Self| json!({"apiURL": format!("{}/api/v3", up.fake.base())}))
                .appears("asked: GET /api/v3/user"),
            row("rootCA", |up: &Self| json!({"rootCA": up.fake.ca()})).tls().appears("login: ok"),
            row("teamNameField", |_| json!({"teamNameField": "slug"}))
                .given(|_| json!({"loadAllGroups": true}))
                .appears("acme:site-reliability"),
            row("loadAllGroups", |_| json!({"loadAllGroups": true})).appears("solo-org"),
            row("useLoginAsID", |_| json!({"useLoginAsID": true})).appears("id=\"mira-k\""),
            row("preferredEmailDomain", |_| json!({"preferredEmailDomain": "corp.example"}))
                .appears("email=\"mira@corp.example\""),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"4021177\" name=\"Mira Kowalski\" preferred=\"mira-k\" email=\"mira@home.example\" verified=true groups=[]",
            "groups=[\"acme\", \"acme:Site Reliability\", \"acme:Docs\", \"solo-org\"]",
            "groups=[\"solo-org\"]",
        )
    }
}
