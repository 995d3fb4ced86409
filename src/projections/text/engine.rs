//! The index of texts on disk: an inverted index of tokens with their places, in segments that are merged.
//!
//! This module and those below it alone name `tantivy`. It is there because a sorted, compressed, mergeable
//! inverted index with places is ten thousand lines that we would have to test. Its query language, ranking,
//! tokenizers and snippets are not used: ours answer the same from the index and from the text itself.
//!
//! A document is one reading of an entry. It has no stored fields: its number in the log leads to the text.
//!
//! ```text
//! DIR/projections/text/
//!   meta.json     the segments of the last commit, and the cursor: up to which event they hold everything
//!   …             the segments, never changed, removed when they are merged into others
//! ```

mod find;
mod reading;
mod tokens;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::directory::error::OpenReadError;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError};

use crate::projections::snapshot::quietly;
use crate::projections::text::engine::reading::ReadingOnly;
use crate::projections::text::engine::tokens::OurTokenizer;
use crate::store::leaf::HexHash;

pub(super) use self::find::Found;

/// What a writer holds in memory before it writes a segment.
const WRITER_BYTES: usize = 50_000_000;
/// The form of the index, and how words are folded in it; another one is built anew.
const FORMAT: u32 = 3;
/// The name of our tokenizer in the schema.
const TOKENIZER: &str = "demarche";
/// The field of the tokens.
const WORDS: &str = "words";
/// The field that tells which reading a document is.
const PLACE: &str = "place";
/// How often a reader tries when a writer removes what it is about to open.
const TRIES_MAX: usize = 5;

/// Up to where an index holds everything, and of which log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    format: u32,
    /// The log.
    pub(super) log: String,
    /// Positions below it are in the index.
    pub(super) size: u64,
    /// The leaf hash of the last of them; none of an empty index.
    pub(super) leaf: Option<HexHash>,
}

impl Cursor {
    /// Returns the cursor of an index that holds everything below `size`.
    pub(super) fn at(log: &str, size: u64, leaf: Option<HexHash>) -> Self {
        Self { format: FORMAT, log: log.to_owned(), size, leaf }
    }
}

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// What is there is damaged, or none of ours.
    #[error("{0}")]
    Damaged(String),
    /// The system refused.
    #[error("{0}")]
    Unavailable(String),
}

/// One reading of an entry, for the index.
#[derive(Debug)]
pub(super) struct NewDocument {
    /// Where the reading stands in the log.
    pub(super) at: u32,
    /// Whether it is what an amendment that stands there says of its entry, not what the event says itself.
    pub(super) is_reading: bool,
    /// Its texts.
    pub(super) texts: Vec<String>,
}

/// An index that is open.
pub(super) struct Engine {
    path: PathBuf,
    // The directory as it was when it was opened: another one may stand there now.
    identity: Option<(u64, u64)>,
    index: Index,
    reader: IndexReader,
    current: Mutex<Current>,
}

/// What is found now.
#[derive(Clone)]
struct Current {
    // Up to where everything is found; more may be.
    cursor: Option<Cursor>,
    searcher: Searcher,
}

/// What writes into an index, while something is to be written.
pub(super) struct Writer {
    index: IndexWriter,
    words: Field,
    place: Field,
}

impl Engine {
    /// Opens an index to write there; it is made if it is not there. One process does so at a time.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`]; what was there still is.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let io = |error: std::io::Error| Trouble::Unavailable(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(path).map_err(io)?;
        guarded(path, || {
            let directory = MmapDirectory::open(path)?;
            Self::of(path, Index::open_or_create(directory, schema().0)?)
        })
    }

    /// Opens an index to read it, and writes nothing; none where there is none.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`] when what is there cannot be read.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Trouble> {
        if !path.join("meta.json").is_file() {
            return Ok(None);
        }
        let open = || {
            guarded(path, || {
                let index = Index::open(ReadingOnly::of(MmapDirectory::open(path)?))?;
                Self::of(path, index)
            })
        };
        // Between the list of the segments and the segments a writer may have merged some of them.
        let mut opened = open();
        for _ in 1..TRIES_MAX {
            if opened.is_ok() {
                break;
            }
            opened = open();
        }
        opened.map(Some)
    }

    fn of(path: &Path, index: Index) -> tantivy::Result<Self> {
        if index.schema() != schema().0 {
            return Err(foreign());
        }
        index.tokenizers().register(TOKENIZER, OurTokenizer::default());
        // The cursor first: a writer may commit before the segments are opened, and what it added is then
        // found as well, never less.
        let cursor = cursor_in(&index)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let current = Mutex::new(Current { cursor, searcher: reader.searcher() });
        Ok(Self { path: path.to_owned(), identity: identity(path), index, reader, current })
    }

    /// Returns up to where everything is found in the index; none where nothing was ever put into it.
    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.current().cursor
    }

    fn current(&self) -> Current {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks whether more was put into the index, so that it is found.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`] when it cannot be read; what was found before still is.
    pub(super) fn reload(&self) -> Result<(), Trouble> {
        let reload = || {
            guarded(&self.path, || {
                let cursor = cursor_in(&self.index)?;
                self.reader.reload()?;
                Ok(Current { cursor, searcher: self.reader.searcher() })
            })
        };
        let mut reloaded = reload();
        for _ in 1..TRIES_MAX {
            if reloaded.is_ok() {
                break;
            }
            reloaded = reload();
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = reloaded?;
        Ok(())
    }

    /// Reads every file and compares it with its checksum.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble::Damaged`] naming a file that is.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let damaged = guarded(&self.path, || self.index.validate_checksum())?;
        match damaged.into_iter().min() {
            None => Ok(()),
            Some(file) => Err(Trouble::Damaged(format!(
                "{}: it is not what was written there",
                self.path.join(file).display()
            ))),
        }
    }

    /// Returns how many bytes the index has on the disk.
    pub(super) fn bytes(&self) -> u64 {
        let files = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Tells whether the directory is still the one that was opened: what was read from it before is then not
    /// from files that were being wiped.
    pub(super) fn is_still_there(&self) -> bool {
        self.identity.is_some() && identity(&self.path) == self.identity
    }

    /// Returns every token of the index, as a test looks for what must not be there.
    #[cfg(test)]
    pub(super) fn tokens(&self) -> std::collections::BTreeSet<String> {
        let (_, words, _) = schema();
        let mut tokens = std::collections::BTreeSet::new();
        for reader in self.current().searcher.segment_readers() {
            let index = reader.inverted_index(words).unwrap();
            let mut stream = index.terms().stream().unwrap();
            while stream.advance() {
                tokens.insert(String::from_utf8(stream.key().to_vec()).unwrap());
            }
        }
        tokens
    }

    /// Begins to write.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`], for example while another process writes.
    pub(super) fn writer(&self) -> Result<Writer, Trouble> {
        let (schema, words, place) = schema();
        debug_assert_eq!(schema, self.index.schema(), "an index of another schema is not opened");
        let index = guarded(&self.path, || self.index.writer_with_num_threads(1, WRITER_BYTES))?;
        Ok(Writer { index, words, place })
    }
}

