//! Encoded features on their way into the file.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt,
    path::Path,
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use longhaul_geodata::SinkError;

use super::index::{IndexWriter, Leaf};

/// Features are copied together that have as many bytes, or a few more.
const PIECE_BYTES: usize = 512 << 10;
/// More threads would wait for the disk.
const MOST_THREADS: usize = 4;

/// Encoded features in a file without a name, as they came.
pub(super) struct FeatureFile {
    file: BufWriter<File>,
    end: u64,
}

impl FeatureFile {
    /// An empty one in this folder.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::with_capacity(256 << 10, tempfile::tempfile_in(folder)?), end: 0 })
    }

    /// Adds a feature, and returns where it is.
    pub(super) fn push(&mut self, feature: &[u8]) -> io::Result<u64> {
        let position = self.end;
        self.file.write_all(feature)?;
        self.end += feature.len() as u64;
        Ok(position)
    }

    /// Where the next feature will be.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The file, with all features in it.
    pub(super) fn into_file(self) -> io::Result<File> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Features that follow each other in the output.
#[derive(Default)]
struct Piece {
    /// Where they begin in the feature section.
    place: u64,
    bytes: usize,
    /// Positions and lengths in the temporary file.
    features: Vec<(u64, u32)>,
}

/// Copies features in the order of the leaves to the place `start` of a file, and writes the leaves to the index.
///
/// # Errors
/// If a file cannot be read or written, or `is_stopped` returns true.
pub(super) fn copy_in_order(
    from: &File,
    (out, start): (&File, u64),
    leaves: impl Iterator<Item = io::Result<Leaf>>,
    index: &mut IndexWriter<'_>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), SinkError> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    thread::scope(|scope| {
        let (pieces, to_copy) = bounded(2 * threads);
        let start_copier = |to_copy| scope.spawn(move || copy_pieces(from, (out, start), to_copy));
        let copiers: Vec<_> = (0..threads).map(|_| start_copier(to_copy.clone())).collect();
        drop(to_copy);
        let sent = send_pieces(leaves, index, pieces, is_stopped);
        let copied = copiers
            .into_iter()
            .map(|copier| copier.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        // If all copiers have failed, nothing can be sent: their error says why.
        copied.collect::<io::Result<()>>()?;
        sent
    })
}

fn send_pieces(
    leaves: impl Iterator<Item = io::Result<Leaf>>,
    index: &mut IndexWriter<'_>,
    pieces: Sender<Piece>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), SinkError> {
    let mut piece = Piece::default();
    let send = |piece| match is_stopped() {
        true => Err(SinkError::Stopped),
        false => pieces.send(piece).map_err(|_| SinkError::Stopped),
    };
    for leaf in leaves {
        let leaf = leaf?;
        let place = index.push(&leaf)?;
        if piece.bytes >= PIECE_BYTES {
            send(std::mem::replace(&mut piece, Piece { place, ..Piece::default() }))?;
        }
        piece.bytes += leaf.length as usize;
        piece.features.push((leaf.position, leaf.length));
    }
    send(piece)
}

fn copy_pieces(from: &File, (out, start): (&File, u64), pieces: Receiver<Piece>) -> io::Result<()> {
    let mut bytes = Vec::new();
    for piece in pieces {
        bytes.resize(piece.bytes, 0);
        let mut rest = &mut bytes[..];
        for (position, length) in piece.features {
            let (feature, after) = rest.split_at_mut(length as usize);
            from.read_exact_at(feature, position)?;
            rest = after;
        }
        out.write_all_at(&bytes, start + piece.place)?;
    }
    Ok(())
}
