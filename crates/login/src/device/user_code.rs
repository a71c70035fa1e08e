//! A user code as people type it.

/// Letters of a user code, without the dash.
const LETTERS: usize = 8;

/// The code as it is stored: upper case, with the dash. People type neither (RFC 8628 §6.1); what cannot be
/// a code stays as it is, to be shown again.
pub(super) fn normalize(typed: &str) -> String {
    let typed = typed.trim().to_uppercase();
    let letters: String =
        typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').take(LETTERS + 1).collect();
    if letters.len() != LETTERS || !letters.is_ascii() {
        return typed;
    }
    let (first, second) = letters.split_at(LETTERS / 2);
    format!("{first}-{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_understood_as_people_type_them() {
        for (typed, code) in [
            ("BCDF-GHJK", "BCDF-GHJK"),
            (" bcdf-ghjk\n", "BCDF-GHJK"),
            ("bcdf ghjk", "BCDF-GHJK"),
            ("bcdfghjk", "BCDF-GHJK"),
            ("bcdf", "BCDF"),
            ("bcdfghjkl", "BCDFGHJKL"),
            ("ßcdfghj", "SSCD-FGHJ"),
            ("日本", "日本"),
            ("", ""),
        ] {
            assert_eq!(normalize(typed), code, "{typed:?}");
        }
    }
}
