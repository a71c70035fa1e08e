//! A provider of plain OAuth 2.0.

use dex_fakes::kit::Fake;
use dex_fakes::oidc;
use serde_json::{Value, json};

use super::super::forges::application;
use super::super::journey::StandIn;
use super::super::keys::{Row, row};
use super::super::nine::{Comes, Nine};

pub(crate) struct OAuth(oidc::Oidc);

impl OAuth {
    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.0.issuer())
    }
}

impl StandIn for OAuth {
    const KIND: &'static str = "oauth";

    async fn start(tls: bool) -> Self {
        let up = if tls { oidc::Oidc::start_tls().await } else { oidc::Oidc::start().await }.unwrap();
        up.change(|script| {
            script.id_tokens = (false, false);
            script.userinfo = json!({
                "id": 1_000_000, "user_name": "nadia", "preferred_username": "n", "email": "n@up.example",
                "groups": ["staff", "ops"], "uid": "u-1", "login": "l", "handle": "h", "mail": "m", "ok": true, "teams": ["t"],
            });
        });
        Self(up)
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.0.fake)
    }

    fn least(&self) -> Value {
        json!({"authorizationURL": self.at("auth"), "tokenURL": self.at("token"), "userInfoURL": self.at("userinfo")})
    }

    fn gates(&self) -> Vec<Value> {
        Vec::new()
    }

    async fn leave(&self) {
        self.0.change(|script| script.userinfo["groups"] = json!(["ops"]));
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("authorizationURL", |_| json!({"authorizationURL": "https://up.example/login?tenant=a"}))
                .appears("browser: GET https://up.example/login?tenant=a&"),
            row("tokenURL", |up: &Self| json!({"tokenURL": up.at("another")})).appears("asked: POST /another"),
            row("userInfoURL", |up: &Self| json!({"userInfoURL": up.at("another")})).appears("asked: GET /another"),
            row("scopes", |_| json!({"scopes": ["user", "email"]})).appears("scope=user email"),
            row("rootCAs", |up: &Self| json!({"rootCAs": [up.0.fake.ca()]})).tls().appears("login: ok"),
            row("insecureSkipVerify", |_| json!({"insecureSkipVerify": true})).tls().appears("login: ok"),
            row("insecureSkipEmailVerified", |_| json!({"insecureSkipEmailVerified": true})).appears("verified=true"),
            row("userIDKey", |_| json!({"userIDKey": "uid"})).appears("id=\"u-1\""),
            row("claimMapping.userNameKey", |_| json!({"claimMapping": {"userNameKey": "login"}}))
                .appears("name=\"l\""),
            row("claimMapping.preferredUsernameKey", |_| json!({"claimMapping": {"preferredUsernameKey": "handle"}}))
                .appears("preferred=\"h\""),
            row("claimMapping.groupsKey", |_| json!({"claimMapping": {"groupsKey": "teams"}}))
                .appears("groups=[\"t\"]"),
            row("claimMapping.emailKey", |_| json!({"claimMapping": {"emailKey": "mail"}})).appears("email=\"m\""),
            row("claimMapping.emailVerifiedKey", |_| json!({"claimMapping": {"emailVerifiedKey": "ok"}}))
                .appears("verified=true"),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        let cannot = "plain OAuth 2.0 says nowhere how to ask again, and Dex issues no refresh tokens either";
        let no_gate = "it has no key for one, as in Dex";
        Nine {
            refresh: Comes::Otherwise(cannot, "cannot"),
            group_removed: Comes::Otherwise(cannot, "cannot"),
            gate_at_login: Comes::Otherwise(no_gate, "no gate"),
            gate_at_refresh: Comes::Otherwise(no_gate, "no gate"),
            gate_without_scope: Comes::Otherwise(no_gate, "no gate"),
            down_at_refresh: Comes::Otherwise(cannot, "cannot"),
            ..Nine::kept(
                "ok id=\"1e+06\" name=\"nadia\" preferred=\"n\" email=\"n@up.example\" verified=false groups=[]",
                "groups=[\"staff\", \"ops\"]",
                "",
            )
        }
    }
}
