//! What is known of users, their second factors and consents.

use std::collections::BTreeMap;

use dex_admin::proto::{
    ConsentEntry, DeleteMfaSecretReq, DeleteUserIdentityReq, DeleteWebAuthnCredentialReq, GetUserIdentityReq,
    ListMfaDevicesReq, ListUserIdentitiesReq, ResetMfaReq, RevokeConsentReq, UserIdentity,
};
use dex_model::{
    AuthSession, Claims, MfaSecret, OfflineSessions, Password, RefreshToken, Timestamp, TokenSecret,
    WebAuthnCredential, ZERO_TIME,
};
use dex_testkit::LOCAL_USER;
use tonic::Code;

use crate::kit::{Kit, answered, assert_refused, user};
use crate::refresh_tokens::{held, hold};
use crate::sessions::session;

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

fn key(id: &[u8]) -> WebAuthnCredential {
    WebAuthnCredential {
        credential_id: id.to_vec(),
        public_key: b"public".to_vec(),
        attestation_type: "none".into(),
        aaguid: vec![7],
        sign_count: 3,
        clone_warning: false,
        transport: vec!["usb".into()],
        backup_eligible: true,
        backup_state: false,
        display_name: "Key".into(),
        created_at: NOW,
    }
}

fn jane(connector_id: &str) -> dex_model::UserIdentity {
    let secret = MfaSecret {
        authenticator_id: "totp".into(),
        kind: "TOTP".into(),
        secret: TokenSecret::new("otpauth://totp/"),
        confirmed: true,
        created_at: NOW,
        last_used_counter: 0,
    };
    dex_model::UserIdentity {
        user_id: "jane".into(),
        connector_id: connector_id.into(),
        claims: Claims {
            user_id: "jane".into(),
            username: "Jane".into(),
            preferred_username: "j".into(),
            email: LOCAL_USER.into(),
            email_verified: true,
            groups: vec!["admins".into()],
        },
        consents: BTreeMap::from([("web".to_owned(), vec!["openid".to_owned(), "email".to_owned()])]),
        mfa_secrets: BTreeMap::from([("totp".to_owned(), secret)]),
        webauthn_credentials: BTreeMap::from([
            ("keys".to_owned(), vec![key(b"one"), key(b"two")]),
            ("totp".to_owned(), vec![key(b"three")]),
        ]),
        created_at: NOW,
        last_login: NOW,
        blocked_until: ZERO_TIME,
    }
}

async fn kit() -> Kit {
    let kit = Kit::start().await;
    kit.keep(jane("mock")).await;
    kit
}

const WHOSE: (&str, &str) = ("jane", "mock");

async fn told(kit: &Kit) -> UserIdentity {
    let request = GetUserIdentityReq { user_id: "jane".into(), connector_id: "mock".into() };
    answered(kit.client().get_user_identity(request).await).identity.unwrap()
}

/// What is registered, by authenticator: whether there is a secret, and how many keys.
async fn devices(kit: &Kit) -> Vec<(String, bool, usize)> {
    let request = ListMfaDevicesReq { user_id: "jane".into(), connector_id: "mock".into() };
    let devices = answered(kit.client().list_mfa_devices(request).await).devices;
    assert_eq!(devices, told(kit).await.mfa_devices);
    devices
        .into_iter()
        .map(|device| (device.authenticator_id, device.mfa_secret.is_some(), device.webauthn_credentials.len()))
        .collect()
}

fn device(id: &str, secret: bool, keys: usize) -> (String, bool, usize) {
    (id.to_owned(), secret, keys)
}

