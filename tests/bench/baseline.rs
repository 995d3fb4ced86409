//! What the log is measured against: a plain file, the same behind a queue, and `SQLite`.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, params};

/// A file that grows, with one `fdatasync` for each group that is written.
pub(crate) struct PlainFile(File);

impl PlainFile {
    pub(crate) fn create(path: &Path) -> Self {
        Self(File::create(path).unwrap())
    }

    pub(crate) fn append(&mut self, group: &[&str]) {
        let bytes = group.concat();
        self.0.write_all(bytes.as_bytes()).unwrap();
        self.0.sync_data().unwrap();
    }
}

type Job = (String, SyncSender<()>);

/// A plain file behind a queue that is drained, written and synced at once, as the log's own is.
pub(crate) struct Queue {
    sender: SyncSender<Job>,
}

impl Queue {
    pub(crate) fn create(path: &Path) -> Self {
        let (sender, receiver): (SyncSender<Job>, Receiver<Job>) = sync_channel(4_096);
        let mut file = File::create(path).unwrap();
        std::thread::spawn(move || {
            while let Ok(first) = receiver.recv() {
                let jobs: Vec<Job> = std::iter::once(first).chain(receiver.try_iter()).collect();
                let bytes: String = jobs.iter().map(|(body, _)| body.as_str()).collect();
                file.write_all(bytes.as_bytes()).unwrap();
                file.sync_data().unwrap();
                for (_, done) in &jobs {
                    done.send(()).unwrap();
                }
            }
        });
        Self { sender }
    }

    pub(crate) fn append(&self, body: &str) {
        let (done, wait) = sync_channel(1);
        self.sender.send((body.to_owned(), done)).unwrap();
        wait.recv().unwrap();
    }
}

/// A table of events with unique ids and three indexed columns, WAL and `synchronous=FULL`.
pub(crate) struct Sqlite(Mutex<Connection>);

/// A row: id, stream, kind, date, body.
pub(crate) struct SqliteRow<'a> {
    pub(crate) id: [u8; 16],
    pub(crate) stream: [u8; 16],
    pub(crate) kind: &'a str,
    pub(crate) occurred: &'a str,
    pub(crate) body: &'a str,
}

impl Sqlite {
    pub(crate) fn create(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
                 CREATE TABLE events (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
                   stream BLOB NOT NULL, kind TEXT NOT NULL, occurred TEXT NOT NULL, body TEXT NOT NULL);
                 CREATE INDEX by_stream ON events (stream);
                 CREATE INDEX by_kind ON events (kind);
                 CREATE INDEX by_occurred ON events (occurred);",
            )
            .unwrap();
        Self(Mutex::new(connection))
    }

    pub(crate) fn append(&self, rows: &[SqliteRow<'_>]) {
        let mut connection = self.0.lock().unwrap();
        let transaction = connection.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO events (id, stream, kind, occurred, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                )
                .unwrap();
            for row in rows {
                insert.execute(params![row.id, row.stream, row.kind, row.occurred, row.body]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }

    /// Reads every row in order, and returns the bytes of all bodies.
    pub(crate) fn scan(&self) -> usize {
        let connection = self.0.lock().unwrap();
        let mut select = connection
            .prepare("SELECT position, id, stream, kind, occurred, body FROM events ORDER BY position")
            .unwrap();
        let mut rows = select.query([]).unwrap();
        let mut bytes = 0;
        while let Some(row) = rows.next().unwrap() {
            for column in 1..=2 {
                bytes += row.get_ref(column).unwrap().as_blob().unwrap().len();
            }
            for column in 3..=5 {
                bytes += row.get_ref(column).unwrap().as_str().unwrap().len();
            }
        }
        bytes
    }
}
