//! Names and layout of coordinate reference systems.

use longhaul_geodata::Crs;
use longhaul_geodata::crs::{authority_identifier, format_wkt, has_authority, identifier};
use proptest::prelude::*;

const WGS_84: &str = r#"GEOGCS["WGS 84", DATUM["WGS_1984",
  SPHEROID["WGS 84",6378137,298.257223563, AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],
  PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],
  AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]"#;

#[test]
fn a_definition_is_laid_out_with_a_line_for_each_part() {
    let expected = r#"GEOGCS["WGS 84",
    DATUM["WGS_1984",
        SPHEROID["WGS 84", 6378137, 298.257223563,
            AUTHORITY["EPSG", "7030"]],
        AUTHORITY["EPSG", "6326"]],
    PRIMEM["Greenwich", 0,
        AUTHORITY["EPSG", "8901"]],
    UNIT["degree", 0.0174532925199433,
        AUTHORITY["EPSG", "9122"]],
    AXIS["Latitude", NORTH],
    AXIS["Longitude", EAST],
    AUTHORITY["EPSG", "4326"]]
"#;
    assert_eq!(format_wkt(WGS_84), expected);
}

#[test]
fn a_definition_of_endless_depth_grows_only_so_much() {
    let deep = "A(1,".repeat(10_000);
    assert!(format_wkt(&deep).len() < 30 * deep.len());
}

