//! Files that are read again when they have changed: certificates and keys are renewed while dex runs.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What makes a value of its files, or says why it cannot.
type Read<T> = Box<dyn Fn() -> Result<T, String> + Send + Sync>;

/// What was made of some files, and is made again when they change. Files that cannot be used do not take the place of those
/// that could.
pub(crate) struct Watched<T> {
    /// The connector's id, for the log.
    id: String,
    paths: Vec<PathBuf>,
    read: Read<T>,
    held: Mutex<(Vec<Stamp>, Arc<T>)>,
}

/// What tells a file from the one it was before; `None` for one that is not there.
type Stamp = Option<(SystemTime, u64)>;

impl<T> Watched<T> {
    /// Reads the files for the first time.
    ///
    /// # Errors
    ///
    /// What `read` says.
    pub(crate) fn open<E: Display>(
        id: &str,
        paths: Vec<PathBuf>,
        read: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Looked at before they are read: a file that changes in between is read once more.
        let held = (stamps(&paths), Arc::new(read()?));
        let read: Read<T> = Box::new(move || read().map_err(|error| error.to_string()));
        Ok(Self { id: id.to_owned(), paths, read, held: Mutex::new(held) })
    }

    /// What the files make now, or made when they last could be used.
    pub(crate) fn current(&self) -> Arc<T> {
        let now = stamps(&self.paths);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != now {
            held.0 = now;
            let files = self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            match (self.read)() {
                Ok(value) => {
                    held.1 = Arc::new(value);
                    tracing::info!(connector.id = %self.id, files, "changed files were read again");
                }
                Err(err) => {
                    tracing::warn!(connector.id = %self.id, files, err, "changed files cannot be used; those of before still are");
                }
            }
        }
        held.1.clone()
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    paths.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_has_changed_and_kept_when_it_is_no_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let reads = Arc::new(AtomicUsize::new(0));
        let (from, count) = (path.clone(), reads.clone());
        let read = move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::fs::read_to_string(&from).map_err(|error| error.to_string())?.parse::<u32>().map_err(|e| e.to_string())
        };
        assert!(Watched::open("corp", vec![path.clone()], read.clone()).is_err(), "it is not there yet");
        std::fs::write(&path, "1").unwrap();
        let watched = Watched::open("corp", vec![path.clone()], read).unwrap();
        let mut told = vec![*watched.current(), *watched.current()];
        assert_eq!(reads.load(Ordering::SeqCst), 2, "it is read when it changes only");
        for written in ["22", "broken", "333"] {
            std::fs::write(&path, written).unwrap();
            told.push(*watched.current());
        }
        std::fs::remove_file(&path).unwrap();
        told.push(*watched.current());
        assert_eq!(told, [1, 1, 22, 22, 333, 333]);
        // Swapped, as Kubernetes does it: another file of the same length under the same name.
        std::fs::write(folder.path().join("next"), "444").unwrap();
        std::fs::rename(folder.path().join("next"), &path).unwrap();
        assert_eq!(*watched.current(), 444);
    }
}
