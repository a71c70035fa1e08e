//! URLs of a forge's own instance.

use dex_connector::UpstreamError;
use url::Url;

/// A configured root of an instance; a slash at its end makes no difference.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] with the key's name.
pub(crate) fn base_url(key: &str, text: &str) -> Result<Url, UpstreamError> {
    let no_root = || UpstreamError::Misconfigured(format!("{key} is not an http or https URL"));
    let url = Url::parse(text).map_err(|_| no_root())?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        return Err(no_root());
    }
    Ok(url)
}

/// The URL below a root, each segment encoded.
pub(crate) fn at<'a>(root: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = root.clone();
    url.path_segments_mut().expect("base_url lets http and https pass only").pop_if_empty().extend(segments);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_may_end_in_a_slash_and_have_a_path() {
        for root in ["https://git.example", "https://git.example/"] {
            let root = base_url("baseURL", root).unwrap();
            assert_eq!(at(&root, ["api", "a b/c"]).as_str(), "https://git.example/api/a%20b%2Fc");
        }
        for root in ["https://git.example/sub", "https://git.example/sub/"] {
            let root = base_url("baseURL", root).unwrap();
            assert_eq!(at(&root, ["api", "user"]).as_str(), "https://git.example/sub/api/user");
        }
    }

    #[test]
    fn what_is_no_root_is_refused_with_its_key() {
        for text in ["", "git.example", "ftp://git.example", "https://git.example/?x", "mailto:a@b"] {
            let error = base_url("apiURL", text).unwrap_err().to_string();
            assert!(error.ends_with("apiURL is not an http or https URL"), "{text}: {error}");
        }
    }
}
