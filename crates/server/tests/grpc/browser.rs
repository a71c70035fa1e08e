//! A login of a local user, as a browser and the client behind it make it.

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Response, StatusCode};

use crate::dex::Dex;

/// Where the client is called back. Nothing listens there.
pub(crate) const CALLBACK: &str = "http://127.0.0.1:5555/callback";

/// How a login ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    NoSuchClient,
    WrongPassword,
    Tokens,
}

impl Dex {
    /// Logs Jane in to a client whose secret is `app-secret`.
    pub(crate) async fn log_in(&self, client_id: &str, password: &str) -> Outcome {
        let start = format!(
            "{}/auth/local?client_id={client_id}&redirect_uri={CALLBACK}&response_type=code&scope=openid",
            self.issuer
        );
        let begun = self.http.get(start).send().await.unwrap();
        if begun.status().is_client_error() {
            return Outcome::NoSuchClient;
        }
        let form = url_of(&self.issuer, &header(&begun, LOCATION));
        let cookie = header(&begun, SET_COOKIE).split(';').next().unwrap().to_owned();
        let body = format!("login=jane@example.com&password={password}");
        let typed = self.http.post(form).header(COOKIE, cookie).header(CONTENT_TYPE, FORM).body(body);
        let typed = typed.send().await.unwrap();
        if typed.status() == StatusCode::UNAUTHORIZED {
            return Outcome::WrongPassword;
        }
        let location = header(&typed, LOCATION);
        let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&client_id={client_id}&client_secret=app-secret"
        );
        let redeemed = self.http.post(format!("{}/token", self.issuer)).header(CONTENT_TYPE, FORM).body(body);
        let redeemed = redeemed.send().await.unwrap();
        assert_eq!(redeemed.status(), StatusCode::OK);
        assert!(redeemed.text().await.unwrap().contains("id_token"));
        Outcome::Tokens
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn header(response: &Response, name: reqwest::header::HeaderName) -> String {
    let value = response.headers().get(&name).unwrap_or_else(|| panic!("{name} is not in {response:?}"));
    value.to_str().unwrap().to_owned()
}

fn url_of(issuer: &str, location: &str) -> String {
    if location.starts_with("http") {
        return location.to_owned();
    }
    format!("{}{location}", issuer.trim_end_matches("/dex"))
}
