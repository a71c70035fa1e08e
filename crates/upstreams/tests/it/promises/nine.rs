//! The nine promises: logins, groups, refreshes, gates and outages.

use dex_connector::{Identity, Wanted};
use serde_json::{Value, json};

use super::journey::{Journey, StandIn, lay_over, outcome};
use crate::kit::ALL;

/// A client that wants to stay logged in and nothing of groups.
const NO_GROUPS: Wanted = Wanted { offline_access: true, groups: false };

/// Keys by which groups and domains decide who may enter.
const GATES: [&str; 7] = ["allowedGroups", "groups", "hostedDomains", "org", "orgs.name", "orgs.teams", "teams"];

/// One of those names with which the connector does not open.
const NO_GATE: (&str, &str) = ("oidc", "hostedDomains");

/// What comes of each of the nine journeys. All are made, whatever is said here.
pub(crate) struct Nine {
    /// A login without groups.
    pub(crate) login: Comes,
    /// A login that wants groups.
    pub(crate) groups: Comes,
    /// A refresh of a user in whom nothing changed.
    pub(crate) refresh: Comes,
    /// A refresh of a user who was taken out of a group.
    pub(crate) group_removed: Comes,
    /// A login of somebody outside the gate.
    pub(crate) gate_at_login: Comes,
    /// A refresh of somebody who was let in and is outside the gate now.
    pub(crate) gate_at_refresh: Comes,
    /// Both, for a client that does not ask for groups.
    pub(crate) gate_without_scope: Comes,
    /// A login while the upstream is away, and one during which it goes.
    pub(crate) down_at_login: Comes,
    /// A refresh while the upstream is away.
    pub(crate) down_at_refresh: Comes,
}

