//! A reverse proxy that names the user in headers.

use dex_connector::Departure;
use dex_fakes::kit::Fake;
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use std::sync::Mutex;

use super::journey::{Back, StandIn};
use super::keys::{Row, row};
use super::nine::{Comes, Nine};
use crate::kit::{CALLBACK, STATE};

/// A proxy at 10.0.0.1. Under names of its own it tells of somebody else.
pub(crate) struct AuthProxy {
    groups: Mutex<&'static str>,
}

const HEADERS: [(&str, &str); 10] = [
    ("x-remote-user", "mira"),
    ("x-remote-user-id", "7"),
    ("x-remote-user-name", "mira-k"),
    ("x-remote-user-email", "mira@home.example"),
    ("x-user", "other"),
    ("x-id", "8"),
    ("x-name", "other-k"),
    ("x-mail", "other@home.example"),
    ("x-groups", "others"),
    ("x-forwarded-for", "192.0.2.1"),
];

impl StandIn for AuthProxy {
    const KIND: &'static str = "authproxy";

    async fn start(_: bool) -> Self {
        Self { groups: Mutex::new("ops, dev;qa") }
    }

    fn fake(&self) -> Option<&Fake> {
        None
    }

    fn least(&self) -> Value {
        json!({})
    }

    fn gates(&self) -> Vec<Value> {
        vec![json!({"allowedGroups": ["ops"]}), json!({"allowedGroups": ["ops"], "staticGroups": ["ops"]})]
    }

    async fn leave(&self) {
        *self.groups.lock().unwrap() = "dev";
    }

    async fn come_back(&self, to: &Departure) -> Option<Back> {
        assert!(matches!(to, Departure::Get(to) if to.as_str() == format!("{CALLBACK}/up?state={STATE}")));
        let header =
            |(name, value): (&'static str, &'static str)| (HeaderName::from_static(name), value.parse().unwrap());
        let mut headers: HeaderMap = HEADERS.map(header).into_iter().collect();
        headers.insert("x-remote-group", self.groups.lock().unwrap().parse().unwrap());
        Some(Back { headers, peer: Some("10.0.0.1".parse().unwrap()), ..Back::default() })
    }

    fn rows() -> Vec<Row<Self>> {
        vec![
            row("userHeader", |_| json!({"userHeader": "X-User"})).appears("name=\"other\""),
            row("userIDHeader", |_| json!({"userIDHeader": "X-Id"})).appears("id=\"8\""),
            row("userNameHeader", |_| json!({"userNameHeader": "X-Name"})).appears("preferred=\"other-k\""),
            row("emailHeader", |_| json!({"emailHeader": "X-Mail"})).appears("email=\"other@home.example\""),
            row("groupHeader", |_| json!({"groupHeader": "X-Groups"})).appears("groups=[\"others\"]"),
            row("groupHeaderSeparator", |_| json!({"groupHeaderSeparator": ";"}))
                .appears("groups=[\"ops, dev\", \"qa\"]"),
            row("staticGroups", |_| json!({"staticGroups": ["everybody"]})).appears("\"everybody\"]"),
            row("allowedGroups", |_| json!({"allowedGroups": ["root"]})).appears("login: gate"),
            row("trustedProxies", |_| json!({"trustedProxies": ["192.0.2.1"]}))
                .appears("the request came from 10.0.0.1, which is none of trustedProxies"),
        ]
    }

    fn nine() -> Nine {
        let nobody = "nobody can be asked: the user is who the proxy says, at the login only";
        Nine {
            refresh: Comes::Otherwise(nobody, "cannot"),
            group_removed: Comes::Otherwise(nobody, "cannot"),
            gate_at_refresh: Comes::Otherwise(nobody, "cannot"),
            gate_without_scope: Comes::Otherwise(nobody, "gate, then cannot"),
            down_at_login: Comes::Otherwise(
                "there is no upstream but the proxy, before which the browser stops",
                "ok, then ok",
            ),
            down_at_refresh: Comes::Otherwise(nobody, "cannot"),
            ..Nine::kept(
                "ok id=\"7\" name=\"mira\" preferred=\"mira-k\" email=\"mira@home.example\" verified=true",
                "groups=[\"ops\", \"dev;qa\"]",
                "",
            )
        }
    }
}
