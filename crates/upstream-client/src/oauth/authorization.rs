//! Where the browser is sent (RFC 6749 §4.1.1).

use std::collections::BTreeMap;

use url::Url;

/// An authorization URL in the making. Parameters come out sorted by name behind those the endpoint has, as from Dex.
pub struct AuthorizationUrl<'a> {
    endpoint: &'a Url,
    parameters: BTreeMap<&'a str, String>,
}

impl<'a> AuthorizationUrl<'a> {
    /// `response_type=code`, the client and the state.
    pub fn new(endpoint: &'a Url, client_id: &str, state: &str) -> Self {
        let parameters = [("response_type", "code"), ("client_id", client_id), ("state", state)];
        Self { endpoint, parameters: parameters.map(|(name, value)| (name, value.to_owned())).into() }
    }

    /// Where the browser is to come back.
    #[must_use]
    pub fn redirect_uri(self, uri: &str) -> Self {
        self.set("redirect_uri", uri)
    }

    /// The scopes, joined by spaces; none at all leaves the parameter out.
    #[must_use]
    pub fn scopes(self, scopes: &[String]) -> Self {
        if scopes.is_empty() { self } else { self.set("scope", &scopes.join(" ")) }
    }

    /// Sets any other parameter.
    #[must_use]
    pub fn set(mut self, name: &'a str, value: &str) -> Self {
        self.parameters.insert(name, value.to_owned());
        self
    }

    /// The URL.
    pub fn build(self) -> Url {
        let mut url = self.endpoint.clone();
        if url.query() == Some("") {
            url.set_query(None);
        }
        url.query_pairs_mut().extend_pairs(&self.parameters);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_sorted_behind_those_of_the_endpoint() {
        let cases = [
            (
                "https://up.example/auth",
                "https://up.example/auth?client_id=a+b&redirect_uri=x%3Ay&response_type=code&scope=openid+email&state=s",
            ),
            (
                "https://up.example/auth?x=1&a=%2F",
                "https://up.example/auth?x=1&a=%2F&client_id=a+b&redirect_uri=x%3Ay&response_type=code&scope=openid+email&state=s",
            ),
            (
                "https://up.example/auth?",
                "https://up.example/auth?client_id=a+b&redirect_uri=x%3Ay&response_type=code&scope=openid+email&state=s",
            ),
        ];
        for (endpoint, expected) in cases {
            let endpoint = endpoint.parse().unwrap();
            let scopes = ["openid".to_owned(), "email".to_owned()];
            let url = AuthorizationUrl::new(&endpoint, "a b", "s").redirect_uri("x:y").scopes(&scopes).build();
            assert_eq!(url.as_str(), expected);
        }
        let endpoint = "https://up.example/".parse().unwrap();
        let url = AuthorizationUrl::new(&endpoint, "c", "s").scopes(&[]).build();
        assert_eq!(url.query(), Some("client_id=c&response_type=code&state=s"));
    }
}