/// What comes of a journey.
pub(crate) enum Comes {
    /// What was promised; a text of the outcome.
    AsPromised(&'static str),
    /// Something else, and why it must.
    Otherwise(&'static str, &'static str),
}

use Comes::{AsPromised, Otherwise};

impl Nine {
    /// The nine of a kind that keeps all of them, of which these must be told.
    pub(crate) fn kept(login: &'static str, groups: &'static str, fewer_groups: &'static str) -> Self {
        Self {
            login: AsPromised(login),
            groups: AsPromised(groups),
            refresh: AsPromised(groups),
            group_removed: AsPromised(fewer_groups),
            gate_at_login: AsPromised("gate: "),
            gate_at_refresh: AsPromised("gate: "),
            gate_without_scope: AsPromised("gate, then gate"),
            down_at_login: AsPromised("unreachable, then unreachable"),
            down_at_refresh: AsPromised("unreachable: "),
        }
    }
}

/// Makes the nine journeys, and compares.
pub(crate) async fn every_promise<S: StandIn>() {
    let nine = S::nine();
    let found = tokio::join!(
        login::<S>(),
        groups::<S>(),
        refresh::<S>(),
        group_removed::<S>(),
        each_gate(gate_at_login::<S>),
        each_gate(gate_at_refresh::<S>),
        each_gate(gate_without_scope::<S>),
        down_at_login::<S>(),
        down_at_refresh::<S>(),
    );
    let found = [
        ("login", nine.login, vec![found.0]),
        ("groups", nine.groups, vec![found.1]),
        ("refresh", nine.refresh, vec![found.2]),
        ("group removed, then refresh", nine.group_removed, vec![found.3]),
        ("gate closed at login", nine.gate_at_login, found.4),
        ("gate closed at refresh", nine.gate_at_refresh, found.5),
        ("gate closed without the scope `groups`", nine.gate_without_scope, found.6),
        ("upstream down at login", nine.down_at_login, vec![found.7]),
        ("upstream down at refresh", nine.down_at_refresh, vec![found.8]),
    ];
    let mut faults = Vec::new();
    for (told, expected, found) in found {
        let (text, why) = match expected {
            AsPromised(text) => (text, ""),
            Otherwise(why, text) => (text, why),
        };
        let wrong = found.iter().filter(|found| !found.contains(text));
        faults.extend(wrong.map(|found| format!("{}: {told}: {found}\n  and not {text:?} {why}", S::KIND)));
    }
    let gates = S::start(false).await.gates();
    for key in dex_config::connector_keys(S::KIND).iter().filter(|key| GATES.contains(&key.as_str())) {
        if (S::KIND, key.as_str()) != NO_GATE && !gates.iter().any(|gate| sets(gate, key)) {
            faults.push(format!("{}: {key} is in none of the gates() of its stand-in in tests/it/promises", S::KIND));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether these keys have one of that path.
fn sets(keys: &Value, path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (&keys[first], rest) {
        (Value::Null, _) => false,
        (_, None) => true,
        (Value::Array(blocks), Some(rest)) => blocks.iter().any(|block| sets(block, rest)),
        (block, Some(rest)) => sets(block, rest),
    }
}

fn open<'a, S: StandIn>(up: &'a S, keys: &Value) -> Journey<'a, S> {
    Journey::open(up, keys).unwrap_or_else(|error| panic!("{}: {error}", S::KIND))
}

/// Logs in somebody who must get in.
async fn enter<S: StandIn>(journey: &Journey<'_, S>, wanted: Wanted) -> Identity {
    journey.log_in(wanted).await.unwrap_or_else(|_| panic!("{}: nobody gets in:\n{}", S::KIND, journey.seen()))
}

async fn refreshed<S: StandIn>(journey: &Journey<'_, S>, wanted: Wanted, identity: &Identity) -> String {
    journey.refresh(wanted, identity).await.as_ref().map_or("cannot".into(), outcome)
}

async fn login<S: StandIn>() -> String {
    let up = S::start(false).await;
    outcome(&open(&up, &json!({})).log_in(NO_GROUPS).await)
}

async fn groups<S: StandIn>() -> String {
    let up = S::start(false).await;
    outcome(&open(&up, &up.grouped()).log_in(ALL).await)
}

async fn refresh<S: StandIn>() -> String {
    let up = S::start(false).await;
    let journey = open(&up, &up.grouped());
    let identity = enter(&journey, ALL).await;
    let told = refreshed(&journey, ALL, &identity).await;
    match told.starts_with("ok") && told != outcome(&Ok(identity)) {
        true => "another user than at the login".into(),
        false => told,
    }
}

async fn group_removed<S: StandIn>() -> String {
    let up = S::start(false).await;
    let journey = open(&up, &up.grouped());
    let identity = enter(&journey, ALL).await;
    up.leave().await;
    refreshed(&journey, ALL, &identity).await
}

/// What comes of a journey through each gate.
async fn each_gate<S: StandIn>(journey: impl AsyncFn(&S, &Value) -> String) -> Vec<String> {
    let gates = S::start(false).await.gates().len();
    let mut found = Vec::new();
    for gate in 0..gates {
        let up = S::start(false).await;
        found.push(journey(&up, &up.gates()[gate]).await);
    }
    if found.is_empty() { vec!["no gate".into()] } else { found }
}

async fn gate_at_login<S: StandIn>(up: &S, gate: &Value) -> String {
    let journey = open(up, gate);
    enter(&journey, ALL).await;
    up.leave().await;
    outcome(&journey.log_in(ALL).await)
}

async fn gate_at_refresh<S: StandIn>(up: &S, gate: &Value) -> String {
    let journey = open(up, gate);
    let identity = enter(&journey, ALL).await;
    up.leave().await;
    refreshed(&journey, ALL, &identity).await
}

async fn gate_without_scope<S: StandIn>(up: &S, gate: &Value) -> String {
    let journey = open(up, gate);
    let identity = enter(&journey, NO_GROUPS).await;
    up.leave().await;
    let again = outcome(&journey.log_in(NO_GROUPS).await);
    both(&again, &refreshed(&journey, NO_GROUPS, &identity).await)
}

async fn down_at_login<S: StandIn>() -> String {
    let mut found = Vec::new();
    for meanwhile in [false, true] {
        let up = S::start(false).await;
        let journey = open(&up, &up.dependent());
        match meanwhile {
            true => journey.outage.set(true),
            false => up.go_down().await,
        }
        found.push(outcome(&journey.log_in(ALL).await));
    }
    both(&found[0], &found[1])
}

async fn down_at_refresh<S: StandIn>() -> String {
    let up = S::start(false).await;
    let mut keys = up.grouped();
    lay_over(&mut keys, &up.dependent());
    let journey = open(&up, &keys);
    let identity = enter(&journey, ALL).await;
    up.go_down().await;
    refreshed(&journey, ALL, &identity).await
}

/// The first word of each.
fn both(first: &str, second: &str) -> String {
    let word = |text: &str| text.split([':', ' ']).next().unwrap_or_default().to_owned();
    format!("{}, then {}", word(first), word(second))
}
