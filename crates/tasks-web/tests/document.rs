//! The task document, byte by byte, in both formats.

mod samples;

use insta::assert_snapshot;
use longhaul_tasks::{Report, ReportValue, Status, Task};
use longhaul_tasks_web::{
    Format::{Json, Xml},
    Renderer,
};
use samples::{failed, finished, progress, rendered, renderer, task};

#[test]
fn a_waiting_task_says_what_was_asked_for_and_where_it_is_found() {
    let task = task(5, Status::Waiting);
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>5</id><status>WAITING</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/5.xml" type="application/xml"/></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":5,"status":"WAITING","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/5.json"}}"#);
}

#[test]
fn a_running_task_that_has_said_nothing_yet_shows_no_progress() {
    let task = task(5, Status::Running);
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>5</id><status>RUNNING</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/5.xml" type="application/xml"/></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":5,"status":"RUNNING","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/5.json"}}"#);
}

#[test]
fn a_running_task_shows_its_step_and_how_far_it_is() {
    let task = Task {
        description: "osm download filter: null, bbox: -32.9621,-60.6309,-32.9541,-60.6154".into(),
        progress: Some(progress("Connecting to http://overpass-api.de/api/interpreter...", 0, None, "")),
        ..task(5, Status::Running)
    };
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>5</id><status>RUNNING</status><description>osm download filter: null, bbox: -32.9621,-60.6309,-32.9541,-60.6154</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/5.xml" type="application/xml"/><progress><task>Connecting to http://overpass-api.de/api/interpreter...</task><amount>0.0</amount></progress></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":5,"status":"RUNNING","description":"osm download filter: null, bbox: -32.9621,-60.6309,-32.9541,-60.6154","href":"http://localhost:8182/tasks/5.json","progress":{"task":"Connecting to http://overpass-api.de/api/interpreter...","amount":0.0}}}"#);
}

#[test]
fn a_verbose_document_says_how_far_the_step_will_go() {
    let progress = |total| Some(progress("Importing roads (2/3)...", 120, total, "features"));
    let print = |format, total| {
        let task = Task { progress: progress(total), ..task(5, Status::Running) };
        let renderer = Renderer { verbose: true, ..renderer(format) };
        String::from_utf8(renderer.task(&task)).unwrap()
    };
    assert!(print(Xml, Some(500)).contains(
        "<amount>120.0</amount><done>120</done><total>500</total><unit>features</unit></progress>"
    ));
    assert!(print(Json, Some(500)).contains(r#""amount":120.0,"done":120,"total":500,"unit":"features"}"#));
    assert!(print(Json, None).contains(r#""amount":120.0,"done":120,"unit":"features"}"#));
}

#[test]
fn a_task_in_a_transaction_names_it_before_the_description() {
    let task = Task {
        transaction: Some("b6f3edb5-c831-4bfb-9e82-e7c0f1f8ed96".into()),
        progress: Some(progress("Importing Points (1/3)...", 3, Some(7), "features")),
        ..task(5, Status::Running)
    };
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>5</id><status>RUNNING</status><transactionId>b6f3edb5-c831-4bfb-9e82-e7c0f1f8ed96</transactionId><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/5.xml" type="application/xml"/><progress><task>Importing Points (1/3)...</task><amount>3.0</amount></progress></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":5,"status":"RUNNING","transactionId":"b6f3edb5-c831-4bfb-9e82-e7c0f1f8ed96","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/5.json","progress":{"task":"Importing Points (1/3)...","amount":3.0}}}"#);
}

#[test]
fn a_finished_import_shows_its_commit() {
    let person = || {
        Report::new()
            .text("name", "Jo")
            .with("email", ReportValue::Null)
            .integer("timestamp", 1_462_318_476_065)
            .integer("timeZoneOffset", -14_400_000)
    };
    let commit = Report::new()
        .text("id", "f765000000000000000000000000000000000000")
        .text("tree", "0000000000000000000000000000000000000000")
        .element("parents", Report::new().list("id", [ReportValue::text("4edd"), ReportValue::text("17")]))
        .element("author", person())
        .element("committer", person())
        .long_text("message", "42");
    let task = finished(3, Report::new().element("commit", commit));
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>3</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/3.xml" type="application/xml"/><result><commit><id>f765000000000000000000000000000000000000</id><tree>0000000000000000000000000000000000000000</tree><parents><id>4edd</id><id>17</id></parents><author><name>Jo</name><email></email><timestamp>1462318476065</timestamp><timeZoneOffset>-14400000</timeZoneOffset></author><committer><name>Jo</name><email></email><timestamp>1462318476065</timestamp><timeZoneOffset>-14400000</timeZoneOffset></committer><message><![CDATA[42]]></message></commit></result></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":3,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/3.json","result":{"commit":{"id":"f765000000000000000000000000000000000000","tree":"0000000000000000000000000000000000000000","parents":{"id":["4edd","17"]},"author":{"name":"Jo","email":null,"timestamp":1462318476065,"timeZoneOffset":-14400000},"committer":{"name":"Jo","email":null,"timestamp":1462318476065,"timeZoneOffset":-14400000},"message":"42"}}}}"#);
}

#[test]
fn a_finished_osm_import_shows_its_counts() {
    let counts = Report::new()
        .integer("latestChangeset", 17_218_621)
        .integer("latestTimestamp", 1_412_698_140_574)
        .integer("processedEntities", 901_852)
        .integer("nodeCount", 865_542)
        .integer("wayCount", 35_778)
        .integer("unpprocessedCount", 4);
    let task = finished(1, Report::new().element("OSMReport", counts));
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>1</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/1.xml" type="application/xml"/><result><OSMReport><latestChangeset>17218621</latestChangeset><latestTimestamp>1412698140574</latestTimestamp><processedEntities>901852</processedEntities><nodeCount>865542</nodeCount><wayCount>35778</wayCount><unpprocessedCount>4</unpprocessedCount></OSMReport></result></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":1,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/1.json","result":{"OSMReport":{"latestChangeset":17218621,"latestTimestamp":1412698140574,"processedEntities":901852,"nodeCount":865542,"wayCount":35778,"unpprocessedCount":4}}}}"#);
}

#[test]
fn a_finished_export_links_to_its_file() {
    let task = finished(3, Report::new().result_file("application/octet-stream;type=geopackage"));
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>3</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/3.xml" type="application/xml"/><result><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/3/download" type="application/octet-stream;type=geopackage"/></result></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":3,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/3.json","result":{"atom:link":{"xmlns:atom":"http://www.w3.org/2005/Atom","rel":"alternate","href":"http://localhost:8182/tasks/3/download","type":"application/octet-stream;type=geopackage"},"href":"http://localhost:8182/tasks/3/download"}}}"#);
}

