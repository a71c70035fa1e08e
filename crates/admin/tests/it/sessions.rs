//! Browser sessions.

use std::collections::BTreeMap;

use dex_admin::proto::{
    AuthSession, ClientAuthState, DeleteAuthSessionReq, GetAuthSessionReq, ListAuthSessionsReq,
    TerminateSessionsByConnectorReq, TerminateSessionsByUserReq,
};
use dex_model::{ClientState, Timestamp, TokenSecret, ZERO_TIME};
use tonic::Code;

use crate::kit::{Kit, answered, assert_refused};
use crate::refresh_tokens::{held, hold};

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

pub(crate) fn session(id: &str, user_id: &str, connector_id: &str) -> dex_model::AuthSession {
    let state = ClientState { authenticated_at: NOW, via_sso: true, ..ClientState::default() };
    dex_model::AuthSession {
        id: id.into(),
        secret: TokenSecret::new("the cookie's secret"),
        user_id: user_id.into(),
        connector_id: connector_id.into(),
        client_states: BTreeMap::from([("web".to_owned(), state)]),
        created_at: NOW,
        last_activity: ZERO_TIME,
        ip_address: "192.0.2.1".into(),
        user_agent: "Browser".into(),
        absolute_expiry: NOW,
        idle_expiry: NOW,
        logout_state: None,
    }
}

async fn kit() -> Kit {
    let kit = Kit::start().await;
    for (id, user_id, connector_id) in
        [("s1", "jane", "mock"), ("s2", "jane", "mock"), ("s3", "jane", "ldap"), ("s4", "joe", "mock")]
    {
        kit.keep(session(id, user_id, connector_id)).await;
    }
    hold(&kit, &[("web", "of-s1", "s1"), ("web", "of-s2", "s2"), ("cli", "of-none", "")]).await;
    kit
}

async fn left(kit: &Kit) -> Vec<String> {
    let all = ListAuthSessionsReq::default();
    answered(kit.client().list_auth_sessions(all).await).sessions.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn a_session_is_told_without_its_secret_though_it_has_expired() {
    let kit = kit().await;
    let got = answered(kit.client().get_auth_session(GetAuthSessionReq { id: "s1".into() }).await);
    let state = ClientAuthState {
        client_id: "web".into(),
        authenticated_at: NOW.as_second(),
        last_activity: 0,
        last_token_issued_at: 0,
        via_sso: true,
    };
    let expected = AuthSession {
        id: "s1".into(),
        user_id: "jane".into(),
        connector_id: "mock".into(),
        client_states: vec![state],
        created_at: NOW.as_second(),
        last_activity: 0,
        ip_address: "192.0.2.1".into(),
        user_agent: "Browser".into(),
        absolute_expiry: NOW.as_second(),
        idle_expiry: NOW.as_second(),
    };
    assert_eq!(got.session, Some(expected));
}

#[tokio::test]
async fn filters_add_up() {
    let kit = kit().await;
    let cases = [
        ("", "", &["s1", "s2", "s3", "s4"][..]),
        ("jane", "", &["s1", "s2", "s3"]),
        ("", "mock", &["s1", "s2", "s4"]),
        ("jane", "mock", &["s1", "s2"]),
        ("joe", "ldap", &[]),
    ];
    for (user_id, connector_id, expected) in cases {
        let request = ListAuthSessionsReq { user_id: user_id.into(), connector_id: connector_id.into() };
        let listed = answered(kit.client().list_auth_sessions(request).await).sessions;
        let ids: Vec<_> = listed.iter().map(|session| session.id.as_str()).collect();
        assert_eq!(ids, expected, "{user_id} {connector_id}");
    }
}

#[tokio::test]
async fn a_session_ends_with_the_tokens_that_may_be_its_own() {
    let kit = kit().await;
    let delete = || DeleteAuthSessionReq { id: "s1".into() };
    assert!(!answered(kit.client().delete_auth_session(delete()).await).not_found);
    assert_eq!(left(&kit).await, ["s2", "s3", "s4"]);
    assert_eq!(held(&kit).await, ["of-s2"]);
    assert!(answered(kit.client().delete_auth_session(delete()).await).not_found);
    assert_eq!(held(&kit).await, ["of-s2"]);
}

#[tokio::test]
async fn the_sessions_of_a_user_end_with_every_token() {
    let kit = kit().await;
    let terminate = || TerminateSessionsByUserReq { user_id: "jane".into() };
    assert_eq!(answered(kit.client().terminate_sessions_by_user(terminate()).await).sessions_terminated, 3);
    assert_eq!(left(&kit).await, ["s4"]);
    assert_eq!(held(&kit).await, [""; 0]);
    assert_eq!(answered(kit.client().terminate_sessions_by_user(terminate()).await).sessions_terminated, 0);
}

#[tokio::test]
async fn the_sessions_of_a_connector_end() {
    let kit = kit().await;
    let request = TerminateSessionsByConnectorReq { connector_id: "ldap".into() };
    assert_eq!(answered(kit.client().terminate_sessions_by_connector(request).await).sessions_terminated, 1);
    assert_eq!(left(&kit).await, ["s1", "s2", "s4"]);
    assert_eq!(held(&kit).await, ["of-none", "of-s1", "of-s2"], "Jane's of another connector");
}

#[tokio::test]
async fn more_sessions_end_than_could_be_listed() {
    const MORE: usize = 100_001;
    let kit = kit().await;
    for n in 0..MORE {
        kit.keep(session(&format!("t{n}"), "jim", "saml")).await;
    }
    let listed = kit.client().list_auth_sessions(ListAuthSessionsReq::default()).await;
    assert_refused(listed, Code::ResourceExhausted, "there are more than 100000: too many for one response");
    let request = TerminateSessionsByConnectorReq { connector_id: "saml".into() };
    let ended = answered(kit.client().terminate_sessions_by_connector(request).await).sessions_terminated;
    assert_eq!(ended, MORE as i64);
    assert_eq!(left(&kit).await, ["s1", "s2", "s3", "s4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_session_is_counted_by_one_of_many() {
    let kit = kit().await;
    let mut terminating = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut dex = kit.client();
        let request = TerminateSessionsByUserReq { user_id: "jane".into() };
        terminating.spawn(async move { answered(dex.terminate_sessions_by_user(request).await).sessions_terminated });
    }
    assert_eq!(terminating.join_all().await.into_iter().sum::<i64>(), 3);
}

#[tokio::test]
async fn requests_without_their_parts_are_refused() {
    let mut dex = Kit::start().await.client;
    let code = Code::InvalidArgument;
    assert_refused(dex.get_auth_session(GetAuthSessionReq::default()).await, code, "no id supplied");
    let nobody = GetAuthSessionReq { id: "nobody".into() };
    assert_refused(dex.get_auth_session(nobody).await, Code::NotFound, "not found");
    assert_refused(dex.delete_auth_session(DeleteAuthSessionReq::default()).await, code, "no id supplied");
    let request = TerminateSessionsByUserReq::default();
    assert_refused(dex.terminate_sessions_by_user(request).await, code, "no user_id supplied");
    let request = TerminateSessionsByConnectorReq::default();
    assert_refused(dex.terminate_sessions_by_connector(request).await, code, "no connector_id supplied");
}