#[tokio::test]
async fn a_user_is_told_without_secrets() {
    let kit = kit().await;
    let told = told(&kit).await;
    assert_eq!((told.user_id.as_str(), told.connector_id.as_str()), WHOSE);
    assert_eq!((told.email.as_str(), told.email_verified, told.username.as_str()), (LOCAL_USER, true, "Jane"));
    assert_eq!((told.groups, told.blocked_until), (vec!["admins".to_owned()], 0));
    assert_eq!((told.created_at, told.last_login), (NOW.as_second(), NOW.as_second()));
    let consent = ConsentEntry { client_id: "web".into(), scopes: vec!["openid".into(), "email".into()] };
    assert_eq!(told.consents, [consent]);
    let keys = &told.mfa_devices[0].webauthn_credentials;
    assert_eq!(
        (keys[0].credential_id.as_slice(), keys[0].aaguid.as_slice(), keys[0].sign_count),
        (&b"one"[..], &[7][..], 3)
    );
    let secret = told.mfa_devices[1].mfa_secret.as_ref().unwrap();
    assert_eq!((secret.r#type.as_str(), secret.confirmed, secret.created_at), ("TOTP", true, NOW.as_second()));

    let all = answered(kit.client().list_user_identities(ListUserIdentitiesReq {}).await).identities;
    assert_eq!(all.len(), 1);
}

#[tokio::test]
async fn second_factors_are_removed_one_by_one_and_all_at_once() {
    let kit = kit().await;
    assert_eq!(devices(&kit).await, [device("keys", false, 2), device("totp", true, 1)]);
    let (user_id, connector_id) = (|| "jane".to_owned(), || "mock".to_owned());
    let credential = |id: &[u8]| DeleteWebAuthnCredentialReq {
        user_id: user_id(),
        connector_id: connector_id(),
        credential_id: id.to_vec(),
    };
    let mut dex = kit.client();
    for (id, missing) in [(&b"one"[..], false), (b"one", true), (b"three", false)] {
        assert_eq!(answered(dex.delete_web_authn_credential(credential(id)).await).not_found, missing);
    }
    assert_eq!(devices(&kit).await, [device("keys", false, 1), device("totp", true, 0)]);

    let secret =
        |id: &str| DeleteMfaSecretReq { user_id: user_id(), connector_id: connector_id(), authenticator_id: id.into() };
    for (id, missing) in [("keys", false), ("keys", true), ("totp", false)] {
        assert_eq!(answered(dex.delete_mfa_secret(secret(id)).await).not_found, missing, "{id}");
    }
    assert_eq!(devices(&kit).await, []);

    let kit = self::kit().await;
    for _ in 0..2 {
        let reset = ResetMfaReq { user_id: user_id(), connector_id: connector_id() };
        assert!(!answered(kit.client().reset_mfa(reset).await).not_found);
        assert_eq!(devices(&kit).await, []);
    }
}

#[tokio::test]
async fn a_consent_is_revoked_once() {
    let kit = kit().await;
    let revoke = |client_id: &str| RevokeConsentReq {
        user_id: "jane".into(),
        connector_id: "mock".into(),
        client_id: client_id.into(),
    };
    for (client_id, missing) in [("cli", true), ("web", false), ("web", true)] {
        assert_eq!(answered(kit.client().revoke_consent(revoke(client_id)).await).not_found, missing);
    }
    assert_eq!(told(&kit).await.consents, []);
}

fn delete(connector_id: &str) -> DeleteUserIdentityReq {
    DeleteUserIdentityReq { user_id: "jane".into(), connector_id: connector_id.into() }
}

#[tokio::test]
async fn a_user_goes_with_sessions_and_tokens_and_leaves_others_alone() {
    let kit = kit().await;
    kit.keep(jane("ldap")).await;
    for (id, user_id, connector_id) in [("s1", "jane", "mock"), ("s2", "jane", "ldap"), ("s3", "joe", "mock")] {
        kit.keep(session(id, user_id, connector_id)).await;
    }
    hold(&kit, &[("web", "laptop", "s1"), ("cli", "shell", "")]).await;
    assert!(!answered(kit.client().delete_user_identity(delete("mock")).await).not_found);
    assert!(answered(kit.client().delete_user_identity(delete("mock")).await).not_found);

    assert!(kit.stored::<AuthSession>("s1").await.is_none());
    assert_eq!(held(&kit).await, [""; 0]);
    assert!(kit.stored::<RefreshToken>("laptop").await.is_none());
    assert!(kit.stored::<OfflineSessions>(WHOSE).await.is_none());
    for (id, told) in [("s2", "of another connector"), ("s3", "of another user")] {
        assert!(kit.stored::<AuthSession>(id).await.is_some(), "{told}");
    }
    assert!(kit.stored::<dex_model::UserIdentity>(("jane", "ldap")).await.is_some());
    assert!(kit.stored::<Password>(LOCAL_USER).await.is_some(), "a local user with the same e-mail");
}

#[tokio::test]
async fn a_local_user_goes_with_the_password_unless_the_configuration_has_it() {
    let kit = Kit::start().await;
    kit.keep(user("gone@example.com", "jane")).await;
    let of = |email: &str, user_id: &str| {
        let identity = jane("local");
        let claims = Claims { email: email.into(), ..identity.claims };
        dex_model::UserIdentity { user_id: user_id.into(), claims, ..identity }
    };
    for (email, user_id, left) in
        [("gone@example.com", "jane", false), ("fixed@example.com", "fixed-id", true), (LOCAL_USER, "another", true)]
    {
        kit.keep(of(email, user_id)).await;
        let request = DeleteUserIdentityReq { user_id: user_id.into(), ..delete("local") };
        assert!(!answered(kit.client().delete_user_identity(request).await).not_found, "{email}");
        assert_eq!(kit.stored::<Password>(email).await.is_some(), left, "{email}");
        assert!(kit.stored::<dex_model::UserIdentity>((user_id, "local")).await.is_none(), "{email}");
    }
}

#[tokio::test]
async fn each_call_wants_user_and_connector_and_says_who_is_not_there() {
    let mut dex = Kit::start().await.client;
    for (user_id, connector_id, text) in [("", "mock", "no user_id supplied"), ("jane", "", "no connector_id supplied")]
    {
        let (user_id, connector_id) = (|| user_id.to_owned(), || connector_id.to_owned());
        let get = GetUserIdentityReq { user_id: user_id(), connector_id: connector_id() };
        assert_refused(dex.get_user_identity(get).await, Code::InvalidArgument, text);
        let delete = DeleteUserIdentityReq { user_id: user_id(), connector_id: connector_id() };
        assert_refused(dex.delete_user_identity(delete).await, Code::InvalidArgument, text);
        let reset = ResetMfaReq { user_id: user_id(), connector_id: connector_id() };
        assert_refused(dex.reset_mfa(reset).await, Code::InvalidArgument, text);
        let list = ListMfaDevicesReq { user_id: user_id(), connector_id: connector_id() };
        assert_refused(dex.list_mfa_devices(list).await, Code::InvalidArgument, text);
    }
    let (user_id, connector_id) = (|| "nobody".to_owned(), || "mock".to_owned());
    let mut credential =
        DeleteWebAuthnCredentialReq { user_id: user_id(), connector_id: connector_id(), credential_id: Vec::new() };
    let refused = dex.delete_web_authn_credential(credential.clone()).await;
    assert_refused(refused, Code::InvalidArgument, "no credential_id supplied");
    credential.credential_id = vec![1];
    assert!(answered(dex.delete_web_authn_credential(credential).await).not_found);
    let mut secret = DeleteMfaSecretReq { user_id: user_id(), connector_id: connector_id(), ..Default::default() };
    let refused = dex.delete_mfa_secret(secret.clone()).await;
    assert_refused(refused, Code::InvalidArgument, "no authenticator_id supplied");
    secret.authenticator_id = "totp".into();
    assert!(answered(dex.delete_mfa_secret(secret).await).not_found);
    let mut consent = RevokeConsentReq { user_id: user_id(), connector_id: connector_id(), ..Default::default() };
    let refused = dex.revoke_consent(consent.clone()).await;
    assert_refused(refused, Code::InvalidArgument, "no client_id supplied");
    consent.client_id = "web".into();
    assert!(answered(dex.revoke_consent(consent).await).not_found);
    let reset = ResetMfaReq { user_id: user_id(), connector_id: connector_id() };
    assert!(answered(dex.reset_mfa(reset).await).not_found);
    let list = ListMfaDevicesReq { user_id: user_id(), connector_id: connector_id() };
    assert_refused(dex.list_mfa_devices(list).await, Code::NotFound, "not found");
    let get = GetUserIdentityReq { user_id: user_id(), connector_id: connector_id() };
    assert_refused(dex.get_user_identity(get).await, Code::NotFound, "not found");
}

#[tokio::test]
async fn a_gate_that_is_closed_is_said_before_anything_else() {
    let kit = Kit::start_with(|options| options.sessions = false).await;
    let text = "api_sessions_identities_crud feature flag is not enabled";
    let mut dex = kit.client();
    let code = Code::FailedPrecondition;
    assert_refused(dex.list_user_identities(ListUserIdentitiesReq {}).await, code, text);
    assert_refused(dex.get_user_identity(GetUserIdentityReq::default()).await, code, text);
    assert_refused(dex.delete_user_identity(DeleteUserIdentityReq::default()).await, code, text);
    assert_refused(dex.revoke_consent(RevokeConsentReq::default()).await, code, text);
}
