//! Numbers for names that many tasks share: kinds, subjects and owners.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;

/// The number of a name; 0 is no name at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NameId(u32);

/// The names in use. A name that nothing refers to any more is dropped, and its number given to another.
#[derive(Default)]
pub(super) struct Interner(RwLock<Names>);

#[derive(Default)]
struct Names {
    ids: HashMap<Arc<str>, NameId>,
    slots: Vec<Slot>,
    free: Vec<NameId>,
}

struct Slot {
    name: Arc<str>,
    /// How many rows and filters refer to it.
    references: usize,
}

impl Interner {
    /// The number of a name, with one more reference to it.
    pub(super) fn acquire(&self, name: Option<&str>) -> NameId {
        name.map_or(NameId::default(), |name| self.0.write().acquire(name))
    }

    /// [`acquire`](Self::acquire), if the name is in use.
    pub(super) fn acquire_known(&self, name: &str) -> Option<NameId> {
        let mut names = self.0.write();
        let id = *names.ids.get(name)?;
        names.slot(id)?.references += 1;
        Some(id)
    }

    /// Takes one reference back.
    pub(super) fn release(&self, id: NameId) {
        self.0.write().release(id);
    }

    /// The name of this number.
    pub(super) fn name(&self, id: NameId) -> Option<Arc<str>> {
        let names = self.0.read();
        Some(names.slots.get(index(id)?)?.name.clone())
    }
}

impl Names {
    fn acquire(&mut self, name: &str) -> NameId {
        if let Some(id) = self.ids.get(name).copied() {
            if let Some(slot) = self.slot(id) {
                slot.references += 1;
            }
            return id;
        }
        let name: Arc<str> = name.into();
        let slot = Slot { name: name.clone(), references: 1 };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(free) = self.slot(id) {
                    *free = slot;
                }
                id
            }
            None => {
                self.slots.push(slot);
                NameId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX))
            }
        };
        self.ids.insert(name, id);
        id
    }

    fn release(&mut self, id: NameId) {
        let Some(slot) = self.slot(id) else { return };
        slot.references -= 1;
        if slot.references == 0 {
            let name = std::mem::take(&mut slot.name);
            self.ids.remove(&name);
            self.free.push(id);
        }
    }

    fn slot(&mut self, id: NameId) -> Option<&mut Slot> {
        self.slots.get_mut(index(id)?)
    }
}

fn index(id: NameId) -> Option<usize> {
    usize::try_from(id.0).ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_dropped_with_its_last_reference_and_its_number_is_given_out_again() {
        let interner = Interner::default();
        let id = interner.acquire(Some("ann"));
        assert_eq!(interner.acquire_known("ann"), Some(id));
        interner.release(id);
        assert_eq!(interner.name(id), Some("ann".into()));
        interner.release(id);
        assert_eq!(interner.acquire_known("ann"), None);
        assert_eq!(interner.acquire(Some("bob")), id);
        assert_eq!((interner.acquire(None), interner.name(NameId::default())), (NameId::default(), None));
    }
}
