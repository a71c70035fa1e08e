//! Who the client is (RFC 6749 §2.3, oidc-core spec, 17).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_model::{Client, ClientSecret};
use dex_oidc::Form;
use dex_web::{App, TokenError};
use http::{HeaderMap, header};

/// What a request says of its client.
pub struct Credentials {
    /// `client_id`
    pub id: String,
    /// `client_secret`, or empty.
    pub secret: ClientSecret,
    /// Whether they came in the `Authorization` header.
    pub basic: bool,
}

/// A client that has proved who it is; a public one without a secret proves nothing but its id.
///
/// Only [`AuthenticatedClient::check`] makes one, so a grant cannot run for anyone else.
pub struct AuthenticatedClient(Client);

impl std::ops::Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Credentials {
    /// Reads them: HTTP Basic if it is there and well formed, otherwise the body.
    ///
    /// # Errors
    ///
    /// `invalid_request` if a part of Basic is not form-encoded.
    pub fn read(headers: &HeaderMap, form: &Form) -> Result<Self, TokenError> {
        if let Some((id, secret)) = basic(headers) {
            let decode = |part: &str, what| {
                decode_part(part).ok_or_else(|| TokenError::invalid_request(format!("{what} improperly encoded")))
            };
            let secret = ClientSecret::new(decode(&secret, "client_secret")?);
            return Ok(Self { id: decode(&id, "client_id")?, secret, basic: true });
        }
        let secret = ClientSecret::new(form.get("client_secret"));
        Ok(Self { id: form.get("client_id").to_owned(), secret, basic: false })
    }

    /// Whether anything was said at all.
    pub fn given(&self) -> bool {
        self.basic || !self.id.is_empty() || !self.secret.is_empty()
    }
}

impl AuthenticatedClient {
    /// The client, if the credentials are its own.
    ///
    /// # Errors
    ///
    /// `invalid_client` for an unknown client or another secret; the store's failure.
    pub async fn check(app: &App, credentials: &Credentials) -> Result<Self, TokenError> {
        let client = app.store.get::<Client>(&credentials.id).await?;
        let Some(client) = client.filter(|_| !credentials.id.is_empty()) else {
            tracing::info!(client_id = %credentials.id, "unknown client on token request");
            return Err(TokenError::invalid_client());
        };
        // A confidential client without a secret is a mistake in the store: everybody could be it.
        let provable = client.public || !client.secret.is_empty();
        if !provable || !client.secret.matches(credentials.secret.expose()) {
            let missing = credentials.secret.is_empty();
            let word = if missing { "missing" } else { "invalid" };
            tracing::info!(client_id = %client.id, "{word} client_secret on token request");
            return Err(TokenError::invalid_client());
        }
        Ok(Self(client))
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Form-decodes one part (RFC 6749 §2.3.1).
fn decode_part(part: &str) -> Option<String> {
    let escaped = part.replace('&', "%26").replace('=', "%3D").replace(';', "%3B");
    let form = Form::parse(format!("x={escaped}").as_bytes()).ok()?;
    Some(form.get("x").to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn credentials_come_from_basic_or_the_body() {
        let form = Form::parse(b"client_id=body&client_secret=b0dy").unwrap();
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let cases = [
            ("no header", String::new(), Ok(("body", "b0dy"))),
            ("basic", header("web:s3cr3t"), Ok(("web", "s3cr3t"))),
            ("case of the scheme", header("web:x").replace("Basic", "bAsIc"), Ok(("web", "x"))),
            ("form-encoded", header("a%3Ab:x+y%2Bz"), Ok(("a:b", "x y+z"))),
            ("reserved characters as they are", header("web:a&b=c;d"), Ok(("web", "a&b=c;d"))),
            ("no base64", "Basic !!!".into(), Ok(("body", "b0dy"))),
            ("no colon", header("web"), Ok(("body", "b0dy"))),
            ("another scheme", "Bearer x".into(), Ok(("body", "b0dy"))),
            ("broken id", header("%zz:x"), Err("client_id improperly encoded")),
            ("broken secret", header("web:%"), Err("client_secret improperly encoded")),
        ];
        for (told, value, expected) in cases {
            let mut headers = HeaderMap::new();
            if !value.is_empty() {
                headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
            }
            let got = Credentials::read(&headers, &form);
            let got = got.as_ref().map(|c| (c.id.as_str(), c.secret.expose())).map_err(|e| e.description.as_str());
            assert_eq!(got, expected, "{told}");
        }
    }
}
