//! Vector tiles, read back: what a decoder would not notice is asserted here.

#![allow(clippy::unwrap_used, reason = "tests may")]

use longhaul_formats::VectorTileLayer;
use longhaul_geodata::geometry::{Extent, write_line, write_point, write_polygon};
use proptest::prelude::*;

const TILE: Extent = Extent { min_x: 0.0, min_y: 0.0, max_x: 4096.0, max_y: 4096.0 };

type Position = (i64, i64);

/// A feature of a decoded tile; its paths are points, lines or rings.
#[derive(Debug)]
struct Feature {
    id: Option<String>,
    kind: u64,
    paths: Vec<Vec<Position>>,
}

/// The fields of a message: number, and value or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = varint(&mut bytes);
        match tag & 7 {
            0 => fields.push((tag >> 3, value, &[][..])),
            2 => {
                let (inner, rest) = bytes.split_at(value as usize);
                fields.push((tag >> 3, 0, inner));
                bytes = rest;
            }
            other => panic!("wire type {other}"),
        }
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    number
}

fn numbers(mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !bytes.is_empty() {
        numbers.push(varint(&mut bytes));
    }
    numbers
}

fn decode(tile: &[u8]) -> Vec<Feature> {
    if tile.is_empty() {
        return Vec::new();
    }
    let tile = fields(tile);
    assert_eq!((tile.len(), tile[0].0), (1, 3), "one layer");
    let layer = fields(tile[0].2);
    let of = |field| layer.iter().filter(move |(number, _, _)| *number == field);
    assert_eq!(of(15).map(|field| field.1).collect::<Vec<_>>(), [2], "the version");
    assert_eq!(of(5).map(|field| field.1).collect::<Vec<_>>(), [4096], "the extent");
    assert_eq!(of(1).map(|field| field.2).collect::<Vec<_>>(), [b"roads"]);
    let values: Vec<String> =
        of(4).map(|value| String::from_utf8(fields(value.2)[0].2.to_vec()).unwrap()).collect();
    of(2).map(|feature| feature_of(feature.2, &values)).collect()
}

fn feature_of(bytes: &[u8], values: &[String]) -> Feature {
    let mut feature = Feature { id: None, kind: 0, paths: Vec::new() };
    for (field, value, inner) in fields(bytes) {
        match field {
            2 => feature.id = Some(values[numbers(inner)[1] as usize].clone()),
            3 => feature.kind = value,
            4 => feature.paths = paths(&numbers(inner), feature.kind),
            other => panic!("field {other}"),
        }
    }
    feature
}

fn paths(commands: &[u64], kind: u64) -> Vec<Vec<Position>> {
    let mut commands = commands.iter().copied();
    let (mut paths, mut at) = (Vec::<Vec<Position>>::new(), (0, 0));
    let zigzag = |number: u64| (number >> 1) as i64 ^ -((number & 1) as i64);
    let mut is_closed = true;
    while let Some(command) = commands.next() {
        let (what, count) = (command & 7, command >> 3);
        assert!(count > 0);
        if what == 7 {
            assert_eq!((kind, count), (3, 1), "only rings are closed, once");
            is_closed = true;
            continue;
        }
        if what == 1 {
            assert!(is_closed || kind != 3, "a ring is not closed");
            assert!(kind == 1 || count == 1);
            paths.push(Vec::new());
            is_closed = false;
        }
        for _ in 0..count {
            let step = (zigzag(commands.next().unwrap()), zigzag(commands.next().unwrap()));
            assert!(what == 1 || step != (0, 0), "no steps of no length");
            at = (at.0 + step.0, at.1 + step.1);
            paths.last_mut().unwrap().push(at);
        }
    }
    assert!(is_closed || kind != 3, "the last ring is not closed");
    paths
}

/// Twice the area, where y is down.
fn area(ring: &[Position]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
}

fn polygon(rings: &[Vec<(f64, f64)>]) -> Vec<u8> {
    let mut stored = Vec::new();
    write_polygon(rings.iter().map(|ring| ring.iter().copied()), &mut stored);
    stored
}

