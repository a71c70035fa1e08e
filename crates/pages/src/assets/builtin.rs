//! The files that are part of the program.

macro_rules! file {
    ($path:literal) => {
        ($path, include_bytes!(concat!("../../", $path)) as &'static [u8])
    };
}

/// The light palette first, for themes that set no colours.
const MAIN_STYLES: &str =
    concat!(include_str!("../../themes/light/styles.css"), "\n", include_str!("../../static/main.css"));

/// The palette of the theme `auto`: the light one, and the dark one for who prefers it.
const AUTO_STYLES: &str = concat!(
    include_str!("../../themes/light/styles.css"),
    "\n@media (prefers-color-scheme: dark) {\n",
    include_str!("../../themes/dark/styles.css"),
    "\n",
    include_str!("../../themes/auto/own-logo.css"),
    "}\n",
);

/// Path inside a directory of pages, and content.
pub(super) const FILES: &[(&str, &[u8])] = &[
    ("robots.txt", b"User-agent: *\nDisallow: /\n"),
    ("themes/auto/styles.css", AUTO_STYLES.as_bytes()),
    ("themes/auto/favicon.png", include_bytes!("../../themes/favicon.png")),
    ("themes/auto/logo.png", include_bytes!("../../themes/logo.png")),
    ("themes/dark/favicon.png", include_bytes!("../../themes/favicon.png")),
    ("themes/dark/logo.png", include_bytes!("../../themes/logo.png")),
    ("themes/light/favicon.png", include_bytes!("../../themes/favicon.png")),
    ("themes/light/logo.png", include_bytes!("../../themes/logo.png")),
    file!("themes/dark/styles.css"),
    file!("themes/light/styles.css"),
    file!("static/autosubmit.js"),
    file!("static/forms.js"),
    file!("static/home.js"),
    ("static/main.css", MAIN_STYLES.as_bytes()),
    file!("static/webauthn.js"),
    file!("static/img/atlassian-crowd-icon.svg"),
    file!("static/img/authproxy-icon.svg"),
    file!("static/img/bitbucket-icon.svg"),
    file!("static/img/email-icon.svg"),
    file!("static/img/gitea-icon.svg"),
    file!("static/img/github-icon.svg"),
    file!("static/img/gitlab-icon.svg"),
    file!("static/img/google-icon.svg"),
    file!("static/img/keystone-icon.svg"),
    file!("static/img/ldap-icon.svg"),
    file!("static/img/linkedin-icon.svg"),
    file!("static/img/microsoft-icon.svg"),
    file!("static/img/mock-icon.svg"),
    file!("static/img/oauth-icon.svg"),
    file!("static/img/oidc-icon.svg"),
    file!("static/img/openshift-icon.svg"),
    file!("static/img/other-icon.svg"),
    file!("static/img/saml-icon.svg"),
];
