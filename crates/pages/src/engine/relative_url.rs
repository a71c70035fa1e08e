//! The template function `url`: from the page that is shown to a file of ours, without naming a host.
//!
//! Relative, so that pages work behind any proxy, whatever it does to the front of the path.

/// The path that leads from `request` to `asset`, both below `issuer`.
///
/// `request` and `issuer` are decoded paths; `asset` is relative to the issuer. An asset with a
/// scheme is returned as it is. Two answers differ from Dex's, whose links lead nowhere there: at
/// an issuer of several segments, and when an asset begins with the page's own last segment.
pub(super) fn relative_url(issuer: &str, request: &str, asset: &str) -> String {
    if has_scheme(asset) {
        return asset.to_owned();
    }
    let issuer = segments(issuer);
    let request = segments(request);
    let mut asset = segments(asset);

    let shared = common(&issuer, &request);
    let mut below = &request[shared..];
    if below.is_empty() && shared > 0 {
        // The page is the issuer itself: the browser resolves against its parent.
        asset.insert(0, issuer[shared - 1]);
        below = &[];
    }
    let folders = &below[..below.len().saturating_sub(1)];
    let common_folders = common(folders, &asset[..asset.len().saturating_sub(1)]);
    let up = std::iter::repeat_n("..", folders.len() - common_folders);
    let down = asset[common_folders..].iter().copied();
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn has_scheme(url: &str) -> bool {
    let Some((scheme, _)) = url.split_once(':') else {
        return false;
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The path's segments, cleaned as Go's `path.Clean` does.
fn segments(path: &str) -> Vec<&str> {
    let mut clean = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

fn common(a: &[&str], b: &[&str]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_from_each_page_to_its_files() {
        let cases = [
            // issuer    request                asset                  result
            ("/", "/auth", "/theme/main.css", "theme/main.css"),
            ("/dex", "/dex/auth", "/theme/main.css", "theme/main.css"),
            ("/dex", "/dex/auth/connector", "assets/css/main.css", "../assets/css/main.css"),
            ("/dex", "/dex/auth/local/login", "static/main.css", "../../static/main.css"),
            ("/dex", "/dex", "static/main.css", "dex/static/main.css"),
            ("", "/logout/callback", "static/main.css", "../static/main.css"),
            ("/dex", "/dex/auth", "https://x/y.png", "https://x/y.png"),
            ("", "/", "static/main.css", "static/main.css"),
            ("/dex", "/dex//auth/./x", "static/main.css", "../static/main.css"),
            ("", "/a/b/c", "a/d.css", "../d.css"),
            // Dex answers `dex/idp/theme/styles.css`, which a browser at `/dex/idp` does not find.
            ("/dex/idp", "/dex/idp", "theme/styles.css", "idp/theme/styles.css"),
            // Dex answers `x.css`.
            ("", "/auth", "auth/x.css", "auth/x.css"),
        ];
        for (issuer, request, asset, expected) in cases {
            assert_eq!(relative_url(issuer, request, asset), expected, "{issuer} {request} {asset}");
        }
    }

    #[test]
    fn a_browser_arrives_where_the_file_is() {
        let cases = [("", "/auth"), ("/dex", "/dex"), ("/a/b", "/a/b"), ("/a/b", "/a/b/c/d/e"), ("", "/")];
        for (issuer, request) in cases {
            let page = url::Url::parse("https://dex.example.com").and_then(|base| base.join(request)).unwrap();
            let arrived = page.join(&relative_url(issuer, request, "static/main.css")).unwrap();
            assert_eq!(arrived.path(), format!("{issuer}/static/main.css"), "{issuer} {request}");
        }
    }
}
