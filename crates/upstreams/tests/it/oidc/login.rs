//! Logging in: what is sent, what is kept, and who comes back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_connector::{Identity, Start, UpstreamError, Wanted};
use dex_fakes::oidc::Oidc;
use dex_oidc::Form;
use serde_json::{Value, json};

use super::open;
use crate::kit::{ALL, CALLBACK, STATE, browse, finish, log_in, now, parameter, redirect, start};

#[tokio::test]
async fn a_user_logs_in_with_groups_and_a_refresh_token() {
    let op = Oidc::start().await.unwrap();
    let identity = log_in(&open(&op, &json!({"insecureEnableGroups": true})), &op.fake, ALL).await.unwrap();
    let expected = Identity {
        user_id: "7c1d".into(),
        username: "Nadia Petrova".into(),
        preferred_username: "nadia".into(),
        email: "nadia@up.example".into(),
        email_verified: true,
        groups: vec!["staff".into(), "admins".into()],
        connector_data: br#"{"RefreshToken":"cnQtMQ=="}"#.to_vec(),
    };
    assert!(identity == expected, "{identity:?}");
    assert_eq!(op.fake.lines().len(), 4, "discovery, browser, token, keys: {:?}", op.fake.lines());
    let token = &op.fake.recorded()[2];
    assert_eq!(token.field("redirect_uri").as_deref(), Some(CALLBACK));
    assert!(token.header("authorization").is_some() && token.field("client_secret").is_none());
}

