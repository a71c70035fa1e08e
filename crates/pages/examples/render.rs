//! Writes every page with every sample, and the files they refer to, into a folder, to be looked at in a browser.
//!
//! `cargo run -p dex-pages --example render -- FOLDER [THEME]`

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use dex_pages::{Frontend, PAGES, Pages};

const FILES: [&str; 8] = [
    "static/main.css",
    "static/forms.js",
    "static/home.js",
    "static/webauthn.js",
    "static/autosubmit.js",
    "theme/styles.css",
    "theme/logo.png",
    "theme/favicon.png",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("name a folder to write to")?;
    let folder = Path::new(&folder);
    let theme = env::args().nth(2).unwrap_or_default();
    let pages = Pages::builtin(Frontend { theme, issuer: "Example Corp".into(), ..Frontend::default() })?;
    for file in FILES {
        write(folder, file, &pages.assets().get(file).ok_or("no such file")?.bytes)?;
    }
    for icon in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/static/img"))? {
        let icon = icon?;
        write(folder, &format!("static/img/{}", icon.file_name().display()), &fs::read(icon.path())?)?;
    }
    for kind in PAGES {
        for sample in (kind.samples)() {
            let html = pages.render(&*sample.page, "/page")?;
            // So that a page opened from a file finds its styles, and stays where it is.
            let html = html.replace("?v=", "?").replace("data-autosubmit", "");
            let name = format!("{}--{}.html", kind.template.trim_end_matches(".html"), sample.name);
            write(folder, &name, html.as_bytes())?;
        }
    }
    Ok(())
}

fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    Ok(fs::write(path, content)?)
}
