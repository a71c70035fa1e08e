//! `frontend`: how the pages look.

use std::collections::BTreeMap;

use crate::env::Env;
use crate::tree::Map;

/// The section `frontend`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// A directory with own templates, themes and static files; built-in ones when unset.
    pub dir: Option<String>,
    /// The folder below `themes/`; empty for the built-in look that follows the visitor's preference.
    pub theme: String,
    /// The name shown on the pages.
    pub issuer: String,
    /// A URL, or a path among the assets.
    pub logo_url: String,
    /// Free texts for templates.
    pub extra: BTreeMap<String, String>,
}

/// Themes of old that now are the built-in one.
const FORMER_THEMES: [&str; 2] = ["coreos", "tectonic"];

impl Frontend {
    pub(crate) fn read(map: &mut Map<'_>, env: &dyn Env) -> Self {
        let from_env = || env.get("DEX_FRONTEND_DIR").filter(|dir| !dir.is_empty());
        let or = |text: Option<String>, default: &str| text.unwrap_or_else(|| default.to_owned());
        let dir = map.optional("dir").or_else(|| {
            let dir = from_env()?;
            map.report().present(&map.path("dir"), map.at("dir"));
            Some(dir)
        });
        let theme = map.optional("theme").filter(|t| !FORMER_THEMES.contains(&t.as_str()));
        if theme.as_ref().is_some_and(|theme| theme.contains(['/', '\\']) || theme == "..") {
            map.error("theme", "a theme is the name of one folder", "leave out the path");
        }
        Self {
            dir,
            theme: theme.unwrap_or_default(),
            issuer: or(map.optional("issuer"), "dex"),
            logo_url: or(map.optional("logoURL"), "theme/logo.png"),
            extra: map.text_map("extra").into_iter().collect(),
        }
    }
}
