//! The command line, and what can be wrong with it.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context, ensure};
use clap::{ArgAction, Args, FromArgMatches};
use url::Url;

use crate::routes::OWN_PATHS;

/// Everything that can be set; the fields are the flags. [`Options::default`] fits the sample configurations of dex.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// OAuth2 client ID of this application.
    #[arg(long, default_value = "example-app")]
    pub client_id: String,
    /// OAuth2 client secret of this application; empty for a public client.
    #[arg(long, default_value = "ZXhhbXBsZS1hcHAtc2VjcmV0", hide_default_value = true)]
    pub client_secret: Secret,
    /// Callback URL; its path is where the callback is served.
    #[arg(long, default_value = "http://127.0.0.1:5555/callback")]
    pub redirect_uri: Url,
    /// Whether to use PKCE with S256.
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_missing_value = "true")]
    pub pkce: bool,
    /// URL of the OpenID Connect issuer, exactly as the provider spells it.
    #[arg(long, default_value = "http://127.0.0.1:5556/dex")]
    pub issuer: String,
    /// PEM file of the only certificate authorities to trust for the issuer [default: the system's].
    #[arg(long)]
    pub issuer_root_ca: Option<PathBuf>,
    /// How old the answer to "is this browser still signed in?" may get, such as 30s; 0 never asks.
    #[arg(long, default_value = "30s", value_parser = parse_duration)]
    pub session_check_interval: Duration,
    /// Address to listen on; the scheme chooses between http and https.
    #[arg(long, default_value = "http://127.0.0.1:5555")]
    pub listen: Url,
    /// PEM file of the certificate chain, for https.
    #[arg(long)]
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the private key, for https.
    #[arg(long)]
    pub tls_key: Option<PathBuf>,
    /// Log what is said to the issuer, without secrets and tokens.
    #[arg(long)]
    pub debug: bool,
}

/// A client secret. Printing it shows nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The text, for the wire only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

impl Default for Options {
    fn default() -> Self {
        let command = Self::augment_args(clap::Command::new("example-app"));
        let matches = command.try_get_matches_from(["example-app"]).expect("every flag has a default value");
        Self::from_arg_matches(&matches).expect("the default values parse")
    }
}

impl Options {
    /// What no single flag can say about itself.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let issuer = Url::parse(&self.issuer).context("--issuer is no URL")?;
        for (flag, url) in [("--issuer", &issuer), ("--redirect-uri", &self.redirect_uri), ("--listen", &self.listen)] {
            ensure!(
                matches!(url.scheme(), "http" | "https") && url.has_host(),
                "{flag} must be an http or https URL, not {url}"
            );
        }
        let callback = self.redirect_uri.path();
        ensure!(
            !OWN_PATHS
                .iter()
                .any(|own| callback == *own || own.ends_with('/') && *own != "/" && callback.starts_with(own)),
            "the path {callback} of --redirect-uri is one of this application's own pages"
        );
        Ok(())
    }

    /// Host and port of `listen`.
    pub(crate) fn listen_address(&self) -> anyhow::Result<String> {
        let host = self.listen.host().context("--listen names no host")?;
        let port = self.listen.port_or_known_default().context("--listen names no port")?;
        Ok(format!("{host}:{port}"))
    }

    /// Whether browsers come by https, so that the cookie may insist on it.
    pub(crate) fn is_https(&self) -> bool {
        self.redirect_uri.scheme() == "https"
    }

    /// This application's own start page as browsers reach it, for `post_logout_redirect_uri`.
    pub(crate) fn home(&self) -> String {
        format!("{}/", self.redirect_uri.origin().ascii_serialization())
    }
}

/// Go's notation, which operators know from Dex: `30s`, `1m30s`, `500ms`, `0`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration such as 30s, 1m30s or 0");
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest == "0" {
        return Ok(total);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u32 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..unit_end] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return Err(wrong()),
        };
        total = unit.checked_mul(number).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = &rest[unit_end..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let cases = [
            ("0", Some(0)),
            ("30s", Some(30_000)),
            ("1m30s", Some(90_000)),
            ("2h", Some(7_200_000)),
            ("500ms", Some(500)),
            ("", None),
            ("30", None),
            ("s", None),
            ("-1s", None),
            ("99999999999s", None),
            ("1d", None),
        ];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text).ok(), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn the_callback_may_not_hide_a_page() {
        let cases = [
            ("http://127.0.0.1:5555/callback", true),
            ("https://app.example/oidc/return", true),
            ("http://127.0.0.1:5555/", false),
            ("http://127.0.0.1:5555/tokens", false),
            ("http://127.0.0.1:5555/grant/password", false),
            ("com.example.app:/callback", false),
        ];
        for (uri, fine) in cases {
            let options = Options { redirect_uri: Url::parse(uri).unwrap(), ..Options::default() };
            assert_eq!(options.check().is_ok(), fine, "{uri}");
        }
    }

    #[test]
    fn printing_the_options_shows_no_secret() {
        let options = Options { client_secret: Secret::new("hush-hush"), ..Options::default() };
        assert!(!format!("{options:?}").contains("hush"));
    }
}
