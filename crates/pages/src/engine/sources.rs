//! Where the text of each template comes from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::LoadError;
use crate::pages::{Owner, PAGES, PARTIALS};

/// The longest template read from a directory, in bytes.
const TEMPLATE_BYTES_MAX: u64 = 1024 * 1024;

/// How many templates are read from a directory.
const TEMPLATES_MAX: usize = 200;

/// Who wrote a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Builtin,
    Directory,
}

pub(super) struct SourceFile {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Template files, by name.
pub(super) struct Sources {
    pub(super) files: Vec<SourceFile>,
}

impl Sources {
    pub(super) fn builtin() -> Self {
        Self::merged(BTreeMap::new())
    }

    /// The files directly inside `templates`, and ours where it has none. The folder may be missing.
    pub(super) fn with_dir(templates: &Path) -> Result<Self, LoadError> {
        let mut own = BTreeMap::new();
        if !templates.exists() {
            return Ok(Self::merged(own));
        }
        let unreadable = |source| LoadError::Read { path: templates.to_owned(), source };
        for entry in fs::read_dir(templates).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            // A mounted ConfigMap keeps its versions in folders named `..something`.
            if name.starts_with('.') || !path.is_file() {
                continue;
            }
            if own.len() == TEMPLATES_MAX {
                return Err(LoadError::TooMuch { path: templates.to_owned(), limit: "200 templates" });
            }
            own.insert(name.to_owned(), read(&path)?);
        }
        for kind in PAGES.iter().filter(|kind| kind.owner == Owner::Dex) {
            if own.remove(kind.template).is_some() {
                tracing::warn!(template = kind.template, "this template is always dex's own; the file is ignored");
            }
        }
        Ok(Self::merged(own))
    }

    fn merged(own: BTreeMap<String, String>) -> Self {
        let ours = PAGES.iter().map(|kind| (kind.template, kind.source)).chain(PARTIALS.iter().copied());
        let ours = ours.filter(|(name, _)| !own.contains_key(*name));
        let mut files: Vec<SourceFile> = ours
            .map(|(name, text)| SourceFile { name: name.to_owned(), text: text.to_owned(), origin: Origin::Builtin })
            .collect();
        let theirs = own.into_iter().map(|(name, text)| SourceFile { name, text, origin: Origin::Directory });
        files.extend(theirs);
        Self { files }
    }
}

fn read(path: &Path) -> Result<String, LoadError> {
    let unreadable = |source| LoadError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > TEMPLATE_BYTES_MAX {
        return Err(LoadError::TooMuch { path: path.to_owned(), limit: "1 MiB a template" });
    }
    fs::read_to_string(path).map_err(unreadable)
}
