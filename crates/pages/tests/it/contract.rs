//! What scripts, headless clients and themes rely on: ids, names, classes, texts.

use dex_pages::PAGES;
use scraper::Html;

use crate::builtin::{all, pages, text};

type Cases = &'static [(&'static str, &'static str, &'static [&'static str])];

fn page(template: &str, wanted: &str) -> Html {
    let kind = PAGES.iter().find(|kind| kind.template == template).unwrap();
    let sample = (kind.samples)().into_iter().find(|sample| sample.name == wanted).unwrap();
    Html::parse_document(&pages().render(&*sample.page, "/dex/logout").unwrap())
}

/// Template, sample, and what the page must hold.
const ELEMENTS: Cases = &[
    (
        "login.html",
        "every-kind",
        &[
            "a.dex-btn.dex-btn-provider.theme-btn-provider[href^='/dex/auth/github?'] .dex-btn-icon--github",
            "a.dex-btn .dex-btn-icon.dex-btn-icon--samlExperimental",
            "a.dex-btn .dex-btn-text",
        ],
    ),
    (
        "password.html",
        "invalid",
        &[
            "form[method=post][action='/dex/auth/local/login?back=&state=qf6ag5ptjkbnoxygxwgrcejto']",
            "form input#login[name=login][required][autocomplete=username][value='jane@example.com']",
            "form input#password[name=password][type=password][required][autocomplete=current-password][autofocus]",
            "form label.theme-remember-me input[type=checkbox][name=remember_me][checked]:not([value])",
            "form button#submit-login[type=submit].dex-btn.theme-btn--primary",
            "form div#login-error.dex-error-box",
            ".theme-link-back a[href='/dex/auth?client_id=example-app&scope=openid']",
        ],
    ),
    ("password.html", "minimal", &["input#login[autofocus]", "input#password:not([autofocus])"]),
    (
        "approval.html",
        "full",
        &[
            "form[method=post]:not([action]) input[type=hidden][name=req][value=qf6ag5ptjkbnoxygxwgrcejto]",
            "form[method=post] input[type=hidden][name=approval][value=approve]",
            "form[method=post] input[type=hidden][name=approval][value=rejected]",
            "button.theme-btn--success .dex-btn-text",
            "ul.dex-list li",
        ],
    ),
    ("oob.html", "full", &["input.theme-form-input[value=qf6ag5ptjkbnoxygxwgrcejto][readonly]"]),
    (
        "device.html",
        "invalid",
        &[
            "form[method=post][action='/dex/device/auth/verify_code'] input#user_code[name=user_code][value='BCDF-GHJK']",
            "div#login-error",
            "button#submit-login",
        ],
    ),
    ("device.html", "minimal", &["input#user_code[placeholder='XXXX-XXXX']:not([value])"]),
    ("error.html", "full", &["h2.theme-heading + p"]),
    (
        "totp_verify.html",
        "full",
        &[
            "form[method=post] input#totp[name=totp][inputmode=numeric][maxlength='6'][autocomplete=one-time-code]",
            "img.dex-qr[src^='data:image/png;base64,iVBOR']",
            "a[href^='otpauth://totp/dex:']",
            "div#login-error",
            "button#submit-login",
        ],
    ),
    (
        "webauthn_verify.html",
        "register",
        &[
            "#webauthn[data-mode=register]",
            "#webauthn-btn[hidden]",
            "#webauthn-error[hidden]",
            "#webauthn-working[hidden]",
        ],
    ),
    ("logout.html", "confirm", &["form[method=post][action='/dex/logout'] input[name=state][value=af0ifjsldkj]"]),
    ("logout.html", "full", &["a[href='https://app.example.com/']"]),
    (
        "home.html",
        "full",
        &[
            ".dex-identity .dex-identity__name",
            ".dex-identity__email .dex-identity__state",
            "dl.dex-facts .dex-fact dd.dex-fact__long",
            "ul.dex-groups[tabindex='0'][aria-labelledby=groups-label]",
            "time[datetime='2026-07-28T09:05:00Z']",
            ".dex-home__actions a.dex-btn[href='https://dex.example.com/dex/logout']",
            "a.dex-home__link[href$='/.well-known/openid-configuration']",
        ],
    ),
    ("home.html", "signed-out", &[".dex-home__empty .dex-home__empty-title", ".dex-home__empty-text"]),
    (
        "form_post.html",
        "full",
        &[
            "form[method=post][action='https://app.example.com/callback?x=1&y=2'][data-autosubmit]",
            "form input[type=hidden][name=state][value='a/b+c']",
            "form button[type=submit]",
            "script[src*='static/autosubmit.js']",
        ],
    ),
    ("form_post.html", "own-scheme", &["form[action='com.example.app:/callback']"]),
    ("repost.html", "full", &["form[action='/dex/callback'] input[name=SAMLResponse][value='PHNhbWw+']"]),
];

#[test]
fn elements_are_where_they_are_expected() {
    for (template, sample, selectors) in ELEMENTS {
        let page = page(template, sample);
        for selector in *selectors {
            assert!(!all(&page, selector).is_empty(), "{template} {sample}: {selector}");
        }
    }
}

/// Template, sample, and what the page must hold.
const TEXTS: Cases = &[
    ("login.html", "full", &["Log in to Example Corp", "Log in with GitHub", "to continue to Grafana"]),
    (
        "password.html",
        "invalid",
        &[
            "Log in to Your Account",
            "Invalid Email Address and password.",
            "Remember me",
            "Select another login method.",
            "Email Address",
        ],
    ),
    (
        "approval.html",
        "full",
        &[
            "Grant Access",
            "Cancel",
            "Grafana would like to:",
            "View your groups",
            "Kubernetes",
            "Logged in as Jane Doe",
        ],
    ),
    ("approval.html", "minimal", &["Example App has not requested any personal information"]),
    ("device.html", "invalid", &["Enter User Code", "Invalid or Expired User Code"]),
    ("device_success.html", "full", &["Login Successful for Command line tool", "Return to your device to continue"]),
    ("oob.html", "full", &["Login Successful", "Please copy this code"]),
    ("totp_verify.html", "invalid", &["Two-factor authentication", "Enter the code from your authenticator app."]),
    ("totp_verify.html", "enrolment", &["Scan the QR code below", "JBSW Y3DP EHPK"]),
    ("webauthn_verify.html", "register", &["Register security key", "Waiting for security key..."]),
    ("webauthn_verify.html", "login", &["Two-factor authentication", "Use Security Key"]),
    ("logout.html", "confirm", &["Logging Out", "Do you want to log out?"]),
    ("logout.html", "full", &["Logged Out", "You have been successfully logged out.", "Back to Application"]),
    ("logout.html", "still-at", &["You have been logged out here, but Corporate login could not be reached."]),
    ("logout.html", "minimal", &["Session Not Found", "No active session found."]),
    ("home.html", "signed-out", &["Not signed in"]),
    ("home.html", "full", &["jane.doe@example.com (verified)", "Expires if idle", "Groups 14", "Log out"]),
    ("landing.html", "full", &["Dex IdP", "A Federated OpenID Connect Provider", "Discovery"]),
    (
        "error.html",
        "full",
        &["Forbidden You are not a member", "Ask whoever runs", "0197a4c2-7d0e-7c11-9f3a-5f2f6f0e1b2c"],
    ),
    ("error.html", "minimal", &["Bad Request User session error.", "Go back to the application"]),
    ("form_post.html", "full", &["Continue"]),
];

#[test]
fn texts_are_those_that_tests_look_for() {
    for (template, sample, texts) in TEXTS {
        let page = page(template, sample);
        let shown = text(all(&page, "body")[0]);
        for wanted in *texts {
            assert!(shown.contains(wanted), "{template} {sample}: {wanted}\nin {shown}");
        }
    }
}

#[test]
fn what_is_not_there_is_not_shown() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("password.html", "minimal", &["#login-error", "[name=remember_me]", ".theme-link-back", "[aria-invalid]"]),
        ("totp_verify.html", "minimal", &["img.dex-qr", "details", "#login-error"]),
        ("device.html", "full", &["#login-error", "[aria-invalid]"]),
        ("home.html", "minimal", &[".dex-fact", ".dex-identity__email"]),
        ("home.html", "signed-out", &[".dex-home__actions", "script"]),
        ("error.html", "minimal", &["code"]),
        ("logout.html", "minimal", &["form", "a"]),
        ("approval.html", "minimal", &["li", "img.dex-client-logo"]),
        ("login.html", "minimal", &["ul", "a"]),
    ];
    for (template, sample, selectors) in cases {
        let page = page(template, sample);
        for selector in *selectors {
            assert!(all(&page, &format!("main {selector}")).is_empty(), "{template} {sample}: {selector}");
        }
    }
}

#[test]
fn a_connector_that_is_not_available_is_named_but_not_linked() {
    let page = page("login.html", "full");
    assert_eq!(all(&page, "a.dex-btn").len(), 3);
    assert_eq!(text(all(&page, ".dex-btn--unavailable")[0]), "Corporate directorynot available right now");
}
