//! What is refused, and how: every error of every endpoint, with its status, code, description and headers.

use std::time::Duration;

use axum::body::Body;
use dex_model::Pkce;
use dex_testkit::{CALLBACK, CLIENT, CLIENT_SECRET, Shown, TestApp};
use http::{Method, Request, header};

use crate::kit::{app, app_with, code, member, post_as, redeem, refresh, refusal, what_it_stands_for};

const CODE: &str = "authorization_code";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const WEB: (&str, &str) = (CLIENT, CLIENT_SECRET);
const CLI: (&str, &str) = ("cli", "");

/// A request and its refusal. In the form, `{code}`, `{bound code}`, `{refresh}` and `{device}` stand for good ones.
struct Case {
    told: &'static str,
    client: (&'static str, &'static str),
    form: &'static [(&'static str, &'static str)],
    refusal: (u16, &'static str, &'static str),
}

const fn case(
    told: &'static str,
    form: &'static [(&'static str, &'static str)],
    refusal: (u16, &'static str, &'static str),
) -> Case {
    Case { told, client: WEB, form, refusal }
}

#[rustfmt::skip]
const TOKEN: &[Case] = &[
    case("no grant", &[], (400, "unsupported_grant_type", "")),
    case("an unknown grant", &[("grant_type", "x")], (400, "unsupported_grant_type", "")),
    case("a grant of the browser", &[("grant_type", "implicit")], (400, "unsupported_grant_type", "")),
    case("a parameter twice", &[("grant_type", CODE), ("code", "a"), ("code", "b")],
        (400, "invalid_request", "Parameter code is given more than once.")),
    Case { client: ("web", "wrong"), ..case("another secret", &[("grant_type", "client_credentials")],
        (401, "invalid_client", "Invalid client credentials.")) },
    Case { client: ("web", ""), ..case("no secret", &[("grant_type", "client_credentials")],
        (401, "invalid_client", "Invalid client credentials.")) },
    Case { client: ("nobody", "x"), ..case("an unknown client", &[("grant_type", "client_credentials")],
        (401, "invalid_client", "Invalid client credentials.")) },
    Case { client: ("", ""), ..case("no client", &[("grant_type", "client_credentials")],
        (401, "invalid_client", "Invalid client credentials.")) },
    Case { client: ("%zz", ""), ..case("an id that is not encoded", &[("grant_type", "client_credentials")],
        (400, "invalid_request", "client_id improperly encoded")) },
    Case { client: ("web", "%zz"), ..case("a secret that is not encoded", &[("grant_type", "client_credentials")],
        (400, "invalid_request", "client_secret improperly encoded")) },

    case("no code", &[("grant_type", CODE)], (400, "invalid_request", "Required param: code.")),
    case("an unknown code", &[("grant_type", CODE), ("code", "x")],
        (400, "invalid_grant", "Invalid or expired code parameter.")),
    Case { client: ("peer", "peer-secret"), ..case("another client's code",
        &[("grant_type", CODE), ("code", "{code}"), ("redirect_uri", CALLBACK)],
        (400, "invalid_grant", "Invalid or expired code parameter.")) },
    case("another redirect URI", &[("grant_type", CODE), ("code", "{code}"), ("redirect_uri", "https://evil.example/")],
        (400, "invalid_grant", "redirect_uri did not match URI from initial request.")),
    case("a verifier without a challenge",
        &[("grant_type", CODE), ("code", "{code}"), ("redirect_uri", CALLBACK), ("code_verifier", "v")],
        (400, "invalid_request", "No PKCE flow started. Cannot check code_verifier.")),
    case("no verifier", &[("grant_type", CODE), ("code", "{bound code}"), ("redirect_uri", CALLBACK)],
        (400, "invalid_grant", "Expecting parameter code_verifier in PKCE flow.")),
    case("another verifier",
        &[("grant_type", CODE), ("code", "{bound code}"), ("redirect_uri", CALLBACK), ("code_verifier", "v")],
        (400, "invalid_grant", "Invalid code_verifier.")),

    case("no refresh token", &[("grant_type", "refresh_token")],
        (400, "invalid_request", "No refresh token is found in request.")),
    case("an unknown refresh token", &[("grant_type", "refresh_token"), ("refresh_token", "x")],
        (400, "invalid_grant", "Refresh token is invalid or has already been claimed by another client.")),
    Case { client: ("peer", "peer-secret"), ..case("another client's refresh token",
        &[("grant_type", "refresh_token"), ("refresh_token", "{refresh}")],
        (400, "invalid_grant", "Refresh token is invalid or has already been claimed by another client.")) },
    case("a wider scope", &[("grant_type", "refresh_token"), ("refresh_token", "{refresh}"), ("scope", "openid groups")],
        (400, "invalid_scope", "Requested scopes contain unauthorized scope(s): ['groups'].")),

    case("a password without openid", &[("grant_type", "password")],
        (400, "invalid_scope", "Missing required scope(s) ['openid'].")),
    case("a password with a scope nobody knows", &[("grant_type", "password"), ("scope", "openid bogus")],
        (400, "invalid_scope", "Unrecognized scope(s) ['bogus']")),
    case("a password for a client that does not trust",
        &[("grant_type", "password"), ("scope", "openid audience:server:client_id:cli")],
        (400, "invalid_scope", "Client can't request scope(s) ['audience:server:client_id:cli']")),
    case("a wrong password", &[("grant_type", "password"), ("scope", "openid"), ("username", "jane@example.com"), ("password", "x")],
        (401, "access_denied", "Invalid username or password")),
    case("no user", &[("grant_type", "password"), ("scope", "openid")],
        (401, "access_denied", "Invalid username or password")),

    Case { client: CLI, ..case("a public client for itself", &[("grant_type", "client_credentials")],
        (400, "unauthorized_client", "Public clients cannot use client_credentials grant.")) },
    case("offline access for a client", &[("grant_type", "client_credentials"), ("scope", "offline_access")],
        (400, "invalid_scope", "client_credentials grant does not support offline_access scope.")),
    case("a client with a scope nobody knows", &[("grant_type", "client_credentials"), ("scope", "bogus")],
        (400, "invalid_scope", "Unrecognized scope(s) ['bogus']")),
    case("a client for one that does not trust",
        &[("grant_type", "client_credentials"), ("scope", "audience:server:client_id:cli")],
        (400, "invalid_scope", "Client can't request scope(s) ['audience:server:client_id:cli']")),

    case("no device code", &[("grant_type", DEVICE)], (400, "invalid_request", "No device code received")),
    case("an unknown device code", &[("grant_type", DEVICE), ("device_code", "x")],
        (400, "invalid_grant", "Invalid Device code.")),
    case("a device whose user has not come", &[("grant_type", DEVICE), ("device_code", "{device}")],
        (400, "authorization_pending", "")),

    case("an exchange through no connector", &[("grant_type", EXCHANGE)],
        (400, "invalid_request", "Requested connector does not exist.")),
    case("an exchange of what is no token", &[("grant_type", EXCHANGE), ("connector_id", "mock"), ("subject_token_type", "x")],
        (400, "request_not_supported", "Invalid subject_token_type.")),
    case("an exchange of nothing", &[("grant_type", EXCHANGE), ("connector_id", "mock"), ("subject_token_type", ACCESS)],
        (400, "invalid_request", "Missing subject_token")),
    case("an exchange for what is no token",
        &[("grant_type", EXCHANGE), ("connector_id", "mock"), ("subject_token_type", ACCESS), ("subject_token", "t"),
            ("requested_token_type", "x")],
        (400, "request_not_supported", "Invalid requested_token_type.")),
    case("an exchange through passwords",
        &[("grant_type", EXCHANGE), ("connector_id", "local"), ("subject_token_type", ACCESS), ("subject_token", "t")],
        (400, "invalid_request", "Requested connector does not exist.")),
    case("an exchange for a client that does not trust",
        &[("grant_type", EXCHANGE), ("connector_id", "mock"), ("subject_token_type", ACCESS), ("subject_token", "t"),
            ("scope", "openid audience:server:client_id:cli")],
        (400, "invalid_scope", "A client named as audience does not trust this one, or does not let this user in.")),
];

