use dex_oidc::CodeChallengeMethod;
use dex_web::Settings;

use super::*;
use AuthorizeErrorCode::*;

/// What a case does to a good request.
type Changes<'a> = &'a [(&'a str, &'a str)];

fn settings(response_types: &[&str]) -> Settings {
    Settings { response_types: response_types.iter().map(|word| (*word).to_owned()).collect(), ..Settings::default() }
}

/// A good request with `changes`: a parameter of the same name is replaced, one without a value taken out.
fn request(changes: Changes<'_>) -> Form {
    let good = [("response_type", "code"), ("scope", "openid"), ("state", "s")];
    let mut pairs: Vec<(&str, &str)> = good.to_vec();
    for (name, value) in changes {
        pairs.retain(|(former, _)| former != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    Form::of(pairs)
}

fn refused(settings: &Settings, changes: Changes<'_>) -> Refused {
    let rules = Rules { settings, out_of_band: false, device: false };
    check(&request(changes), &rules).unwrap_err()
}

#[test]
fn each_fault_has_its_code_and_words() {
    let settings = settings(&["code", "id_token", "token"]);
    let many = "openid ".repeat(rules::SCOPES_MAX + 1);
    let long = "x".repeat(129);
    let cases: [(Changes<'_>, AuthorizeErrorCode, &str); 24] = [
        (&[("request", "x")], RequestNotSupported, "Server does not support request parameter."),
        (&[("request_uri", "x")], RequestUriNotSupported, "Server does not support request_uri parameter."),
        (&[("registration", "{}")], RegistrationNotSupported, "Server does not support registration parameter."),
        (
            &[("code_challenge", "x"), ("code_challenge_method", "S512")],
            InvalidRequest,
            r#"Unsupported PKCE challenge method ("S512")."#,
        ),
        (
            &[("code_challenge", "x"), ("code_challenge_method", "S256")],
            InvalidRequest,
            "The code_challenge parameter is malformed.",
        ),
        (
            &[("code_challenge", &long), ("code_challenge_method", "S256")],
            InvalidRequest,
            "The code_challenge parameter is malformed.",
        ),
        (
            &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), ("code_challenge_method", "S256")],
            InvalidRequest,
            "The code_challenge parameter is malformed.",
        ),
        (&[("scope", "")], InvalidScope, r#"Missing required scope(s) ["openid"]."#),
        (&[("scope", "email")], InvalidScope, r#"Missing required scope(s) ["openid"]."#),
        (&[("scope", "openid foo bar")], InvalidScope, r#"Unrecognized scope(s) ["foo" "bar"]"#),
        (&[("scope", &many)], InvalidScope, "Too many scopes."),
        (&[("response_type", "code foo")], InvalidRequest, r#"Invalid response type "foo""#),
        (&[("response_type", "")], InvalidRequest, "No response_type provided"),
        (
            &[("response_type", "token"), ("nonce", "n")],
            InvalidRequest,
            "Response type 'token' must be provided with type 'id_token' and/or 'code'",
        ),
        (&[("response_type", "id_token")], InvalidRequest, "Response type 'id_token' requires a 'nonce' value."),
        (&[("response_type", "code id_token")], InvalidRequest, "Response type 'id_token' requires a 'nonce' value."),
        (&[("response_mode", "smoke")], InvalidRequest, r#"Unsupported response mode "smoke"."#),
        (
            &[("response_type", "code token"), ("response_mode", "query")],
            InvalidRequest,
            r#"Response mode "query" cannot carry tokens."#,
        ),
        (&[("prompt", "x")], InvalidRequest, r#"Invalid prompt parameter: invalid prompt value "x""#),
        (
            &[("prompt", "none login")],
            InvalidRequest,
            "Invalid prompt parameter: prompt=none must not be combined with other values",
        ),
        (&[("max_age", "x")], InvalidRequest, r#"Invalid max_age value "x""#),
        (&[("max_age", "-1")], InvalidRequest, r#"Invalid max_age value "-1""#),
        (&[("max_age", "1.5")], InvalidRequest, r#"Invalid max_age value "1.5""#),
        (&[("max_age", "9223372036854775808")], InvalidRequest, r#"Invalid max_age value "9223372036854775808""#),
    ];
    for (changes, code, description) in cases {
        let expected = Refused::new(code, description);
        assert_eq!(refused(&settings, changes), expected, "{changes:?}");
    }
}

#[test]
fn what_is_not_offered_is_unsupported() {
    let code_only = settings(&["code"]);
    let got = refused(&code_only, &[("response_type", "code id_token"), ("nonce", "n")]);
    assert_eq!(got, Refused::new(UnsupportedResponseType, r#"Unsupported response type "id_token""#));

    let s256_only = Settings {
        code_challenge_methods: vec![CodeChallengeMethod::S256],
        pkce_enforced: true,
        ..settings(&["code"])
    };
    let got = refused(&s256_only, &[("code_challenge", "x")]);
    assert_eq!(got.description, r#"Unsupported PKCE challenge method ("plain")."#);
    let got = refused(&s256_only, &[]);
    assert_eq!(got.description, "PKCE is required. The code_challenge parameter must be provided.");
    let device = Rules { settings: &s256_only, out_of_band: false, device: true };
    assert_eq!(check(&request(&[]), &device).map(|asked| asked.pkce), Ok(None));
}

#[test]
fn nothing_but_a_code_is_shown_to_be_copied() {
    let settings = settings(&["code id_token token"]);
    let rules = Rules { settings: &settings, out_of_band: true, device: false };
    for (types, named) in [("code token", "token"), ("code id_token", "id_token")] {
        let form = request(&[("response_type", types), ("nonce", "n")]);
        let description = format!("Cannot use response type '{named}' with redirect_uri 'urn:ietf:wg:oauth:2.0:oob'.");
        assert_eq!(check(&form, &rules).unwrap_err(), Refused::new(InvalidRequest, description));
    }
    assert!(check(&request(&[]), &rules).is_ok());
}

#[test]
fn a_parameter_given_twice_is_refused() {
    let settings = settings(&["code"]);
    let rules = Rules { settings: &settings, out_of_band: false, device: false };
    for name in SINGLE {
        let form = request(&[]).and(Form::of([(name, "a"), (name, "b")]));
        let description = format!("Parameter {name:?} must not be repeated.");
        assert_eq!(check(&form, &rules).unwrap_err(), Refused::new(InvalidRequest, description));
    }
    let form = request(&[]).and(Form::of([("resource", "a"), ("resource", "b")]));
    assert!(check(&form, &rules).is_ok(), "RFC 8707 lets `resource` repeat");
}

#[test]
fn what_is_asked_for_is_kept() {
    let settings = settings(&["code", "id_token"]);
    let rules = Rules { settings: &settings, out_of_band: false, device: false };
    let form = request(&[
        ("response_type", " id_token  code code"),
        ("nonce", "n"),
        ("scope", "openid  groups openid audience:server:client_id:x"),
        ("response_mode", "form_post"),
        ("prompt", "consent login"),
        ("max_age", "+0060"),
        ("code_challenge", "plain-and-short"),
        ("claims", "{"),
        ("acr_values", "x"),
        ("display", "wap"),
        ("ui_locales", "tlh"),
        ("login_hint", "jane"),
    ]);
    let asked = check(&form, &rules).unwrap();
    assert_eq!(asked.response_types, ["id_token", "code", "response_mode=form_post"]);
    assert_eq!(asked.scopes, ["openid", "groups", "openid", "audience:server:client_id:x"]);
    assert_eq!((asked.prompt.canonical().as_str(), asked.force_approval_prompt), ("login consent", true));
    assert_eq!(asked.max_age, Some(60));
    assert_eq!(asked.pkce.unwrap().code_challenge_method, "plain");

    let forced = check(&request(&[("approval_prompt", "force"), ("max_age", "4294967296")]), &rules).unwrap();
    assert_eq!((forced.force_approval_prompt, forced.max_age), (true, Some(u32::MAX)));
}

#[test]
fn errors_travel_as_the_response_would() {
    use ResponseMode::{FormPost, Fragment, Query};
    let cases = [
        ("code", "", Query),
        ("code", "query", Query),
        ("code", "fragment", Fragment),
        ("code", "form_post", FormPost),
        ("code", "smoke", Query),
        ("code id_token", "", Fragment),
        ("code id_token", "query", Fragment),
        ("id_token foo", "smoke", Fragment),
        ("foo", "", Query),
    ];
    for (types, mode, expected) in cases {
        let form = request(&[("response_type", types), ("response_mode", mode)]);
        assert_eq!(response_mode(&form), expected, "{types} {mode}");
    }
}

#[test]
fn a_refused_request_object_still_says_how_its_client_listens() {
    use ResponseMode::{FormPost, Fragment, Query};
    // `{"response_mode":"form_post"}` and `{"response_mode":"query"}`, unsigned.
    let posted = "eyJhbGciOiJub25lIn0.eyJyZXNwb25zZV9tb2RlIjoiZm9ybV9wb3N0In0.";
    let query = "eyJhbGciOiJub25lIn0.eyJyZXNwb25zZV9tb2RlIjoicXVlcnkifQ.";
    let cases = [
        ("named inside only", "code", "", posted, FormPost),
        ("the query's own name comes first", "code", "fragment", posted, Fragment),
        ("tokens never travel in a query", "code id_token", "", query, Fragment),
        ("no object", "code", "", "x.y", Query),
    ];
    for (told, types, mode, object, expected) in cases {
        let form = request(&[("response_type", types), ("response_mode", mode), ("request", object)]);
        assert_eq!(response_mode(&form), expected, "{told}");
    }
}

#[test]
fn claims_asked_for_one_by_one_come_with_their_scope() {
    let settings = settings(&["code"]);
    let rules = Rules { settings: &settings, out_of_band: false, device: false };
    let cases: [(&str, &[&str]); 6] = [
        (r#"{"userinfo":{"name":{"essential":true}}}"#, &["openid", "profile"]),
        (r#"{"id_token":{"email_verified":null,"email":null,"groups":null}}"#, &["openid", "email", "groups"]),
        (r#"{"userinfo":{"picture":null,"offline_access":null},"other":{"name":null}}"#, &["openid"]),
        (r#"{"userinfo":["name"],"id_token":null}"#, &["openid"]),
        ("[]", &["openid"]),
        ("{", &["openid"]),
    ];
    for (claims, expected) in cases {
        assert_eq!(check(&request(&[("claims", claims)]), &rules).unwrap().scopes, expected, "{claims}");
    }
    let both = [("claims", r#"{"userinfo":{"name":null}}"#), ("scope", "openid profile")];
    assert_eq!(check(&request(&both), &rules).unwrap().scopes, ["openid", "profile"], "once is enough");
}
