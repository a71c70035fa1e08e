//! The `gitea` connector against a real Gitea.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dex_connector::{Clock, Connector, Identity, Opening, UpstreamError, Wanted};
use dex_model::{Timestamp, later};
use dex_oidc::Form;
use dex_peers::Gitea;
use http::Method;
use serde_json::{Value, json};

use crate::kit::{ALL, CALLBACK, finish, now, start};

const OFFLINE: Wanted = Wanted { offline_access: true, groups: false };
const LATER: Duration = Duration::from_secs(2 * 3600);

/// A Gitea, our application there, and the time.
struct Trial {
    server: Gitea,
    application: (String, String),
    now: Arc<Mutex<Timestamp>>,
}

impl Trial {
    fn open(&self, keys: &Value) -> Arc<dyn Connector> {
        let (id, secret) = &self.application;
        let mut config =
            json!({"baseURL": self.server.url(), "clientID": id, "clientSecret": secret, "redirectURI": CALLBACK});
        config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let (callback, now) = (CALLBACK.parse().unwrap(), self.now.clone());
        let clock = Clock::new(move || *now.lock().unwrap());
        dex_upstreams::open("gitea", &Opening { id: "up", config: &config, callback: &callback, clock }).unwrap()
    }

    /// Time goes by, so that access tokens are no longer taken for good.
    fn wait(&self) {
        let mut now = self.now.lock().unwrap();
        *now = later(*now, LATER);
    }

    async fn log_in(&self, connector: &Arc<dyn Connector>, login: &str) -> Result<Identity, UpstreamError> {
        self.come_back(connector, login, true).await
    }

    async fn come_back(
        &self,
        connector: &Arc<dyn Connector>,
        login: &str,
        grant: bool,
    ) -> Result<Identity, UpstreamError> {
        let (to, data) = start(connector, ALL).await?;
        let back = self.server.authorize(&to, login, grant).await.unwrap();
        assert!(back.as_str().starts_with(CALLBACK), "{back}");
        finish(connector, ALL, &data, &Form::parse(back.query().unwrap().as_bytes()).unwrap()).await
    }

    async fn put(&self, path: &str) {
        self.server.call(Method::PUT, path, None).await.unwrap();
    }

    async fn delete(&self, path: &str) {
        self.server.call(Method::DELETE, path, None).await.unwrap();
    }

    async fn change(&self, login: &str, to: Value) {
        let mut about = json!({"login_name": login, "source_id": 0});
        about.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
        self.server.call(Method::PATCH, &format!("admin/users/{login}"), Some(about)).await.unwrap();
    }
}

async fn refresh(connector: &Arc<dyn Connector>, identity: &Identity) -> Result<Identity, UpstreamError> {
    connector.refresh().unwrap().refresh(OFFLINE, identity.clone()).await
}

fn sorted(identity: &Identity) -> Vec<&str> {
    let mut groups: Vec<&str> = identity.groups.iter().map(String::as_str).collect();
    groups.sort_unstable();
    groups
}

#[tokio::test]
async fn people_of_a_real_gitea_log_in_and_are_refreshed() {
    let server = Gitea::start().await.unwrap();
    let application = server.add_application(CALLBACK).await.unwrap();
    let trial = Trial { server, application, now: Arc::new(Mutex::new(now())) };
    who_logs_in(&trial).await;
    groups_and_gates(&trial).await;
    many_teams(&trial).await;
    refresh_tokens_work_once(&trial).await;
    another_device(&trial).await;
    endings(&trial).await;
}

async fn who_logs_in(trial: &Trial) {
    let connector = trial.open(&json!({}));
    let jane = trial.server.add_user("jane", "Jane Żółw").await.unwrap();
    trial.server.add_user("nameless", "").await.unwrap();
    let got = trial.log_in(&connector, "jane").await.unwrap();
    let expected = Identity {
        user_id: jane.to_string(),
        username: "Jane Żółw".into(),
        preferred_username: "jane".into(),
        email: "jane@gitea.example".into(),
        email_verified: true,
        connector_data: got.connector_data.clone(),
        ..Identity::default()
    };
    assert!(got == expected, "{got:?}");
    let got = trial.log_in(&connector, "nameless").await.unwrap();
    assert_eq!((got.username.as_str(), got.groups.len()), ("nameless@gitea.example", 0));
    let by_login = trial.open(&json!({"useLoginAsID": true}));
    assert_eq!(trial.log_in(&by_login, "jane").await.unwrap().user_id, "jane");
    trial.server.add_user("shy", "").await.unwrap();
    let refused = trial.come_back(&connector, "shy", false).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Denied(_)), "{refused}");
}