fn square(min: f64, max: f64) -> Vec<(f64, f64)> {
    vec![(min, min), (max, min), (max, max), (min, max), (min, min)]
}

#[test]
fn rings_are_wound_as_the_specification_has_it_however_they_were() {
    let reversed = |ring: Vec<(f64, f64)>| ring.into_iter().rev().collect::<Vec<_>>();
    let (outer, hole) = (square(100.0, 4000.0), square(500.0, 600.0));
    for rings in [
        [outer.clone(), hole.clone()],
        [reversed(outer.clone()), hole.clone()],
        [outer.clone(), reversed(hole.clone())],
        [reversed(outer), reversed(hole)],
    ] {
        let mut layer = VectorTileLayer::new(TILE);
        layer.add("17", &polygon(&rings)).unwrap();
        let features = decode(&layer.finish("roads"));
        assert_eq!((features.len(), features[0].kind, features[0].id.as_deref()), (1, 3, Some("17")));
        let areas: Vec<_> = features[0].paths.iter().map(|ring| area(ring)).collect();
        assert_eq!(areas, [2 * 3900 * 3900, -2 * 100 * 100]);
        assert!(features[0].paths.iter().all(|ring| ring.len() == 4), "the first position is not repeated");
    }
}

#[test]
fn points_lines_and_boxes_have_their_types() {
    let mut layer = VectorTileLayer::new(TILE);
    let (mut point, mut line) = (Vec::new(), Vec::new());
    write_point((10.0, 4086.0), &mut point);
    write_line([(0.0, 0.0), (0.2, 0.2), (100.0, 0.0)].into_iter(), &mut line);
    layer.add("a", &point).unwrap();
    layer.add("b", &line).unwrap();
    layer.add_box(Extent { min_x: -9e9, min_y: -9e9, max_x: 9e9, max_y: 9e9 });
    let features = decode(&layer.finish("roads"));
    assert_eq!(features.iter().map(|feature| feature.kind).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(features[0].paths, [[(10, 10)]]);
    assert_eq!(features[1].paths, [[(0, 4096), (100, 4096)]], "what rounds to one position is one");
    assert_eq!(area(&features[2].paths[0]), 2 * 4224 * 4224, "cut at the buffer");
    assert_eq!(features[2].id, None);
}

#[test]
fn what_is_outside_is_not_there_and_what_is_small_is() {
    let mut layer = VectorTileLayer::new(TILE);
    layer.add("outside", &polygon(&[square(9000.0, 9100.0)])).unwrap();
    assert!(layer.finish("roads").is_empty(), "a tile has no empty layer");
    let mut layer = VectorTileLayer::new(TILE);
    layer.add("small", &polygon(&[square(7.1, 7.2)])).unwrap();
    let features = decode(&layer.finish("roads"));
    assert!(area(&features[0].paths[0]) > 0);
    assert!(VectorTileLayer::new(TILE).add("broken", b"GP").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_polygon_becomes_rings_of_the_right_sign(
        outer in prop::collection::vec((-9000.0..9000.0_f64, -9000.0..9000.0_f64), 3..12),
        hole in prop::collection::vec((0.0..4096.0_f64, 0.0..4096.0_f64), 3..6),
    ) {
        let closed = |mut ring: Vec<(f64, f64)>| { ring.push(ring[0]); ring };
        let mut layer = VectorTileLayer::new(TILE);
        layer.add("x", &polygon(&[closed(outer), closed(hole)])).unwrap();
        for feature in decode(&layer.finish("roads")) {
            for (at, ring) in feature.paths.iter().enumerate() {
                prop_assert!(ring.len() >= 3);
                let is_right = (area(ring) > 0) == (at == 0) && area(ring) != 0;
                prop_assert!(is_right);
                // What is smaller than a unit is one unit wide, also at the edge.
                prop_assert!(ring.iter().all(|(x, y)| (-64..=4161).contains(x) && (-64..=4161).contains(y)));
            }
        }
    }
}
