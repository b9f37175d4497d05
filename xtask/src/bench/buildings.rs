//! A GeoPackage of synthetic buildings, the same in every run.
//!
//! Polygons of 5 to 13 points with 8 attributes, an XY envelope and a spatial index: the tables of OGC 12-128r18 that such a
//! file needs, as GDAL lays them out. The index has no triggers; nobody edits the file.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rusqlite::{Connection, Transaction, params};

use super::random::Random;

const SEED: u64 = 42;
const SCHEMA: &str = include_str!("buildings.sql");
const KINDS: [&str; 8] = ["house", "apartments", "garage", "industrial", "school", "shed", "yes", "retail"];
const STREETS: [&str; 10] = [
    "Main Street",
    "Oak Road",
    "Lindenweg",
    "Church Street",
    "Mill Road",
    "Bergweg",
    "Station Road",
    "Schulgasse",
    "Garden Street",
    "Waldweg",
];

/// Returns the path of the file with this many buildings in `folder`, and creates it if necessary.
pub fn geopackage(folder: &Path, features: u64) -> Result<PathBuf> {
    let path = folder.join(format!("buildings-{features}.gpkg"));
    if !path.exists() {
        println!("making {}", path.display());
        let making = path.with_extension("making");
        let _ = std::fs::remove_file(&making);
        write(&making, features).with_context(|| format!("making {}", making.display()))?;
        std::fs::rename(&making, &path)?;
    }
    Ok(path)
}

fn write(path: &Path, features: u64) -> Result<()> {
    let mut database = Connection::open(path)?;
    database.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    database.execute_batch(SCHEMA)?;
    let transaction = database.transaction()?;
    insert_buildings(&transaction, features)?;
    transaction.execute("UPDATE gpkg_ogr_contents SET feature_count = ?", [features as i64])?;
    transaction.commit()?;
    Ok(())
}

fn insert_buildings(transaction: &Transaction, features: u64) -> Result<()> {
    let mut row = transaction.prepare("INSERT INTO buildings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut index = transaction.prepare("INSERT INTO rtree_buildings_geom VALUES (?, ?, ?, ?, ?)")?;
    let mut random = Random::seeded(SEED);
    for fid in 1..=features as i64 {
        let outline = Outline::new(&mut random);
        let [min_x, max_x, min_y, max_y] = outline.envelope();
        index.execute(params![fid, min_x, max_x, min_y, max_y])?;
        row.execute(params![
            fid,
            outline.geopackage_binary(),
            100_000_000 + fid * 7,
            (random.unit() >= 0.7).then(|| format!("Building {fid}")),
            random.pick(&KINDS),
            format!("{} {}", random.pick(&STREETS), random.between(1, 200)),
            random.between(1, 9),
            (random.unit() * 3000.0).round() / 100.0,
            moment(&mut random),
            random.between(0, 1),
        ])?;
    }
    Ok(())
}

fn moment(random: &mut Random) -> String {
    let [month, day] = [random.between(1, 12), random.between(1, 28)];
    let [hour, minute, second] = [random.between(0, 23), random.between(0, 59), random.between(0, 59)];
    format!("2024-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// A closed ring around a random place in central Europe.
struct Outline {
    points: Vec<[f64; 2]>,
}

impl Outline {
    fn new(random: &mut Random) -> Self {
        let [x, y] = [5.0 + 10.0 * random.unit(), 45.0 + 10.0 * random.unit()];
        let corners = *random.pick(&[4, 4, 4, 6, 6, 8, 12]);
        let radius = 1e-4 * (0.5 + random.unit());
        let turn = random.unit();
        let corner = |number: i32| {
            let angle = turn + TAU * f64::from(number) / f64::from(corners);
            [rounded(x + radius * angle.cos()), rounded(y + 0.7 * radius * angle.sin())]
        };
        let mut points: Vec<_> = (0..corners).map(corner).collect();
        points.push(points[0]);
        Self { points }
    }

    /// min x, max x, min y, max y
    fn envelope(&self) -> [f64; 4] {
        let mut envelope = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];
        for [x, y] in &self.points {
            envelope = [envelope[0].min(*x), envelope[1].max(*x), envelope[2].min(*y), envelope[3].max(*y)];
        }
        envelope
    }

    /// The binary header of clause 2.1.3 with an XY envelope, then little-endian WKB.
    fn geopackage_binary(&self) -> Vec<u8> {
        let mut bytes = b"GP\x00\x03".to_vec();
        bytes.extend(4326_i32.to_le_bytes());
        bytes.extend(self.envelope().iter().flat_map(|bound| bound.to_le_bytes()));
        bytes.push(1);
        for number in [3, 1, self.points.len() as u32] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.points.iter().flatten().flat_map(|coordinate| coordinate.to_le_bytes()));
        bytes
    }
}

/// To a ten-millionth of a degree, as OpenStreetMap stores coordinates.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_outlines() {
        let [mut one, mut other] = [Random::seeded(SEED), Random::seeded(SEED)];
        for _ in 0..100 {
            assert_eq!(
                Outline::new(&mut one).geopackage_binary(),
                Outline::new(&mut other).geopackage_binary()
            );
        }
    }

    #[test]
    fn an_outline_is_a_closed_ring_inside_its_envelope() {
        let mut random = Random::seeded(SEED);
        for _ in 0..1000 {
            let outline = Outline::new(&mut random);
            let [min_x, max_x, min_y, max_y] = outline.envelope();
            assert!((5..=13).contains(&outline.points.len()));
            assert_eq!(outline.points.first(), outline.points.last());
            let inside = |[x, y]: &[f64; 2]| (min_x..=max_x).contains(x) && (min_y..=max_y).contains(y);
            assert!(outline.points.iter().all(inside));
        }
    }
}
