//! The account of a walk.

use dex_model::{Key, Kind};

use crate::StorageError;

/// How many faults of one kind are named; further ones are counted only.
pub const FAULTS_NAMED_MAX: usize = 1000;

/// What became of the records of every kind.
#[derive(Debug, Default)]
pub struct Report {
    /// One for each kind that was begun, in the order of [`Kind::ALL`].
    pub counts: Vec<Count>,
}

/// What became of the records of one kind.
#[derive(Debug)]
pub struct Count {
    /// Which kind.
    pub kind: Kind,
    /// Records read.
    pub read: u64,
    /// Records written where there was none.
    pub written: u64,
    /// Records that were there already, the same.
    pub same: u64,
    /// Records written over others.
    pub overwritten: u64,
    /// Records that are not where they should be, or cannot be read.
    pub failed: u64,
    /// The first of those, up to [`FAULTS_NAMED_MAX`].
    pub faults: Vec<Fault>,
}

/// Why a record is not copied, or not fit to be.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be read where it lies, or not be kept where it should go.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Another record has its key, and is not to be overwritten.
    #[error("{kind} `{id}` is there already and differs", kind = .0.kind.name(), id = shown(.0))]
    Differs(Key),
}

/// The parts of a key, for people.
fn shown(key: &Key) -> String {
    if key.connector_id.is_empty() { key.id.clone() } else { format!("{} of {}", key.id, key.connector_id) }
}

impl Fault {
    /// Whether another record is in the way.
    pub fn is_difference(&self) -> bool {
        matches!(self, Self::Differs(_))
    }
}

impl Report {
    /// Whether nothing was amiss.
    pub fn clean(&self) -> bool {
        self.failed() == 0
    }

    /// How many records were amiss.
    pub fn failed(&self) -> u64 {
        self.counts.iter().map(|count| count.failed).sum()
    }

    /// Opens the account of a kind.
    pub(super) fn begin(&mut self, kind: Kind) {
        let faults = Vec::new();
        self.counts.push(Count { kind, read: 0, written: 0, same: 0, overwritten: 0, failed: 0, faults });
    }

    /// The account of the kind that is walked.
    pub(super) fn current(&mut self) -> &mut Count {
        self.counts.last_mut().expect("a walk begins with an account")
    }
}

impl Count {
    pub(super) fn fail(&mut self, fault: Fault) {
        self.failed += 1;
        if self.faults.len() < FAULTS_NAMED_MAX {
            self.faults.push(fault);
        }
    }
}
