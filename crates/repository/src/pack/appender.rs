//! The one thread that writes to the pack's file.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, sync_channel},
    },
};

use hashbrown::{HashTable, hash_table::Entry};

use super::{
    PackError,
    checksum::{EarlyChecksum, HEADER_SIZE},
    detached::DetachedIo,
    entry::is_tree,
    entry_buffer::EntryBuffer,
    index::PackedObject,
    spilling_list::SpillingList,
};
use crate::Interrupter;

/// After how many bytes the file is synced, so that the last sync is short. Large enough that the syncs cost nothing; small
/// enough that others who sync to the same disk, such as the task store, do not wait long.
const SYNC_EVERY: u64 = 4 << 20;

/// What the object sinks send.
pub(super) enum AppenderCommand {
    /// More objects.
    Append(EntryBuffer),
    /// So many objects are still to come.
    Expect(u32),
}

/// Appends buffers to the file, and remembers where each object is.
pub(super) struct Appender {
    file: Arc<File>,
    end: u64,
    objects: Objects,
    syncer: Syncer,
    checksum: Option<EarlyChecksum>,
    interrupter: Interrupter,
}

/// All objects of a pack, written but for its header and its trailer.
pub(super) struct Appended {
    pub(super) file: Arc<File>,
    /// Where the objects end.
    pub(super) end: u64,
    pub(super) objects: Vec<PackedObject>,
    /// Its checksum, if it has as many objects as was expected.
    pub(super) checksum: Option<EarlyChecksum>,
}

impl Appender {
    /// Writes to `file`, and where there are very many objects, to another in the same `folder`.
    pub(super) fn new(file: File, folder: &Path, interrupter: Interrupter) -> Result<Self, PackError> {
        let file = Arc::new(file);
        // The header contains the number of objects, which is known only at the end.
        (&*file).write_all(&[0; HEADER_SIZE]).map_err(PackError::disk("write"))?;
        Ok(Self {
            syncer: Syncer::new(file.clone())?,
            file,
            end: HEADER_SIZE as u64,
            objects: Objects {
                list: SpillingList::new(folder),
                others: IdTable::new(),
                trees: IdTable::new(),
            },
            checksum: None,
            interrupter,
        })
    }

    /// Carries out the commands until all senders are dropped; sends the buffers back to be used again.
    pub(super) fn run(
        mut self,
        incoming: &Receiver<AppenderCommand>,
        used: &Sender<EntryBuffer>,
    ) -> Result<Appended, PackError> {
        while let Ok(command) = incoming.recv() {
            match command {
                AppenderCommand::Append(mut buffer) => {
                    self.append(&buffer)?;
                    buffer.clear();
                    // Fails when all sinks are dropped: then no buffer is needed.
                    let _ = used.send(buffer);
                }
                AppenderCommand::Expect(more) => self.begin_checksum(more)?,
            }
            self.syncer.written_up_to(self.end);
            if let Some(checksum) = &self.checksum {
                checksum.written_up_to(self.end);
            }
        }
        self.syncer.stop(&self.interrupter)?;
        let Self { file, end, objects, checksum, .. } = self;
        let objects = objects.into_list().map_err(PackError::disk("read the objects of"))?;
        Ok(Appended { file, end, objects, checksum })
    }

    fn begin_checksum(&mut self, more: u32) -> Result<(), PackError> {
        let count = u32::try_from(self.objects.list.len()).ok().and_then(|count| count.checked_add(more));
        if let Some(count) = count {
            self.checksum = Some(EarlyChecksum::new(self.file.clone(), count, self.interrupter.clone())?);
        }
        Ok(())
    }

    /// Appends the objects that the pack does not hold yet: equal rows are one object.
    fn append(&mut self, buffer: &EntryBuffer) -> Result<(), PackError> {
        let mut pending = 0..0;
        for (entry, bytes) in buffer.iter() {
            let offset = self.end + pending.len() as u64;
            let end = entry.start + bytes.len();
            let object = PackedObject { id: entry.id, crc: entry.crc, offset };
            if self.objects.insert(object, is_tree(bytes)).map_err(PackError::disk("list the objects of"))? {
                pending.end = end;
            } else {
                self.write(&buffer.bytes[pending])?;
                pending = end..end;
            }
        }
        self.write(&buffer.bytes[pending])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        (&*self.file).write_all(bytes).map_err(PackError::disk("write"))?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// Objects in the order of the pack, each once.
struct Objects {
    list: SpillingList,
    others: IdTable,
    /// Trees have a table of their own: they come last, and could double the size of the other table.
    trees: IdTable,
}

/// The first bytes of each id and its position in the list: eight bytes for an object, so that a lookup stays in the processor's
/// cache and growing the table does not read the list.
type IdTable = HashTable<(u32, u32)>;

impl Objects {
    /// Adds an object, if its id is new.
    fn insert(&mut self, object: PackedObject, is_tree: bool) -> io::Result<bool> {
        let Self { list, others, trees } = self;
        let table = if is_tree { trees } else { others };
        let head = u32::from_ne_bytes(object.id[..4].try_into().expect("four of twenty bytes"));
        let failure = RefCell::new(None);
        let is_same = |&(other, position): &(u32, u32)| {
            other == head
                && match list.get(position as usize) {
                    Ok(other) => other.id == object.id,
                    Err(error) => failure.replace(Some(error)).is_none(),
                }
        };
        let entry = table.entry(spread(head), is_same, |(head, _)| spread(*head));
        if let Some(error) = failure.take() {
            return Err(error);
        }
        match entry {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(entry) => {
                entry.insert((head, list.len() as u32));
                list.push(object)?;
                Ok(true)
            }
        }
    }

    fn into_list(self) -> io::Result<Vec<PackedObject>> {
        drop((self.others, self.trees));
        self.list.into_list()
    }
}

/// The hash of an id, which is evenly distributed already. The table uses the upper and the lower bits.
fn spread(head: u32) -> u64 {
    u64::from(head) << 32 | u64::from(head)
}

/// Syncs the file in the background while more is written.
struct Syncer {
    wanted: SyncSender<()>,
    syncing: DetachedIo<io::Result<()>>,
    asked_at: u64,
}

impl Syncer {
    fn new(file: Arc<File>) -> Result<Self, PackError> {
        let (wanted, asked) = sync_channel(1);
        let sync_when_asked = move || {
            while asked.recv().is_ok() {
                file.sync_data()?;
            }
            Ok(())
        };
        let syncing = DetachedIo::begin("pack-sync", sync_when_asked)
            .map_err(PackError::disk("start the thread that syncs"))?;
        Ok(Self { wanted, syncing, asked_at: 0 })
    }

    fn written_up_to(&mut self, end: u64) {
        if end - self.asked_at >= SYNC_EVERY {
            self.asked_at = end;
            // Fails when a sync is pending already, which is enough.
            let _ = self.wanted.try_send(());
        }
    }

    fn stop(self, interrupter: &Interrupter) -> Result<(), PackError> {
        drop(self.wanted);
        self.syncing.wait(interrupter)?.map_err(PackError::disk("sync"))
    }
}