#[tokio::test]
async fn the_authorization_request_says_what_is_configured() {
    let op = Oidc::start().await.unwrap();
    let offline = Wanted { offline_access: true, groups: false };
    let cases = [
        (
            json!({}),
            Wanted::default(),
            vec![
                ("scope", Some("openid profile email")),
                ("prompt", None),
                ("access_type", None),
                ("acr_values", None),
            ],
        ),
        (json!({}), offline, vec![("prompt", Some("consent")), ("access_type", Some("offline"))]),
        (json!({"promptType": "login"}), offline, vec![("prompt", Some("login"))]),
        (json!({"promptType": ""}), offline, vec![("prompt", None), ("access_type", Some("offline"))]),
        (
            json!({"scopes": ["groups", "offline_access"]}),
            offline,
            vec![("scope", Some("openid groups offline_access"))],
        ),
        (json!({"acrValues": ["urn:a", "urn:b"]}), Wanted::default(), vec![("acr_values", Some("urn:a urn:b"))]),
    ];
    for (keys, wanted, expected) in cases {
        let (to, _) = start(&open(&op, &keys), wanted).await.unwrap();
        assert!(to.as_str().starts_with(&format!("{}/auth?", op.issuer())));
        let fixed =
            [("response_type", "code"), ("client_id", "dex-under-test"), ("redirect_uri", CALLBACK), ("state", STATE)];
        for (name, value) in fixed {
            assert_eq!(parameter(&to, name).as_deref(), Some(value));
        }
        for (name, value) in expected {
            assert_eq!(parameter(&to, name).as_deref(), value, "{keys} {name}");
        }
        let names: Vec<_> = to.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}

#[tokio::test]
async fn whom_the_client_expects_is_passed_on() {
    let op = Oidc::start().await.unwrap();
    let (connector, callback) = (open(&op, &json!({})), CALLBACK.parse().unwrap());
    let login = Start { wanted: ALL, callback: &callback, state: STATE, login_hint: "nadia@up.example", now: now() };
    let dex_connector::Departure::Get(to) = redirect(&connector).start(&login).await.unwrap().to else {
        panic!("a redirect")
    };
    assert_eq!(parameter(&to, "login_hint").as_deref(), Some("nadia@up.example"));
}

#[tokio::test]
async fn another_callback_than_ours_is_told_before_anybody_leaves() {
    let op = Oidc::start().await.unwrap();
    let error = start(&open(&op, &json!({"redirectURI": "https://other.example/callback"})), ALL).await.unwrap_err();
    assert!(
        matches!(&error, UpstreamError::Misconfigured(text) if text.contains("did not match the URL in the config")),
        "{error}"
    );
    assert!(op.fake.lines().is_empty());
}

#[tokio::test]
async fn codes_are_protected_as_the_provider_offers_or_the_operator_wants() {
    let op = Oidc::start().await.unwrap();
    let cases = [
        (json!(["S256", "plain"]), json!({}), Some("S256")),
        (json!(["plain"]), json!({}), Some("plain")),
        (json!(null), json!({}), None),
        (json!(null), json!({"pkceChallenge": "S256"}), Some("S256")),
        (json!(["S256"]), json!({"pkceChallenge": "plain"}), Some("plain")),
        (json!(["S256"]), json!({"pkceChallenge": "none"}), None),
    ];
    for (offered, keys, method) in cases {
        op.change(|script| script.document = json!({"code_challenge_methods_supported": offered}));
        let connector = open(&op, &keys);
        let (to, data) = start(&connector, ALL).await.unwrap();
        assert_eq!(parameter(&to, "code_challenge_method").as_deref(), method, "{keys}");
        assert!(parameter(&to, "code_verifier").is_none());
        let kept: Value = serde_json::from_slice(&data).unwrap();
        assert_eq!(kept["codeChallengeMethod"].as_str(), method);
        if method == Some("S256") {
            let verifier = kept["codeChallenge"].as_str().unwrap();
            let challenge = URL_SAFE_NO_PAD.encode(dex_jose::sha256(verifier.as_bytes()));
            assert_eq!((verifier.len(), parameter(&to, "code_challenge")), (43, Some(challenge)));
        }
        let back = browse(&op.fake, &to).await;
        finish(&connector, ALL, &data, &back).await.unwrap();
    }
}

#[tokio::test]
async fn a_login_that_dex_began_is_finished() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let to = format!(
        "{}/auth?client_id=dex-under-test&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
         &redirect_uri={}&response_type=code&scope=openid&state={STATE}",
        op.issuer(),
        "https%3A%2F%2Fid.example%2Fdex%2Fcallback"
    );
    let back = browse(&op.fake, &to.parse().unwrap()).await;
    let data = format!(r#"{{"codeChallenge":"{verifier}","codeChallengeMethod":"S256"}}"#);
    assert_eq!(finish(&connector, ALL, data.as_bytes(), &back).await.unwrap().user_id, "7c1d");
    let error = finish(&connector, ALL, b"{", &back).await.unwrap_err();
    assert!(error.to_string().contains("failed to parse PKCEChallenge data"), "{error}");
}

#[tokio::test]
async fn a_provider_that_repeats_no_nonce_is_believed_only_if_that_is_configured() {
    let op = Oidc::start().await.unwrap();
    op.change(|script| script.claims = json!({"nonce": null}));
    let error = log_in(&open(&op, &json!({})), &op.fake, ALL).await.unwrap_err();
    assert!(error.to_string().contains("no nonce"), "{error}");
    let lenient = open(&op, &json!({"nonceUnsupported": true}));
    assert!(parameter(&start(&lenient, ALL).await.unwrap().0, "nonce").is_none());
    log_in(&lenient, &op.fake, ALL).await.unwrap();
}

#[tokio::test]
async fn the_provider_is_asked_about_itself_at_the_first_need_and_once() {
    let op = Oidc::start().await.unwrap();
    op.fake.go_down().await;
    let connector = open(&op, &json!({}));
    assert!(matches!(connector.prepare().await, Err(UpstreamError::Unreachable(_))));
    assert!(matches!(start(&connector, ALL).await, Err(UpstreamError::Unreachable(_))));
    op.fake.come_back().await.unwrap();
    let discoveries = || op.fake.lines().iter().filter(|line| line.contains("/.well-known/")).count();
    log_in(&connector, &op.fake, ALL).await.unwrap();
    connector.prepare().await.unwrap();
    log_in(&connector, &op.fake, ALL).await.unwrap();
    assert_eq!(discoveries(), 1);
}

#[tokio::test]
async fn whoever_says_no_at_the_provider_is_refused_in_its_words() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    op.oauth().refuse_next("access_denied", "the user\nsaid no");
    let error = log_in(&connector, &op.fake, ALL).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Denied(text) if text == "access_denied: the user said no"), "{error}");
    let error = finish(&connector, ALL, b"", &Form::of([("state", STATE)])).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unacceptable(_)), "{error}");
    let error = finish(&connector, ALL, b"", &Form::of([("code", "made-up")])).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Denied(text) if text.contains("invalid_grant")), "{error}");
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused_before_its_code_is_used() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    let (to, data) = start(&connector, ALL).await.unwrap();
    let back = browse(&op.fake, &to).await;
    let mixed = back.clone().and(Form::of([("iss", "https://other.example")]));
    let error = finish(&connector, ALL, &data, &mixed).await.unwrap_err();
    assert!(error.to_string().contains("another issuer"), "{error}");
    finish(&connector, ALL, &data, &back.and(Form::of([("iss", op.issuer())]))).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_always_names_itself_is_not_believed_without_its_name() {
    let op = Oidc::start().await.unwrap();
    op.change(|script| script.document = json!({"authorization_response_iss_parameter_supported": true}));
    let connector = open(&op, &json!({}));
    let (to, data) = start(&connector, ALL).await.unwrap();
    let back = browse(&op.fake, &to).await;
    let error = finish(&connector, ALL, &data, &back).await.unwrap_err();
    assert!(error.to_string().contains("without the issuer"), "{error}");
    finish(&connector, ALL, &data, &back.and(Form::of([("iss", op.issuer())]))).await.unwrap();
}
