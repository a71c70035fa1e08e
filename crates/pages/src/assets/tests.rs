//! Files as a browser sees them.

use std::fs;

use super::*;

fn frontend(theme: &str) -> Frontend {
    Frontend { theme: theme.into(), ..Frontend::default() }
}

fn text(assets: &Assets, path: &str) -> Option<String> {
    assets.get(path).map(|asset| String::from_utf8_lossy(&asset.bytes).into_owned())
}

#[test]
fn finds_files_and_nothing_else() {
    let assets = Assets::builtin(&frontend("")).unwrap();
    for path in ["/static/main.css", "/theme/styles.css", "/theme/logo.png", "/theme/favicon.png", "/robots.txt"] {
        assert!(assets.get(path).is_some(), "{path}");
    }
    let absent = ["/static/", "/static", "/theme/", "/staticfoo", "/themes/light/styles.css", "/static/../robots.txt"];
    for path in absent {
        assert!(assets.get(path).is_none(), "{path}");
    }
    assert_eq!(text(&assets, "/robots.txt").unwrap(), "User-agent: *\nDisallow: /\n");
}

#[test]
fn every_connector_type_has_its_icon() {
    let assets = Assets::builtin(&frontend("")).unwrap();
    let styles = text(&assets, "static/main.css").unwrap();
    for kind in crate::pages::KINDS_WITH_ICON {
        assert!(styles.contains(&format!(".dex-btn-icon--{kind}")), "{kind}");
    }
    let named = styles.split("url(").skip(1).map(|rest| rest.split(')').next().unwrap().trim_matches('"'));
    for image in named {
        assert!(assets.get(&format!("static/{image}")).is_some(), "{image}");
    }
}

#[test]
fn unknown_theme_is_refused_with_the_names_there_are() {
    let error = Assets::builtin(&frontend("drak")).unwrap_err();
    assert_eq!(error.to_string(), "frontend.theme: there is no theme `drak`; there are: auto, dark, light");
}

#[test]
fn a_fingerprint_in_the_url_lets_browsers_keep_the_file() {
    let assets = Assets::builtin(&frontend("")).unwrap();
    let asset = assets.get("/static/main.css").unwrap();
    let versioned = format!("v={}", assets.fingerprint("static/main.css").unwrap());
    let cases = [
        (Some(versioned.as_str()), "public, max-age=31536000, immutable"),
        (Some("v=0123456789abcdef"), "public, max-age=300"),
        (None, "public, max-age=300"),
    ];
    for (query, expected) in cases {
        assert_eq!(asset.cache_control(query), expected, "{query:?}");
    }
    assert_eq!(asset.etag.len(), FINGERPRINT_DIGITS + 2);
}

#[test]
fn a_directory_comes_before_the_built_in_files() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("static/main.css", "own");
    write("static/deep/er/x.svg", "x");
    write("themes/acme/styles.css", "acme");
    write("themes/light/styles.css", "own light");
    write("static/.git/config", "hidden");

    let acme = Assets::from_dir(dir.path(), &frontend("acme")).unwrap();
    assert_eq!(text(&acme, "/static/main.css").as_deref(), Some("own"));
    assert_eq!(text(&acme, "/static/deep/er/x.svg").as_deref(), Some("x"));
    assert_eq!(text(&acme, "/theme/styles.css").as_deref(), Some("acme"));
    assert!(acme.get("/theme/logo.png").is_some(), "taken from the default theme");
    assert!(acme.get("/static/webauthn.js").is_some(), "taken from the built-in files");
    assert!(acme.get("/static/.git/config").is_none());
    assert!(acme.has_own_files());

    let unset = Assets::from_dir(dir.path(), &frontend("")).unwrap();
    assert_eq!(text(&unset, "/theme/styles.css").as_deref(), Some("own light"));
    let error = Assets::from_dir(dir.path(), &frontend("nope")).unwrap_err();
    assert!(error.to_string().ends_with("there are: acme, auto, dark, light"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_directory_only() {
    use std::os::unix::fs::symlink;

    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let version = dir.path().join("static/..2026_07_28");
    fs::create_dir_all(&version).unwrap();
    fs::write(version.join("main.css"), "mounted").unwrap();
    symlink("..2026_07_28", dir.path().join("static/..data")).unwrap();
    symlink("..data/main.css", dir.path().join("static/main.css")).unwrap();
    symlink(outside.path().join("secret"), dir.path().join("static/leak")).unwrap();
    symlink(outside.path(), dir.path().join("static/folder")).unwrap();
    symlink("nowhere", dir.path().join("static/dangling")).unwrap();

    let assets = Assets::from_dir(dir.path(), &frontend("")).unwrap();
    assert_eq!(text(&assets, "/static/main.css").as_deref(), Some("mounted"));
    for path in ["/static/leak", "/static/folder/secret", "/static/dangling", "/static/..data/main.css"] {
        assert!(assets.get(path).is_none(), "{path}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let error = Assets::from_dir(Path::new("/nonexistent/dex"), &frontend("")).unwrap_err();
    assert!(matches!(error, LoadError::Read { .. }), "{error}");
}