/// The teams `qa` of `foundry` and `smithy`, and who is in them.
async fn groups_and_gates(trial: &Trial) {
    for name in ["foundry", "smithy"] {
        let about = json!({"username": name, "full_name": format!("The {name}"), "visibility": "private"});
        trial.server.call(Method::POST, "orgs", Some(about)).await.unwrap();
    }
    let qa = trial.server.add_team("foundry", "qa").await.unwrap();
    let smiths = trial.server.add_team("smithy", "smiths").await.unwrap();
    let oskar = trial.server.add_user("oskar", "").await.unwrap();
    trial.put(&format!("teams/{qa}/members/oskar")).await;
    trial.put(&format!("teams/{smiths}/members/oskar")).await;

    let all = trial.open(&json!({"loadAllGroups": true}));
    let both = trial.log_in(&all, "oskar").await.unwrap();
    assert_eq!(
        (both.user_id.as_str(), sorted(&both)),
        (oskar.to_string().as_str(), vec!["foundry", "foundry:qa", "smithy", "smithy:smiths"])
    );
    let gates = [
        ("an organization", json!([{"name": "foundry"}]), Some(vec!["foundry"])),
        ("a team", json!([{"name": "foundry", "teams": ["qa"]}]), Some(vec!["foundry", "foundry:qa"])),
        ("a team they are not in", json!([{"name": "foundry", "teams": ["Owners"]}]), None),
        ("another organization", json!([{"name": "nobody"}]), None),
    ];
    for (told, orgs, expected) in gates {
        let got = trial.log_in(&trial.open(&json!({"orgs": orgs})), "oskar").await;
        match (&got, expected) {
            (Ok(got), Some(expected)) => assert_eq!(sorted(got), expected, "{told}"),
            (Err(UpstreamError::NotInRequiredGroups { .. }), None) => {}
            _ => panic!("{told}: {got:?}"),
        }
    }
    trial.delete(&format!("teams/{smiths}/members/oskar")).await;
    let one = refresh(&all, &both).await.unwrap();
    assert_eq!(sorted(&one), ["foundry", "foundry:qa"]);
    let gated = trial.open(&json!({"orgs": [{"name": "foundry", "teams": ["qa"]}]}));
    let inside = refresh(&gated, &one).await.unwrap();
    trial.delete(&format!("teams/{qa}/members/oskar")).await;
    let shut = refresh(&gated, &inside).await.unwrap_err();
    assert!(matches!(shut, UpstreamError::NotInRequiredGroups { .. }), "{shut}");
    assert!(refresh(&all, &one).await.unwrap().groups.is_empty());
}

/// More than fit on two pages of this Gitea's.
async fn many_teams(trial: &Trial) {
    trial.server.add_user("busy", "").await.unwrap();
    for number in 0..12 {
        let team = trial.server.add_team("smithy", &format!("t{number:02}")).await.unwrap();
        trial.put(&format!("teams/{team}/members/busy")).await;
    }
    let got = trial.log_in(&trial.open(&json!({"loadAllGroups": true})), "busy").await.unwrap();
    assert_eq!(got.groups.len(), 13);
    let last = trial.open(&json!({"orgs": [{"name": "smithy", "teams": ["t11"]}]}));
    assert_eq!(trial.log_in(&last, "busy").await.unwrap().groups, ["smithy", "smithy:t11"]);
}

async fn refresh_tokens_work_once(trial: &Trial) {
    let connector = trial.open(&json!({}));
    let first = trial.log_in(&connector, "jane").await.unwrap();
    let same = refresh(&connector, &first).await.unwrap();
    assert_eq!(same.connector_data, first.connector_data, "the access token still works");
    let once = connector.refresh().unwrap();
    assert!(!once.single_use(&first.connector_data));
    trial.wait();
    assert!(once.single_use(&first.connector_data));
    trial.change("jane", json!({"full_name": "Jane Doe", "email": "doe@gitea.example"})).await;
    let second = refresh(&connector, &first).await.unwrap();
    assert_eq!((second.username.as_str(), second.email.as_str()), ("Jane Doe", "doe@gitea.example"));
    assert_ne!(second.connector_data, first.connector_data);
    // Another process, which does not know what the token was replaced by.
    let used = refresh(&trial.open(&json!({})), &first).await.unwrap_err();
    assert!(matches!(&used, UpstreamError::Denied(text) if text.contains("already used")), "{used}");
    trial.wait();
    refresh(&connector, &second).await.unwrap();
}

/// Gitea counts for an account and an application, whatever the browser: the next login makes the tokens of the one before
/// worthless.
async fn another_device(trial: &Trial) {
    let connector = trial.open(&json!({}));
    let phone = trial.log_in(&connector, "jane").await.unwrap();
    let laptop = trial.log_in(&connector, "jane").await.unwrap();
    trial.wait();
    let late = refresh(&connector, &phone).await.unwrap_err();
    assert!(matches!(late, UpstreamError::Denied(_)), "{late}");
    refresh(&connector, &laptop).await.unwrap();
}

async fn endings(trial: &Trial) {
    let connector = trial.open(&json!({}));
    let ends: [(&str, Option<Value>); 2] = [("locked", Some(json!({"prohibit_login": true}))), ("deleted", None)];
    for (login, change) in ends {
        trial.server.add_user(login, "").await.unwrap();
        let known = trial.log_in(&connector, login).await.unwrap();
        match change {
            Some(change) => trial.change(login, change).await,
            None => trial.delete(&format!("admin/users/{login}")).await,
        }
        for when in ["while the access token lives", "after it"] {
            let ended = refresh(&connector, &known).await.unwrap_err();
            let for_good = !matches!(ended, UpstreamError::Unreachable(_) | UpstreamError::Misconfigured(_));
            assert!(for_good, "{login} {when}: {ended}");
            trial.wait();
        }
    }
    let wrong = trial.open(&json!({"clientSecret": "wrong"}));
    let known = trial.log_in(&connector, "nameless").await.unwrap();
    trial.wait();
    let refused = refresh(&wrong, &known).await.unwrap_err();
    assert!(matches!(refused, UpstreamError::Misconfigured(_)), "{refused}");
}
