//! What the issuer's own address shows: who is logged in here, or only what this is.

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// The home page when browser sessions are on.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The session of this browser, if it has one.
    pub session: Option<HomeSession>,
    /// Absolute URL of the discovery document.
    pub discovery_url: String,
}

/// What the home page tells of a session. An empty string leaves its row out.
#[derive(Clone, Debug, Default)]
pub struct HomeSession {
    /// Preferred user name, else the user name.
    pub username: String,
    /// Email address.
    pub email: String,
    /// Whether the upstream vouches for the address.
    pub email_verified: bool,
    /// Groups, as the upstream orders them.
    pub groups: Vec<String>,
    /// Name of the connector logged in through.
    pub connector_name: String,
    /// Begin of the session, ISO 8601 in UTC.
    pub signed_in_iso: String,
    /// The same for people: `28 Jul 2026, 09:05 UTC`.
    pub signed_in_text: String,
    /// End of the session, ISO 8601 in UTC.
    pub session_expires_iso: String,
    /// The same for people.
    pub session_expires_text: String,
    /// The end above comes only if the session is not used until then.
    pub session_expiry_is_idle: bool,
    /// Address the session was begun from.
    pub ip_address: String,
    /// Browser the session was begun with.
    pub user_agent: String,
    /// Absolute URL of `/logout`.
    pub logout_url: String,
}

impl Page for Home {
    fn template(&self) -> &'static str {
        "home.html"
    }

    fn title(&self) -> Cow<'static, str> {
        if self.session.is_some() { "Your session".into() } else { "Not signed in".into() }
    }

    fn fields(&self) -> Fields {
        let none = HomeSession::default();
        let session = self.session.as_ref().unwrap_or(&none);
        Fields::new()
            .set("LoggedIn", self.session.is_some())
            .set_shown("Username", &session.username)
            .set_shown("Email", &session.email)
            .set("EmailVerified", session.email_verified)
            .set_shown_list("Groups", &session.groups)
            .set_shown("ConnectorName", &session.connector_name)
            .set("SignedInISO", &session.signed_in_iso)
            .set_shown("SignedInText", &session.signed_in_text)
            .set("SessionExpiresISO", &session.session_expires_iso)
            .set_shown("SessionExpiresText", &session.session_expires_text)
            .set("SessionExpiryIsIdle", session.session_expiry_is_idle)
            .set_shown("IPAddress", &session.ip_address)
            .set_shown("UserAgent", &session.user_agent)
            .set("LogoutURL", &session.logout_url)
            .set("DiscoveryURL", &self.discovery_url)
    }
}

/// The home page when browser sessions are off.
#[derive(Clone, Debug, Default)]
pub struct Landing {
    /// Absolute URL of the discovery document.
    pub discovery_url: String,
}

impl Page for Landing {
    fn template(&self) -> &'static str {
        "landing.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "".into()
    }

    fn fields(&self) -> Fields {
        Fields::new().set("DiscoveryURL", &self.discovery_url)
    }
}

const DISCOVERY: &str = "https://dex.example.com/dex/.well-known/openid-configuration";

fn full_session() -> HomeSession {
    HomeSession {
        username: "jane".into(),
        email: "jane.doe@example.com".into(),
        email_verified: true,
        groups: (1..=14).map(|n| format!("platform/team-{n}")).collect(),
        connector_name: "Corporate directory".into(),
        signed_in_iso: "2026-07-28T09:05:00Z".into(),
        signed_in_text: "28 Jul 2026, 09:05 UTC".into(),
        session_expires_iso: "2026-07-29T09:05:00Z".into(),
        session_expires_text: "29 Jul 2026, 09:05 UTC".into(),
        session_expiry_is_idle: true,
        ip_address: "2001:db8::4f2a".into(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0".into(),
        logout_url: "https://dex.example.com/dex/logout".into(),
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let page = |session| Home { session, discovery_url: DISCOVERY.into() };
    let hostile = HomeSession {
        username: HOSTILE.into(),
        email: HOSTILE.into(),
        groups: vec![HOSTILE.into()],
        connector_name: HOSTILE.into(),
        signed_in_iso: HOSTILE.into(),
        signed_in_text: HOSTILE.into(),
        user_agent: HOSTILE.into(),
        logout_url: "javascript:alert(1)".into(),
        ..full_session()
    };
    vec![
        Sample::new("signed-out", page(None)),
        Sample::new("minimal", page(Some(HomeSession { logout_url: "/logout".into(), ..Default::default() }))),
        Sample::new("full", page(Some(full_session()))),
        Sample::new("hostile", page(Some(hostile))),
    ]
}

pub(super) fn landing_samples() -> Vec<Sample> {
    vec![Sample::new("full", Landing { discovery_url: DISCOVERY.into() })]
}
