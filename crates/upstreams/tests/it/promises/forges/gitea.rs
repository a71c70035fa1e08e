//! Gitea.

use dex_fakes::gitea;
use dex_fakes::kit::Fake;
use serde_json::{Value, json};

use super::super::journey::StandIn;
use super::super::keys::{Row, row};
use super::super::nine::Nine;
use super::application;

pub(crate) type Gitea = gitea::Gitea;

impl StandIn for Gitea {
    const KIND: &'static str = "gitea";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { gitea::Gitea::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.fake.base()})
    }

    fn grouped(&self) -> Value {
        json!({"loadAllGroups": true})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"orgs": [{"name": "foundry"}]}), json!({"orgs": [{"name": "foundry", "teams": ["qa"]}]})]
    }

    async fn leave(&self) {
        self.change(|user| user.teams.clear());
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("baseURL", |_| json!({"baseURL": "https://git.example"}))
                .appears("browser: GET https://git.example/login/oauth/authorize"),
            row("rootCA", |up: &Self| json!({"rootCA": up.fake.ca()})).tls().appears("login: ok"),
            row("orgs.name", |_| json!({"orgs": [{"name": "elsewhere"}]})).appears("login: gate"),
            row("orgs.teams", |_| json!({"orgs": [{"name": "foundry", "teams": ["secret"]}]}))
                .given(|_| json!({"orgs": [{"name": "foundry"}]}))
                .appears("login: gate"),
            row("loadAllGroups", |_| json!({"loadAllGroups": true})).appears("\"foundry:Owners\""),
            row("useLoginAsID", |_| json!({"useLoginAsID": true})).appears("id=\"oskar\""),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"3307\" name=\"oskar@forge.example\" preferred=\"oskar\" email=\"oskar@forge.example\" verified=true groups=[]",
            "groups=[\"foundry\", \"foundry:Owners\", \"foundry:qa\"]",
            "groups=[]",
        )
    }
}
