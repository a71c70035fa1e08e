//! Which theme is shown, and its files among all others.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Asset, builtin};
use crate::engine::LoadError;
use crate::frontend::Frontend;

/// The theme when none is asked for: light or dark as the visitor's system prefers.
const DEFAULT_THEME: &str = "auto";

/// The theme Dex shows when none is asked for, which a directory made for Dex brings along.
const DEFAULT_THEME_OF_DEX: &str = "light";

/// The theme to show: the one asked for, else the directory's `auto` or `light`, else ours.
///
/// # Errors
///
/// [`LoadError::Theme`] if neither the directory nor the program has the one asked for.
pub(super) fn choose(frontend: &Frontend, own: &BTreeMap<String, Bytes>) -> Result<String, LoadError> {
    let own_themes = names(own.keys().map(String::as_str));
    let Some(wanted) = frontend.chosen_theme() else {
        let theirs = [DEFAULT_THEME, DEFAULT_THEME_OF_DEX].into_iter().find(|name| own_themes.contains(*name));
        return Ok(theirs.unwrap_or(DEFAULT_THEME).to_owned());
    };
    let mut known = names(builtin::FILES.iter().map(|(path, _)| *path));
    known.extend(own_themes);
    if known.contains(wanted) {
        return Ok(wanted.to_owned());
    }
    Err(LoadError::Theme { theme: wanted.to_owned(), known: known.into_iter().collect() })
}

fn names<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let below = paths.filter_map(|path| path.strip_prefix("themes/"));
    below.filter_map(|path| path.split_once('/')).map(|(theme, _)| theme.to_owned()).collect()
}

/// All files by the path they are served at: `own` before built-in, the theme below `theme/`.
///
/// A theme of the directory that lacks a file takes it from the built-in one of the same name, else
/// from the default.
pub(super) fn merge(theme: &str, own: BTreeMap<String, Bytes>) -> BTreeMap<String, Asset> {
    let ours = || builtin::FILES.iter().map(|(path, bytes)| (*path, Bytes::from_static(bytes)));
    let own = || own.iter().map(|(path, bytes)| (path.as_str(), bytes.clone()));
    let has_ours = ours().any(|(path, _)| served_at(path, theme).is_some_and(|path| path.starts_with("theme/")));
    let base = if has_ours { theme } else { DEFAULT_THEME };

    let mut files = BTreeMap::new();
    for (path, bytes) in ours() {
        if let Some(path) = served_at(path, base) {
            files.insert(path, bytes);
        }
    }
    for (path, bytes) in own() {
        if let Some(path) = served_at(path, theme) {
            files.insert(path, bytes);
        }
    }
    let assets = files.into_iter().map(|(path, bytes)| {
        let asset = Asset::new(&path, bytes);
        (path, asset)
    });
    assets.collect()
}

fn served_at(path: &str, theme: &str) -> Option<String> {
    let Some(below) = path.strip_prefix("themes/") else {
        return Some(path.to_owned());
    };
    let (of, rest) = below.split_once('/')?;
    (of == theme).then(|| format!("theme/{rest}"))
}
