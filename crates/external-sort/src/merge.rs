use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    io,
};

use crate::{
    Record,
    placed::Placed,
    runs::{Run, RunFile},
};

/// The items of a list in order. Ends after the first error.
pub struct Sorted<K, T, F> {
    runs: Vec<Run<K, T>>,
    /// The next item of each run, and the number of the run.
    next: BinaryHeap<Reverse<(Placed<K, T>, usize)>>,
    place: F,
}

impl<K: Ord, T: Record, F: Fn(&T) -> K> Sorted<K, T, F> {
    pub(crate) fn new(
        in_memory: Vec<Vec<Placed<K, T>>>,
        file: Option<RunFile>,
        place: F,
    ) -> io::Result<Self> {
        let in_memory = in_memory.into_iter().map(|items| Run::InMemory(items.into_iter()));
        let in_file = file.map(RunFile::into_runs);
        let mut runs: Vec<_> = in_memory.chain(in_file.into_iter().flatten()).collect();
        let mut next = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            next.extend(run.next(&place)?.map(|item| Reverse((item, number))));
        }
        Ok(Self { runs, next, place })
    }

    fn advance(&mut self) -> io::Result<Option<T>> {
        let Some(mut first) = self.next.peek_mut() else { return Ok(None) };
        let run = first.0.1;
        match self.runs[run].next(&self.place)? {
            // Replacing the first item moves it to its place once, where removing and adding would do so twice.
            Some(item) => Ok(Some(std::mem::replace(&mut *first, Reverse((item, run))).0.0.item)),
            None => Ok(Some(PeekMut::pop(first).0.0.item)),
        }
    }
}

impl<K: Ord, T: Record, F: Fn(&T) -> K> Iterator for Sorted<K, T, F> {
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<io::Result<T>> {
        let next = self.advance();
        if next.is_err() {
            self.next.clear();
        }
        next.transpose()
    }
}
