//! LinkedIn.

use dex_fakes::kit::Fake;
use dex_fakes::linkedin;
use serde_json::{Value, json};

use super::super::forges::application;
use super::super::journey::StandIn;
use super::super::keys::{Row, row};
use super::super::nine::{Comes, Nine};

pub(crate) type LinkedIn = linkedin::LinkedIn;

impl StandIn for LinkedIn {
    const KIND: &'static str = "linkedin";

    async fn start(_: bool) -> Self {
        linkedin::LinkedIn::start().await.unwrap()
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.fake.base(), "apiURL": self.fake.base()})
    }

    fn gates(&self) -> Vec<Value> {
        Vec::new()
    }

    async fn leave(&self) {}

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("scopes", |_| json!({"scopes": ["openid", "profile", "email"]})).appears("asked: GET /v2/userinfo"),
            row("baseURL", |_| json!({"baseURL": "https://work.example"}))
                .appears("browser: GET https://work.example/oauth/v2/authorization"),
            row("apiURL", |up: &Self| json!({"apiURL": format!("{}/api", up.fake.base())}))
                .appears("asked: GET /api/v2/me"),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        let none = "LinkedIn tells of no groups";
        Nine {
            groups: Comes::Otherwise(none, "groups=[]"),
            group_removed: Comes::Otherwise(none, "ok "),
            gate_at_login: Comes::Otherwise(none, "no gate"),
            gate_at_refresh: Comes::Otherwise(none, "no gate"),
            gate_without_scope: Comes::Otherwise(none, "no gate"),
            ..Nine::kept(
                "ok id=\"xK3_pQ\" name=\"Amara Diallo\" preferred=\"\" email=\"amara@post.example\" verified=true groups=[]",
                "groups=[]",
                "",
            )
        }
    }
}
