//! Reference systems, from wherever a file defines them.

use crate::{
    outcome::{import, import_file, meta, reference_systems},
    support::{
        gpkg::{gpkg, point, points},
        harness::Harness,
    },
};

/// The warnings, the reference systems and the schema of a layer `a` of points with this row of `gpkg_spatial_ref_sys`.
fn imported(row: &str) -> (Vec<String>, String, String) {
    let harness = Harness::new();
    let sql = format!(
        "ALTER TABLE gpkg_spatial_ref_sys ADD COLUMN definition_12_063 TEXT;
         INSERT INTO gpkg_spatial_ref_sys VALUES {row};
         CREATE TABLE a(fid INTEGER PRIMARY KEY, geom POINT); {} INSERT INTO a VALUES(1, {});",
        points("a", 77),
        point(1.0, 2.0)
    );
    let warnings = import_file(&harness, &gpkg(harness.scratch(), "f.gpkg", &sql));
    let systems = match meta_has_crs(&harness) {
        true => reference_systems(&harness, "a"),
        false => String::new(),
    };
    (warnings, systems, meta(&harness, "a", "schema.json"))
}

fn meta_has_crs(harness: &Harness) -> bool {
    meta(harness, "a", "schema.json").contains("geometryCRS")
}

#[test]
fn a_definition_of_wkt_2_is_taken_where_that_of_wkt_1_is_undefined() {
    for (file, layer, system) in [
        ("03-crs-only-in-12-063.gpkg", "pts", "EPSG:4326"),
        ("EPSG_9518_.gpkg", "p", "EPSG:9518"),
        ("36-crs-wkt2-in-definition.gpkg", "a", "EPSG:4326"),
    ] {
        let harness = Harness::new();
        assert_eq!(import(&harness, file), [""; 0], "{file}");
        assert!(reference_systems(&harness, layer).contains(&format!("crs/{system}.wkt")), "{file}");
        let schema = meta(&harness, layer, "schema.json");
        assert!(schema.contains(&format!("\"geometryCRS\": \"{system}\"")), "{file}: {schema}");
    }
}

#[test]
fn a_code_of_epsg_is_enough() {
    let harness = Harness::new();
    assert_eq!(import(&harness, "52-epsg-undefined-definition.gpkg"), [""; 0]);
    assert_eq!(reference_systems(&harness, "a"), "crs/EPSG:4326.wkt");
    let wkt = meta(&harness, "a", "crs/EPSG:4326.wkt");
    assert!(wkt.starts_with("GEOGCS[\"WGS 84\",\n    DATUM[\"WGS_1984\","), "{wkt}");
    for (row, system) in [
        ("('x', 77, 'EPSG', 2154, 'undefined', NULL, 'undefined')", "EPSG:2154"),
        ("('x', 77, 'epsg', 3857, '', NULL, '')", "EPSG:3857"),
        ("('x', 77, ' EPSG ', 32633, 'Undefined', NULL, NULL)", "EPSG:32633"),
    ] {
        let (warnings, systems, schema) = imported(row);
        assert_eq!(warnings, [""; 0], "{row}");
        assert_eq!(systems, format!("crs/{system}.wkt"));
        assert!(schema.contains(system), "{schema}");
    }
}

#[test]
fn an_authority_beside_a_definition_of_wkt_2_names_it() {
    let wkt2 = "ENGCRS[\"Site\",EDATUM[\"Site\"],CS[Cartesian,2],AXIS[\"x\",east],AXIS[\"y\",north],LENGTHUNIT[\"metre\",1]]";
    let (warnings, systems, _) = imported(&format!("('x', 77, 'Works', 5, 'undefined', NULL, '{wkt2}')"));
    assert_eq!((warnings, systems.as_str()), (Vec::new(), "crs/Works:5.wkt"));
}

#[test]
fn a_reference_system_that_cannot_be_kept_is_told() {
    for (row, said) in [
        (
            "('x', 77, 'ESRI', 102100, 'undefined', NULL, NULL)",
            "its reference system ESRI:102100 has no definition",
        ),
        (
            "('x', 77, 'EPSG', 999999, 'undefined', NULL, 'undefined')",
            "its reference system EPSG:999999 has no definition",
        ),
        (
            "('x', 78, 'EPSG', 4326, 'undefined', NULL, NULL)",
            "gpkg_spatial_ref_sys does not have its reference system 77",
        ),
    ] {
        let (warnings, _, schema) = imported(row);
        assert_eq!(warnings, [format!("layer \"a\": {said}")]);
        assert!(!schema.contains("geometryCRS"), "{schema}");
    }
    let (warnings, ..) = imported("('x', 77, 'NONE', 77, 'undefined', NULL, NULL)");
    assert_eq!(warnings, [""; 0], "undefined on purpose");
}

const GEOG: &str = r#"GEOGCRS["Own",DATUM["Own",ELLIPSOID["WGS 84",6378137,298.257223563]],CS[ellipsoidal,2],AXIS["lat",north],AXIS["lon",east],ANGLEUNIT["degree",0.0174532925199433]"#;

#[test]
fn every_kind_of_wkt_2_is_called_by_its_own_id_wherever_it_stands() {
    let projected = r#"PROJCRS["Grid",BASEGEOGCRS["Own",DATUM["Own",ELLIPSOID["WGS 84",6378137,298.257223563]],ID["EPSG",4326]],CONVERSION["c",METHOD["Transverse Mercator",ID["EPSG",9807]]],CS[Cartesian,2],AXIS["e",east],AXIS["n",north],LENGTHUNIT["metre",1]"#;
    let vertical = r#"VERTCRS["Height",VDATUM["Sea"],CS[vertical,1],AXIS["up",up],LENGTHUNIT["metre",1],ID["EPSG",5773]]"#;
    for (wkt, system) in [
        (format!(r#"{GEOG},ID["EPSG",4979]]"#), "EPSG:4979"),
        (format!(r#"{projected},ID["EPSG",2154]]"#), "EPSG:2154"),
        (format!(r#"COMPOUNDCRS["Both",{GEOG},ID["EPSG",4258]],{vertical},ID["EPSG",7423]]"#), "EPSG:7423"),
        (format!(r#"{GEOG},Id["Works","A7"],REMARK["none"]]"#), "Works:A7"),
    ] {
        for row in [
            format!("('x', 77, 'x', 77, '{wkt}', NULL, 'undefined')"),
            format!("('x', 77, 'x', 77, 'undefined', NULL, '{wkt}')"),
            format!("('x', 77, 'x', 77, '', NULL, '{wkt}')"),
        ] {
            let (warnings, systems, schema) = imported(&row);
            assert_eq!((warnings, systems), (Vec::new(), format!("crs/{system}.wkt")), "{row}");
            assert!(schema.contains(&format!("\"geometryCRS\": \"{system}\"")), "{schema}");
        }
    }
}