#[test]
fn what_is_quoted_stays_as_it_is() {
    assert_eq!(format_wkt(r#"A [ "x ,  B[""" , 1 , -2.50E+3 ] "#), "A[\"x ,  B[\"\"\", 1, -2.50E+3]\n");
    assert_eq!(format_wkt(r#"A("x",B(1),C)"#), "A(\"x\",\n    B(1), C)\n");
}

#[test]
fn a_definition_is_called_by_its_own_authority_not_by_that_of_a_part() {
    assert_eq!(identifier(WGS_84), "EPSG:4326");
    assert_eq!(identifier(r#"LOCAL_CS["loc",UNIT["metre",1],authority["ME/X",A1]]"#), "ME_X:A1");
    assert_eq!(identifier(r#"LOCAL_CS["loc",UNIT["metre",1,AUTHORITY["EPSG","9001"]]]"#), "loc");
}

#[test]
fn the_id_of_wkt_2_is_an_authority() {
    let wkt2 = r#"GEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563,
        LENGTHUNIT["metre",1,ID["EPSG",9001]]]],CS[ellipsoidal,2],AXIS["lat",north],AXIS["lon",east],ID["EPSG",4326]]"#;
    assert_eq!(identifier(wkt2), "EPSG:4326");
    assert_eq!(identifier(r#"ENGCRS["Site",id["ME","A 1",2.5,URI["urn:x"]]]"#), "ME:A 1");
    assert_eq!(identifier(r#"ENGCRS["Site",EDATUM["d",ID["EPSG",1]]]"#), "Site");
    assert!(has_authority(wkt2) && !has_authority(r#"ENGCRS["Site"]"#));
    assert_eq!(authority_identifier("EPSG", "4326").as_deref(), Some("EPSG:4326"));
    assert_eq!(authority_identifier("a/b", &"9".repeat(300)), None);
}

#[test]
fn half_an_authority_counts_if_it_says_something() {
    assert_eq!(identifier(r#"LOCAL_CS["loc",AUTHORITY["ME",""]]"#), "ME");
    assert_eq!(identifier(r#"LOCAL_CS["loc",AUTHORITY["","77"]]"#), "77");
    assert_eq!(identifier(r#"LOCAL_CS["loc",AUTHORITY["EPSG"]]"#), "loc");
    assert_eq!(identifier(r#"LOCAL_CS["loc",AUTHORITY["ESRI",""]]"#), "loc");
    assert_eq!(identifier(r#"LOCAL_CS["loc",AUTHORITY["",0]]"#), "loc");
}

#[test]
fn without_an_authority_a_definition_is_called_by_its_name() {
    assert_eq!(identifier(r#"PROJCS[" My  Custom / Grid ",UNIT["m",1]]"#), "My  Custom _ Grid");
    assert_eq!(identifier("LOCAL_CS[\"a\u{0}b\nc\"]"), "a_b_c");
}

#[test]
fn without_a_usable_name_a_definition_is_called_by_a_number() {
    for definition in
        [r#"LOCAL_CS["",UNIT["m",1]]"#, "nonsense", "[", &format!("LOCAL_CS[\"{}\"]", "x".repeat(300))]
    {
        let identifier = identifier(definition);
        let number: u32 =
            identifier.strip_prefix("CUSTOM:").expect("a custom one").parse().expect("a number");
        assert!((200_000..209_200).contains(&number), "{identifier}");
    }
    assert_eq!(identifier("A[1]"), identifier(" A [ 1 ] "));
    assert_ne!(identifier("A[1]"), identifier("A[2]"));
}

#[test]
fn an_undefined_reference_system_is_none() {
    for definition in ["", "  ", "undefined", "Undefined "] {
        assert_eq!(Crs::from_wkt(definition), None);
    }
    let crs = Crs::from_wkt(WGS_84).expect("defined");
    assert_eq!((crs.identifier.as_str(), crs.wkt), ("EPSG:4326", format_wkt(WGS_84)));
}

#[test]
fn hostile_definitions_do_not_blow_up() {
    let megabyte = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for piece in ["[", "]", ",A[", "\"", "\"\"", "A[\"", ",", "AUTHORITY[", "((((", "ä,Ä(", "-", " \n"] {
        let hostile = megabyte(piece);
        assert!(identifier(&hostile).len() <= 200, "{piece}");
        assert!(format_wkt(&hostile).len() <= 32 << 20, "{piece}");
    }
}

/// Well-known text with white space wherever it may be.
fn any_definition() -> impl Strategy<Value = String> {
    let leaf = r#" ?([A-Z]{1,3}|-?[0-9]{1,3}(\.[0-9]{1,2})?|"[a-z ,\[\]()]{0,5}") ?"#;
    let nested = leaf.prop_recursive(5, 40, 5, |inner| {
        ("[\n ]{0,2}[A-Z_]{1,4} ?", prop::collection::vec(inner, 1..5))
            .prop_map(|(keyword, arguments)| format!("{keyword}[{}] ", arguments.join(",")))
    });
    nested.boxed()
}

proptest! {
    #[test]
    fn any_text_has_an_identifier_fit_for_a_file_name(definition in r#"([A-Z]{0,9}|[\[\](),"]|\PC|\s){0,40}"#) {
        let identifier = identifier(&definition);
        prop_assert!(!identifier.is_empty() && identifier.len() <= 200);
        prop_assert!(!identifier.contains(|c: char| c == '/' || c.is_control()));
    }

    #[test]
    fn laying_out_changes_neither_a_laid_out_text_nor_the_identifier(definition in any_definition()) {
        let once = format_wkt(&definition);
        prop_assert_eq!(format_wkt(&once), once.clone());
        prop_assert_eq!(identifier(&once), identifier(&definition));
    }
}

#[test]
fn the_arguments_of_an_element_are_found_by_its_keywords() {
    let of = |path: &[&str]| longhaul_geodata::crs::arguments(WGS_84, path);
    let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&["GEOGCS"]), some(&["WGS 84"]));
    assert_eq!(of(&["geogcs", "DATUM", "SPHEROID"]), some(&["WGS 84", "6378137", "298.257223563"]));
    assert_eq!(of(&["GEOGCS", "AXIS"]), some(&["Latitude", "NORTH"]));
    assert_eq!(of(&["GEOGCS", "AUTHORITY"]), some(&["EPSG", "4326"]));
    assert_eq!(of(&["GEOGCS", "SPHEROID"]), None);
    assert_eq!(of(&["SPHEROID"]), None);
    let shifted = r#"D["d",TOWGS84[-1.5,2E-3, 0]]"#;
    assert_eq!(longhaul_geodata::crs::arguments(shifted, &["D", "TOWGS84"]), some(&["-1.5", "2E-3", "0"]));
    assert_eq!(longhaul_geodata::crs::arguments("]]A[1", &["A"]), None);
}
