//! Reading every record.

use dex_model::Kind;

use super::report::Report;
use super::walk::Walk;
use crate::{Backend, StorageError};

/// Reads every record of every kind; changes nothing. `told` hears of it after each page.
///
/// # Errors
///
/// [`StorageError`] when the back end fails; a record that cannot be read is a fault of the report.
pub async fn check(store: &dyn Backend, mut told: impl FnMut(&Report) + Send) -> Result<Report, StorageError> {
    let mut report = Report::default();
    for kind in Kind::ALL {
        report.begin(*kind);
        let mut walk = Walk::new(store, *kind);
        while let Some(page) = walk.page().await? {
            let count = report.current();
            for record in page {
                match record {
                    Ok(_) => count.read += 1,
                    Err(error @ StorageError::Undecodable { .. }) => count.fail(error.into()),
                    Err(error) => return Err(error),
                }
            }
            told(&report);
        }
    }
    Ok(report)
}
