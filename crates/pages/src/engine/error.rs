//! What can be wrong with a directory of pages, and with a page.

use std::path::PathBuf;

/// Why pages could not be made ready. Each names what the operator has to mend.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// `frontend.theme` names no theme.
    #[error("frontend.theme: there is no theme `{theme}`; there are: {}", known.join(", "))]
    Theme {
        /// The name asked for.
        theme: String,
        /// Every name there is.
        known: Vec<String>,
    },
    /// A file or folder of `frontend.dir` cannot be read.
    #[error("frontend.dir: cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `frontend.dir` holds more than is kept in memory.
    #[error("frontend.dir: {} exceeds the limit of {limit}", path.display())]
    TooMuch {
        /// The file or folder with which it became too much.
        path: PathBuf,
        /// The limit, with its unit.
        limit: &'static str,
    },
    /// A template cannot be parsed, escaped or run.
    #[error("template {at}: {reason}")]
    Template {
        /// File, and line and column where known: `login.html:12:5`.
        at: String,
        /// What is wrong there.
        reason: String,
    },
}

/// Why a page could not be rendered. For the log; the visitor learns nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template failed.
    #[error("template {template}: {reason}")]
    Template {
        /// File name.
        template: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The template wrote more than a page may hold.
    #[error("template {template} wrote more than {} bytes", super::output::PAGE_BYTES_MAX)]
    TooLarge {
        /// File name.
        template: &'static str,
    },
}

impl LoadError {
    pub(super) fn template(at: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Template { at: at.into(), reason: reason.into() }
    }
}
