//! `oauth2`: the grants, responses and checks on offer.

use crate::env::{Env, FeatureFlag};
use crate::problem::quoted;
use crate::tree::Map;

/// The section `oauth2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// What the token endpoint answers: the configured list without what cannot work, sorted by
    /// name, each once.
    pub grant_types: Vec<GrantType>,
    /// As configured, in this order.
    pub response_types: Vec<ResponseType>,
    /// Whether consent is asked only when a client forces it.
    pub skip_approval_screen: bool,
    /// Whether the list of connectors is shown even when there is only one.
    pub always_show_login_screen: bool,
    /// The connector of the password grant.
    pub password_connector: Option<String>,
    /// Proof Key for Code Exchange.
    pub pkce: Pkce,
    /// Whether ID tokens leave out what `/userinfo` tells. Not in Dex.
    pub lean_id_tokens: bool,
    /// Whether introspection requires client authentication. Not in Dex.
    pub introspection_requires_authentication: bool,
}

/// The block `oauth2.pkce`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkce {
    /// Whether every authorization request needs a challenge.
    pub enforce: bool,
    /// In the order of discovery.
    pub methods: Vec<CodeChallengeMethod>,
}

/// A way to derive a challenge (RFC 7636 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeChallengeMethod {
    /// `S256`
    S256,
    /// `plain`
    Plain,
}

/// Declares an enum whose variants have a name on the wire.
macro_rules! names {
    ($(#[$doc:meta])* $kind:ident: $($(#[$each:meta])* $variant:ident = $name:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($(#[$each])* $variant,)* }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Finds one by its name on the wire.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }
    };
}

names! {
    /// A grant of the token endpoint, in the byte order of its names.
    GrantType:
    /// RFC 6749 section 4.1
    AuthorizationCode = "authorization_code",
    /// RFC 6749 section 4.4
    ClientCredentials = "client_credentials",
    /// RFC 6749 section 4.2
    Implicit = "implicit",
    /// RFC 6749 section 4.3
    Password = "password",
    /// RFC 6749 section 6
    RefreshToken = "refresh_token",
    /// RFC 8628
    DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    /// RFC 8693
    TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
}

names! {
    /// A response type of the authorization endpoint.
    ResponseType:
    /// The code flow.
    Code = "code",
    /// An access token in the fragment.
    Token = "token",
    /// An ID token in the fragment.
    IdToken = "id_token",
    /// Hybrid.
    CodeToken = "code token",
    /// Hybrid.
    CodeIdToken = "code id_token",
    /// The implicit flow.
    IdTokenToken = "id_token token",
    /// Hybrid.
    CodeIdTokenToken = "code id_token token",
}

impl CodeChallengeMethod {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }
}

impl ResponseType {
    fn brings_access_token(self) -> bool {
        self.as_str().split(' ').any(|part| part == "token")
    }
}

impl OAuth2 {
    pub(crate) fn read(map: &mut Map<'_>, env: &dyn Env) -> Self {
        let response_types = response_types(map);
        let password_connector = map.optional("passwordConnector");
        let configured = map.texts("grantTypes");
        for name in configured.iter().filter(|name| GrantType::named(name).is_none()) {
            map.warn("grantTypes", format!("unknown grant type {}; it is ignored", quoted(name)));
        }
        let implicit = response_types.iter().any(|kind| kind.brings_access_token());
        let by_default = FeatureFlag::ClientCredentialGrantEnabledByDefault.enabled(env);
        let works = |grant: GrantType| match grant {
            GrantType::Implicit => implicit,
            GrantType::Password => password_connector.is_some(),
            GrantType::ClientCredentials => by_default || !configured.is_empty(),
            _ => true,
        };
        let wanted = |grant: GrantType| configured.is_empty() || configured.iter().any(|name| name == grant.as_str());
        let all = GrantType::ALL.iter().copied();
        Self {
            grant_types: all.filter(|grant| works(*grant) && wanted(*grant)).collect(),
            response_types,
            skip_approval_screen: map.bool("skipApprovalScreen", false),
            always_show_login_screen: map.bool("alwaysShowLoginScreen", false),
            lean_id_tokens: map.bool("leanIDTokens", false),
            pkce: map.section("pkce", pkce),
            introspection_requires_authentication: map
                .section("introspection", |map| map.bool("requireAuthentication", false)),
            password_connector,
        }
    }
}

fn response_types(map: &mut Map<'_>) -> Vec<ResponseType> {
    let mut found = Vec::new();
    for name in map.texts("responseTypes") {
        match ResponseType::named(&name) {
            Some(kind) => found.push(kind),
            None => {
                let text = format!("failed to initialize server: unsupported response_type {}", quoted(&name));
                let names: Vec<_> = ResponseType::ALL.iter().map(|kind| kind.as_str()).collect();
                let hint = format!("write one of {}", names.join(", "));
                map.error("responseTypes", text, &hint);
            }
        }
    }
    if found.is_empty() { vec![ResponseType::Code] } else { found }
}

fn pkce(map: &mut Map<'_>) -> Pkce {
    let mut methods = Vec::new();
    for name in map.texts("codeChallengeMethodsSupported") {
        match name.as_str() {
            "S256" => methods.push(CodeChallengeMethod::S256),
            "plain" => methods.push(CodeChallengeMethod::Plain),
            _ => {
                let text = format!("failed to initialize server: unsupported PKCE challenge method {}", quoted(&name));
                map.error("codeChallengeMethodsSupported", text, "write S256 or plain");
            }
        }
    }
    if methods.is_empty() {
        methods = vec![CodeChallengeMethod::S256, CodeChallengeMethod::Plain];
    }
    Pkce { enforce: map.bool("enforce", false), methods }
}