#[test]
fn new_features_carry_attributes_and_stand_in_lists() {
    let id = Report::new().attribute("provided", "41").attribute("assigned", "fid-6787");
    let points = Report::new().attribute("name", "Points").list("id", [ReportValue::Element(id)]);
    let new = |types: Vec<ReportValue>| {
        finished(3, Report::new().element("NewFeatures", Report::new().list("type", types)))
    };
    let some = new(vec![ReportValue::Element(points)]);
    assert_snapshot!(rendered(Xml, &some), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>3</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/3.xml" type="application/xml"/><result><NewFeatures><type name="Points"><id provided="41" assigned="fid-6787"></id></type></NewFeatures></result></task>"#);
    assert_snapshot!(rendered(Json, &some), @r#"{"task":{"id":3,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/3.json","result":{"NewFeatures":{"type":[{"name":"Points","id":[{"provided":"41","assigned":"fid-6787"}]}]}}}}"#);
    let none = new(vec![]);
    assert_snapshot!(rendered(Xml, &none), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>3</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/3.xml" type="application/xml"/><result><NewFeatures></NewFeatures></result></task>"#);
    assert_snapshot!(rendered(Json, &none), @r#"{"task":{"id":3,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/3.json","result":{"NewFeatures":{"type":[]}}}}"#);
}

#[test]
fn a_finished_task_without_a_report_has_an_empty_result() {
    let task = task(2, Status::Finished);
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>2</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/2.xml" type="application/xml"/><result></result></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":2,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/2.json","result":{}}}"#);
}

#[test]
fn a_cancelled_task_has_an_empty_result() {
    let task = task(2, Status::Cancelled);
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>2</id><status>CANCELLED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/2.xml" type="application/xml"/><result></result></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":2,"status":"CANCELLED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/2.json","result":{}}}"#);
}

#[test]
fn a_failed_task_tells_its_error_down_to_the_root() {
    let causes = ["layer roads, row 17: the geometry does not decode", "unexpected end of data"];
    let task = failed(7, "import of roads.gpkg", &causes);
    assert_eq!(
        rendered(Xml, &task),
        r#"<?xml version="1.0" encoding="UTF-8"?><task><id>7</id><status>FAILED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/7.xml" type="application/xml"/><error><message>import of roads.gpkg</message><stackTrace><![CDATA[import of roads.gpkg
caused by: layer roads, row 17: the geometry does not decode
caused by: unexpected end of data]]></stackTrace></error></task>"#
    );
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":7,"status":"FAILED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/7.json","error":{"message":"import of roads.gpkg","stackTrace":"import of roads.gpkg\ncaused by: layer roads, row 17: the geometry does not decode\ncaused by: unexpected end of data"}}}"#);
}

