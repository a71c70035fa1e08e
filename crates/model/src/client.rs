//! A registered client.

use crate::ClientSecret;

/// An OAuth client (storage spec, 2.1; RFC 6749 §2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; empty for a public client without one.
    pub secret: ClientSecret,
    /// Where authorization responses may go.
    pub redirect_uris: Vec<String>,
    /// Where a logout may lead.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens are posted; empty if the client is not told.
    pub backchannel_logout_uri: String,
    /// `""`, `standalone` or `session`.
    pub refresh_token_lifetime: String,
    /// Clients that may name this one as an audience.
    pub trusted_peers: Vec<String>,
    /// Whether the client cannot keep a secret (RFC 6749 §2.1).
    pub public: bool,
    /// The name a person reads.
    pub name: String,
    /// A picture for the consent page.
    pub logo_url: String,
    /// Connectors its users may come from; empty means all.
    pub allowed_connectors: Vec<String>,
    /// Second factors asked of its users; `None` means the server's default, empty means none.
    pub mfa_chain: Option<Vec<String>>,
    /// Clients that may use its sessions; `None` means the server's default, empty means none.
    pub sso_shared_with: Option<Vec<String>>,
    /// What a client-credentials token says besides; SQL and Kubernetes do not keep it.
    pub client_credentials_claims: Option<ClientCredentialsClaims>,
    /// What holds its users and itself back. The configuration alone has it: Dex has no place for it in its records, and no
    /// back end keeps it.
    pub restrictions: ClientRestrictions,
}

/// What holds a client and its users back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientRestrictions {
    /// Whether it may do nothing for the time being.
    pub disabled: bool,
    /// Groups of which its users must be in one; empty admits everybody.
    pub allowed_groups: Vec<String>,
}

/// Claims of a token that a client asks for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCredentialsClaims {
    /// The `groups` claim.
    pub groups: Vec<String>,
}

/// A `redirect_uri` its client may use (RFC 6749 §3.1.2.3).
///
/// Only [`Client::registered`] makes one, so whatever redirects to it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredRedirectUri(String);

impl RegisteredRedirectUri {
    /// The URI as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Client {
    /// `requested` as a URI to redirect to, if this client may use it (oidc-core spec, 8.2).
    ///
    /// A registered URI must be equal to the last byte. A public client without any may use the
    /// out-of-band URN, `/device/callback`, and `http` on a loopback host at any port (RFC 8252
    /// §7.3). `device_callback` is our own device page, issuer path included; who has registered it
    /// without that path, as Dex's own example does, means it too.
    pub fn registered(&self, requested: &str, device_callback: &str) -> Option<RegisteredRedirectUri> {
        let listed = |wanted: &str| self.redirect_uris.iter().any(|uri| uri == wanted);
        let accepted = listed(requested)
            || (requested == device_callback && listed(DEVICE_CALLBACK))
            || (self.public
                && self.redirect_uris.is_empty()
                && (requested == OUT_OF_BAND
                    || requested == DEVICE_CALLBACK
                    || requested == device_callback
                    || dex_oidc::is_loopback_http(requested)));
        if !accepted {
            return None;
        }
        let uri = if requested == DEVICE_CALLBACK && self.public { device_callback } else { requested };
        Some(RegisteredRedirectUri(uri.to_owned()))
    }

    /// Whether the client's users may come through this connector.
    pub fn allows_connector(&self, connector_id: &str) -> bool {
        self.allowed_connectors.is_empty() || self.allowed_connectors.iter().any(|id| id == connector_id)
    }

    /// Whether a user of these groups may log in to this client.
    pub fn allows_groups(&self, groups: &[String]) -> bool {
        let allowed = &self.restrictions.allowed_groups;
        allowed.is_empty() || groups.iter().any(|group| allowed.contains(group))
    }

    /// Whether a sign-in to this client lets its user into `client_id` too (sessions spec, 2.10); `by_default` decides for a
    /// client that does not say.
    pub fn shares_sign_in_with(&self, client_id: &str, by_default: bool) -> bool {
        let listed = |with: &Vec<String>| with.iter().any(|id| id == "*" || id == client_id);
        self.sso_shared_with.as_ref().map_or(by_default, listed)
    }

    /// Whether its refresh tokens end with the browser's session they came from.
    pub fn refresh_ends_with_session(&self) -> bool {
        self.refresh_token_lifetime == "session"
    }

    /// Whether `client_id` may name this client as an audience of its tokens.
    pub fn trusts(&self, client_id: &str) -> bool {
        self.id == client_id || self.trusted_peers.iter().any(|peer| peer == client_id)
    }
}

/// The URN that shows the code to the user instead of redirecting.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Our device page without the issuer's path.
const DEVICE_CALLBACK: &str = "/device/callback";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_follow_section_8_2() {
        let registered = |uris: &[&str], public| Client {
            redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            public,
            ..Client::default()
        };
        let cases = [
            ("registered, to the letter", &["https://a/cb"][..], false, "https://a/cb", true),
            ("another case", &["https://a/cb"], false, "https://A/cb", false),
            ("a longer path", &["https://a/cb"], false, "https://a/cb/../x", false),
            ("confidential, none registered", &[], false, "http://localhost/", false),
            ("public, some registered", &["https://a/cb"], true, "http://localhost/", false),
            ("public, loopback", &[], true, "http://localhost:8080/x", true),
            ("public, out of band", &[], true, OUT_OF_BAND, true),
            ("public, our device page", &[], true, "/dex/device/callback", true),
            (
                "our device page, registered without the path",
                &["/device/callback"],
                false,
                "/dex/device/callback",
                true,
            ),
            ("our device page, another registered", &["https://a/cb"], true, "/dex/device/callback", false),
            ("public, elsewhere", &[], true, "http://example.com/", false),
            ("public, https loopback", &[], true, "https://localhost/", false),
        ];
        for (told, uris, public, requested, accepted) in cases {
            let got = registered(uris, public).registered(requested, "/dex/device/callback");
            assert_eq!(got.is_some(), accepted, "{told}");
        }
    }

    #[test]
    fn the_short_device_callback_becomes_ours() {
        let client = Client { public: true, ..Client::default() };
        let uri = client.registered("/device/callback", "/dex/device/callback").map(|uri| uri.0);
        assert_eq!(uri.as_deref(), Some("/dex/device/callback"));
    }

    #[test]
    fn a_sign_in_is_shared_as_its_client_says() {
        let cases: [(&str, Option<&[&str]>, bool, bool); 6] = [
            ("nothing said, shared by default", None, true, true),
            ("nothing said, not by default", None, false, false),
            ("nobody, whatever the default", Some(&[]), true, false),
            ("everybody", Some(&["x", "*"]), false, true),
            ("this one", Some(&["x", "wiki"]), false, true),
            ("another one", Some(&["x"]), true, false),
        ];
        for (told, with, by_default, expected) in cases {
            let with = with.map(|with| with.iter().map(|id| (*id).to_owned()).collect());
            let client = Client { sso_shared_with: with, ..Client::default() };
            assert_eq!(client.shares_sign_in_with("wiki", by_default), expected, "{told}");
        }
    }
}
