use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use dex_model::{ConnectorData, OfflineSessions};
use dex_storage::{Store, Write};

/// Names the file that the killed process writes to.
const FILE: &str = "DEX_TEST_FILE";

/// How often a process is killed.
const KILLS: usize = 100;

/// How many tasks of it write at once, so that it dies within a group of writes.
const WRITERS: usize = 16;

fn sessions(user_id: &str) -> OfflineSessions {
    OfflineSessions {
        user_id: user_id.into(),
        connector_id: "local".into(),
        connector_data: ConnectorData::new(user_id.repeat(100)),
        ..OfflineSessions::default()
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    let mut answered = Vec::new();
    for round in 0..KILLS {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "kill::writer"])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let before = answered.len();
        while answered.len() < before + 20 + round % 20 * 7 {
            let line = lines.next().expect("the writer was killed before its time").unwrap();
            answered.extend(line.strip_prefix("answered ").map(str::to_owned));
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let told = lines.map_while(Result::ok);
        answered.extend(told.filter_map(|line| line.strip_prefix("answered ").map(str::to_owned)));
    }
    let store = Store::new(crate::open(&file));
    for user_id in &answered {
        let found = store.get::<OfflineSessions>((user_id, "local")).await.unwrap();
        assert_eq!(found, Some(sessions(user_id)), "{user_id} was answered and is gone");
    }
    let db = rusqlite::Connection::open(&file).unwrap();
    let whole: String = db.query_row("pragma integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

/// The process that is killed; it writes until then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a process of its own, started by the test above"]
async fn writer() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let store = Store::new(crate::open(file.as_ref()));
    let process = std::process::id();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for n in 0..10_000 {
                let user_id = format!("{process}-{writer}-{n}");
                assert_eq!(store.insert(sessions(&user_id)).await.unwrap(), Write::Done);
                // One write of a whole line: a line that is cut by the kill is not taken for an answer.
                let line = format!("\nanswered {user_id}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    writers.join_all().await;
}
