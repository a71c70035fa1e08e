//! Who logs in, from where and how it is proven again.
//!
//! Owns the sections `staticClients`, `staticPasswords`, `connectors`, `sessions` and `mfa`.
//! Opens and hashes nothing. Control leaves it as typed sections; what is wrong lands in the
//! report. A check that fails open in Dex (an unset secret variable, an unknown authenticator) is
//! a problem here.

pub(crate) mod connector_keys;
pub(crate) mod connectors;
pub(crate) mod mfa;
pub(crate) mod sessions;
pub(crate) mod static_clients;
pub(crate) mod static_passwords;

use std::collections::HashSet;

use crate::problem::{Position, quoted};
use crate::report::Report;

/// Warns of ids that are given twice; the last one is the one that serves, as in Dex.
pub(crate) fn warn_of_twins<'i>(
    ids: impl Iterator<Item = (&'i str, Position)>,
    (list, key): (&str, &str),
    report: &Report,
) {
    let mut seen = HashSet::new();
    for (at, (id, position)) in ids.enumerate() {
        if !id.is_empty() && !seen.insert(id) {
            let path = format!("{list}[{at}].{key}");
            let text = format!("{} was given before; the last one is used", quoted(id));
            report.warn(position, &path, text);
        }
    }
}
