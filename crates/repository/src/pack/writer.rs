//! The pack while it is being written.

use std::{
    collections::HashSet,
    fs::{self, File},
    hash::{BuildHasherDefault, Hasher},
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
};

use sha1::{Digest, Sha1};

use super::{
    PackError, Unpublished,
    chunk::Chunk,
    entry::{self, EntryWriter},
    index::{self, Located},
};
use crate::{
    Interrupter,
    object::{Id, Kind, id_of},
};

/// How many chunks may wait for the disk before the threads that make them do.
const CHUNKS_UNDER_WAY: usize = 4;
/// How often what was written is sent to the disk, so that the last sync has little left to do.
const SYNC_EVERY: u64 = 16 << 20;
const HEADER: u64 = 12;

/// A pack that objects are being added to.
pub(crate) struct PackWriter {
    chunks: SyncSender<Chunk>,
    spare: Arc<Mutex<Receiver<Chunk>>>,
    interrupter: Interrupter,
    appender: JoinHandle<Result<Appended, PackError>>,
    folder: PathBuf,
}

/// Where one thread puts its objects.
pub(crate) struct Inlet {
    chunk: Chunk,
    entries: EntryWriter,
    chunks: SyncSender<Chunk>,
    spare: Arc<Mutex<Receiver<Chunk>>>,
    interrupter: Interrupter,
}

/// A whole pack with its index, on disk and synced, which no reader sees yet.
#[derive(Debug)]
pub(crate) struct FinishedPack {
    pack: Unpublished,
    index: Unpublished,
    folder: PathBuf,
    checksum: Id,
}

impl PackWriter {
    /// Begins a pack in the folder `objects/pack` of a repository.
    pub(crate) fn new(folder: &Path, interrupter: Interrupter) -> Result<Self, PackError> {
        let path = folder.join(format!("tmp_pack_{}", uuid::Uuid::new_v4().simple()));
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(PackError::disk("create"))?;
        let (chunks, incoming) = sync_channel(CHUNKS_UNDER_WAY);
        let (used, spare) = channel();
        let pack = Unpublished(path);
        let appender = thread::Builder::new()
            .name("pack".into())
            .spawn(move || Appender::new(file, pack)?.run(&incoming, &used))
            .map_err(PackError::disk("start the thread that writes"))?;
        Ok(Self {
            chunks,
            spare: Arc::new(Mutex::new(spare)),
            interrupter,
            appender,
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
        }
    }

    /// Completes the pack and writes its index; both are on the disk when this returns.
    ///
    /// Every inlet must have been flushed and dropped.
    pub(crate) fn finish(self) -> Result<FinishedPack, PackError> {
        drop(self.chunks);
        let appended = self.appender.join().map_err(|_| PackError::GivenUp)??;
        appended.finish(&self.folder, &self.interrupter)
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
        self.chunks.send(chunk).map_err(|_| PackError::GivenUp)
    }

    fn hand_over_if_full(&mut self) -> Result<(), PackError> {
        if self.chunk.is_full() { self.flush() } else { Ok(()) }
    }
}

/// The one thread that writes to the file.
struct Appender {
    file: Arc<File>,
    path: Unpublished,
    end: u64,
    objects: Vec<Located>,
    known: HashSet<Id, BuildHasherDefault<IdHasher>>,
    syncer: Syncer,
}

/// What the appender leaves behind.
struct Appended {
    file: Arc<File>,
    path: Unpublished,
    end: u64,
    objects: Vec<Located>,
}

impl Appender {
    fn new(file: File, path: Unpublished) -> Result<Self, PackError> {
        let file = Arc::new(file);
        // The number of objects stands in the header and is known only at the end.
        (&*file).write_all(&[0; HEADER as usize]).map_err(PackError::disk("write"))?;
        Ok(Self {
            syncer: Syncer::new(file.clone())?,
            file,
            path,
            end: HEADER,
            objects: Vec::new(),
            known: HashSet::default(),
        })
    }

    fn run(mut self, incoming: &Receiver<Chunk>, used: &Sender<Chunk>) -> Result<Appended, PackError> {
        while let Ok(mut chunk) = incoming.recv() {
            self.append(&chunk)?;
            self.syncer.written_up_to(self.end);
            chunk.clear();
            // Nobody may be left to use it again.
            let _ = used.send(chunk);
        }
        self.syncer.stop()?;
        Ok(Appended { file: self.file, path: self.path, end: self.end, objects: self.objects })
    }