#[rustfmt::skip]
const DEVICE_CODE: &[Case] = &[
    case("a parameter twice", &[("scope", "a"), ("scope", "b")],
        (400, "invalid_request", "Parameter scope is given more than once.")),
    Case { client: ("web", "wrong"), ..case("another secret", &[], (401, "invalid_client", "Invalid client credentials.")) },
    case("an unknown method", &[("code_challenge", "x"), ("code_challenge_method", "S512")],
        (400, "invalid_request", "Unsupported PKCE challenge method ('S512').")),
];

#[rustfmt::skip]
const INTROSPECTION: &[Case] = &[
    Case { client: ("", ""), ..case("an empty form", &[], (400, "invalid_request", "The POST body can not be empty.")) },
    Case { client: ("", ""), ..case("no token", &[("x", "y")],
        (400, "invalid_request", "The POST body doesn't contain 'token' parameter.")) },
    Case { client: ("", ""), ..case("a token twice", &[("token", "a"), ("token", "b")],
        (400, "invalid_request", "Parameter token is given more than once.")) },
    Case { client: ("web", "wrong"), ..case("another secret", &[("token", "x")],
        (401, "invalid_client", "Invalid client credentials.")) },
];

#[rustfmt::skip]
const REVOCATION: &[Case] = &[
    case("no token", &[], (400, "invalid_request", "Required param: token.")),
    case("a token twice", &[("token", "a"), ("token", "b")],
        (400, "invalid_request", "Parameter token is given more than once.")),
    Case { client: ("web", "wrong"), ..case("another secret", &[("token", "x")],
        (401, "invalid_client", "Invalid client credentials.")) },
];

