//! A page being written, up to a limit.

use std::fmt;

/// The longest page there may be, in bytes.
pub(super) const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a page usually takes, in bytes, so that writing it seldom grows the buffer.
const PAGE_BYTES_USUAL: usize = 4 * 1024;

/// Text with a limit: writing past it fails, and is remembered.
pub(super) struct Output {
    text: String,
    pub(super) full: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { text: String::with_capacity(PAGE_BYTES_USUAL), full: false }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl fmt::Write for Output {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if self.text.len() + more.len() > PAGE_BYTES_MAX {
            self.full = true;
            return Err(fmt::Error);
        }
        self.text.push_str(more);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn holds_the_limit_and_not_one_byte_more() {
        let mut output = Output::new();
        assert!(output.write_str(&"x".repeat(PAGE_BYTES_MAX)).is_ok());
        assert!(!output.full);
        assert!(output.write_str("x").is_err());
        assert!(output.full);
    }
}
