//! The app's own documents, rendered like those of the tasks.

mod samples;

use axum::{
    body::to_bytes,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use insta::assert_snapshot;
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{
    ApiError,
    Format::{self, Json, Xml},
};
use samples::renderer;

fn document(format: Format, name: &str, node: &ReportValue) -> String {
    String::from_utf8(renderer(format).document(name, node)).expect("UTF-8")
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("UTF-8")
}

#[test]
fn a_list_of_repositories_links_to_each() {
    let repo =
        |name: &str| ReportValue::Element(Report::new().text("name", name).link(format!("/repos/{name}")));
    let repos = ReportValue::Element(Report::new().list("repo", [repo("r1"), repo("2017")]));
    assert_snapshot!(document(Xml, "repos", &repos), @r#"<?xml version="1.0" encoding="UTF-8"?><repos><repo><name>r1</name><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/repos/r1.xml" type="application/xml"/></repo><repo><name>2017</name><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/repos/2017.xml" type="application/xml"/></repo></repos>"#);
    assert_snapshot!(document(Json, "repos", &repos), @r#"{"repos":{"repo":[{"name":"r1","href":"http://localhost:8182/repos/r1.json"},{"name":"2017","href":"http://localhost:8182/repos/2017.json"}]}}"#);

    let none = ReportValue::Element(Report::new().list("repo", []));
    assert_snapshot!(document(Xml, "repos", &none), @r#"<?xml version="1.0" encoding="UTF-8"?><repos></repos>"#);
    assert_snapshot!(document(Json, "repos", &none), @r#"{"repos":{"repo":[]}}"#);
}

#[test]
fn a_document_may_be_a_single_value() {
    assert_snapshot!(document(Xml, "deleted", &ReportValue::text("r1")), @r#"<?xml version="1.0" encoding="UTF-8"?><deleted>r1</deleted>"#);
    assert_snapshot!(document(Json, "deleted", &ReportValue::text("r1")), @r#"{"deleted":"r1"}"#);
}

#[test]
fn a_list_as_the_whole_document_still_has_one_root() {
    let list = ReportValue::List(vec![
        ReportValue::Integer(1),
        ReportValue::List(vec![ReportValue::Boolean(true), ReportValue::Null]),
    ]);
    assert_snapshot!(document(Xml, "n", &list), @r#"<?xml version="1.0" encoding="UTF-8"?><n><n>1</n><n><n>true</n><n></n></n></n>"#);
    assert_snapshot!(document(Json, "n", &list), @r#"{"n":[1,[true,null]]}"#);
}

#[test]
fn links_stand_wherever_values_do() {
    let file = || ReportValue::ResultFile { media_type: "text/xml".into() };
    let links = Report::new().list("see", [ReportValue::Link("/a&b".into())]).with("file", file());
    let links = ReportValue::Element(links);
    assert_snapshot!(document(Xml, "links", &links), @r#"<?xml version="1.0" encoding="UTF-8"?><links><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://localhost:8182/a&amp;b.xml" type="application/xml"/><file></file></links>"#);
    assert_snapshot!(document(Json, "links", &links), @r#"{"links":{"see":["http://localhost:8182/a&b.json"],"file":null}}"#);
}

#[test]
fn what_is_no_number_is_null() {
    let numbers = Report::new().float("a", f64::NAN).float("b", f64::INFINITY).float("c", 1e300 * -0.0);
    let numbers = ReportValue::Element(numbers.float("d", 1.5e-7));
    assert_snapshot!(document(Xml, "n", &numbers), @r#"<?xml version="1.0" encoding="UTF-8"?><n><a></a><b></b><c>-0.0</c><d>0.00000015</d></n>"#);
    assert_snapshot!(document(Json, "n", &numbers), @r#"{"n":{"a":null,"b":null,"c":-0.0,"d":0.00000015}}"#);
}

#[tokio::test]
async fn success_comes_in_an_envelope() {
    let answer = |format| {
        let id = Report::new().text("ID", "b6f3edb5");
        renderer(format).success(StatusCode::CREATED, Report::new().element("Transaction", id))
    };
    let (xml, json) = (answer(Xml), answer(Json));
    assert_eq!(xml.status(), StatusCode::CREATED);
    assert_eq!(xml.headers()[header::CONTENT_TYPE], "application/xml;charset=UTF-8");
    assert_eq!(json.headers()[header::CONTENT_TYPE], "application/json");
    assert_snapshot!(text(xml).await, @r#"<?xml version="1.0" encoding="UTF-8"?><response><success>true</success><Transaction><ID>b6f3edb5</ID></Transaction></response>"#);
    assert_snapshot!(text(json).await, @r#"{"response":{"success":true,"Transaction":{"ID":"b6f3edb5"}}}"#);
}

#[tokio::test]
async fn errors_come_in_an_envelope() {
    let error = ApiError::bad_request("Unsupported input format: '<x>'");
    let document = |error: &ApiError, format| String::from_utf8(error.document(format)).expect("UTF-8");
    let response = error.clone().into_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/xml;charset=UTF-8");
    assert_eq!(text(response).await, document(&error, Xml));
    assert_snapshot!(document(&error, Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><response><success>false</success><error>Unsupported input format: '&lt;x&gt;'</error></response>"#);
    assert_snapshot!(document(&error, Json), @r#"{"response":{"success":false,"error":"Unsupported input format: '<x>'"}}"#);

    let silent = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "");
    assert_snapshot!(document(&silent, Xml), @r#"<?xml version="1.0" encoding="UTF-8"?><response><success>false</success></response>"#);
    assert_snapshot!(document(&silent, Json), @r#"{"response":{"success":false}}"#);
}
