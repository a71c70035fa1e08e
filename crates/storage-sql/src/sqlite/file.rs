//! The name of a database file (storage spec, 7.1).

use std::time::Duration;

use crate::open_error::OpenError;

/// How long a lock of another process is waited for, unless the name says otherwise.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Parameters of Dex's driver that are pragmas here, by both of their names.
const PRAGMAS: &[(&str, &str, &str)] = &[
    ("_auto_vacuum", "_vacuum", "auto_vacuum"),
    ("_cache_size", "_cache_size", "cache_size"),
    ("_foreign_keys", "_fk", "foreign_keys"),
    ("_journal_mode", "_journal", "journal_mode"),
    ("_locking_mode", "_locking", "locking_mode"),
    ("_secure_delete", "_secure_delete", "secure_delete"),
    ("_synchronous", "_sync", "synchronous"),
];

/// A file name taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    /// What SQLite is given: a path, a `file:` URI as it came, `:memory:`, or nothing for a
    /// temporary database.
    pub(super) name: String,
    pub(super) busy_timeout: Duration,
    /// Pragmas with their values, which hold letters, digits, `-` and `_` only.
    pub(super) pragmas: Vec<(&'static str, String)>,
}

impl File {
    /// Reads the `file` of the configuration. Parameters that concern only Dex's driver, such as
    /// `_txlock`, are passed over.
    pub(super) fn parse(file: &str) -> Result<Self, OpenError> {
        let (path, query) = file.split_once('?').unwrap_or((file, ""));
        let name = if file.starts_with("file:") { file } else { path };
        let mut parsed = Self { name: name.to_owned(), busy_timeout: BUSY_TIMEOUT, pragmas: Vec::new() };
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let bad = || OpenError::Parameter { name: name.to_owned(), value: value.to_owned() };
            if name == "_busy_timeout" || name == "_timeout" {
                parsed.busy_timeout = Duration::from_millis(u64::from(value.parse::<u32>().map_err(|_| bad())?));
            }
            let pragma = PRAGMAS.iter().find(|(long, short, _)| name == *long || name == *short);
            if let Some((_, _, pragma)) = pragma {
                let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
                if value.is_empty() || !plain {
                    return Err(bad());
                }
                parsed.pragmas.push((pragma, value.to_owned()));
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_dex_reads_them() {
        let cases = [
            ("", "", 5000, None),
            (":memory:", ":memory:", 5000, None),
            ("/var/dex/dex.db", "/var/dex/dex.db", 5000, None),
            ("dex.db?_busy_timeout=50&_txlock=immediate", "dex.db", 50, None),
            ("file:dex.db?_fk=1&cache=shared", "file:dex.db?_fk=1&cache=shared", 5000, Some(("foreign_keys", "1"))),
            ("dex.db?_journal=DELETE&_timeout=0", "dex.db", 0, Some(("journal_mode", "DELETE"))),
        ];
        for (given, name, milliseconds, pragma) in cases {
            let file = File::parse(given).unwrap();
            assert_eq!((file.name.as_str(), file.busy_timeout.as_millis()), (name, milliseconds), "{given}");
            let pragmas: Vec<_> = pragma.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
            assert_eq!(file.pragmas, pragmas, "{given}");
        }
        for bad in ["a?_timeout=soon", "a?_sync=1;drop", "a?_fk=", "a?_timeout=-1"] {
            assert!(File::parse(bad).is_err(), "{bad}");
        }
    }
}
