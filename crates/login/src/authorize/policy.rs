//! Which connectors a request may use (oidc-core spec, 9.2).

use dex_model::{Client, Connector};
use dex_oidc::{Form, GrantType, ResponseTypes, split_words};
use dex_storage::StorageError;
use dex_token::policy::{Whom, may_use};
use dex_web::{App, Issuer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is written as `%XX` in a segment of a path: all but the unreserved and what is harmless there.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The connectors a request may use, sorted by name.
pub(super) async fn available(app: &App, client: &Client, grant: GrantType) -> Result<Vec<Connector>, StorageError> {
    let mut connectors = app.connectors.list().await?;
    connectors.retain(|connector| may_use(client, Whom::Anyone(connector), grant).is_ok());
    Ok(connectors)
}

/// The grant that a request comes down to.
pub(super) fn derived_grant(issuer: &Issuer, parameters: &Form) -> GrantType {
    let words = split_words(parameters.get("response_type")).filter_map(|word| word.parse().ok());
    grant_of(issuer, ResponseTypes::of(words), parameters.get("redirect_uri"))
}

/// The grant for what is asked for and where it goes. Hybrid requests count as implicit, as in Dex.
pub(crate) fn grant_of(issuer: &Issuer, asked: ResponseTypes, redirect_uri: &str) -> GrantType {
    if redirect_uri == "/device/callback" || redirect_uri == issuer.device_callback() {
        GrantType::DeviceCode
    } else if asked.token || asked.id_token {
        GrantType::Implicit
    } else {
        GrantType::AuthorizationCode
    }
}

/// The route of a connector's start, whatever its id holds.
pub(super) fn connector_route(id: &str) -> String {
    format!("/auth/{}", utf8_percent_encode(id, SEGMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_derived_from_where_and_what() {
        let issuer = Issuer::parse("https://id.example/dex").unwrap();
        let cases = [
            ("code", "https://a/cb", GrantType::AuthorizationCode),
            ("", "https://a/cb", GrantType::AuthorizationCode),
            ("code id_token", "https://a/cb", GrantType::Implicit),
            ("token", "https://a/cb", GrantType::Implicit),
            ("code", "/dex/device/callback", GrantType::DeviceCode),
            ("code", "/device/callback", GrantType::DeviceCode),
            ("code", "https://a/device/callback", GrantType::AuthorizationCode),
        ];
        for (response_type, redirect_uri, expected) in cases {
            let form = Form::of([("response_type", response_type), ("redirect_uri", redirect_uri)]);
            assert_eq!(derived_grant(&issuer, &form), expected, "{response_type} {redirect_uri}");
        }
    }

    #[test]
    fn ids_are_encoded_once() {
        for (id, route) in
            [("my conn", "/auth/my%20conn"), ("a/b?c", "/auth/a%2Fb%3Fc"), ("idp-1_a.b~:@", "/auth/idp-1_a.b~:@")]
        {
            assert_eq!(connector_route(id), route);
        }
    }
}