/// What stands for the names in braces.
struct Good {
    code: String,
    bound_code: String,
    refresh: String,
    device: String,
}

impl Good {
    async fn new(app: &TestApp) -> Self {
        let pkce = Pkce { code_challenge: "x".repeat(43), code_challenge_method: "S256".into() };
        let bound = dex_model::AuthCode { pkce: Some(pkce), ..what_it_stands_for(app, &["openid"]) };
        let tokens = redeem(app, &code(app, &["openid", "offline_access"])).await;
        let device = post_as(app, WEB, "/device/code", &[("scope", "openid")]).await;
        Self {
            code: code(app, &["openid"]),
            bound_code: app.app.seals.seal_code(&bound).expect("it is short"),
            refresh: member(&tokens, "refresh_token"),
            device: member(&device, "device_code"),
        }
    }

    fn fill<'a>(&'a self, form: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let value = |value: &'a str| match value {
            "{code}" => self.code.as_str(),
            "{bound code}" => &self.bound_code,
            "{refresh}" => &self.refresh,
            "{device}" => &self.device,
            literal => literal,
        };
        form.iter().map(|(name, written)| (*name, value(written))).collect()
    }
}

#[tokio::test]
async fn each_error_of_each_endpoint_has_its_status_code_description_and_headers() {
    let tables = [
        ("/token", TOKEN),
        ("/device/code", DEVICE_CODE),
        ("/token/introspect", INTROSPECTION),
        ("/token/revoke", REVOCATION),
    ];
    let app = app().await;
    let good = Good::new(&app).await;
    for (route, cases) in tables {
        for Case { told, client, form, refusal } in cases {
            let shown = post_as(&app, *client, route, &good.fill(form)).await;
            let (error, description) = (member(&shown, "error"), member(&shown, "error_description"));
            assert_eq!((shown.status.as_u16(), error.as_str(), description.as_str()), *refusal, "{route}: {told}");
            assert_carried(&shown, &format!("{route}: {told}"));
        }
    }
}

/// JSON that nobody keeps, with a challenge where credentials are asked for (RFC 6749 §5.2).
fn assert_carried(shown: &Shown, told: &str) {
    assert_eq!(shown.headers[header::CONTENT_TYPE], "application/json", "{told}");
    assert_eq!(shown.headers[header::CACHE_CONTROL], "no-store", "{told}");
    let challenge =
        shown.headers.get(header::WWW_AUTHENTICATE).map(|value| value.to_str().expect("a challenge is text"));
    let wanted = (shown.status == 401 && member(shown, "error") == "invalid_client").then_some("Basic realm=\"dex\"");
    assert_eq!(challenge, wanted, "{told}");
}

