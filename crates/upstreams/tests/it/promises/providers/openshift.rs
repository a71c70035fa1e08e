//! An OpenShift cluster.

use dex_fakes::kit::Fake;
use dex_fakes::openshift;
use serde_json::{Value, json};

use super::super::forges::application;
use super::super::journey::StandIn;
use super::super::keys::{Row, row};
use super::super::nine::{Comes, Nine};

pub(crate) type OpenShift = openshift::OpenShift;

impl StandIn for OpenShift {
    const KIND: &'static str = "openshift";

    async fn start(tls: bool) -> Self {
        if tls { Self::start_tls().await.unwrap() } else { openshift::OpenShift::start().await.unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.fake)
    }

    fn least(&self) -> Value {
        json!({"issuer": self.fake.base()})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"groups": ["payments"]})]
    }

    async fn leave(&self) {
        self.change(|user| user.groups.retain(|group| group != "payments"));
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("issuer", |up: &Self| json!({"issuer": format!("{}/another/", up.fake.base())}))
                .appears("asked: GET /another/.well-known/oauth-authorization-server"),
            row("groups", |_| json!({"groups": ["root"]})).appears("login: gate"),
            row("insecureCA", |_| json!({"insecureCA": true})).tls().appears("login: ok"),
            row("rootCA", |up: &Self| json!({"rootCA": up.fake.ca()})).tls().appears("login: ok"),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        let user = "ok id=\"0d9c3b7e-1111-2222-3333-444455556666\" name=\"lina\" preferred=\"lina\" email=\"lina\" verified=false";
        Nine {
            login: Comes::AsPromised(user),
            ..Nine::kept("", "groups=[\"cluster-readers\", \"payments\"]", "groups=[\"cluster-readers\"]")
        }
    }
}
