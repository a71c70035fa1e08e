//! What a browser does with the pages of identity providers.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, RequestBuilder, Response, Url, header, redirect};

/// How long a page may take.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// How many redirects are followed.
const REDIRECTS_MAX: usize = 5;

/// A browser that keeps cookies.
pub(crate) struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// A page and where it is.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new() -> anyhow::Result<Self> {
        // Taken already where a test did it before us.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder().timeout(ANSWER_MAX).no_proxy().redirect(redirect::Policy::none()).build()?;
        Ok(Self { http, cookies: BTreeMap::new() })
    }

    /// Goes there with a form, or by a link if there is none. Where it is sent to another server it does not go; the page there
    /// is without text.
    pub(crate) async fn visit(&mut self, to: &str, form: &[(String, String)]) -> anyhow::Result<Page> {
        let mut url = Url::parse(to)?;
        let first = if form.is_empty() { self.http.get(to) } else { self.http.post(to).form(form) };
        let mut answer = self.send(first).await?;
        for _ in 0..REDIRECTS_MAX {
            let Some(next) = answer.headers().get(header::LOCATION) else {
                return Ok(Page { url, text: answer.text().await? });
            };
            let next = url.join(next.to_str()?)?;
            if next.origin() != url.origin() {
                return Ok(Page { url: next, text: String::new() });
            }
            url = next;
            answer = self.send(self.http.get(url.clone())).await?;
        }
        bail!("it goes round in circles at {url}")
    }

    /// Submits the form of a page with a login, and tells the hidden fields of the page that follows, `SAMLResponse` among
    /// them.
    pub(crate) async fn submit(
        &mut self,
        page: &Page,
        typed: &[(&str, &str)],
    ) -> anyhow::Result<Vec<(String, String)>> {
        let next = self.fill_in(page, typed).await?;
        let fields = hidden_fields(&next.text);
        if !fields.iter().any(|(name, _)| name == "SAMLResponse") {
            bail!("it posts nothing: {}", next.text);
        }
        Ok(fields)
    }

    /// Presses a button of a page's form.
    pub(crate) async fn press(&mut self, page: &Page, button: (&str, &str)) -> anyhow::Result<Page> {
        self.fill_in(page, &[button]).await
    }

    async fn fill_in(&mut self, page: &Page, typed: &[(&str, &str)]) -> anyhow::Result<Page> {
        let action = form_action(&page.text).with_context(|| format!("it shows no form: {}", page.text))?;
        let to = page.url.join(&action)?;
        let typed = typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let form: Vec<(String, String)> = hidden_fields(&page.text).into_iter().chain(typed).collect();
        self.visit(to.as_str(), &form).await
    }

    async fn send(&mut self, request: RequestBuilder) -> anyhow::Result<Response> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(header::COOKIE, cookies.join("; ")).send().await?;
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

/// The hidden fields of a page.
fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input ").flat_map(|part| part.split("<INPUT ")).skip(1);
    let inputs = inputs.filter_map(|input| input.split_once('>')).map(|(input, _)| input);
    let hidden = inputs.filter(|input| input.to_ascii_lowercase().contains("type=\"hidden\""));
    hidden.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?))).collect()
}

/// Where the first form of a page is submitted to.
fn form_action(page: &str) -> Option<String> {
    let (_, form) = page.split_once("<form ")?;
    attribute(form.split_once('>')?.0, "action")
}

/// The value of an attribute in a tag, whatever the case of its name.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.to_ascii_lowercase().find(&format!("{name}=\""))? + name.len() + 2;
    let (value, _) = tag[start..].split_once('"')?;
    Some(value.replace("&amp;", "&"))
}
