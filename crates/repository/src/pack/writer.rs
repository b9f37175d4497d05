//! The pack while it is being written.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
};

use super::{
    PackError,
    appender::{Appended, Appender, Message},
    chunk::Chunk,
    entry::{self, EntryWriter},
    finish::FinishedPack,
    unfinished::Unfinished,
};
use crate::{
    Interrupted, Interrupter,
    object::{Id, Kind, id_of},
};

/// How many chunks may wait for the disk before the threads that make them do.
const CHUNKS_UNDER_WAY: usize = 4;

/// A pack that objects are being added to.
pub(crate) struct PackWriter {
    chunks: SyncSender<Message>,
    spare: Arc<Mutex<Receiver<Chunk>>>,
    interrupter: Interrupter,
    failure: Failure,
    appender: JoinHandle<Result<Appended, PackError>>,
    path: Unfinished,
    folder: PathBuf,
}

/// Where one thread puts its objects.
pub(crate) struct Inlet {
    chunk: Chunk,
    entries: EntryWriter,
    chunks: SyncSender<Message>,
    spare: Arc<Mutex<Receiver<Chunk>>>,
    interrupter: Interrupter,
    failure: Failure,
}

impl PackWriter {
    /// Begins a pack in the folder `objects/pack` of a repository.
    pub(crate) fn new(folder: &Path, interrupter: Interrupter) -> Result<Self, PackError> {
        let path = Unfinished::pack(folder);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path.0)
            .map_err(PackError::disk("create"))?;
        let (chunks, incoming) = sync_channel(CHUNKS_UNDER_WAY);
        let failure = Failure::default();
        let (used, spare) = channel();
        let appender = thread::Builder::new()
            .name("pack".into())
            .spawn({
                let (interrupter, failure) = (interrupter.clone(), failure.clone());
                let folder = folder.to_owned();
                move || {
                    let appended = Appender::new(file, &folder, interrupter)
                        .and_then(|appender| appender.run(&incoming, &used));
                    appended.map_err(|error| failure.keep(error))
                }
            })
            .map_err(PackError::disk("start the thread that writes"))?;
        Ok(Self {
            chunks,
            spare: Arc::new(Mutex::new(spare)),
            interrupter,
            failure,
            appender,
            path,
            folder: folder.to_owned(),
        })
    }

    /// A place for one more thread to put objects into.
    pub(crate) fn inlet(&self) -> Inlet {
        Inlet {
            chunk: Chunk::default(),
            entries: EntryWriter::new(),
            chunks: self.chunks.clone(),
            spare: self.spare.clone(),
            interrupter: self.interrupter.clone(),
            failure: self.failure.clone(),
        }
    }

    /// Announces how many objects are still to come, so that the checksum can be begun: it covers their number.
    ///
    /// Nothing breaks if there are more or less; the checksum is then taken once more.
    pub(crate) fn expect(&self, objects: u32) -> Result<(), PackError> {
        self.chunks.send(Message::Expect(objects)).map_err(|_| self.failure.told())
    }

    /// Completes the pack and writes its index; both are on the disk when this returns.
    ///
    /// Every inlet must have been flushed and dropped.
    pub(crate) fn finish(self) -> Result<FinishedPack, PackError> {
        drop(self.chunks);
        let appended =
            self.appender.join().unwrap_or(Err(PackError::GivenUp)).map_err(|_| self.failure.told())?;
        appended.finish(self.path, &self.folder, &self.interrupter)
    }
}

impl Inlet {
    /// Adds an object as it is.
    pub(crate) fn add_stored(&mut self, id: Id, kind: Kind, data: &[u8]) -> Result<(), PackError> {
        self.chunk.push(id, |out| entry::stored(out, kind, data));
        self.hand_over_if_full()
    }

    /// Adds an object, compressed where that makes it smaller.
    pub(crate) fn add_compressed(&mut self, id: Id, kind: Kind, data: &[u8]) -> Result<(), PackError> {
        self.chunk.push(id, |out| self.entries.compressed(out, kind, data));
        self.hand_over_if_full()
    }

    /// Names an object and adds it.
    pub(crate) fn add(&mut self, kind: Kind, data: &[u8]) -> Result<Id, PackError> {
        let id = id_of(kind, data)?;
        self.add_compressed(id, kind, data)?;
        Ok(id)
    }

    /// How many bytes `data` would take compressed, at most its own length.
    pub(crate) fn compressed_len(&mut self, data: &[u8]) -> usize {
        self.entries.compressed_len(data)
    }

    /// Hands over what is left.
    pub(crate) fn flush(&mut self) -> Result<(), PackError> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.interrupter.check()?;
        let spare = self.spare.lock().ok().and_then(|spare| spare.try_recv().ok());
        let chunk = std::mem::replace(&mut self.chunk, spare.unwrap_or_default());
        self.chunks.send(Message::Append(chunk)).map_err(|_| self.failure.told())
    }

    fn hand_over_if_full(&mut self) -> Result<(), PackError> {
        if self.chunk.is_full() { self.flush() } else { Ok(()) }
    }
}

/// Why the appending thread has stopped: it ends while others still send, and each of them asks.
#[derive(Clone, Default)]
struct Failure(Arc<OnceLock<PackError>>);

impl Failure {
    fn keep(&self, error: PackError) -> PackError {
        self.0.get_or_init(|| error);
        PackError::GivenUp
    }

    fn told(&self) -> PackError {
        match self.0.get() {
            Some(PackError::Disk { action, source }) => PackError::Disk { action, source: same(source) },
            Some(PackError::Interrupted(_)) => PackError::Interrupted(Interrupted),
            _ => PackError::GivenUp,
        }
    }
}

/// What the system said, once more.
fn same(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
