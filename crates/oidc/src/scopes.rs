//! Scopes (oidc-core spec, 11.3).

/// Before the client id in a scope that asks for another client's audience.
pub const AUDIENCE_PREFIX: &str = "audience:server:client_id:";

/// What a scope asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// An ID token.
    OpenId,
    /// `email` and `email_verified`.
    Email,
    /// `name` and `preferred_username`.
    Profile,
    /// `groups`.
    Groups,
    /// `federated_claims`.
    FederatedId,
    /// A refresh token.
    OfflineAccess,
    /// The audience of another client, by its id.
    Audience(&'a str),
    /// Nothing that is known.
    Unknown,
}

impl<'a> Scope<'a> {
    /// The meaning of one word of `scope`.
    pub fn of(word: &'a str) -> Self {
        match word {
            "openid" => Self::OpenId,
            "email" => Self::Email,
            "profile" => Self::Profile,
            "groups" => Self::Groups,
            "federated:id" => Self::FederatedId,
            "offline_access" => Self::OfflineAccess,
            _ => word.strip_prefix(AUDIENCE_PREFIX).map_or(Self::Unknown, Self::Audience),
        }
    }
}

/// The words of a space-separated list. Any white space separates, so leading and doubled spaces do no harm.
pub fn split_words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

/// A list as Dex's descriptions print it: `["a" "b"]`.
pub fn go_list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", quoted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_mean_what_section_11_3_says() {
        let cases = [
            ("openid", Scope::OpenId),
            ("federated:id", Scope::FederatedId),
            ("audience:server:client_id:cli", Scope::Audience("cli")),
            ("audience:server:client_id:", Scope::Audience("")),
            ("address", Scope::Unknown),
            ("OpenID", Scope::Unknown),
        ];
        for (word, expected) in cases {
            assert_eq!(Scope::of(word), expected, "{word}");
        }
        assert_eq!(go_list(["foo", "b\"r"]), r#"["foo" "b\"r"]"#);
    }
}
