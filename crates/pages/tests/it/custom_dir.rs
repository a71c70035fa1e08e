//! Users' own directories: what they may change, what is checked, how it is told.

use std::fs;
use std::sync::Arc;

use dex_pages::{ErrorPage, Frontend, LoadError, Login, Now, Pages, Password, RenderError};
use tempfile::TempDir;

fn now() -> Now {
    // 2026-07-28T09:05:00Z
    Arc::new(|| jiff::Timestamp::from_second(1_785_229_500).unwrap())
}

fn dir(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn load(files: &[(&str, &str)]) -> Result<Pages, LoadError> {
    let dir = dir(files);
    let extra = [("tos".to_owned(), "https://example.com/tos?a=1&b=2".to_owned())];
    let frontend = Frontend {
        issuer: "Acme".into(),
        issuer_path: "/dex".into(),
        extra: extra.into(),
        dir: Some(dir.path().to_owned()),
        ..Frontend::default()
    };
    Pages::load(frontend, now())
}

fn error(files: &[(&str, &str)]) -> String {
    load(files).unwrap_err().to_string()
}

fn shown(template: &str) -> String {
    let pages = load(&[("templates/error.html", template)]).unwrap();
    let page = ErrorPage { err_type: "Bad Request".into(), err_msg: "<b>".into(), ..ErrorPage::default() };
    pages.render(&page, "/dex/auth/x").unwrap()
}

#[test]
fn dex_functions_work_as_they_did() {
    let cases = [
        ("{{ issuer }}", "Acme"),
        ("{{ logo }}", "theme/logo.png"),
        (r#"<a href="{{ "tos" | extra }}">"#, r#"<a href="https://example.com/tos?a=1&amp;b=2">"#),
        (r#"{{ extra "none" }}"#, ""),
        (r#"{{ url .ReqPath "static/main.css" }}"#, "../static/main.css"),
        ("{{ .ErrType | lower }}", "bad request"),
        ("{{ .ErrMsg }}", "&lt;b&gt;"),
        ("<script>var x = {{ .ErrMsg }};</script>", r#"<script>var x = "\u003cb\u003e";</script>"#),
        ("{{ now.Year }}", "2026"),
        (r#"{{ now | date "2 January 2006" }}"#, "28 July 2026"),
        ("{{ .NoSuchField }}", ""),
    ];
    for (template, expected) in cases {
        assert_eq!(shown(template), expected, "{template}");
    }
}

#[test]
fn what_a_directory_lacks_is_ours() {
    let header = "<!doctype html><title>{{ issuer }}</title><body><div>{{ .ReqPath }}";
    let pages = load(&[("templates/header.html", header), ("templates/..data/x", "{{"), ("static/main.css", "own")]);
    let pages = pages.unwrap();
    let html = pages.render(&Password::default(), "/dex/auth/local/login").unwrap();
    assert!(html.starts_with("<!doctype html><title>Acme</title><body><div>/dex/auth/local/login"), "{html}");
    assert!(html.contains("id=\"submit-login\""));
    assert_eq!(&pages.assets().get("/static/main.css").unwrap().bytes[..], b"own");
}

#[test]
fn templates_may_define_and_include_one_another() {
    let files = [
        ("templates/parts.tmpl", r#"{{ define "badge" }}<i>{{ . }}</i>{{ end }}"#),
        ("templates/error.html", r#"{{ template "badge" .ErrType }}{{ template "note.txt" }}"#),
        ("templates/note.txt", "note"),
    ];
    let page = ErrorPage { err_type: "A&B".into(), ..ErrorPage::default() };
    assert_eq!(load(&files).unwrap().render(&page, "/").unwrap(), "<i>A&amp;B</i>note");
}

#[test]
fn a_broken_template_is_told_with_file_and_line() {
    let cases = [
        ("\n{{ if }}x{{ end }}", "template error.html:2:"),
        ("\n\n{{ .ErrMsg ", "template error.html:3:"),
        ("\n{{ nosuch .ErrMsg }}", "template error.html:2: there is no function `nosuch`"),
        ("{{ if false }}\n{{ nosuch }}{{ end }}", "template error.html:2: there is no function `nosuch`"),
        ("\n{{ template \"nope.html\" . }}", "template error.html:2: there is no template `nope.html`"),
        ("\n{{ env \"HOME\" }}", "template error.html:2: `env`: templates of dex do not see"),
        ("\n\n{{ index .ErrMsg 1000 }}", "template error.html:3: "),
        ("a\n{{ if .ErrType }}\nb\n{{ fail \"stop here\" }}{{ end }}", "template error.html:4: "),
        ("{{ range list 1 2 }}\n{{ if eq . 2 }}\n{{ fail \"two\" }}{{ end }}{{ end }}", "template error.html:3: "),
        ("\n{{ with fail \"pipe\" }}x{{ end }}", "template error.html:2: "),
        ("{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}", "template error.html:1: "),
        ("{{ $d := dict }}\n{{ $_ := set $d \"a\" 1 }}", "template error.html:2: `set` answers a changed copy"),
        ("<a href=\"x", "template error.html"),
        ("\n<a href={{ if .ErrType }}\"{{ end }}>", "template error.html:2: "),
    ];
    for (template, expected) in cases {
        let error = error(&[("templates/error.html", template)]);
        assert!(error.starts_with(expected), "{template:?}\n told: {error}\nwanted: {expected}");
    }
}

#[test]
fn a_failure_in_an_included_template_is_told_where_it_is() {
    let header = "line one\n{{ if .ReqPath }}\n{{ fail \"header broke\" }}{{ end }}";
    let error = error(&[("templates/header.html", header)]);
    assert!(error.starts_with("template header.html:3: "), "{error}");
    assert!(error.contains("header broke"), "{error}");
}

#[test]
fn templates_that_only_carry_forms_stay_ours() {
    let pages = load(&[("templates/form_post.html", "{{ broken")]).unwrap();
    let page = dex_pages::FormPost { action: "https://app.example.com/".into(), fields: vec![] };
    assert!(pages.render(&page, "/dex/auth").unwrap().contains("data-autosubmit"));
}

#[test]
fn a_page_cannot_grow_without_end() {
    let template = "{{ range .Connectors }}{{ if eq .Name \"big\" }}{{ range until 90 }}{{ repeat 100000 \"x\" }}{{ end }}{{ end }}{{ end }}";
    let pages = load(&[("templates/login.html", template)]).unwrap();
    let big = dex_pages::ConnectorLink { name: "big".into(), ..Default::default() };
    let page = Login { connectors: vec![big], ..Login::default() };
    let error = pages.render(&page, "/").unwrap_err();
    assert!(matches!(error, RenderError::TooLarge { template: "login.html" }), "{error}");
}

#[test]
fn own_files_loosen_the_policy_and_nothing_else_does() {
    let policy = |pages: &Pages| pages.headers()[0].1.clone();
    let own = load(&[("templates/error.html", "<script>1</script>")]).unwrap();
    assert!(!policy(&own).contains("script-src"), "{}", policy(&own));
    let empty = load(&[("README", "x")]).unwrap();
    assert!(policy(&empty).contains("script-src 'self'"), "{}", policy(&empty));
    let builtin = Pages::builtin(Frontend::default()).unwrap();
    assert!(policy(&builtin).starts_with("default-src 'none'"), "{}", policy(&builtin));
}

#[test]
fn a_missing_directory_or_theme_is_told() {
    let frontend = Frontend { dir: Some("/nonexistent/web".into()), ..Frontend::default() };
    let error = Pages::load(frontend, now()).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/web"), "{error}");
    let error = Pages::builtin(Frontend { theme: "drak".into(), ..Frontend::default() }).unwrap_err();
    assert!(error.to_string().contains("there are: auto, dark, light"), "{error}");
}
