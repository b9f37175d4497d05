//! The SHA-1 at the end of a pack, over all bytes before it.
//!
//! It covers the number of objects in the header, so it cannot be begun before that number is known. The file is read back,
//! usually from the page cache.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use sha1::{Digest, Sha1};

use super::PackError;
use crate::{Interrupter, object::Id};

/// The length of a pack's header: its mark, its version, and how many objects it has.
pub(super) const HEADER_SIZE: usize = 12;
/// How many bytes are read at once, and between two checks for an interrupt.
const STRIDE: u64 = 256 << 10;

/// The header of a pack with so many objects.
pub(super) fn header(count: u32) -> [u8; HEADER_SIZE] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    header
}

/// The checksum of a pack that ends at `end`.
pub(super) fn checksum(
    file: &File,
    count: u32,
    end: u64,
    interrupter: &Interrupter,
) -> Result<Id, PackError> {
    let mut reading = ChecksumReader::new(count, interrupter.clone());
    reading.up_to(file, end)?;
    Ok(reading.hasher.finalize().into())
}

/// A checksum that is computed while the last objects are written.
pub(super) struct EarlyChecksum {
    count: u32,
    ends: SyncSender<u64>,
    thread: JoinHandle<Result<Sha1, PackError>>,
}

impl EarlyChecksum {
    /// Begins the checksum of a pack that is going to have `count` objects.
    pub(super) fn new(file: Arc<File>, count: u32, interrupter: Interrupter) -> Result<Self, PackError> {
        let reading = ChecksumReader::new(count, interrupter);
        let (ends, written) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("pack-checksum".into())
            .spawn(move || follow(&file, reading, &written))
            .map_err(PackError::disk("start the thread that reads back"))?;
        Ok(Self { count, ends, thread })
    }

    /// Lets it read as far as `end`, at the latest after the next call.
    pub(super) fn written_up_to(&self, end: u64) {
        let _ = self.ends.try_send(end);
    }

    /// The checksum of the pack that ends at `end`; `None` if it has another number of objects than was expected.
    pub(super) fn finish(self, count: u32, end: u64) -> Result<Option<Id>, PackError> {
        // If the thread has failed, `join` returns its error.
        let _ = self.ends.send(end);
        drop(self.ends);
        let hasher = self.thread.join().map_err(|_| PackError::Aborted)??;
        Ok((count == self.count).then(|| hasher.finalize().into()))
    }
}

fn follow(file: &File, mut reading: ChecksumReader, written: &Receiver<u64>) -> Result<Sha1, PackError> {
    while let Ok(end) = written.recv() {
        reading.up_to(file, end)?;
    }
    Ok(reading.hasher)
}

/// The checksum of the part of a pack that has been read.
struct ChecksumReader {
    hasher: Sha1,
    at: u64,
    buffer: Vec<u8>,
    interrupter: Interrupter,
}

impl ChecksumReader {
    fn new(count: u32, interrupter: Interrupter) -> Self {
        Self {
            hasher: Sha1::new_with_prefix(header(count)),
            at: HEADER_SIZE as u64,
            buffer: vec![0; STRIDE as usize],
            interrupter,
        }
    }

    fn up_to(&mut self, file: &File, end: u64) -> Result<(), PackError> {
        while self.at < end {
            self.interrupter.check()?;
            let length = STRIDE.min(end - self.at);
            let read = &mut self.buffer[..length as usize];
            file.read_exact_at(read, self.at).map_err(PackError::disk("read back"))?;
            self.hasher.update(&read);
            self.at += length;
        }
        Ok(())
    }
}
