//! Google.

use dex_fakes::google;
use dex_fakes::kit::Fake;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::forges::application;
use super::super::journey::{StandIn, lay_over};
use super::super::keys::{Row, row};
use super::super::nine::Nine;

pub(crate) struct Google {
    up: google::Google,
    folder: TempDir,
}

impl Google {
    /// A key file of the service account, with changes.
    fn key_file(&self, name: &str, changes: &Value) -> String {
        let mut key = self.up.key_file();
        lay_over(&mut key, changes);
        let path = self.folder.path().join(name);
        std::fs::write(&path, key.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The directory with an administrator who may read it.
    fn directory(&self) -> Value {
        json!({"serviceAccountFilePath": self.key_file("key.json", &json!({})), "domainToAdminEmail": {"team.example": ADMIN}})
    }

    /// The directory with somebody who may not.
    fn nobodys_directory(&self) -> Value {
        json!({
            "serviceAccountFilePath": self.key_file("key.json", &json!({})),
            "domainToAdminEmail": {"*": "nobody@team.example"},
        })
    }
}

const ADMIN: &str = "admin@team.example";

impl StandIn for Google {
    const KIND: &'static str = "google";

    async fn start(_: bool) -> Self {
        Self { up: google::Google::start().await.unwrap(), folder: TempDir::new().unwrap() }
    }

    fn fake(&self) -> Option<&Fake> {
        Some(&self.up.fake)
    }

    fn least(&self) -> Value {
        json!({"baseURL": self.up.fake.base(), "apiURL": self.up.api()})
    }

    fn grouped(&self) -> Value {
        self.directory()
    }

    fn gates(&self) -> Vec<Value> {
        let mut direct = self.directory();
        direct["groups"] = json!(["eng@team.example"]);
        let mut nested = self.directory();
        lay_over(&mut nested, &json!({"groups": ["staff@team.example"], "fetchTransitiveGroupMembership": true}));
        vec![direct, nested, json!({"hostedDomains": ["team.example"]})]
    }

    /// Leaves the domain, too.
    async fn leave(&self) {
        self.up.change(|script| script.claims["hd"] = json!("other.example"));
        let groups = vec!["all@team.example".to_owned()];
        self.up.change_directory(|directory| drop(directory.members.insert("ines@team.example".into(), groups)));
    }

    fn rows() -> Vec<Row<Self>> {
        let mut rows = vec![
            row("scopes", |_| json!({"scopes": ["email"]})).appears("scope=openid email&"),
            row("hostedDomains", |_| json!({"hostedDomains": ["other.example"]})).appears("login: gate"),
            row("groups", |_| json!({"groups": ["eng@team.example"]}))
                .given(Self::directory)
                .vanishes("all@team.example\"]"),
            row("serviceAccountFilePath", |up: &Self| {
                let elsewhere = json!({"token_uri": format!("{}/apis/another", up.up.fake.base())});
                json!({"serviceAccountFilePath": up.key_file("another.json", &elsewhere)})
            })
            .given(Self::directory)
            .appears("asked: POST /apis/another"),
            row("adminEmail", |_| json!({"adminEmail": ADMIN}))
                .given(Self::nobodys_directory)
                .appears("groups=[\"eng@team.example\""),
            row("domainToAdminEmail", |_| json!({"domainToAdminEmail": {"team.example": ADMIN}}))
                .given(Self::nobodys_directory)
                .appears("groups=[\"eng@team.example\""),
            row("fetchTransitiveGroupMembership", |_| json!({"fetchTransitiveGroupMembership": true}))
                .given(Self::directory)
                .appears("staff@team.example"),
            row("promptType", |_| json!({"promptType": "select_account"})).appears("prompt=select_account"),
            row("baseURL", |up: &Self| json!({"baseURL": format!("{}/another", up.up.fake.base())}))
                .appears("asked: GET /another/.well-known/openid-configuration"),
            row("apiURL", |up: &Self| json!({"apiURL": format!("{}/another", up.up.fake.base())}))
                .given(Self::directory)
                .appears("asked: GET /another/admin/directory/v1/groups"),
        ];
        rows.extend(application());
        rows
    }

    fn nine() -> Nine {
        Nine::kept(
            "ok id=\"110555000111\" name=\"Ines Prado\" preferred=\"\" email=\"ines@team.example\" verified=true groups=[]",
            "groups=[\"eng@team.example\", \"all@team.example\"]",
            "groups=[\"all@team.example\"]",
        )
    }
}
