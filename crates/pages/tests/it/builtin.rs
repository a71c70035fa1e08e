//! What holds for every built-in page.

use dex_pages::{Frontend, PAGES, Pages};
use scraper::{ElementRef, Html, Selector};

pub(crate) fn pages() -> Pages {
    Pages::builtin(Frontend { issuer: "Example Corp".into(), issuer_path: "/dex".into(), ..Frontend::default() })
        .unwrap()
}

/// Runs `check` on each page with each sample.
pub(crate) fn each_page(check: impl Fn(&str, &str, &Html)) {
    let pages = pages();
    for kind in PAGES {
        for sample in (kind.samples)() {
            let html = pages.render(&*sample.page, "/dex/auth/local/login").unwrap();
            check(&format!("{} {}", kind.template, sample.name), &html, &Html::parse_document(&html));
        }
    }
}

pub(crate) fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

pub(crate) fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn is_well_formed_and_has_its_landmarks() {
    each_page(|told, _, page| {
        assert!(page.errors.is_empty(), "{told}: {:?}", page.errors);
        assert_eq!(all(page, "html[lang=en]").len(), 1, "{told}");
        for once in
            ["header.theme-navbar", "main.dex-container", "h1", "title", "meta[name=viewport]", "body.theme-body"]
        {
            assert_eq!(all(page, once).len(), 1, "{told}: {once}");
        }
        assert!(!all(page, "main .theme-panel h1").is_empty(), "{told}");
        let title = text(all(page, "title")[0]);
        assert!(title.ends_with("Example Corp"), "{told}: {title}");
    });
}

#[test]
fn titles_tell_pages_apart_and_errors_first() {
    let pages = pages();
    let title = |template: &str, wanted: &str| {
        let kind = PAGES.iter().find(|kind| kind.template == template).unwrap();
        let sample = (kind.samples)().into_iter().find(|sample| sample.name == wanted).unwrap();
        text(all(&Html::parse_document(&pages.render(&*sample.page, "/dex/x").unwrap()), "title")[0])
    };
    let cases = [
        ("login.html", "full", "Log in · Example Corp"),
        ("password.html", "invalid", "Error: log in · Example Corp"),
        ("totp_verify.html", "invalid", "Error: two-factor authentication · Example Corp"),
        ("landing.html", "full", "Example Corp"),
    ];
    for (template, sample, expected) in cases {
        assert_eq!(title(template, sample), expected);
    }
}

#[test]
fn holds_no_script_or_style_of_its_own() {
    each_page(|told, html, page| {
        assert!(all(page, "style, [style]").is_empty(), "{told}");
        for script in all(page, "script") {
            assert!(script.attr("src").is_some() && text(script).is_empty(), "{told}");
            assert!(script.attr("defer").is_some(), "{told}");
        }
        for element in page.tree.nodes().filter_map(|node| node.value().as_element()) {
            assert!(element.attrs().all(|(name, _)| !name.starts_with("on")), "{told}");
            assert!(element.attr("tabindex").is_none_or(|index| index == "0"), "{told}");
        }
        assert!(!html.contains("no value"), "{told}");
    });
}

#[test]
fn every_file_it_names_exists_and_may_be_kept() {
    let pages = pages();
    each_page(|told, _, page| {
        let named = all(page, "link[href], script[src], img.theme-navbar__logo");
        assert!(named.len() >= 4, "{told}");
        for element in named {
            let url = element.attr("href").or(element.attr("src")).unwrap();
            let (path, query) = url.split_once('?').unwrap();
            let file = path.strip_prefix("../../").unwrap();
            let asset = pages.assets().get(file).unwrap_or_else(|| panic!("{told}: {file}"));
            assert!(asset.cache_control(Some(query)).contains("immutable"), "{told}: {url}");
        }
    });
}

#[test]
fn every_field_has_a_label_and_every_error_a_voice() {
    each_page(|told, _, page| {
        for field in all(page, "input:not([type=hidden])") {
            let id = field.attr("id").unwrap_or_default();
            let labelled = !all(page, &format!("label[for='{id}']")).is_empty();
            let wrapped = field.ancestors().filter_map(ElementRef::wrap).any(|parent| parent.value().name() == "label");
            assert!(labelled || wrapped, "{told}: {}", field.html());
        }
        for error in all(page, "#login-error, #webauthn-error") {
            assert_eq!(error.attr("role"), Some("alert"), "{told}");
        }
        for field in all(page, "[aria-invalid]") {
            assert!(field.attr("aria-describedby").unwrap().contains("login-error"), "{told}");
        }
        for described in all(page, "[aria-describedby]") {
            for id in described.attr("aria-describedby").unwrap().split(' ') {
                assert_eq!(all(page, &format!("#{id}")).len(), 1, "{told}: {id}");
            }
        }
        for image in all(page, "img") {
            assert!(image.attr("alt").is_some(), "{told}");
        }
        assert!(all(page, "[autofocus]").len() <= 1, "{told}");
    });
}

#[test]
fn the_logo_is_the_configured_one() {
    let login = dex_pages::Login::default();
    let logo = |logo_url: &str| {
        let frontend = Frontend { logo_url: logo_url.into(), issuer_path: "/dex".into(), ..Frontend::default() };
        let html = Pages::builtin(frontend).unwrap().render(&login, "/dex/auth").unwrap();
        let page = Html::parse_document(&html);
        let image = all(&page, "img.theme-navbar__logo")[0];
        (image.attr("src").unwrap().split('?').next().unwrap().to_owned(), image.attr("alt").unwrap().to_owned())
    };
    let cases = [
        ("", "theme/logo.png", ""),
        ("theme/logo.svg", "theme/logo.svg", "dex"),
        ("https://cdn.example.com/l.png", "https://cdn.example.com/l.png", "dex"),
        ("data:image/png;base64,AAAA+/==", "data:image/png;base64,AAAA+/==", "dex"),
        ("data:text/html,x", "#ZgotmplZ", "dex"),
    ];
    for (configured, src, alt) in cases {
        assert_eq!(logo(configured), (src.to_owned(), alt.to_owned()), "{configured}");
    }
}
