//! Reads the files of `frontend.dir`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::engine::LoadError;

/// How much is kept of a directory, in bytes.
const TOTAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many files are kept of a directory.
const FILES_MAX: usize = 5_000;

/// How deep folders may be nested.
const DEPTH_MAX: usize = 16;

/// The files below `static/` and `themes/`, and `robots.txt`, by path with `/` between segments.
///
/// Names that begin with a dot are left out: a mounted ConfigMap keeps its versions in folders so
/// named. A link is followed as long as it stays inside the directory, which those of a ConfigMap
/// do; another is left out with a warning.
///
/// # Errors
///
/// [`LoadError::Read`] if the directory or something in it cannot be read, [`LoadError::TooMuch`].
pub(super) fn read(dir: &Path) -> Result<BTreeMap<String, Bytes>, LoadError> {
    let root = dir.canonicalize().map_err(|source| LoadError::Read { path: dir.to_owned(), source })?;
    let mut reading = Reading { root, files: BTreeMap::new(), bytes: 0 };
    for folder in ["static", "themes"] {
        if dir.join(folder).is_dir() {
            reading.folder(&dir.join(folder), folder, 0)?;
        }
    }
    if dir.join("robots.txt").is_file() {
        reading.file(&dir.join("robots.txt"), "robots.txt")?;
    }
    Ok(reading.files)
}

struct Reading {
    root: PathBuf,
    files: BTreeMap<String, Bytes>,
    bytes: u64,
}

impl Reading {
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), LoadError> {
        if depth == DEPTH_MAX {
            return Err(LoadError::TooMuch { path: folder.to_owned(), limit: "16 nested folders" });
        }
        let unreadable = |source| LoadError::Read { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Some(last) = path.file_name().and_then(|last| last.to_str()) else {
                continue;
            };
            if last.starts_with('.') || !self.is_inside(&path) {
                continue;
            }
            let name = format!("{name}/{last}");
            if path.is_dir() {
                self.folder(&path, &name, depth + 1)?;
            } else if path.is_file() {
                self.file(&path, &name)?;
            }
        }
        Ok(())
    }

    fn is_inside(&self, path: &Path) -> bool {
        let inside = path.canonicalize().is_ok_and(|real| real.starts_with(&self.root));
        if !inside {
            tracing::warn!(path = %path.display(), "this link leads out of frontend.dir or nowhere; it is not served");
        }
        inside
    }

    fn file(&mut self, path: &Path, name: &str) -> Result<(), LoadError> {
        let unreadable = |source| LoadError::Read { path: path.to_owned(), source };
        self.bytes += fs::metadata(path).map_err(unreadable)?.len();
        if self.bytes > TOTAL_BYTES_MAX {
            return Err(LoadError::TooMuch { path: path.to_owned(), limit: "64 MiB in all" });
        }
        if self.files.len() == FILES_MAX {
            return Err(LoadError::TooMuch { path: path.to_owned(), limit: "5000 files" });
        }
        let content = fs::read(path).map_err(unreadable)?;
        self.files.insert(name.to_owned(), Bytes::from(content));
        Ok(())
    }
}
