//! Runs Go templates: ours, and those of `frontend.dir`.
//!
//! Owns parsing, the functions templates may call besides sprig's, the checks made before a
//! template is trusted, and the limits on what one may produce. Parsing happens once; rendering
//! allocates the page and its data and nothing else. Errors leave as [`LoadError`] at start and as
//! [`RenderError`] afterwards; the latter means a template that its samples did not break.

mod check;
mod error;
mod functions;
mod locate;
mod output;
mod relative_url;
mod set;
mod sources;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use error::{LoadError, RenderError};
use set::{Parsed, TemplateSet};
use sources::{Origin, Sources};

use crate::assets::Assets;
use crate::fields::Fields;
use crate::frontend::{Frontend, Now};
use crate::headers;
use crate::pages::{PAGES, Page};
use crate::sprig;

/// All pages, ready to be rendered, and the files they refer to.
pub struct Pages {
    set: TemplateSet,
    assets: Arc<Assets>,
    headers: Vec<(&'static str, String)>,
}

impl Pages {
    /// Reads `frontend.dir` if there is one, else takes what is built in.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::builtin`] and [`Pages::from_dir`].
    pub fn load(frontend: Frontend, now: Now) -> Result<Self, LoadError> {
        match frontend.dir.clone() {
            Some(dir) => Self::from_dir(&dir, frontend, now),
            None => Self::builtin(frontend),
        }
    }

    /// The built-in pages. `frontend.dir` is not looked at.
    ///
    /// # Errors
    ///
    /// [`LoadError::Theme`] if the theme is none of the built-in ones.
    pub fn builtin(frontend: Frontend) -> Result<Self, LoadError> {
        let assets = Arc::new(Assets::builtin(&frontend)?);
        let functions = functions::own(&Arc::new(frontend.clone()), &assets);
        let set = Parsed::read(&Sources::builtin(), functions)?.set()?;
        let headers = headers::for_pages(&frontend, false);
        Ok(Self { set, assets, headers })
    }

    /// The pages of a user's directory; what it lacks is taken from the built-in ones.
    ///
    /// If it brings templates, each page is run with each of its samples before this returns.
    ///
    /// # Errors
    ///
    /// Any [`LoadError`]; the server then does not start, or keeps the pages it has.
    pub fn from_dir(dir: &Path, frontend: Frontend, now: Now) -> Result<Self, LoadError> {
        let assets = Arc::new(Assets::from_dir(dir, &frontend)?);
        let sources = Sources::with_dir(&dir.join("templates"))?;
        let mut functions = sprig::functions(&now);
        functions.extend(functions::own(&Arc::new(frontend.clone()), &assets));
        let parsed = Parsed::read(&sources, functions)?;
        let set = parsed.set()?;
        let own = sources.files.iter().any(|file| file.origin == Origin::Directory);
        if own {
            check::names(&parsed)?;
            check::samples(&set, &parsed)?;
        }
        let headers = headers::for_pages(&frontend, own || assets.has_own_files());
        Ok(Self { set, assets, headers })
    }

    /// The HTML of `page`, shown at `req_path` (decoded path of the request, issuer path included).
    ///
    /// # Errors
    ///
    /// Only if a user's template fails on data its samples did not show, or writes more than
    /// 4 MiB. Answer 500 and log it: the operator has to mend the template.
    pub fn render(&self, page: &(impl Page + ?Sized), req_path: &str) -> Result<String, RenderError> {
        let fields = complete(page.fields(), &page.title(), req_path);
        self.set.render(page.template(), &fields.into_value())
    }

    /// The files below `/static/`, `/theme/` and `/robots.txt`.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// Headers for every page: name and value. `web.headers` of the configuration replaces them
    /// one by one.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("headers", &self.headers).finish_non_exhaustive()
    }
}

/// Adds the two values every page has.
fn complete(fields: Fields, title: &str, req_path: &str) -> Fields {
    fields.set("ReqPath", req_path).set("PageTitle", title)
}

/// Which page a template file is, for those that are one.
fn kinds() -> BTreeMap<&'static str, &'static crate::pages::PageKind> {
    PAGES.iter().map(|kind| (kind.template, kind)).collect()
}
