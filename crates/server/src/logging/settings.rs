//! What the `logger` block of the configuration decides.

use std::str::FromStr;

use super::Level;

/// The two shapes a record can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `time=.. level=.. msg=.. key=value`
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A text that names no format.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("log format is not one of the supported values (json, text): {0}")]
pub struct FormatError(String);

/// `logger.format` of the configuration, in any case. Nothing at all means text.
impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text.to_ascii_lowercase().as_str() {
            "" | "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(FormatError(text.to_owned())),
        }
    }
}

/// Which records are written, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Records below this level are not written.
    pub level: Level,
    /// The shape of a line.
    pub format: Format,
    /// Attributes left out: by their whole name, or by the name of the group they are in.
    pub exclude_fields: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: Level::INFO, format: Format::Text, exclude_fields: Vec::new() }
    }
}

impl Settings {
    pub(super) fn excludes(&self, name: &str) -> bool {
        let group = name.split('.').next().unwrap_or(name);
        self.exclude_fields.iter().any(|excluded| excluded == name || excluded == group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_in_any_case_and_may_be_empty() {
        assert_eq!("".parse(), Ok(Format::Text));
        assert_eq!("Text".parse(), Ok(Format::Text));
        assert_eq!("JSON".parse(), Ok(Format::Json));
        assert_eq!(
            "yaml".parse::<Format>().unwrap_err().to_string(),
            "log format is not one of the supported values (json, text): yaml"
        );
    }
}