    /// Appends the objects that the pack does not hold yet: equal rows are one object.
    fn append(&mut self, chunk: &Chunk) -> Result<(), PackError> {
        let mut pending = 0..0;
        for (entry, bytes) in chunk.iter() {
            if self.known.insert(entry.id) {
                self.objects.push(Located {
                    id: entry.id,
                    crc: entry.crc,
                    offset: self.end + (pending.end - pending.start) as u64,
                });
                pending.end = entry.start + bytes.len();
            } else {
                self.write(&chunk.bytes[pending.clone()])?;
                let next = entry.start + bytes.len();
                pending = next..next;
            }
        }
        self.write(&chunk.bytes[pending])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        (&*self.file).write_all(bytes).map_err(PackError::disk("write"))?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

impl Appended {
    fn finish(self, folder: &Path, interrupter: &Interrupter) -> Result<FinishedPack, PackError> {
        let Self { file, path, end, mut objects } = self;
        let count = u32::try_from(objects.len()).map_err(|_| PackError::TooMany)?;
        file.write_all_at(&header(count), 0).map_err(PackError::disk("write"))?;

        let checksum = thread::scope(|scope| {
            let checksum = scope.spawn(|| checksum(&file, end, interrupter));
            index::sort(&mut objects);
            checksum.join().map_err(|_| PackError::GivenUp)?
        })?;
        interrupter.check()?;
        file.write_all_at(&checksum, end).map_err(PackError::disk("write"))?;
        file.sync_data().map_err(PackError::disk("sync"))?;

        Ok(FinishedPack {
            index: write_index(folder, &objects, &checksum)?,
            pack: path,
            folder: folder.to_owned(),
            checksum,
        })
    }
}

impl FinishedPack {
    /// Gives pack and index the names under which Git finds them, the index last.
    pub(crate) fn publish(self) -> Result<(), PackError> {
        let name = gix::ObjectId::from(self.checksum).to_string();
        let place = |ending: &str| self.folder.join(format!("pack-{name}.{ending}"));
        for (from, to) in [(&self.pack, place("pack")), (&self.index, place("idx"))] {
            fs::rename(&from.0, to).map_err(PackError::disk("publish"))?;
        }
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(PackError::disk("sync the folder of"))
    }
}

fn header(count: u32) -> [u8; HEADER as usize] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    header
}

/// The SHA-1 of the whole pack. It covers the number of objects in the first bytes, so it cannot be
/// taken before the last object is known; what it reads is still in the page cache.
fn checksum(file: &File, end: u64, interrupter: &Interrupter) -> Result<Id, PackError> {
    let mut hasher = Sha1::new();
    let mut buffer = vec![0; 256 << 10];
    let mut at = 0;
    while at < end {
        interrupter.check()?;
        let wanted = buffer.len().min((end - at) as usize);
        file.read_exact_at(&mut buffer[..wanted], at).map_err(PackError::disk("read back"))?;
        hasher.update(&buffer[..wanted]);
        at += wanted as u64;
    }
    Ok(hasher.finalize().into())
}

fn write_index(folder: &Path, objects: &[Located], checksum: &Id) -> Result<Unpublished, PackError> {
    let path = folder.join(format!("tmp_idx_{}", uuid::Uuid::new_v4().simple()));
    let file = File::create_new(&path).map_err(PackError::disk("create the index of"))?;
    let unpublished = Unpublished(path);
    let mut out = BufWriter::with_capacity(256 << 10, file);
    index::write(&mut out, objects, checksum).map_err(PackError::disk("write the index of"))?;
    out.get_ref().sync_data().map_err(PackError::disk("sync the index of"))?;
    Ok(unpublished)
}

/// Sends what was written to the disk while more is being made.
struct Syncer {
    wanted: SyncSender<()>,
    thread: JoinHandle<std::io::Result<()>>,
    asked_at: u64,
}

impl Syncer {
    fn new(file: Arc<File>) -> Result<Self, PackError> {
        let (wanted, asked) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("pack-sync".into())
            .spawn(move || {
                while asked.recv().is_ok() {
                    file.sync_data()?;
                }
                Ok(())
            })
            .map_err(PackError::disk("start the thread that syncs"))?;
        Ok(Self { wanted, thread, asked_at: 0 })
    }

    fn written_up_to(&mut self, end: u64) {
        if end - self.asked_at >= SYNC_EVERY {
            self.asked_at = end;
            // One that is asked for already will do.
            let _ = self.wanted.try_send(());
        }
    }

    fn stop(self) -> Result<(), PackError> {
        drop(self.wanted);
        self.thread.join().map_err(|_| PackError::GivenUp)?.map_err(PackError::disk("sync"))
    }
}

/// Ids are evenly spread already: their first bytes are hash enough.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        let length = bytes.len().min(8);
        word[..length].copy_from_slice(&bytes[..length]);
        self.0 ^= u64::from_ne_bytes(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
