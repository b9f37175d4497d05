//! Writes a pack from many threads.

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
    appender::{Appended, Appender, AppenderCommand},
    entry::{self, EntryWriter},
    entry_buffer::EntryBuffer,
    finish::FinishedPack,
    temporary_file::TemporaryFile,
};
use crate::{
    Interrupted, Interrupter,
    object::{Id, ObjectKind, id_of},
};

/// How many full buffers may wait for the disk. Further ones make the threads wait that fill them.
const BUFFERS_IN_QUEUE: usize = 4;

/// A pack that objects are being added to.
pub(crate) struct PackWriter {
    to_appender: SyncSender<AppenderCommand>,
    spare: Arc<Mutex<Receiver<EntryBuffer>>>,
    interrupter: Interrupter,
    first_error: FirstError,
    appender: JoinHandle<Result<Appended, PackError>>,
    path: TemporaryFile,
    folder: PathBuf,
}

/// Takes the objects of one thread.
pub(crate) struct ObjectSink {
    buffer: EntryBuffer,
    entries: EntryWriter,
    to_appender: SyncSender<AppenderCommand>,
    spare: Arc<Mutex<Receiver<EntryBuffer>>>,
    interrupter: Interrupter,
    first_error: FirstError,
}

impl PackWriter {
    /// Begins a pack in the folder `objects/pack` of a repository.
    pub(crate) fn new(folder: &Path, interrupter: Interrupter) -> Result<Self, PackError> {
        let path = TemporaryFile::pack(folder);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path.0)
            .map_err(PackError::disk("create"))?;
        let (to_appender, incoming) = sync_channel(BUFFERS_IN_QUEUE);
        let first_error = FirstError::default();
        let (used, spare) = channel();
        let appender = thread::Builder::new()
            .name("pack".into())
            .spawn({
                let (interrupter, first_error) = (interrupter.clone(), first_error.clone());
                let folder = folder.to_owned();
                move || {
                    let appended = Appender::new(file, &folder, interrupter)
                        .and_then(|appender| appender.run(&incoming, &used));
                    appended.map_err(|error| first_error.keep(error))
                }
            })
            .map_err(PackError::disk("start the thread that writes"))?;
        Ok(Self {
            to_appender,
            spare: Arc::new(Mutex::new(spare)),
            interrupter,
            first_error,
            appender,
            path,
            folder: folder.to_owned(),
        })
    }

    /// A sink for the objects of one more thread.
    pub(crate) fn sink(&self) -> ObjectSink {
        ObjectSink {
            buffer: EntryBuffer::default(),
            entries: EntryWriter::new(),
            to_appender: self.to_appender.clone(),
            spare: self.spare.clone(),
            interrupter: self.interrupter.clone(),
            first_error: self.first_error.clone(),
        }
    }

    /// Announces how many objects are still to come, so that the checksum can be begun, which covers their number.
    ///
    /// If that number turns out wrong, the checksum is computed again at the end.
    pub(crate) fn expect(&self, objects: u32) -> Result<(), PackError> {
        self.to_appender.send(AppenderCommand::Expect(objects)).map_err(|_| self.first_error.get())
    }

    /// Completes the pack and writes its index; both are on the disk when this returns.
    ///
    /// Every sink must have been flushed and dropped.
    pub(crate) fn finish(self) -> Result<FinishedPack, PackError> {
        drop(self.to_appender);
        let appended =
            self.appender.join().unwrap_or(Err(PackError::Aborted)).map_err(|_| self.first_error.get())?;
        appended.finish(self.path, &self.folder, &self.interrupter)
    }
}

impl ObjectSink {
    /// Adds an object as it is.
    pub(crate) fn add_stored(&mut self, id: Id, kind: ObjectKind, data: &[u8]) -> Result<(), PackError> {
        self.buffer.push(id, |out| entry::stored(out, kind, data));
        self.hand_over_if_full()
    }

    /// Adds an object, compressed where that makes it smaller.
    pub(crate) fn add_compressed(&mut self, id: Id, kind: ObjectKind, data: &[u8]) -> Result<(), PackError> {
        self.buffer.push(id, |out| self.entries.compressed(out, kind, data));
        self.hand_over_if_full()
    }

    /// Computes the id of an object and adds it.
    pub(crate) fn add(&mut self, kind: ObjectKind, data: &[u8]) -> Result<Id, PackError> {
        let id = id_of(kind, data)?;
        self.add_compressed(id, kind, data)?;
        Ok(id)
    }

    /// How many bytes `data` would take compressed, at most its own length.
    pub(crate) fn compressed_len(&mut self, data: &[u8]) -> usize {
        self.entries.compressed_len(data)
    }

    /// Hands over the objects that are still in the buffer.
    pub(crate) fn flush(&mut self) -> Result<(), PackError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.interrupter.check()?;
        let spare = self.spare.lock().ok().and_then(|spare| spare.try_recv().ok());
        let buffer = std::mem::replace(&mut self.buffer, spare.unwrap_or_default());
        self.to_appender.send(AppenderCommand::Append(buffer)).map_err(|_| self.first_error.get())
    }

    fn hand_over_if_full(&mut self) -> Result<(), PackError> {
        if self.buffer.is_full() { self.flush() } else { Ok(()) }
    }
}

/// Why the appending thread has stopped. Every sink that cannot send any more returns this error.
#[derive(Clone, Default)]
struct FirstError(Arc<OnceLock<PackError>>);

impl FirstError {
    fn keep(&self, error: PackError) -> PackError {
        self.0.get_or_init(|| error);
        PackError::Aborted
    }

    fn get(&self) -> PackError {
        match self.0.get() {
            Some(PackError::Disk { action, source }) => PackError::Disk { action, source: same(source) },
            Some(PackError::Interrupted(_)) => PackError::Interrupted(Interrupted),
            _ => PackError::Aborted,
        }
    }
}

/// A copy of an error of the operating system.
fn same(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
