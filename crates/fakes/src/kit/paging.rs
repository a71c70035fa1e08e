//! Lists that come in pages.

use http::HeaderValue;
use url::Url;

/// One page of a list: which, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: usize,
    /// Entries on a page.
    pub size: usize,
    /// Entries in all.
    pub total: usize,
}

impl Page {
    /// The page a query asks for, by `page` and by what the size is called there. A size above `most` is `most`.
    #[must_use]
    pub fn asked(query: &str, size_key: &str, usual: usize, most: usize) -> Self {
        let number = |key: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == key).and_then(|(_, value)| value.parse().ok()).filter(|number| *number > 0)
        };
        let size = number(size_key).unwrap_or(usual).min(most);
        Self { number: number("page").unwrap_or(1), size, total: 0 }
    }

    /// The entries on it.
    #[must_use]
    pub fn cut<T: Clone>(&mut self, all: &[T]) -> Vec<T> {
        self.total = all.len();
        all.iter().skip((self.number - 1) * self.size).take(self.size).cloned().collect()
    }

    /// The number of the last page; an empty list has one.
    #[must_use]
    pub fn last(&self) -> usize {
        self.total.div_ceil(self.size).max(1)
    }

    /// The `Link` header (RFC 8288) as GitHub and Gitea write it; `None` for the only page.
    #[must_use]
    pub fn link(&self, url: &Url) -> Option<HeaderValue> {
        let mut links = Vec::new();
        let mut add = |number: usize, rel: &str| links.push(format!("<{}>; rel=\"{rel}\"", at_page(url, number)));
        if self.number > 1 {
            add(self.number - 1, "prev");
        }
        if self.number < self.last() {
            add(self.number + 1, "next");
            add(self.last(), "last");
        }
        HeaderValue::from_str(&links.join(", ")).ok().filter(|_| !links.is_empty())
    }
}

/// The same URL with another page number.
pub(crate) fn at_page(url: &Url, number: usize) -> Url {
    let mut to = url.clone();
    let kept: Vec<_> =
        url.query_pairs().filter(|(key, _)| key != "page").map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    to.query_pairs_mut().clear().extend_pairs(kept).append_pair("page", &number.to_string());
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_and_linked_at_both_ends() {
        let all: Vec<u32> = (0..5).collect();
        let cases = [
            // query                 entries           rels
            ("per_page=2", vec![0, 1], vec!["next", "last"]),
            ("per_page=2&page=2", vec![2, 3], vec!["prev", "next", "last"]),
            ("per_page=2&page=3", vec![4], vec!["prev"]),
            ("per_page=2&page=4", vec![], vec!["prev"]),
            ("per_page=9", vec![0, 1, 2, 3], vec!["next", "last"]),
            ("", vec![0, 1, 2], vec!["next", "last"]),
        ];
        for (query, entries, rels) in cases {
            let mut page = Page::asked(query, "per_page", 3, 4);
            assert_eq!(page.cut(&all), entries, "{query}");
            let link = page.link(&Url::parse(&format!("http://h/list?{query}")).unwrap()).unwrap();
            let found: Vec<_> = link
                .to_str()
                .unwrap()
                .split("rel=\"")
                .skip(1)
                .map(|rel| rel.split('"').next().unwrap().to_owned())
                .collect();
            assert_eq!(found, rels, "{query}");
        }
    }
}
