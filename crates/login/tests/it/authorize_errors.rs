//! Every error that travels to the client, in each of the three ways it can travel.

use dex_testkit::{CALLBACK, ISSUER, Shown, TestApp};
use dex_web::Settings;
use http::StatusCode;

use crate::{app_with, without_consent};

/// What is told, what it does to an ordinary request, and the code and description of the refusal.
type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    (&[("request", "x")], "request_not_supported", "Server does not support request parameter."),
    (&[("request_uri", "https://app.example/r")], "request_uri_not_supported", "Server does not support request_uri parameter."),
    (&[("registration", "{}")], "registration_not_supported", "Server does not support registration parameter."),
    (&[("code_challenge", "x"), ("code_challenge_method", "S512")], "invalid_request", "Unsupported PKCE challenge method ('S512')."),
    (&[("code_challenge", "x"), ("code_challenge_method", "S256")], "invalid_request", "The code_challenge parameter is malformed."),
    (&[("scope", "email")], "invalid_scope", "Missing required scope(s) ['openid']."),
    (&[("scope", "openid bogus")], "invalid_scope", "Unrecognized scope(s) ['bogus']"),
    (&[("scope", "openid audience:server:client_id:cli")], "invalid_scope", "Client can't request scope(s) ['audience:server:client_id:cli']"),
    (&[("prompt", "none login")], "invalid_request", "Invalid prompt parameter: "),
    (&[("prompt", "none")], "login_required", "User not authenticated"),
    (&[("max_age", "-1")], "invalid_request", "Invalid max_age value '-1'"),
    (&[("max_age", "soon")], "invalid_request", "Invalid max_age value 'soon'"),
    (&[("connector_id", "nope")], "invalid_request", "Invalid ConnectorID"),
    (&[("id_token_hint", "x.y.z")], "invalid_request", "Invalid id_token_hint."),
];

/// What a case does to an ordinary request.
type Changes<'a> = &'a [(&'a str, &'a str)];

/// How a refusal reaches the client, and the request that has it so.
const CARRIERS: [(&str, &[(&str, &str)]); 3] = [
    ("?", &[]),
    ("#", &[("response_type", "code id_token"), ("nonce", "n")]),
    ("form", &[("response_mode", "form_post")]),
];

/// The value of a hidden field, or what the redirect tells.
fn told(shown: &Shown, carrier: &str, name: &str) -> String {
    if carrier != "form" {
        return shown.told(name);
    }
    let field = format!("name=\"{name}\" value=\"");
    let value = shown.body.split(&field).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    value.replace("&#39;", "'")
}

async fn refused(app: &TestApp, carrier: (&str, &[(&str, &str)]), changes: &[(&str, &str)]) -> (String, String) {
    let (carrier, request) = carrier;
    let changes = [request, changes].concat();
    let shown = app.browser().get(&app.authorization("/auth/mock", &changes)).await;
    match carrier {
        "form" => assert_eq!((shown.status, shown.form_action()), (StatusCode::OK, CALLBACK.into()), "{changes:?}"),
        mark => {
            assert_eq!(shown.status, StatusCode::SEE_OTHER, "{changes:?}: {}", shown.body);
            assert!(shown.location().starts_with(&format!("{CALLBACK}{mark}error=")), "{}", shown.location());
        }
    }
    let (state, issuer) = (told(&shown, carrier, "state"), told(&shown, carrier, "iss"));
    assert_eq!((state.as_str(), issuer.as_str()), ("xyz", ISSUER), "{changes:?}");
    (told(&shown, carrier, "error"), told(&shown, carrier, "error_description"))
}

#[tokio::test]
async fn each_refusal_travels_in_the_response_mode_of_its_request() {
    let app = app_with(without_consent()).await;
    for carrier in CARRIERS {
        for (changes, code, description) in CASES {
            let (error, told) = refused(&app, carrier, changes).await;
            assert_eq!(error, *code, "{changes:?} by {}", carrier.0);
            assert!(told.starts_with(description), "{changes:?} by {}: {told}", carrier.0);
        }
    }
}

/// What depends on the response type, and so on the carrier.
#[tokio::test]
async fn response_types_and_modes_that_do_not_go_together_are_refused() {
    let app = app_with(Settings { response_types: vec!["code".into(), "id_token".into()], ..without_consent() }).await;
    let none = "No response_type provided";
    let cases: [(&str, Changes<'_>, &str, &str); 6] = [
        ("?", &[("response_type", "")], "invalid_request", none),
        ("?", &[("response_type", "foo")], "invalid_request", "Invalid response type 'foo'"),
        ("#", &[("response_type", "code token")], "unsupported_response_type", "Unsupported response type 'token'"),
        (
            "#",
            &[("response_type", "id_token")],
            "invalid_request",
            "Response type 'id_token' requires a 'nonce' value.",
        ),
        ("?", &[("response_mode", "smoke")], "invalid_request", "Unsupported response mode 'smoke'."),
        (
            "#",
            &[("response_type", "id_token"), ("nonce", "n"), ("response_mode", "query")],
            "invalid_request",
            "Response mode 'query' cannot carry tokens.",
        ),
    ];
    for (carrier, changes, code, description) in cases {
        let got = refused(&app, (carrier, &[]), changes).await;
        assert_eq!((got.0.as_str(), got.1.as_str()), (code, description), "{changes:?}");
    }
    let app = app_with(Settings { pkce_enforced: true, ..without_consent() }).await;
    let alone = refused(&app, ("#", &[]), &[("response_type", "token")]).await;
    assert_eq!(alone.1, "PKCE is required. The code_challenge parameter must be provided.");
    let app = app_with(without_consent()).await;
    let alone = refused(&app, ("#", &[]), &[("response_type", "token")]).await;
    assert_eq!(alone.1, "Response type 'token' must be provided with type 'id_token' and/or 'code'");
    let many = format!("openid {}", "email ".repeat(100));
    assert_eq!(refused(&app, ("?", &[]), &[("scope", &many)]).await.1, "Too many scopes.");
    let large = "x".repeat(4000);
    assert_eq!(refused(&app, ("?", &[]), &[("nonce", &large)]).await.1, "The request is too long.");
}
