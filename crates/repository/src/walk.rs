//! A history, newest first.

use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};

use gix::ObjectId;

/// Walks the ancestors of a commit by committer time, newest first; a commit always comes before its parents.
///
/// Times alone do not order a history: Git keeps whole seconds, and clocks go wrong. So the commits of one second,
/// and their ancestors with later times, are ordered among themselves before any is returned.
pub(crate) struct Walk<'git> {
    git: &'git gix::Repository,
    first_parent_only: bool,
    /// What comes next, in order.
    ready: VecDeque<ObjectId>,
    /// What comes later.
    waiting: BinaryHeap<(i64, ObjectId)>,
    seen: HashSet<ObjectId>,
}

impl<'git> Walk<'git> {
    pub(crate) fn new(
        git: &'git gix::Repository,
        tip: ObjectId,
        first_parent_only: bool,
    ) -> gix::Result<Self> {
        let seen = HashSet::from([tip]);
        let waiting = BinaryHeap::from([(commit_time(git, tip)?, tip)]);
        Ok(Self { git, first_parent_only, ready: VecDeque::new(), waiting, seen })
    }

    /// Makes the waiting commits of the latest second ready.
    fn take_second(&mut self) -> gix::Result<()> {
        let Some(&(second, _)) = self.waiting.peek() else { return Ok(()) };
        let mut parents_of = HashMap::new();
        let mut group = Vec::new();
        while let Some(&(time, id)) = self.waiting.peek()
            && time >= second
        {
            self.waiting.pop();
            group.push(id);
            let parents = self.parents(id)?;
            for &parent in &parents {
                if self.seen.insert(parent) {
                    self.waiting.push((commit_time(self.git, parent)?, parent));
                }
            }
            parents_of.insert(id, parents);
        }
        self.ready = children_first(group, &parents_of);
        Ok(())
    }

    /// Parents beyond the edge of a shallow clone are not there and count as none.
    fn parents(&self, id: ObjectId) -> gix::Result<Vec<ObjectId>> {
        let commit = self.git.find_commit(id)?;
        let parents = commit.parent_ids().map(|parent| parent.detach());
        let wanted = if self.first_parent_only { 1 } else { usize::MAX };
        Ok(parents.take(wanted).filter(|&parent| self.git.has_object(parent)).collect())
    }
}

impl Iterator for Walk<'_> {
    type Item = gix::Result<ObjectId>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(error) = self.take_second()
        {
            self.waiting.clear();
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

/// Orders `group` so that each commit stands before its parents; otherwise the order stays.
fn children_first(group: Vec<ObjectId>, parents_of: &HashMap<ObjectId, Vec<ObjectId>>) -> VecDeque<ObjectId> {
    let mut children: HashMap<ObjectId, usize> = group.iter().map(|&id| (id, 0)).collect();
    for parent in parents_of.values().flatten() {
        if let Some(count) = children.get_mut(parent) {
            *count += 1;
        }
    }
    let mut next: VecDeque<ObjectId> = group.into_iter().filter(|id| children[id] == 0).collect();
    let mut ordered = VecDeque::with_capacity(children.len());
    while let Some(id) = next.pop_front() {
        ordered.push_back(id);
        for parent in &parents_of[&id] {
            if let Some(count) = children.get_mut(parent) {
                *count -= 1;
                if *count == 0 {
                    next.push_back(*parent);
                }
            }
        }
    }
    ordered
}

fn commit_time(git: &gix::Repository, id: ObjectId) -> gix::Result<i64> {
    Ok(git.find_commit(id)?.time().map_or(0, |time| time.seconds))
}