#[test]
fn a_failure_with_a_report_shows_both() {
    let conflicts = Report::new().element("Merge", Report::new().integer("conflicts", 1));
    let task = Task { result: finished(7, conflicts).result, ..failed(7, "there are conflicts", &[]) };
    assert_snapshot!(rendered(Xml, &task), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>7</id><status>FAILED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/7.xml" type="application/xml"/><result><Merge><conflicts>1</conflicts></Merge></result><error><message>there are conflicts</message><stackTrace><![CDATA[there are conflicts]]></stackTrace></error></task>"#);
    assert_snapshot!(rendered(Json, &task), @r#"{"task":{"id":7,"status":"FAILED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/7.json","result":{"Merge":{"conflicts":1}},"error":{"message":"there are conflicts","stackTrace":"there are conflicts"}}}"#);
}

#[test]
fn the_list_holds_whole_documents() {
    let list = |format| {
        let tasks = [task(1, Status::Finished), task(2, Status::Waiting)];
        String::from_utf8(renderer(format).tasks(&tasks)).unwrap()
    };
    assert_snapshot!(list(Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><tasks><task><id>1</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/1.xml" type="application/xml"/><result></result></task><task><id>2</id><status>WAITING</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/2.xml" type="application/xml"/></task></tasks>"#);
    assert_snapshot!(list(Json), @r#"{"tasks":[{"task":{"id":1,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/1.json","result":{}}},{"task":{"id":2,"status":"WAITING","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/2.json"}}]}"#);
}

#[test]
fn the_empty_list_is_empty() {
    let list = |format| String::from_utf8(renderer(format).tasks([])).unwrap();
    assert_snapshot!(list(Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><tasks></tasks>"#);
    assert_snapshot!(list(Json), @r#"{"tasks":[]}"#);
}

#[test]
fn amounts_are_plain_decimals() {
    let amount = |done, total, unit| {
        let progress = Some(progress("Counting...", done, total, unit));
        let rendered = rendered(Json, &Task { progress, ..task(1, Status::Running) });
        rendered.split_once(r#""amount":"#).unwrap().1.trim_end_matches('}').to_owned()
    };
    assert_eq!(amount(0, None, "features"), "0.0");
    assert_eq!(amount(1_397_120, Some(1), "features"), "1397120.0");
    assert_eq!(amount(10_000_000, None, "bytes"), "10000000.0");
    assert_eq!(amount(u64::MAX, None, "bytes"), "18446744073709552000.0");
    assert_eq!(amount(99, None, "percent"), "99.0");
    assert_eq!(amount(u64::MAX, None, "percent"), "100.0");
}

#[test]
fn who_asks_for_more_is_told_of_the_whole_life_after_what_everybody_is_told() {
    let time = |seconds: i64| jiff::Timestamp::from_second(1_795_000_000 + seconds).expect("a time");
    let task = Task {
        owner: Some("jo ]]> <b>".into()),
        subject: Some("city".into()),
        attempt: 2,
        created: time(0),
        started: Some(time(1)),
        finished: Some(time(2)),
        ..finished(5, Report::new().integer("sum", 10))
    };
    let print = |format, verbose| {
        let renderer = Renderer { verbose, subject: "repository", ..renderer(format) };
        String::from_utf8(renderer.task(&task)).expect("UTF-8")
    };
    assert_snapshot!(print(Json, true), @r#"{"task":{"id":5,"status":"FINISHED","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/5.json","result":{"sum":10},"created":"2026-11-18T11:06:40Z","started":"2026-11-18T11:06:41Z","finished":"2026-11-18T11:06:42Z","owner":"jo ]]> <b>","kind":"import-geopackage","repository":"city","attempt":2}}"#);
    assert_snapshot!(print(Xml, true), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>5</id><status>FINISHED</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/5.xml" type="application/xml"/><result><sum>10</sum></result><created>2026-11-18T11:06:40Z</created><started>2026-11-18T11:06:41Z</started><finished>2026-11-18T11:06:42Z</finished><owner>jo ]]&gt; &lt;b&gt;</owner><kind>import-geopackage</kind><repository>city</repository><attempt>2</attempt></task>"#);
    let (json, xml) = (print(Json, false), print(Xml, false));
    assert!(print(Json, true).starts_with(json.strip_suffix("}}").expect("an end")));
    assert!(print(Xml, true).starts_with(xml.strip_suffix("</task>").expect("an end")));
}

#[test]
fn of_what_has_not_happened_nothing_is_told() {
    let waiting = task(5, Status::Waiting);
    let print = |format| {
        let renderer = Renderer { verbose: true, ..renderer(format) };
        String::from_utf8(renderer.task(&waiting)).expect("UTF-8")
    };
    assert_snapshot!(print(Json), @r#"{"task":{"id":5,"status":"WAITING","description":"Importing GeoPackage database file.","href":"http://localhost:8182/tasks/5.json","created":"1970-01-01T00:00:00Z","kind":"import-geopackage","attempt":0}}"#);
    assert_snapshot!(print(Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><task><id>5</id><status>WAITING</status><description>Importing GeoPackage database file.</description><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/tasks/5.xml" type="application/xml"/><created>1970-01-01T00:00:00Z</created><kind>import-geopackage</kind><attempt>0</attempt></task>"#);
}
