//! The one thread that owns the connection.
//!
//! Jobs that wait together are written in one transaction, so that they share the wait for the
//! disk. Nobody is answered before it is committed.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

/// How many jobs share one transaction at most.
const GROUP_MAX: usize = 64;

/// How many jobs may wait for the thread; the next caller waits to hand its job in.
const QUEUE_MAX: usize = 1024;

/// Why a job came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Its own statement failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Its transaction was not committed.
    #[error("the write is not committed: {0}")]
    NotCommitted(String),
    /// The thread has ended.
    #[error("the database is closed")]
    Closed,
}

/// Whether a job changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The thread, from outside.
pub(super) struct Worker {
    jobs: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Worker {
    /// Gives the connection to a thread of its own.
    pub(super) fn start(db: Connection) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(QUEUE_MAX);
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new().name("dex-sqlite".into()).spawn(move || {
            serve(&db, waiting);
            drop(db);
            // Nobody may be waiting for the end.
            let _ = end.send(());
        })?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), ended: Mutex::new(Some(ended)) })
    }

    /// Has the thread do `work`, which may run twice: a second time alone, when the transaction it
    /// shared was rolled back.
    pub(super) async fn ask<T, F>(&self, access: Access, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Task { access, work, done: None, caller });
        jobs.ok_or(Failure::Closed)?.send(job).await.map_err(|_| Failure::Closed)?;
        answer.await.map_err(|_| Failure::Closed)?
    }

    /// Finishes the jobs that wait, and closes the connection.
    pub(super) async fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            // An error means that the thread is gone, which is what is awaited.
            let _ = ended.await;
        }
    }
}

/// A piece of work, whatever it answers.
trait Job: Send {
    fn access(&self) -> Access;
    fn run(&mut self, db: &Connection);
    /// Tells the caller what came of it, or that it was not committed.
    fn answer(self: Box<Self>, lost: Option<&NotCommitted>);
}

struct Task<T, F> {
    access: Access,
    work: F,
    done: Option<rusqlite::Result<T>>,
    caller: oneshot::Sender<Result<T, Failure>>,
}

impl<T: Send, F: Fn(&Connection) -> rusqlite::Result<T> + Send> Job for Task<T, F> {
    fn access(&self) -> Access {
        self.access
    }

    fn run(&mut self, db: &Connection) {
        self.done = Some((self.work)(db));
    }

    fn answer(self: Box<Self>, lost: Option<&NotCommitted>) {
        let answer = match (self.done, lost) {
            (Some(Err(error)), _) => Err(Failure::Sqlite(error)),
            (Some(Ok(done)), None) => Ok(done),
            (_, Some(lost)) => Err(Failure::NotCommitted(lost.reason.clone())),
            (None, None) => Err(Failure::Closed),
        };
        // A caller that has given up is not there to be told.
        let _ = self.caller.send(answer);
    }
}

struct NotCommitted {
    reason: String,
    /// Somebody else holds the database. Trying each job alone would only wait again.
    locked: bool,
}

impl From<rusqlite::Error> for NotCommitted {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        Self {
            reason: error.to_string(),
            locked: matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)),
        }
    }
}

fn serve(db: &Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            let Ok(job) = jobs.try_recv() else { break };
            group.push(job);
        }
        settle(db, group);
    }
}

fn settle(db: &Connection, mut group: Vec<Box<dyn Job>>) {
    let committed = if group.iter().all(|job| job.access() == Access::Read) {
        group.iter_mut().for_each(|job| job.run(db));
        Ok(())
    } else {
        commit(db, &mut group)
    };
    let Err(lost) = committed else {
        group.into_iter().for_each(|job| job.answer(None));
        return;
    };
    let together = group.len() > 1 && !lost.locked;
    for mut job in group {
        if job.access() == Access::Read {
            job.run(db);
            job.answer(None);
        } else if together {
            let alone = commit(db, std::slice::from_mut(&mut job));
            job.answer(alone.as_ref().err());
        } else {
            job.answer(Some(&lost));
        }
    }
}

