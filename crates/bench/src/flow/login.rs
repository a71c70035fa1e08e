//! A user who has never been here logs in: from the client's redirect to the redeemed code.

use ::http::header::LOCATION;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

use super::token::{Grant, Tokens, redeem};
use crate::failure::Failure;
use crate::http::{Agent, Answer, Call, Form, Jar, Origin, forms};

/// Redirects and pages between the first request and the code.
const STEPS_MAX: u32 = 16;

/// Logs in by authorization code and PKCE, with a browser of its own that ends with the login.
pub(crate) async fn log_in(grant: &Grant<'_>, agent: &mut Agent, scope: &str) -> Result<Tokens, Failure> {
    let attempt = Attempt::new();
    let mut browser = Browser { grant, jar: Jar::default(), form_filled: false };
    let mut call = Call::get(&attempt.url(grant, scope));
    for _ in 0..STEPS_MAX {
        let at = call.url.clone();
        let answer = browser.send(agent, call).await?;
        if answer.status.is_redirection() {
            let to = location(&at, &answer)?;
            if is_client(&to, &grant.account.redirect_uri) {
                let code = attempt.code(&to, &grant.provider.issuer)?;
                return redeem(grant, agent, &code, &attempt.verifier, &attempt.nonce).await;
            }
            call = Call::get(&to);
        } else {
            call = browser.answer_page(&at, &answer)?;
        }
    }
    Err(Failure::wrong("login", "too many redirects"))
}

/// What the client remembers of a login it began.
struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
}

impl Attempt {
    fn new() -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self {
            state: random(),
            nonce: random(),
            // RFC 7636 §4.1 asks for 43 characters at least.
            verifier: random() + &random(),
        }
    }

    fn url(&self, grant: &Grant<'_>, scope: &str) -> Url {
        let hash = digest::digest(&digest::SHA256, self.verifier.as_bytes());
        let mut url = grant.provider.authorization.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", grant.client_id)
            .append_pair("redirect_uri", &grant.account.redirect_uri)
            .append_pair("scope", scope)
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(hash))
            .append_pair("code_challenge_method", "S256");
        if let Some(connector) = &grant.account.connector {
            query.append_pair("connector_id", connector);
        }
        drop(query);
        url
    }

    /// The code the client was sent, when the answer is to this login (RFC 6749 §4.1.2, RFC 9207 §2.4).
    fn code(&self, answered: &Url, issuer: &str) -> Result<String, Failure> {
        let parameter = |name: &str| {
            let mut pairs = answered.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        if parameter("state").as_deref() != Some(&self.state) {
            return Err(Failure::wrong("login", "another state"));
        }
        if parameter("iss").is_some_and(|iss| iss != issuer) {
            return Err(Failure::wrong("login", "another issuer"));
        }
        if let Some(error) = parameter("error") {
            return Err(Failure::oauth("login", &error));
        }
        parameter("code").ok_or(Failure::wrong("login", "no code"))
    }
}

struct Browser<'a> {
    grant: &'a Grant<'a>,
    jar: Jar,
    form_filled: bool,
}

impl Browser<'_> {
    async fn send(&mut self, agent: &mut Agent, mut call: Call) -> Result<Answer, Failure> {
        let url = call.url.clone();
        let origin = Origin::of(&url)?;
        call.cookie = self.jar.header(origin, &url);
        let answer = agent.send(call).await?;
        self.jar.keep(origin, &url, &answer.headers);
        Ok(answer)
    }

    /// Fills in what a page asks for: name and password once, consent as often as it is asked.
    fn answer_page(&mut self, at: &Url, answer: &Answer) -> Result<Call, Failure> {
        let wrong = |what| Failure::wrong("login", what);
        if answer.status.as_u16() != 200 {
            return Err(Failure::Status { step: "login", status: answer.status.as_u16() });
        }
        let page = String::from_utf8_lossy(&answer.body);
        let known = |form: &Form| form.value("password").is_some() || form.value("approval") == Some("approve");
        let mut form = forms(&page).into_iter().find(known).ok_or(wrong("a page without a form to fill in"))?;
        if form.value("password").is_some() {
            let user = self.grant.account.user.as_ref();
            let user = user.ok_or(wrong("a form needs --login and --password"))?;
            if self.form_filled {
                return Err(wrong("name or password refused"));
            }
            self.form_filled = true;
            form.fill("login", &user.next());
            form.fill("password", &user.password);
        }
        let action = match &form.action {
            Some(action) => at.join(action).map_err(|_| wrong("a form without a URL"))?,
            None => at.clone(),
        };
        let mut body = Serializer::new(String::new());
        body.extend_pairs(&form.fields);
        Ok(Call::post(&action, body.finish()))
    }
}

fn location(at: &Url, answer: &Answer) -> Result<Url, Failure> {
    let location = answer.headers.get(LOCATION);
    let location = location.and_then(|value| value.to_str().ok());
    location.and_then(|location| at.join(location).ok()).ok_or(Failure::wrong("login", "a redirect to no URL"))
}

/// Whether the browser is sent back to the client, whatever the query says.
fn is_client(to: &Url, redirect_uri: &str) -> bool {
    let bare = &to[..url::Position::AfterPath];
    bare == redirect_uri || to.as_str().strip_prefix(redirect_uri).is_some_and(|rest| rest.starts_with(['?', '&']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_only_as_the_answer_to_this_login() {
        let attempt = Attempt { state: "s".to_owned(), ..Attempt::new() };
        let cases = [
            ("code=c&state=s", Ok("c")),
            ("code=c&state=s&iss=http%3A%2F%2F127.0.0.1%2Fdex", Ok("c")),
            ("code=c&state=t", Err("login: another state")),
            ("code=c", Err("login: another state")),
            ("state=s", Err("login: no code")),
            ("code=c&state=s&iss=http%3A%2F%2Fother", Err("login: another issuer")),
            ("error=access_denied&state=s", Err("login: access_denied")),
        ];
        for (query, expected) in cases {
            let url = Url::parse(&format!("http://127.0.0.1/callback?{query}")).unwrap();
            let got = attempt.code(&url, "http://127.0.0.1/dex");
            let got = got.map_err(|failure| failure.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(got, expected, "{query}");
        }
    }

    #[test]
    fn the_client_is_recognised_by_its_redirect_uri() {
        let cases = [
            ("http://a/cb?code=1", "http://a/cb", true),
            ("http://a/cb", "http://a/cb", true),
            ("http://a/cb?x=1&code=1", "http://a/cb?x=1", true),
            ("http://a/cb2?code=1", "http://a/cb", false),
            ("http://b/cb?code=1", "http://a/cb", false),
        ];
        for (to, redirect_uri, expected) in cases {
            let to = Url::parse(to).unwrap();
            assert_eq!(is_client(&to, redirect_uri), expected, "{to}");
        }
    }
}
