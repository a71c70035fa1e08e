//! Notices that files changed: rewritten in place, renamed into place, or swapped by a symlink
//! above them as Kubernetes does with its volumes.
//!
//! Directories are watched where the system can do that, and contents are compared now and then
//! where it cannot (network file systems). What counts is the contents.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// How often contents are compared although no event came.
const COMPARE_EVERY: Duration = Duration::from_secs(30);

/// How long nothing may happen before a change counts as complete, so that a pair of files written
/// one after the other is read once.
const SETTLE_TIME: Duration = Duration::from_millis(100);

/// How many times in a row events may put off the comparison.
const SETTLE_ROUNDS_MAX: u32 = 20;

/// How many bytes of a file are compared.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Watches some files. Dropping it ends that.
pub struct FileWatch {
    files: Arc<[PathBuf]>,
    seen: u64,
    event: Arc<Notify>,
    /// Kept for its `Drop`. `None` where directories cannot be watched.
    _watcher: Option<RecommendedWatcher>,
}

impl FileWatch {
    /// Watches `files`, from their contents as they are now.
    #[must_use]
    pub fn new(files: Vec<PathBuf>) -> Self {
        let event = Arc::new(Notify::new());
        let watcher = watch_directories(&files, event.clone())
            .inspect_err(|err| tracing::warn!(%err, "cannot watch directories, comparing files instead"))
            .ok();
        Self { seen: fingerprint(&files), files: files.into(), event, _watcher: watcher }
    }

    /// Returns when the contents of a file differ from what they were at the last return.
    pub async fn changed(&mut self) {
        loop {
            // Either outcome asks for the same comparison.
            let _ = tokio::time::timeout(COMPARE_EVERY, self.event.notified()).await;
            for _ in 0..SETTLE_ROUNDS_MAX {
                if tokio::time::timeout(SETTLE_TIME, self.event.notified()).await.is_err() {
                    break;
                }
            }
            let files = self.files.clone();
            let read = tokio::task::spawn_blocking(move || fingerprint(&files)).await;
            if let Ok(now) = read
                && now != self.seen
            {
                self.seen = now;
                return;
            }
        }
    }
}

/// The directories the names are in, and those the files really are in.
fn watch_directories(files: &[PathBuf], event: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |found: notify::Result<Event>| {
        if found.map_or(true, |found| is_change(&found.kind)) {
            event.notify_one();
        }
    })?;
    for directory in files.iter().map(|file| directory_of(file)).collect::<BTreeSet<_>>() {
        watcher.watch(&directory, RecursiveMode::NonRecursive)?;
    }
    let real = files.iter().filter_map(|file| Some(directory_of(&file.canonicalize().ok()?)));
    for directory in real.collect::<BTreeSet<_>>() {
        // It may be swapped away at any moment; then the first directory tells.
        let _ = watcher.watch(&directory, RecursiveMode::NonRecursive);
    }
    Ok(watcher)
}

fn directory_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Our own reading must not count.
fn is_change(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if *access != AccessKind::Close(AccessMode::Write))
}

fn fingerprint(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let mut contents = Vec::new();
        let read = std::fs::File::open(file).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut contents));
        read.is_ok().hash(&mut hasher);
        contents.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    async fn changes(watch: &mut FileWatch) -> bool {
        tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn every_way_to_replace_a_file_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("file"), "1").unwrap();
        let mut watch = FileWatch::new(vec![path("file")]);
        assert!(watch._watcher.is_some());

        fs::write(path("file"), "2").unwrap();
        assert!(changes(&mut watch).await, "in place");
        fs::write(path("new"), "3").unwrap();
        fs::rename(path("new"), path("file")).unwrap();
        assert!(changes(&mut watch).await, "renamed into place");
        fs::remove_file(path("file")).unwrap();
        assert!(changes(&mut watch).await, "removed");
    }

    #[tokio::test]
    async fn a_swapped_kubernetes_volume_is_noticed_each_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for version in ["v1", "v2", "v3"] {
            fs::create_dir(path(version)).unwrap();
            fs::write(path(version).join("file"), version).unwrap();
        }
        symlink("v1", path("..data")).unwrap();
        symlink("..data/file", path("file")).unwrap();
        let mut watch = FileWatch::new(vec![path("file")]);
        for version in ["v2", "v3"] {
            symlink(version, path("..data_tmp")).unwrap();
            fs::rename(path("..data_tmp"), path("..data")).unwrap();
            assert!(changes(&mut watch).await, "{version}");
        }
    }

    #[tokio::test]
    async fn reading_or_touching_neighbours_is_no_change() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "1").unwrap();
        let mut watch = FileWatch::new(vec![file.clone()]);
        fs::read(&file).unwrap();
        fs::write(directory.path().join("neighbour"), "x").unwrap();
        fs::write(&file, "1").unwrap();
        let wait = Duration::from_millis(400);
        assert!(tokio::time::timeout(wait, watch.changed()).await.is_err());
    }
}