/// Runs a group in one transaction. A statement that fails undoes itself alone, unless SQLite gives
/// up the whole transaction, as it may for a full disk.
fn commit(db: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), NotCommitted> {
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    for job in group {
        job.run(&transaction);
        if transaction.is_autocommit() {
            let reason = "another write of its transaction failed".into();
            return Err(NotCommitted { reason, locked: false });
        }
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSERT: &str = "insert into kept values (?, zeroblob(?))";

    type Answer = oneshot::Receiver<Result<usize, Failure>>;

    fn database(folder: &tempfile::TempDir) -> Connection {
        let db = Connection::open(folder.path().join("test.db")).unwrap();
        db.execute_batch("create table if not exists kept (id text not null primary key, value blob)").unwrap();
        db
    }

    fn job(
        access: Access,
        work: impl Fn(&Connection) -> rusqlite::Result<usize> + Send + 'static,
    ) -> (Box<dyn Job>, Answer) {
        let (caller, answer) = oneshot::channel();
        (Box::new(Task { access, work, done: None, caller }), answer)
    }

    fn insert(id: Option<&'static str>, bytes: u32) -> (Box<dyn Job>, Answer) {
        job(Access::Write, move |db| db.execute(INSERT, (id, bytes)))
    }

    fn count() -> (Box<dyn Job>, Answer) {
        job(Access::Read, |db| {
            db.query_row("select count(*) from kept", (), |row| row.get::<_, u32>(0)).map(|rows| rows as usize)
        })
    }

    /// Settles the jobs as one group; what each was answered, in words.
    fn settled<const N: usize>(db: &Connection, jobs: [(Box<dyn Job>, Answer); N]) -> [String; N] {
        let mut answers = Vec::new();
        let group = jobs.into_iter().map(|(job, answer)| {
            answers.push(answer);
            job
        });
        settle(db, group.collect());
        let words = answers.into_iter().map(|mut answer| match answer.try_recv().unwrap() {
            Ok(rows) => format!("{rows}"),
            Err(Failure::Sqlite(error)) => format!("{:?}", error.sqlite_error_code().unwrap()),
            Err(other) => other.to_string(),
        });
        words.collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn a_statement_that_fails_undoes_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder);
        let jobs = [insert(Some("a"), 1), insert(None, 1), insert(Some("a"), 1), insert(Some("b"), 1), count()];
        assert_eq!(settled(&db, jobs), ["1", "ConstraintViolation", "ConstraintViolation", "1", "2"]);
    }

    #[test]
    fn a_full_disk_refuses_what_has_no_room_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder);
        let pages: u32 = db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        db.pragma_update(None, "max_page_count", pages + 2).unwrap();
        let jobs = [insert(Some("a"), 10), insert(Some("large"), 100_000), insert(Some("b"), 10), count()];
        assert_eq!(settled(&db, jobs), ["1", "DiskFull", "1", "2"]);
        db.pragma_update(None, "max_page_count", 1000).unwrap();
        assert_eq!(settled(&db, [insert(Some("large"), 100_000), count()]), ["1", "3"]);
    }

    #[test]
    fn a_lock_holds_up_writes_only_and_nothing_is_half_written() {
        let folder = tempfile::tempdir().unwrap();
        let (db, other) = (database(&folder), database(&folder));
        db.busy_timeout(std::time::Duration::ZERO).unwrap();
        other.execute_batch("begin immediate").unwrap();
        let told = settled(&db, [insert(Some("a"), 1), count(), insert(Some("b"), 1)]);
        let locked = "the write is not committed: database is locked";
        assert_eq!(told, [locked, "0", locked]);
        other.execute_batch("rollback").unwrap();
        assert_eq!(settled(&db, [insert(Some("a"), 1), count()]), ["1", "1"]);
    }

    #[test]
    fn nobody_is_told_of_a_write_that_others_cannot_see() {
        let folder = tempfile::tempdir().unwrap();
        let (db, other) = (database(&folder), database(&folder));
        // The commit waits for this reader: the journal is of the old kind.
        other.execute_batch("begin; select * from kept").unwrap();
        let mut statement = other.prepare("select 1 from kept union all select 1").unwrap();
        let mut reading = statement.query(()).unwrap();
        assert!(reading.next().unwrap().is_some());
        db.busy_timeout(std::time::Duration::ZERO).unwrap();
        let [told] = settled(&db, [insert(Some("a"), 1)]);
        assert_eq!(told, "the write is not committed: database is locked");
        drop(reading);
        drop(statement);
        other.execute_batch("commit").unwrap();
        assert_eq!(settled(&db, [count()]), ["0"]);
    }
}
