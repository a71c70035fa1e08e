//! GitLab.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_fakes::gitlab;
use dex_fakes::kit::Fake;
use serde_json::{Value, json};

use super::super::journey::StandIn;
use super::super::keys::{Row, row};
use super::super::nine::Nine;
use super::application;

pub(crate) type GitLab = gitlab::GitLab;

impl StandIn for GitLab {
    const KIND: &'static str = "gitlab";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { gitlab::GitLab::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.fake.base()})
    }

    fn gates(&self) -> Vec<Value> {
        vec![
            json!({"groups": ["ops"]}),
            json!({"groups": ["ops"], "inheritedGroups": true}),
            json!({"groups": ["ops:owner"], "getGroupsPermission": true}),
        ]
    }

    async fn leave(&self) {
        self.change(|user| user.groups.retain(|group| group.full_path != "ops"));
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("baseURL", |_| json!({"baseURL": "https://git.example/sub"}))
                .appears("browser: GET https://git.example/sub/oauth/authorize"),
            row("groups", |_| json!({"groups": ["ops"]})).vanishes("dev/ui"),
            row("useLoginAsID", |_| json!({"useLoginAsID": true})).appears("id=\"tomas.v\""),
            row("getGroupsPermission", |_| json!({"getGroupsPermission": true})).appears("\"ops:owner\""),
            row("inheritedGroups", |_| json!({"inheritedGroups": true})).appears("\"lab\""),
            row("rootCAData", |up: &Self| json!({"rootCAData": BASE64_STANDARD.encode(up.fake.ca().unwrap())}))
                .tls()
                .appears("login: ok"),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"90117\" name=\"Tomas Varga\" preferred=\"tomas.v\" email=\"tomas@lab.example\" verified=true groups=[]",
            "groups=[\"ops\", \"dev/ui\"]",
            "groups=[\"dev/ui\"]",
        )
    }
}
