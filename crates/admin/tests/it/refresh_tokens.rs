//! Refresh tokens of a user.

use dex_admin::proto::{ListRefreshReq, RefreshTokenRef, RevokeRefreshReq};
use dex_model::{Claims, ConnectorData, OfflineSessions, RefreshToken, Timestamp, TokenSecret, ZERO_TIME};
use dex_oidc::subject;
use tonic::Code;

use crate::kit::{Kit, answered, assert_refused};

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

fn token(id: &str, client_id: &str) -> RefreshToken {
    RefreshToken {
        id: id.into(),
        current: TokenSecret::new("secret"),
        obsolete: TokenSecret::default(),
        created_at: NOW,
        last_used: NOW,
        client_id: client_id.into(),
        connector_id: "mock".into(),
        connector_data: ConnectorData::default(),
        claims: Claims { user_id: "jane".into(), ..Claims::default() },
        scopes: Vec::new(),
        nonce: String::new(),
    }
}

/// Jane holds tokens of these ids, each for the client before it; `session` is where they are from.
pub(crate) async fn hold(kit: &Kit, held: &[(&str, &str, &str)]) {
    let mut offline =
        OfflineSessions { user_id: "jane".into(), connector_id: "mock".into(), ..OfflineSessions::default() };
    for (client_id, id, session_id) in held {
        kit.keep(token(id, client_id)).await;
        let reference = dex_model::RefreshTokenRef {
            id: (*id).into(),
            client_id: (*client_id).into(),
            created_at: NOW,
            last_used: ZERO_TIME,
            session_id: (*session_id).into(),
        };
        (offline, _) = offline.hold(reference);
    }
    kit.keep(offline).await;
}

/// The ids of the tokens that Jane still holds, in order; each of them can still be refreshed.
pub(crate) async fn held(kit: &Kit) -> Vec<String> {
    let offline = kit.stored::<OfflineSessions>(("jane", "mock")).await;
    let mut ids: Vec<_> = offline.into_iter().flat_map(|offline| offline.refresh.into_values()).map(|t| t.id).collect();
    ids.sort_unstable();
    for id in &ids {
        assert!(kit.stored::<RefreshToken>(id).await.is_some(), "{id}");
    }
    ids
}

fn list(sub: &str) -> ListRefreshReq {
    ListRefreshReq { user_id: sub.into() }
}

fn revoke(sub: &str, client_id: &str) -> RevokeRefreshReq {
    RevokeRefreshReq { user_id: sub.into(), client_id: client_id.into() }
}

#[tokio::test]
async fn each_device_is_listed_and_all_of_a_client_are_revoked() {
    let kit = Kit::start().await;
    hold(&kit, &[("web", "laptop", ""), ("web", "phone", ""), ("cli", "shell", "")]).await;
    let (mut dex, jane) = (kit.client(), subject("jane", "mock"));
    let mut listed = answered(dex.list_refresh(list(&jane)).await).refresh_tokens;
    listed.sort_by(|one, other| one.id.cmp(&other.id));
    let told = |id: &str, client_id: &str| RefreshTokenRef {
        id: id.into(),
        client_id: client_id.into(),
        created_at: NOW.as_second(),
        last_used: 0,
    };
    assert_eq!(listed, [told("laptop", "web"), told("phone", "web"), told("shell", "cli")]);

    assert!(!answered(dex.revoke_refresh(revoke(&jane, "web")).await).not_found);
    assert_eq!(held(&kit).await, ["shell"]);
    for gone in ["laptop", "phone"] {
        assert!(kit.stored::<RefreshToken>(gone).await.is_none());
    }
    assert!(answered(dex.revoke_refresh(revoke(&jane, "web")).await).not_found);
}

#[tokio::test]
async fn a_place_whose_token_is_gone_is_cleared() {
    let kit = Kit::start().await;
    hold(&kit, &[("web", "laptop", "")]).await;
    assert_eq!(kit.app.app.store.remove::<RefreshToken>("laptop").await.unwrap(), dex_storage::Write::Done);
    let revoked = kit.client().revoke_refresh(revoke(&subject("jane", "mock"), "web")).await;
    assert!(!answered(revoked).not_found);
    assert_eq!(held(&kit).await, [""; 0]);
}

#[tokio::test]
async fn who_holds_nothing_is_no_error_and_what_is_no_subject_is() {
    let mut dex = Kit::start().await.client;
    for sub in [subject("nobody", "mock"), String::new()] {
        assert_eq!(answered(dex.list_refresh(list(&sub)).await).refresh_tokens, []);
        assert!(answered(dex.revoke_refresh(revoke(&sub, "web")).await).not_found);
    }
    let text = "user_id is not the `sub` claim of a token";
    for sub in ["jane", "!!", "CgR"] {
        assert_refused(dex.list_refresh(list(sub)).await, Code::InvalidArgument, text);
        assert_refused(dex.revoke_refresh(revoke(sub, "web")).await, Code::InvalidArgument, text);
    }
}