#[tokio::test]
async fn what_time_changes_is_told_too() {
    let app = app().await;
    let good = Good::new(&app).await;
    let device = [("grant_type", DEVICE), ("device_code", good.device.as_str())];
    for error in ["authorization_pending", "slow_down"] {
        assert_eq!(refusal(&post_as(&app, WEB, "/token", &device).await), (400, error.to_owned()));
    }
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(refusal(&post_as(&app, WEB, "/token", &device).await), (400, "expired_token".into()));
    let late = redeem(&app, &good.code).await;
    assert_eq!(member(&late, "error_description"), "Invalid or expired code parameter.");
    app.clock.advance(Duration::from_secs(31 * 24 * 3600));
    let expired = refresh(&app, &good.refresh).await;
    assert_eq!(refusal(&expired), (400, "invalid_grant".into()));
    assert_eq!(member(&expired, "error_description"), "Refresh token expired.");
}

#[tokio::test]
async fn what_is_not_offered_is_refused_with_its_own_code() {
    let app = app_with(|settings| settings.grant_types.clear()).await;
    for grant in [CODE, "refresh_token", "password", "client_credentials", DEVICE, EXCHANGE] {
        let shown = post_as(&app, WEB, "/token", &[("grant_type", grant)]).await;
        assert_eq!(refusal(&shown), (400, "unsupported_grant_type".into()), "{grant}");
    }
    let shown = post_as(&app, WEB, "/device/code", &[]).await;
    assert_eq!(refusal(&shown), (400, "unsupported_grant_type".into()));
    let app = app_with(|settings| settings.password_connector = Some("mock".into())).await;
    let shown = post_as(&app, WEB, "/token", &[("grant_type", "password"), ("scope", "openid")]).await;
    assert_eq!(member(&shown, "error_description"), "Requested password connector does not correct type.");
}

#[tokio::test]
async fn what_is_no_form_is_refused_without_a_server_error() {
    let app = app().await;
    let too_large = format!("grant_type={}", "x".repeat(dex_web::FORM_BYTES_MAX));
    let many = format!("grant_type={CODE}&scope={}", "s+".repeat(101));
    let long = format!("scope={}", "s".repeat(2049));
    let bodies = ["%zz=1", "a=1;b=2", "a=%ff", too_large.as_str()];
    for route in ["/token", "/device/code", "/token/introspect", "/token/revoke"] {
        for body in bodies {
            let request =
                Request::post(format!("/dex{route}")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let shown = app.send(request.body(Body::from(body.to_owned())).unwrap()).await;
            assert_eq!(refusal(&shown), (400, "invalid_request".into()), "{route}");
            assert_carried(&shown, route);
        }
    }
    for (route, body) in [("/token", many), ("/device/code", format!("client_id=web&client_secret=web-secret&{long}"))]
    {
        let request =
            Request::post(format!("/dex{route}")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let shown = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(refusal(&shown), (400, "invalid_scope".into()), "{route}: {}", shown.body);
        assert_eq!(member(&shown, "error_description"), "Too many scopes.", "{route}");
    }
}

#[tokio::test]
async fn methods_that_mean_nothing_are_told() {
    let app = app().await;
    for method in [Method::GET, Method::PUT, Method::OPTIONS] {
        let expected = format!("HTTP method is '{method}', expected 'POST'.");
        for (route, text) in [
            ("/token", "method not allowed"),
            ("/device/code", "method not allowed"),
            ("/token/revoke", "method not allowed"),
            ("/token/introspect", expected.as_str()),
        ] {
            let request = Request::builder().method(method.clone()).uri(format!("/dex{route}"));
            let shown = app.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(refusal(&shown), (400, "invalid_request".into()), "{method} {route}");
            assert_eq!(member(&shown, "error_description"), text, "{method} {route}");
        }
    }
}
