//! Files packed as a whole.

use std::{
    io::{self, BufReader, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;

use super::{BUFFER, ByteStream};

/// What packs OpenStreetMap files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Bzip2,
}

/// How many times as long as its packed form a file may be, beyond [`FREE`]; real ones come to twenty times.
const MOST_EXPANSION: u64 = 200;
/// How much may come out whatever went in.
const FREE: u64 = 64 << 20;

impl Packing {
    /// How a file is packed that begins like this.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    /// The unpacked form: of all members or streams that follow each other.
    pub(super) fn unpack(self, packed: ByteStream) -> ByteStream {
        let came_in = Arc::new(AtomicU64::new(0));
        let packed = BufReader::with_capacity(BUFFER, Inlet { packed, came_in: came_in.clone() });
        match self {
            Self::Gzip => Box::new(Outlet { unpacked: MultiGzDecoder::new(packed), went_out: 0, came_in }),
            Self::Bzip2 => Box::new(Outlet { unpacked: MultiBzDecoder::new(packed), went_out: 0, came_in }),
        }
    }
}

/// Counts what is unpacked.
struct Inlet {
    packed: ByteStream,
    came_in: Arc<AtomicU64>,
}

impl Read for Inlet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.packed.read(buffer)?;
        self.came_in.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

/// Stops what comes to too much.
struct Outlet<R> {
    unpacked: R,
    went_out: u64,
    came_in: Arc<AtomicU64>,
}

impl<R: Read> Read for Outlet<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.unpacked.read(buffer)?;
        self.went_out += count as u64;
        if self.went_out > FREE + MOST_EXPANSION * self.came_in.load(Relaxed) {
            let what = format!("it unpacks to more than {MOST_EXPANSION} times its size");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(count)
    }
}
