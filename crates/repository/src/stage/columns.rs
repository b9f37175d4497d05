//! Which id each column of a layer has: that of the column it continues, or a new one.

use std::collections::HashSet;

use longhaul_geodata::{Column, Schema};
use sha2::{Digest, Sha256};

use crate::dataset::{KartColumn, legend::Legend, type_name};

/// Gives every column of `schema` its id.
///
/// A column continues the previous one of the same name, type and place in the key; failing that,
/// the one at the same position with the same type and place in the key (it was renamed). Other columns are new:
/// their ids follow from layer, name and type alone, so that the same import gives the same tree on every
/// server, and differ from every id that a legend of the layer names.
pub(super) fn align<'a>(
    path: &str,
    schema: &Schema,
    previous: &[KartColumn],
    legends: impl IntoIterator<Item = &'a Legend>,
) -> Vec<KartColumn> {
    let mut ids: Vec<Option<String>> = vec![None; schema.columns.len()];
    let mut free: Vec<Option<&KartColumn>> = previous.iter().map(Some).collect();
    let mut continues = |at: usize, candidate: &mut dyn FnMut(&[Option<&KartColumn>]) -> Option<usize>| {
        if ids[at].is_none()
            && let Some(old) = candidate(&free).and_then(|found| free[found].take())
        {
            ids[at] = Some(old.id.clone());
        }
    };
    for (at, column) in schema.columns.iter().enumerate() {
        continues(at, &mut |free| {
            free.iter()
                .position(|old| old.is_some_and(|old| old.name == column.name && same_kind(old, column)))
        });
    }
    for (at, column) in schema.columns.iter().enumerate() {
        continues(at, &mut |free| {
            let old = (*free.get(at)?)?;
            same_kind(old, column).then_some(at)
        });
    }

    let mut taken: HashSet<String> = previous.iter().map(|column| column.id.clone()).collect();
    for legend in legends {
        taken.extend(legend.keys.iter().chain(&legend.values).cloned());
    }
    ids.into_iter()
        .zip(&schema.columns)
        .map(|(id, column)| {
            let id = id.unwrap_or_else(|| new_id(path, column, &mut taken));
            KartColumn::new(id, column)
        })
        .collect()
}

fn same_kind(old: &KartColumn, column: &Column) -> bool {
    old.data_type == type_name(&column.data_type) && old.primary_key_index == column.primary_key.then_some(0)
}

/// The first id of the column's sequence that is not taken; takes it.
fn new_id(path: &str, column: &Column, taken: &mut HashSet<String>) -> String {
    let id = (0_u32..)
        .map(|counter| id_at(path, column, counter))
        .find(|id| !taken.contains(id))
        .expect("the sequence of ids does not end");
    taken.insert(id.clone());
    id
}

fn id_at(path: &str, column: &Column, counter: u32) -> String {
    let mut hasher = Sha256::new();
    for part in [path, &column.name, type_name(&column.data_type)] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.update(counter.to_be_bytes());
    let digest = hasher.finalize();
    let bytes: [u8; 16] = digest[..16].try_into().expect("sixteen of thirty-two bytes");
    uuid::Uuid::from_bytes(bytes).to_string()
}
