//! `logger`: what is logged and how.

use crate::problem::quoted;
use crate::tree::Map;

/// The section `logger`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logger {
    /// Records below this are dropped.
    pub level: LogLevel,
    /// How a record is written.
    pub format: LogFormat,
    /// Attribute keys that are left out of every record.
    pub exclude_fields: Vec<String>,
}

/// A level on the scale of Dex's logger: debug is -4, info 0, warn 4, error 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLevel(pub i32);

/// How a record is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `key=value` pairs
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

impl LogLevel {
    /// Reads `info`, `WARN`, `error-1`, `INFO+2`.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("slog: level string {}: {why}", quoted(text));
        let end = text.find(['+', '-']).unwrap_or(text.len());
        let (name, offset) = text.split_at(end);
        let base = match name.to_ascii_lowercase().as_str() {
            "debug" => -4,
            "info" => 0,
            "warn" => 4,
            "error" => 8,
            _ => return Err(wrong("unknown name")),
        };
        let offset: i32 = match offset {
            "" => 0,
            digits => digits.parse().map_err(|_| wrong("invalid offset"))?,
        };
        Ok(Self(offset.saturating_add(base)))
    }
}

impl Logger {
    pub(crate) fn read(map: &mut Map<'_>) -> Self {
        let level = map.optional("level").map_or(Ok(LogLevel::default()), |t| LogLevel::parse(&t));
        let level = level.unwrap_or_else(|text| {
            map.error("level", text, "write debug, info, warn or error");
            LogLevel::default()
        });
        let format = map.text("format");
        let format = match format.to_ascii_lowercase().as_str() {
            "" | "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => {
                let text = format!(
                    "invalid config: log format is not one of the supported values \
                     (json, text): {format}"
                );
                map.error("format", text, "");
                LogFormat::Text
            }
        };
        Self { level, format, exclude_fields: map.texts("excludeFields") }
    }
}

#[cfg(test)]
mod tests {
    use super::LogLevel;

    #[test]
    fn levels_read_as_in_dex() {
        let cases = [
            ("debug", Ok(-4)),
            ("INFO", Ok(0)),
            ("Warn", Ok(4)),
            ("error", Ok(8)),
            ("INFO+2", Ok(2)),
            ("error-1", Ok(7)),
            ("warning", Err(r#"slog: level string "warning": unknown name"#)),
            ("fatal", Err(r#"slog: level string "fatal": unknown name"#)),
            ("info+", Err(r#"slog: level string "info+": invalid offset"#)),
        ];
        for (text, expected) in cases {
            let expected = expected.map(LogLevel).map_err(str::to_owned);
            assert_eq!(LogLevel::parse(text), expected, "{text}");
        }
    }
}
