//! The `frontend` section of the configuration, as the pages need it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Tells the time to the template function `now`, which users' templates may call.
pub type Now = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// The theme's own logo, when none is configured.
pub(crate) const DEFAULT_LOGO: &str = "theme/logo.png";

/// What the operator configured about the look (`frontend.*`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontend {
    /// Name shown to people; empty for `dex`.
    pub issuer: String,
    /// Path of the issuer URL, `/dex` for example; empty for none.
    pub issuer_path: String,
    /// Theme name; empty (or `coreos`, `tectonic`, as in Dex) for the default.
    pub theme: String,
    /// Absolute URL, `data:image/` URL, or asset path of the logo; empty for the theme's.
    pub logo_url: String,
    /// Free values for the template function `extra`.
    pub extra: BTreeMap<String, String>,
    /// Directory of own templates, themes and static files.
    pub dir: Option<PathBuf>,
}

impl Frontend {
    pub(crate) fn display_name(&self) -> &str {
        if self.issuer.is_empty() { "dex" } else { &self.issuer }
    }

    pub(crate) fn logo(&self) -> &str {
        if self.logo_url.is_empty() { DEFAULT_LOGO } else { &self.logo_url }
    }

    /// The theme asked for, or `None` for the default.
    pub(crate) fn chosen_theme(&self) -> Option<&str> {
        match self.theme.as_str() {
            "" | "coreos" | "tectonic" => None,
            name => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_theme_names_mean_the_default() {
        let cases =
            [("", None), ("coreos", None), ("tectonic", None), ("light", Some("light")), ("acme", Some("acme"))];
        for (theme, expected) in cases {
            let frontend = Frontend { theme: theme.into(), ..Frontend::default() };
            assert_eq!(frontend.chosen_theme(), expected, "{theme:?}");
        }
    }
}
