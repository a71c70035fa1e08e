//! Gates on groups.

/// The elements of `given` that occur in `required`: in given order, with duplicates, compared byte by byte
/// (connectors-protocol spec, 3.2).
pub fn filter_groups(given: &[String], required: &[String]) -> Vec<String> {
    given.iter().filter(|group| required.contains(group)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_keeps_order_and_duplicates() {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let cases: [(&[&str], &[&str], &[&str]); 5] = [
            (&[], &["a"], &[]),
            (&["foo", "bar"], &["baz"], &[]),
            (&["foo", "bar", "baz"], &["bar", "baz"], &["bar", "baz"]),
            (&["b", "a", "b"], &["a", "b"], &["b", "a", "b"]),
            (&["A"], &["a"], &[]),
        ];
        for (given, required, expected) in cases {
            assert_eq!(filter_groups(&texts(given), &texts(required)), texts(expected));
        }
    }
}
