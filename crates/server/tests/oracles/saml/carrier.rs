//! A client whose user's browser can be made to post the same response again.

use std::collections::BTreeMap;

use reqwest::{Client, Response, Url, redirect};
use serde_json::Value;

use super::site::Site;
use crate::dex::WEB;

/// How many redirects one login may lead through.
const REDIRECTS_MAX: usize = 10;

pub(crate) struct Carrier<'a> {
    site: &'a Site,
    http: Client,
    /// Kept whatever dex says: who replays a response keeps the cookies.
    cookies: BTreeMap<String, String>,
}

impl<'a> Carrier<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { site, http, cookies: BTreeMap::new() }
    }

    /// Begins a login, and answers where the request goes, with the form that is posted there; by a link there is none.
    pub(crate) async fn begin(&mut self, connector: &str) -> (String, Vec<(String, String)>) {
        let (issuer, id) = (&self.site.dex.issuer, WEB.id);
        let to = format!(
            "{issuer}/auth/{connector}?client_id={id}&redirect_uri={}&response_type=code&state=s\
             &scope=openid+profile+email+groups+offline_access",
            self.site.redirect_uri()
        );
        let page = match self.follow(&to, |to| !to.starts_with(issuer)).await {
            Ok(link) => return (link.into(), Vec::new()),
            Err(page) => page,
        };
        let form = &page[page.find("<form").unwrap()..];
        let fields = ["SAMLRequest", "RelayState"].map(|name| {
            let input = &form[form.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no {name}: {page}"))..];
            (name.to_owned(), attribute(input, "value"))
        });
        (attribute(form, "action"), fields.to_vec())
    }

    /// Posts a response to dex, as often at once, and answers the statuses and the pages, or where they lead.
    pub(crate) async fn post(&mut self, form: &[(String, String)], times: usize) -> Vec<(u16, String)> {
        // As from our own page: there are no more cookies to come.
        let to = format!("{}/callback?reposted=1", self.site.dex.issuer);
        let cookies = self.cookie_header();
        let mut posted = tokio::task::JoinSet::new();
        for _ in 0..times {
            posted.spawn(self.http.post(&to).header("cookie", &cookies).form(form).send());
        }
        let mut answers = Vec::new();
        while let Some(answer) = posted.join_next().await {
            let answer = answer.unwrap().unwrap();
            self.keep(&answer);
            let (status, to) = (answer.status().as_u16(), location(&answer));
            answers.push((status, to.unwrap_or(answer.text().await.unwrap())));
        }
        answers
    }

    /// Goes on from where dex led after a response, to the client with its code, and answers the client's tokens.
    pub(crate) async fn tokens(&mut self, to: &str) -> Value {
        let redirect_uri = self.site.redirect_uri();
        let back = self.follow(to, |to| to.starts_with(&redirect_uri)).await.expect("the client is called back");
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let form = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", &redirect_uri)];
        self.token(&form).await
    }

    /// Goes to an address at dex and on, until one is where it `ends`, or a page is shown, which is the error.
    async fn follow(&mut self, to: &str, ends: impl Fn(&str) -> bool) -> Result<Url, String> {
        let mut to = Url::parse(&self.site.dex.issuer).unwrap().join(to).unwrap();
        for _ in 0..REDIRECTS_MAX {
            if ends(to.as_str()) {
                return Ok(to);
            }
            let answer = self.send(self.http.get(to.clone())).await;
            match location(&answer) {
                Some(next) => to = to.join(&next).unwrap(),
                None => return Err(answer.text().await.unwrap()),
            }
        }
        panic!("it leads on and on: {to}");
    }

    /// Refreshes, and answers the claims of the new ID token with the new tokens.
    pub(crate) async fn refresh(&self, tokens: &Value) -> (Value, Value) {
        let refresh_token = tokens["refresh_token"].as_str().unwrap_or_else(|| panic!("{tokens}"));
        let next = self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await;
        let payload = dex_jose::parse_unverified_payload(next["id_token"].as_str().unwrap()).unwrap();
        (Value::Object(payload), next)
    }

    async fn token(&self, form: &[(&str, &str)]) -> Value {
        let request = self.http.post(format!("{}/token", self.site.dex.issuer)).basic_auth(WEB.id, Some(WEB.secret));
        let answer = request.form(form).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{text}\n{}", self.site.dex.log());
        serde_json::from_str(&text).unwrap()
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let answer = request.header("cookie", self.cookie_header()).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep(&mut self, answer: &Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if !value.is_empty() {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn location(answer: &Response) -> Option<String> {
    answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned())
}

/// The first attribute of this name in a text of HTML.
fn attribute(html: &str, name: &str) -> String {
    let (_, value) = html.split_once(&format!(" {name}=\"")).unwrap();
    let (value, _) = value.split_once('"').unwrap();
    value.replace("&#43;", "+").replace("&#34;", "\"").replace("&amp;", "&")
}
