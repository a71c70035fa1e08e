//! The level of a record and of the log, on the scale of Go's slog.

use std::fmt;
use std::str::FromStr;

/// A level: DEBUG -4, INFO 0, WARN 4, ERROR 8, with everything between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(i32);

impl Level {
    /// The level of this value on the scale of slog.
    #[must_use]
    pub const fn of(value: i32) -> Self {
        Self(value)
    }

    /// What helps to find a mistake.
    pub const DEBUG: Self = Self(-4);
    /// What an operator may want to know.
    pub const INFO: Self = Self(0);
    /// What an operator should look at.
    pub const WARN: Self = Self(4);
    /// What an operator must look at.
    pub const ERROR: Self = Self(8);
    /// Below DEBUG by as much as DEBUG is below INFO.
    const TRACE: Self = Self(-8);

    /// The most talkative of tracing's levels that is let through.
    pub(super) fn filter(self) -> tracing::level_filters::LevelFilter {
        use tracing::level_filters::LevelFilter as F;
        match self {
            level if level <= Self::TRACE => F::TRACE,
            level if level <= Self::DEBUG => F::DEBUG,
            level if level <= Self::INFO => F::INFO,
            level if level <= Self::WARN => F::WARN,
            level if level <= Self::ERROR => F::ERROR,
            _ => F::OFF,
        }
    }
}

impl From<&tracing::Level> for Level {
    fn from(level: &tracing::Level) -> Self {
        match *level {
            tracing::Level::ERROR => Self::ERROR,
            tracing::Level::WARN => Self::WARN,
            tracing::Level::INFO => Self::INFO,
            tracing::Level::DEBUG => Self::DEBUG,
            tracing::Level::TRACE => Self::TRACE,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, base) = match *self {
            level if level < Self::INFO => ("DEBUG", Self::DEBUG),
            level if level < Self::WARN => ("INFO", Self::INFO),
            level if level < Self::ERROR => ("WARN", Self::WARN),
            _ => ("ERROR", Self::ERROR),
        };
        match self.0 - base.0 {
            0 => f.write_str(name),
            offset => write!(f, "{name}{offset:+}"),
        }
    }
}

/// A text that names no level.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("log level {0:?} is none of debug, info, warn, error, with an offset as in INFO+2 if wanted")]
pub struct LevelError(String);

/// `logger.level` of the configuration. Nothing at all means INFO, `warning` means `warn`.
impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let unknown = || LevelError(text.to_owned());
        let (name, offset) = match text.find(['+', '-']) {
            Some(at) => {
                let offset: i32 = text[at..].parse().map_err(|_| unknown())?;
                (&text[..at], offset)
            }
            None => (text, 0),
        };
        let base = match name.to_ascii_lowercase().as_str() {
            "debug" => Self::DEBUG,
            "info" => Self::INFO,
            "" if text.is_empty() => Self::INFO,
            "warn" | "warning" => Self::WARN,
            "error" => Self::ERROR,
            _ => return Err(unknown()),
        };
        base.0.checked_add(offset).map(Self).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_as_slog_reads_them() {
        let cases = [
            ("info", Some(0)),
            ("", Some(0)),
            ("WARN", Some(4)),
            ("warning", Some(4)),
            ("Debug", Some(-4)),
            ("INFO+2", Some(2)),
            ("error-1", Some(7)),
            ("debug-4", Some(-8)),
            ("fatal", None),
            ("+2", None),
            ("info+", None),
            ("info+x", None),
            ("info+2147483648", None),
            ("error+2147483647", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Level>().ok().map(|level| level.0), expected, "{text}");
        }
    }

    #[test]
    fn levels_are_written_with_their_offset() {
        let cases = [(-8, "DEBUG-4"), (-4, "DEBUG"), (-1, "DEBUG+3"), (0, "INFO"), (2, "INFO+2")];
        for (level, expected) in cases {
            assert_eq!(Level(level).to_string(), expected);
        }
        assert_eq!(Level(7).to_string(), "WARN+3");
        assert_eq!(Level(9).to_string(), "ERROR+1");
    }

    #[test]
    fn an_offset_silences_the_levels_below_it() {
        use tracing::level_filters::LevelFilter as F;
        let cases = [("info", F::INFO), ("info+2", F::WARN), ("error-1", F::ERROR)];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Level>().unwrap().filter(), expected, "{text}");
        }
        assert_eq!("error+1".parse::<Level>().unwrap().filter(), F::OFF);
        assert_eq!("debug-4".parse::<Level>().unwrap().filter(), F::TRACE);
    }
}
