//! Compares transformations with those of PROJ, by the program `gdaltransform`.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use longhaul_projection::{System, Transformation};

/// The same datum, or a shift that both take as zero. Versions of PROJ before 9.7 differ by 0.4 mm in the inverse of LAEA.
const SAME_DATUM: f64 = 1e-3;

/// From, to, positions in the source system, how many metres may lie between the results.
type Case = (&'static str, &'static str, &'static [(f64, f64)], f64);

#[rustfmt::skip]
const CASES: [Case; 27] = [
    ("EPSG:4326", "EPSG:3857", &[(0.0, 0.0), (7.19, 50.74), (-179.5, 85.0), (174.8, -41.3)], SAME_DATUM),
    ("EPSG:3857", "EPSG:4326", &[(800_000.0, 6_500_000.0), (19_000_000.0, -5_000_000.0)], SAME_DATUM),
    ("EPSG:4326", "EPSG:32632", &[(7.19, 50.74), (9.0, 0.0), (11.9, 83.0)], SAME_DATUM),
    ("EPSG:4326", "EPSG:32760", &[(178.0, -41.0), (174.8, -36.8)], SAME_DATUM),
    ("EPSG:4326", "EPSG:3035", &[(10.0, 52.0), (-9.1, 38.7), (30.0, 70.0)], SAME_DATUM),
    ("EPSG:3035", "EPSG:25832", &[(4_321_000.0, 3_210_000.0), (4_100_000.0, 2_900_000.0)], SAME_DATUM),
    ("EPSG:4326", "EPSG:2193", &[(174.7762, -41.2866), (168.0, -46.5)], SAME_DATUM),
    ("EPSG:4167", "EPSG:2193", &[(174.7762, -41.2866), (168.0, -46.5)], SAME_DATUM),
    ("EPSG:4283", "EPSG:28355", &[(145.0, -37.8), (147.3, -42.9)], SAME_DATUM),
    ("EPSG:4283", "EPSG:7844", &[(145.0, -37.8), (115.9, -31.9)], 1e-3),
    ("EPSG:7855", "EPSG:28355", &[(320_000.0, 5_812_000.0)], 1e-3),
    ("EPSG:4326", "EPSG:27700", &[(-0.1278, 51.5074), (-3.19, 55.95)], 5.0),
    ("EPSG:27700", "EPSG:4326", &[(530_000.0, 180_000.0)], 5.0),
    ("EPSG:28992", "EPSG:4326", &[(155_000.0, 463_000.0), (121_000.0, 487_000.0)], 1.0),
    ("EPSG:4326", "EPSG:2154", &[(2.35, 48.86), (9.0, 42.0)], SAME_DATUM),
    ("EPSG:31467", "EPSG:25832", &[(3_500_000.0, 5_500_000.0), (3_400_000.0, 5_800_000.0)], 5.0),
    ("EPSG:4269", "EPSG:5070", &[(-96.0, 37.5), (-122.4, 37.8)], SAME_DATUM),
    ("EPSG:4326", "EPSG:3031", &[(0.0, -90.0), (166.7, -77.8), (-60.0, -62.0)], SAME_DATUM),
    ("EPSG:3413", "EPSG:4326", &[(0.0, 0.0), (-500_000.0, -1_500_000.0)], SAME_DATUM),
    ("EPSG:4326", "EPSG:2056", &[(7.44, 46.95), (9.5, 46.8)], 1.0),
    ("EPSG:4272", "EPSG:4326", &[(174.7762, -41.2866)], 5.0),
    // No shift, although the datum needs a grid.
    ("EPSG:4267", "EPSG:26715", &[(-93.0, 45.0), (-91.5, 41.0)], SAME_DATUM),
    // Feet.
    ("EPSG:4269", "EPSG:2263", &[(-73.98, 40.75)], SAME_DATUM),
    // Grads from Paris.
    ("EPSG:4807", "EPSG:27572", &[(0.0, 52.0), (1.5, 48.0)], SAME_DATUM),
    ("EPSG:4326", "EPSG:6933", &[(20.0, 10.0), (-70.0, -33.4)], SAME_DATUM),
    ("EPSG:4674", "EPSG:5880", &[(-54.0, -10.0), (-47.9, -15.8)], SAME_DATUM),
    ("EPSG:4156", "EPSG:5514", &[(14.4, 50.1)], SAME_DATUM),
];

fn gdal(from: &str, to: &str, positions: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut program = Command::new("gdaltransform")
        .args(["-s_srs", from, "-t_srs", to, "-output_xy"])
        .env("PROJ_NETWORK", "OFF")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    for (x, y) in positions {
        writeln!(input, "{x} {y}").unwrap();
    }
    drop(input);
    let output = program.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.split_once(' ').expect(line));
    lines.map(|(x, y)| (x.parse().unwrap(), y.trim().parse().unwrap())).collect()
}

fn is_missing() -> bool {
    let is_missing = Command::new("gdaltransform").arg("--version").output().is_err();
    if is_missing {
        eprintln!("LEFT OUT: gdaltransform is not installed (Debian: gdal-bin)");
    }
    is_missing
}

#[test]
fn two_dozen_transformations_are_those_of_proj() {
    if is_missing() {
        return;
    }
    let mut too_far = Vec::new();
    for (from, to, positions, tolerance) in CASES {
        let [source, target] = [from, to].map(|name| System::of(name.parse().unwrap()).unwrap());
        let transformation = Transformation::new(&source, &target).unwrap();
        let metres = if target.is_geographic() { 111_320.0 } else { 1.0 };
        for (position, expected) in positions.iter().zip(gdal(from, to, positions)) {
            let (x, y) = transformation.position(position.0, position.1).unwrap();
            // At a pole every longitude is right.
            let x_distance =
                if target.is_geographic() && y.abs() > 89.999_999 { 0.0 } else { x - expected.0 };
            let distance = metres * x_distance.hypot(y - expected.1);
            println!("{from} to {to}: {position:?} {distance:.6} m ({})", transformation.shift());
            if distance.is_nan() || distance > tolerance {
                too_far.push(format!("{from} to {to}: {position:?} is {x} {y}, not {expected:?}"));
            }
        }
    }
    assert!(too_far.is_empty(), "{too_far:#?}");
}
