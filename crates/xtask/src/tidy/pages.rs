//! Every template is a page of the table (whose line asks for samples) or a part of one.

use super::Source;

const TABLE: &str = "crates/pages/src/pages/mod.rs";
const TEMPLATES: &str = "crates/pages/templates/";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let table = sources.iter().find(|source| source.path == TABLE).map_or("", |source| &source.text);
    sources
        .iter()
        .filter_map(|source| source.path.strip_prefix(TEMPLATES))
        .filter(|template| !table.contains(&format!("\"{template}\"")))
        .map(|template| format!("{TEMPLATES}{template}: no line of {TABLE} names it, so no sample tries it"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn a_template_outside_the_table_is_found() {
        let table = source(TABLE, "page!(Dex, \"oob.html\", oob::samples),");
        let known = source("crates/pages/templates/oob.html", "");
        let stray = source("crates/pages/templates/b.html", "");
        assert!(check(&[table, known, stray]).iter().eq([
            "crates/pages/templates/b.html: no line of crates/pages/src/pages/mod.rs names it, so no sample tries it"
        ]));
    }
}
