//! How far a walk has come, on a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};

use dex_model::Kind;
use dex_storage::copy::Report;

/// One line that is written over. Silent where nobody watches.
pub(super) struct Bar {
    watched: bool,
}

impl Bar {
    /// A bar if standard error is a terminal.
    pub(super) fn on_terminal() -> Self {
        Self { watched: stderr().is_terminal() }
    }

    pub(super) fn show(&mut self, report: &Report) {
        self.write(&line(report));
    }

    pub(super) fn clear(&mut self) {
        self.write("");
    }

    fn write(&self, line: &str) {
        if self.watched {
            // A terminal that has gone sees no progress; the walk goes on.
            write!(stderr(), "\r\x1b[K{line}").and_then(|()| stderr().flush()).ok();
        }
    }
}

/// A cell for each kind, then the kind that is walked.
fn line(report: &Report) -> String {
    let Some(count) = report.counts.last() else { return String::new() };
    let done = report.counts.len() - 1;
    let open = Kind::ALL.len() - done;
    let amiss = if report.failed() == 0 { String::new() } else { format!(", {} amiss", report.failed()) };
    format!("[{}{}] {}: {} read{amiss}", "#".repeat(done), ".".repeat(open), count.kind.name(), count.read)
}

#[cfg(test)]
mod tests {
    use dex_model::{Client, Record as _};
    use dex_storage::copy::{Existing, copy};
    use dex_storage::{Backend as _, Memory, Write};

    use super::*;

    #[tokio::test]
    async fn the_line_tells_kinds_and_records() {
        let from = Memory::new();
        for id in ["a", "b"] {
            let client = Client { id: id.into(), ..Client::default() };
            assert_eq!(from.insert(&client.into_any()).await.unwrap(), Write::Done);
        }
        let mut lines = Vec::new();
        copy(&from, &Memory::new(), Existing::Keep, |report| lines.push(line(report))).await.unwrap();
        assert_eq!(lines[0], "[.............] AuthRequest: 0 read");
        assert_eq!(lines[2], "[##...........] Client: 2 read");
        assert_eq!(lines.len(), Kind::ALL.len());
    }
}
