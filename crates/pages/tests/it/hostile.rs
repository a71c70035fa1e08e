//! Data from outside never becomes markup, script or a running link.

use crate::builtin::{all, each_page};

#[test]
fn data_never_becomes_an_element_or_an_attribute() {
    each_page(|told, _, page| {
        assert!(all(page, "script:not([src])").is_empty(), "{told}");
        assert!(all(page, "img[onerror], img[src=x]").is_empty(), "{told}");
        for link in all(page, "[href], [src], [action]") {
            for name in ["href", "src", "action"] {
                let url = link.attr(name).unwrap_or_default().trim().to_ascii_lowercase();
                assert!(!url.starts_with("javascript:"), "{told}: {url}");
                assert!(!url.starts_with("data:") || url.starts_with("data:image/png;base64,"), "{told}: {url}");
            }
        }
    });
}

#[test]
fn data_arrives_as_it_was_sent() {
    each_page(|told, _, page| {
        if !told.ends_with("hostile") {
            return;
        }
        for field in all(page, "input[type=hidden][name]") {
            let (name, value) = (field.attr("name").unwrap(), field.attr("value").unwrap());
            assert!(name == "approval" || value.starts_with("\"'><script>"), "{told}: {name}={value}");
            assert!(name == "approval" || value.ends_with("&amp;\u{202e}"), "{told}: {name}={value}");
        }
    });
}
