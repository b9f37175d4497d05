//! Names and definitions of systems, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use longhaul_geodata::Crs;
use longhaul_projection::{AxisOrder, DatumShift, ProjectionError, Reference, System, Transformation};
use proptest::prelude::*;

fn system(name: &str) -> System {
    System::of(name.parse().unwrap()).unwrap()
}

fn stored(wkt: &str) -> System {
    System::stored(&Crs::from_wkt(wkt).unwrap()).unwrap()
}

const CUSTOM_NZTM: &str = r#"PROJCS["my grid",GEOGCS["NZGD49",DATUM["D_New_Zealand_Geodetic_Datum_1949",
    SPHEROID["International 1924",6378388,297]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],
    PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",173],
    PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",1600000],PARAMETER["false_northing",10000000],
    UNIT["metre",1]]"#;

#[test]
fn a_system_is_named_in_any_of_the_common_ways() {
    for name in [
        "EPSG:2193",
        "epsg:2193",
        "urn:ogc:def:crs:EPSG::2193",
        "urn:ogc:def:crs:EPSG:9.8:2193",
        "http://www.opengis.net/def/crs/EPSG/0/2193",
        "https://www.opengis.net/def/crs/epsg/0/2193",
    ] {
        assert_eq!(name.parse::<Reference>().unwrap(), Reference::Epsg(2193), "{name}");
    }
    for name in ["OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
    {
        assert_eq!(name.parse::<Reference>().unwrap(), Reference::Crs84, "{name}");
    }
    for name in [
        "",
        "2193",
        "EPSG:",
        "EPSG:+1",
        "EPSG:x",
        "ESRI:102008",
        "http://example.org/EPSG/0/2193",
        "urn:ogc:def:crs:EPSG",
    ] {
        assert!(matches!(name.parse::<Reference>(), Err(ProjectionError::Name(_))), "{name}");
    }
    assert!(matches!("EPSG:99999999".parse::<Reference>(), Err(ProjectionError::Unknown(_))));
    let unknown = System::of(Reference::Epsg(1)).unwrap_err();
    assert_eq!(unknown.to_string(), "the coordinate reference system EPSG:1 is not known here");
}

#[test]
fn a_reference_is_written_as_clients_read_it() {
    for reference in [Reference::Crs84, Reference::Epsg(4326)] {
        assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        assert_eq!(reference.uri().parse::<Reference>().unwrap(), reference);
    }
}

#[test]
fn the_order_of_axes_is_that_of_epsg() {
    for (name, order) in [
        ("EPSG:4326", AxisOrder::NorthEast),
        ("OGC:CRS84", AxisOrder::EastNorth),
        ("EPSG:3857", AxisOrder::EastNorth),
        ("EPSG:2193", AxisOrder::NorthEast),
        ("EPSG:3035", AxisOrder::NorthEast),
        ("EPSG:28992", AxisOrder::EastNorth),
        ("EPSG:31467", AxisOrder::NorthEast),
        ("EPSG:25832", AxisOrder::EastNorth),
        ("EPSG:7035", AxisOrder::EastNorth),
        // Changed between versions of EPSG's database.
        ("EPSG:31466", AxisOrder::NorthEast),
        ("EPSG:31463", AxisOrder::Unknown),
        // Southing and westing.
        ("EPSG:2065", AxisOrder::Unknown),
    ] {
        assert_eq!(system(name).axis_order(), order, "{name}");
    }
    assert_eq!(stored(CUSTOM_NZTM).axis_order(), AxisOrder::Unknown);
}

#[test]
fn a_grid_is_needed_and_refused_unless_the_datum_stays() {
    let (nad27, wgs84) = (system("EPSG:4267"), system("EPSG:4326"));
    assert!(
        matches!(Transformation::new(&nad27, &wgs84), Err(ProjectionError::NeedsGrid(name)) if name == "EPSG:4267")
    );
    assert!(matches!(Transformation::new(&wgs84, &nad27), Err(ProjectionError::NeedsGrid(_))));
    let approximate = Transformation::approximate(&nad27, &wgs84).unwrap();
    assert!(matches!(approximate.shift(), DatumShift::NotKnown(..)));
    assert_eq!(approximate.position(-93.0, 45.0).unwrap(), (-93.0, 45.0));
    let utm = Transformation::new(&nad27, &system("EPSG:26715")).unwrap();
    assert_eq!(utm.shift().to_string(), "none; both systems have the datum North_American_Datum_1927");
}

#[test]
fn a_shift_that_is_not_known_is_refused() {
    // Anguilla 1957.
    let result = Transformation::new(&system("EPSG:2000"), &system("EPSG:4326"));
    assert!(matches!(result, Err(ProjectionError::UnknownShift(name)) if name == "EPSG:2000"));
}

#[test]
fn every_transformation_says_which_shift_it_applies() {
    let shift = |from, to| Transformation::new(&system(from), &system(to)).unwrap().shift().to_string();
    assert_eq!(
        shift("EPSG:27700", "EPSG:4326"),
        "OSGB_1936 towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489; without a grid, which is right to some metres"
    );
    assert_eq!(
        shift("EPSG:4258", "EPSG:4326"),
        "none; European_Terrestrial_Reference_System_1989 and WGS_1984 are taken as equal, which is right to about two metres"
    );
    assert!(shift("EPSG:28992", "EPSG:31467").contains(" and Deutsches_Hauptdreiecksnetz towgs84="));
}

#[test]
fn the_shift_of_a_custom_definition_is_that_of_its_datum() {
    let transformation = Transformation::new(&stored(CUSTOM_NZTM), &system("EPSG:4326")).unwrap();
    let shift = transformation.shift().to_string();
    assert!(shift.starts_with("New_Zealand_Geodetic_Datum_1949 towgs84=59.47,-5.04,187.44"), "{shift}");
    let unknown = CUSTOM_NZTM.replace("D_New_Zealand_Geodetic_Datum_1949", "mine");
    let result = Transformation::new(&stored(&unknown), &system("EPSG:4326"));
    assert!(matches!(result, Err(ProjectionError::UnknownShift(_))));
}

#[test]
fn a_stored_definition_of_epsg_gets_the_shift_that_files_leave_out() {
    let without_shift = r#"GEOGCS["OSGB 1936",DATUM["OSGB_1936",SPHEROID["Airy 1830",6377563.396,299.3249646]],
        PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4277"]]"#;
    let system = stored(without_shift);
    assert_eq!(system.crs(), &Crs::from_wkt(without_shift).unwrap());
    let shift = Transformation::new(&system, &System::of(Reference::Crs84).unwrap()).unwrap().shift().clone();
    assert!(matches!(shift, DatumShift::Parameters(_)));
}

#[test]
fn a_definition_cannot_name_a_file_of_grids() {
    let wkt = CUSTOM_NZTM.replace(
        r#"UNIT["metre",1]]"#,
        r#"UNIT["metre",1],EXTENSION["PROJ4","+proj=tmerc +lon_0=173 +a=6378388 +rf=297 +nadgrids=/etc/passwd"]]"#,
    );
    let system = stored(&wkt.replace("D_New_Zealand_Geodetic_Datum_1949", "mine"));
    let wgs84 = self::system("EPSG:4326");
    assert!(Transformation::new(&system, &wgs84).is_err());
    let approximate = Transformation::approximate(&system, &wgs84).unwrap();
    assert!(matches!(approximate.shift(), DatumShift::NotKnown(..)));
}

#[test]
fn what_is_not_a_surface_is_refused() {
    let geocentric = System::of(Reference::Epsg(4978)).unwrap_err();
    assert_eq!(
        geocentric.to_string(),
        "coordinates cannot be transformed from or to EPSG:4978: it is geocentric"
    );
    let local = Crs::from_wkt(r#"LOCAL_CS["site",UNIT["metre",1]]"#).unwrap();
    assert!(matches!(System::stored(&local), Err(ProjectionError::Unsupported { .. })));
}

#[test]
fn a_definition_of_endless_depth_is_refused() {
    let deep = Crs { identifier: "deep".to_owned(), wkt: "A[1,".repeat(100_000) };
    assert!(matches!(System::stored(&deep), Err(ProjectionError::Unsupported { .. })));
}

proptest! {
    #[test]
    fn no_definition_stops_the_program(
        cut in 0..CUSTOM_NZTM.len(),
        length in 0..40_usize,
        insert in r#"[A-Z0-9"\[\],.+ -]{0,20}"#,
    ) {
        let end = (cut + length).min(CUSTOM_NZTM.len());
        let wkt = [&CUSTOM_NZTM[..cut], &insert, &CUSTOM_NZTM[end..]].concat();
        if let Some(crs) = Crs::from_wkt(&wkt)
            && let Ok(system) = System::stored(&crs)
            && let Ok(transformation) = Transformation::approximate(&system, &System::of(Reference::Crs84).unwrap())
        {
            let _ = transformation.position(1_600_000.0, 5_400_000.0);
        }
    }
}