impl Writer {
    /// Puts one reading into the index; it is found after the next commit.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`]; then nothing since the last commit is in the index.
    pub(super) fn add(&mut self, document: &NewDocument) -> Result<(), Trouble> {
        let mut new = TantivyDocument::default();
        new.add_u64(self.place, u64::from(document.at) << 1 | u64::from(document.is_reading));
        for text in &document.texts {
            new.add_text(self.words, text);
        }
        writing(|| self.index.add_document(new)).map(|_| ())
    }

    /// Makes what was put into the index durable, with the cursor, as one.
    ///
    /// # Errors
    ///
    /// As [`Writer::add`].
    pub(super) fn commit(&mut self, cursor: &Cursor) -> Result<(), Trouble> {
        let payload =
            serde_json::to_string(cursor).map_err(|error| Trouble::Unavailable(error.to_string()))?;
        writing(|| {
            let mut prepared = self.index.prepare_commit()?;
            prepared.set_payload(&payload);
            prepared.commit().map(|_| ())
        })
    }

    /// Waits until segments that are being merged are, and gives the memory back.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`] when something could not be merged; what was committed stays.
    pub(super) fn close(self) -> Result<(), Trouble> {
        writing(|| self.index.wait_merging_threads())
    }
}

/// Returns the number of tokens of a text as roughly as an index remembers it.
pub(super) fn rough_length(tokens: u32) -> u32 {
    FieldNormReader::id_to_fieldnorm(FieldNormReader::fieldnorm_to_id(tokens))
}

/// Returns the cursor of the last commit.
fn cursor_in(index: &Index) -> tantivy::Result<Option<Cursor>> {
    let Some(payload) = index.load_metas()?.payload else { return Ok(None) };
    match serde_json::from_str::<Cursor>(&payload) {
        Ok(cursor) if cursor.format == FORMAT => Ok(Some(cursor)),
        Ok(_) | Err(_) => Err(foreign()),
    }
}

fn foreign() -> TantivyError {
    TantivyError::SchemaError("it is of another program, or of another version of this one".to_owned())
}

/// Returns the schema of an index, its field of tokens and that of places.
fn schema() -> (Schema, Field, Field) {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let words = schema.add_text_field(WORDS, TextOptions::default().set_indexing_options(indexing));
    let place = schema.add_u64_field(PLACE, NumericOptions::default().set_fast());
    (schema.build(), words, place)
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Runs a call of the library; a panic in it, which damage may cause, becomes an error.
fn guarded<T>(path: &Path, call: impl FnOnce() -> tantivy::Result<T>) -> Result<T, Trouble> {
    match quietly(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(trouble(path, &error)),
        Err(what) => Err(Trouble::Damaged(format!("{}: {what}", path.display()))),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever is not the system's fault is the index's")]
fn trouble(path: &Path, error: &TantivyError) -> Trouble {
    let words = format!("{}: {error}", path.display());
    let kind = match error {
        TantivyError::IoError(source) => Some(source.kind()),
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. }) => Some(io_error.kind()),
        TantivyError::LockFailure(..)
        | TantivyError::OpenDirectoryError(_)
        | TantivyError::OpenWriteError(_) => Some(ErrorKind::Other),
        _ => None,
    };
    // Of these kinds the bytes of a file are to blame, of others the system.
    let bytes =
        [ErrorKind::InvalidData, ErrorKind::InvalidInput, ErrorKind::UnexpectedEof, ErrorKind::NotFound];
    match kind {
        Some(kind) if !bytes.contains(&kind) => Trouble::Unavailable(words),
        _ => Trouble::Damaged(words),
    }
}

/// Runs a call that writes: what it cannot write says nothing of what is there.
fn writing<T>(call: impl FnOnce() -> tantivy::Result<T>) -> Result<T, Trouble> {
    match quietly(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Trouble::Unavailable(error.to_string())),
        Err(what) => Err(Trouble::Unavailable(what)),
    }
}
