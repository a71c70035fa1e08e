//! Bitbucket Cloud.

use dex_fakes::bitbucket_cloud;
use dex_fakes::kit::Fake;
use serde_json::{Value, json};

use super::super::journey::StandIn;
use super::super::keys::{Row, idle, row};
use super::super::nine::Nine;
use super::application;
use crate::kit::CALLBACK;

pub(crate) type BitbucketCloud = bitbucket_cloud::BitbucketCloud;

impl StandIn for BitbucketCloud {
    const KIND: &'static str = "bitbucket-cloud";

    async fn start(_: bool) -> Self {
        bitbucket_cloud::BitbucketCloud::start(&CALLBACK.parse().unwrap()).await.unwrap()
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.fake.base(), "apiURL": format!("{}/2.0", self.fake.base())})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"teams": ["blue-ocean"]}), json!({"teams": ["blue-ocean:owner"], "getWorkspacePermissions": true})]
    }

    async fn leave(&self) {
        self.change(|user| user.workspaces.retain(|(slug, _)| slug != "blue-ocean"));
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("baseURL", |_| json!({"baseURL": "https://bucket.example"}))
                .appears("browser: GET https://bucket.example/site/oauth2/authorize"),
            row("apiURL", |up: &Self| json!({"apiURL": format!("{}/3.0", up.fake.base())}))
                .appears("asked: GET /3.0/user"),
            row("teams", |_| json!({"teams": ["blue-ocean"]})).vanishes("red-sand\"]"),
            idle(
                "includeTeamGroups",
                "Atlassian removed the API it needs; Dex takes it too and warns",
                |_| json!({"includeTeamGroups": true}),
            ),
            row("getWorkspacePermissions", |_| json!({"getWorkspacePermissions": true}))
                .appears("\"blue-ocean:owner\""),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"{5f0e2d1c-aaaa-bbbb-cccc-000011112222}\" name=\"hana_s\" preferred=\"\" email=\"hana@main.example\" \
             verified=true groups=[]",
            "groups=[\"blue-ocean\", \"red-sand\"]",
            "groups=[\"red-sand\"]",
        )
    }
}
