//! A browser that keeps cookies and fills in forms.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url, redirect};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many pages one login may lead through.
const PAGES_MAX: usize = 30;

pub(crate) struct Browser {
    http: Client,
    /// By origin: the providers and dex share an address here, and would not elsewhere.
    cookies: HashMap<String, BTreeMap<String, String>>,
}

/// A page, or the address outside that it led to.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) body: String,
    to: Option<String>,
}

impl Page {
    /// A parameter of the address.
    pub(crate) fn parameter(&self, name: &str) -> String {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

impl Browser {
    pub(crate) fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { http, cookies: HashMap::new() }
    }

    /// Goes to `url` and on, filling in forms by the names of their fields, until an address begins with `end` (which is not
    /// gone to) or a page has no form.
    pub(crate) async fn go(&mut self, url: &str, end: &str, fields: &[(&str, &str)]) -> Page {
        self.go_by(url, end, fields, PAGES_MAX).await
    }

    /// The same, filling in nothing.
    pub(crate) async fn look(&mut self, url: &str, end: &str) -> Page {
        self.go_by(url, end, &[], 0).await
    }

    /// The same, filling in one form only.
    pub(crate) async fn once(&mut self, url: &str, end: &str, fields: &[(&str, &str)]) -> Page {
        self.go_by(url, end, fields, 1).await
    }

    async fn go_by(&mut self, url: &str, end: &str, fields: &[(&str, &str)], forms: usize) -> Page {
        let mut page = self.get(&Url::parse(url).unwrap()).await;
        let mut filled = 0;
        for _ in 0..PAGES_MAX {
            if let Some(to) = &page.to {
                let to = page.url.join(to).unwrap();
                if to.as_str().starts_with(end) {
                    return Page { url: to, to: None, ..page };
                }
                page = self.get(&to).await;
                continue;
            }
            let Some(form) = Form::first(&page.body).filter(|_| filled < forms) else { return page };
            filled += 1;
            let url = page.url.join(&form.action).unwrap();
            let body = form.filled(fields);
            page = self.fetch(self.http.post(url.clone()).form(&body), &url).await;
        }
        panic!("it leads on and on: {page:?}");
    }

    async fn get(&mut self, url: &Url) -> Page {
        self.fetch(self.http.get(url.clone()), url).await
    }

    async fn fetch(&mut self, request: RequestBuilder, url: &Url) -> Page {
        let jar = self.cookies.entry(url.origin().ascii_serialization()).or_default();
        let sent: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if sent.is_empty() { request } else { request.header("cookie", sent.join("; ")) };
        let answer = request.send().await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            match value.is_empty() || rest.contains("Max-Age=0") || rest.contains("1970") {
                true => jar.remove(name),
                false => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        Page { url: url.clone(), status, to, body: answer.text().await.unwrap() }
    }
}

/// The first form of a page that is posted.
struct Form {
    action: String,
    /// Names, and values where the page has them.
    fields: Vec<(String, String)>,
}

impl Form {
    fn first(page: &str) -> Option<Self> {
        let from = page.find("<form")?;
        let form = &page[from..page[from..].find("</form>").map_or(page.len(), |end| from + end)];
        let tag = &form[..form.find('>')?];
        if !attribute(tag, "method")?.eq_ignore_ascii_case("post") {
            return None;
        }
        let action = attribute(tag, "action").unwrap_or_default();
        let inputs = form.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("button"));
        let mut fields = Vec::new();
        let mut pressed = false;
        for tag in inputs {
            let submits = tag.starts_with("button") || attribute(tag, "type").is_some_and(|kind| kind == "submit");
            // The first button says yes.
            if let Some(name) = attribute(tag, "name").filter(|_| !(submits && pressed)) {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
            pressed |= submits;
        }
        Some(Self { action, fields })
    }

    fn filled(&self, known: &[(&str, &str)]) -> Vec<(String, String)> {
        let filled = |(name, value): &(String, String)| {
            let known = known.iter().find(|(key, _)| key == name);
            (name.clone(), known.map_or(value.clone(), |(_, value)| (*value).to_owned()))
        };
        self.fields.iter().map(filled).collect()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}="))?;
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split([' ', '>', '/']).next()?,
    };
    Some(value.replace("&amp;", "&").replace("&#34;", "\"").replace("&#39;", "'").replace("&#x2F;", "/"))
}
