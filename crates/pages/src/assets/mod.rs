//! The files pages refer to: `/static/`, `/theme/` and `/robots.txt`.
//!
//! Owns which bytes stand behind a path and how long a browser may keep them; whether to answer 304
//! is the caller's decision. The built-in files are part of the program. Those of `frontend.dir`
//! are read once, when the directory is loaded: a request then touches no disk, cannot leave the
//! directory by any path, and sees files that belong together; a change is seen when the
//! configuration is read again. What the directory lacks is taken from the built-in files.

mod builtin;
mod content_type;
mod disk;
mod theme;

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::engine::LoadError;
use crate::frontend::Frontend;
use content_type::content_type;

/// How long a browser may use a file without asking, in seconds, if its URL does not change with it.
const PLAIN_MAX_AGE: u32 = 300;

/// As above, if the URL holds the file's fingerprint: a year.
const VERSIONED_MAX_AGE: u32 = 31_536_000;

/// How many hexadecimal digits of a file's hash stand for it.
const FINGERPRINT_DIGITS: usize = 16;

/// A file as it is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Bytes,
    /// Value for `Content-Type`.
    pub content_type: &'static str,
    /// Strong entity tag with its quotes (RFC 9110 §8.8.3).
    pub etag: String,
}

impl Asset {
    fn new(path: &str, bytes: Bytes) -> Self {
        let hash = Sha256::digest(&bytes);
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, content_type: content_type(path), etag: format!("\"{}\"", &digits[..FINGERPRINT_DIGITS]) }
    }

    fn fingerprint(&self) -> &str {
        self.etag.trim_matches('"')
    }

    /// Value for `Cache-Control`, given the query of the request: `v=<fingerprint>` is what the
    /// template function `asset` adds.
    pub fn cache_control(&self, query: Option<&str>) -> String {
        let versioned = query.and_then(|query| query.strip_prefix("v=")) == Some(self.fingerprint());
        if versioned {
            format!("public, max-age={VERSIONED_MAX_AGE}, immutable")
        } else {
            format!("public, max-age={PLAIN_MAX_AGE}")
        }
    }
}

/// Every file there is, by path.
#[derive(Debug)]
pub struct Assets {
    files: BTreeMap<String, Asset>,
    own_files: bool,
}

impl Assets {
    /// The built-in files, with the theme that is asked for.
    pub(crate) fn builtin(frontend: &Frontend) -> Result<Self, LoadError> {
        let theme = theme::choose(frontend, &BTreeMap::new())?;
        Ok(Self { files: theme::merge(&theme, BTreeMap::new()), own_files: false })
    }

    /// The files of `dir`, and the built-in ones where it has none.
    pub(crate) fn from_dir(dir: &Path, frontend: &Frontend) -> Result<Self, LoadError> {
        let own = disk::read(dir)?;
        let theme = theme::choose(frontend, &own)?;
        let own_files = !own.is_empty();
        Ok(Self { files: theme::merge(&theme, own), own_files })
    }

    /// The file at `path` below the issuer, percent-decoded by the caller: `/static/main.css`,
    /// `/theme/logo.png`, `/robots.txt`. Folders and everything unknown are `None`: answer 404.
    pub fn get(&self, path: &str) -> Option<Asset> {
        self.files.get(path.strip_prefix('/').unwrap_or(path)).cloned()
    }

    pub(crate) fn fingerprint(&self, path: &str) -> Option<&str> {
        self.files.get(path.strip_prefix('/').unwrap_or(path)).map(Asset::fingerprint)
    }

    pub(crate) fn has_own_files(&self) -> bool {
        self.own_files
    }
}

#[cfg(test)]
mod tests;
