//! Writing what was read.

use dex_model::{AnyRecord, Kind};
use futures_util::stream::{self, StreamExt as _};

use super::report::{Count, Fault, Report};
use super::same::same;
use super::walk::Walk;
use crate::{Backend, StorageError, UPDATE_TRIES_MAX, Write};

/// How many records are written at once. Most back ends wait for a disk, and share the wait among writes.
const WRITES_AT_ONCE: usize = 16;

/// What is done with a record that lies under the same key and differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and is named as a fault.
    Keep,
    /// It gives way.
    Overwrite,
}

/// What became of one record.
enum Outcome {
    Written,
    Same,
    Overwritten,
    Amiss(Fault),
}

/// Copies every record of every kind. `told` hears of it after each page.
///
/// Nothing is removed from either side. What is there already, the same, is passed over; so a copy that was cut off is
/// simply made again.
///
/// # Errors
///
/// [`StorageError`] when one of the back ends fails. What concerns one record alone is a fault of the report.
pub async fn copy(
    from: &dyn Backend,
    to: &dyn Backend,
    existing: Existing,
    mut told: impl FnMut(&Report) + Send,
) -> Result<Report, StorageError> {
    let mut report = Report::default();
    for kind in Kind::ALL {
        report.begin(*kind);
        let mut walk = Walk::new(from, *kind);
        while let Some(page) = walk.page().await? {
            let count = report.current();
            let mut readable = Vec::with_capacity(page.len());
            for record in page {
                match record {
                    Ok(record) => readable.push(record),
                    Err(error @ StorageError::Undecodable { .. }) => count.fail(error.into()),
                    Err(error) => return Err(error),
                }
            }
            count.read += readable.len() as u64;
            let writes = readable.into_iter().map(|record| write(to, record, existing));
            let mut written = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
            while let Some(outcome) = written.next().await {
                count.note(outcome?);
            }
            told(&report);
        }
    }
    Ok(report)
}

async fn write(to: &dyn Backend, record: AnyRecord, existing: Existing) -> Result<Outcome, StorageError> {
    match written(to, &record, existing).await {
        Err(error @ (StorageError::Unstorable { .. } | StorageError::Undecodable { .. })) => {
            Ok(Outcome::Amiss(error.into()))
        }
        outcome => outcome,
    }
}

async fn written(to: &dyn Backend, record: &AnyRecord, existing: Existing) -> Result<Outcome, StorageError> {
    let key = record.key();
    for _ in 0..UPDATE_TRIES_MAX {
        if to.insert(record).await? == Write::Done {
            return Ok(Outcome::Written);
        }
        let Some((there, seen)) = to.get(&key).await? else { continue };
        if same(record, &there) {
            return Ok(Outcome::Same);
        }
        if existing == Existing::Keep {
            return Ok(Outcome::Amiss(Fault::Differs(key)));
        }
        if to.replace(&seen, record).await? == Write::Done {
            return Ok(Outcome::Overwritten);
        }
    }
    Ok(Outcome::Amiss(StorageError::Contended { key: Box::new(key) }.into()))
}

impl Count {
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Written => self.written += 1,
            Outcome::Same => self.same += 1,
            Outcome::Overwritten => self.overwritten += 1,
            Outcome::Amiss(fault) => self.fail(fault),
        }
    }
}
