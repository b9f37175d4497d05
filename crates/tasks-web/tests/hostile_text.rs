//! Whatever texts jobs and callers bring: both formats stay well-formed, and say the same.

mod parsed;
mod samples;

use longhaul_tasks::{Report, ReportValue, Status, Task};
use longhaul_tasks_web::Format::{Json, Xml};
use parsed::{Element, xml};
use proptest::prelude::*;
use samples::{failed, finished, progress, renderer, task};
use serde_json::Value;

/// Texts that break careless renderers, each with what must arrive.
const HOSTILE: [(&str, &str); 12] = [
    ("]]>", "]]>"),
    ("]]]]>>", "]]]]>>"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("&amp; &#0; &x;", "&amp; &#0; &x;"),
    ("\" ' ` \\ \\u0000 /", "\" ' ` \\ \\u0000 /"),
    ("\0\u{1}\u{8}\u{b}\u{c}\u{1f}", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
    ("\u{fffe}\u{ffff}", "\u{fffd}\u{fffd}"),
    ("\u{7f}\u{85}\u{9f}\u{2028}\u{2029}\u{fdd0}", "\u{7f}\u{85}\u{9f}\u{2028}\u{2029}\u{fdd0}"),
    ("a\rb\r\nc\td\n", "a\rb\r\nc\td\n"),
    ("👩‍👩‍👧 𝄞 \u{10ffff}", "👩‍👩‍👧 𝄞 \u{10ffff}"),
    ("\u{202e}שלום\u{202c} مرحبا", "\u{202e}שלום\u{202c} مرحبا"),
    ("  ", "  "),
];

fn json(document: &[u8]) -> Value {
    serde_json::from_slice(document).expect("well-formed JSON")
}

/// Says `text` in every place of a task that takes one.
fn saying(text: &str) -> Task {
    let report = Report::new().element(
        "said",
        Report::new()
            .attribute("attribute", text)
            .text("text", text)
            .long_text("long", text)
            .list("item", [ReportValue::text(text)]),
    );
    let error = failed(1, text, &[text]).error;
    Task {
        description: text.into(),
        transaction: Some(text.into()),
        error,
        ..Task { status: Status::Failed, ..finished(1, report) }
    }
}

#[track_caller]
fn arrives_as(text: &str, expected: &str) {
    let task = saying(text);
    let chain = format!("{expected}\ncaused by: {expected}");

    let told = xml(&renderer(Xml).task(&task));
    let said = told.child("result").child("said");
    assert_eq!(told.child("description").text, expected);
    assert_eq!(told.child("transactionId").text, expected);
    assert_eq!(said.attribute("attribute"), Some(expected));
    for name in ["text", "long", "item"] {
        assert_eq!(said.child(name).text, expected);
    }
    assert_eq!(told.child("error").child("message").text, expected);
    assert_eq!(told.child("error").child("stackTrace").text, chain);

    let told = &json(&renderer(Json).task(&task))["task"];
    let said = &told["result"]["said"];
    assert_eq!(told["description"], expected);
    assert_eq!(told["transactionId"], expected);
    for name in ["attribute", "text", "long"] {
        assert_eq!(said[name], expected);
    }
    assert_eq!(said["item"][0], expected);
    assert_eq!(told["error"]["message"], expected);
    assert_eq!(told["error"]["stackTrace"], chain);
}

#[test]
fn hostile_texts_arrive_as_they_were_or_replaced() {
    for (text, expected) in HOSTILE {
        arrives_as(text, expected);
    }
}

#[test]
fn a_description_of_a_megabyte_arrives_whole() {
    let text: String = HOSTILE.iter().map(|(text, _)| *text).cycle().take(120_000).collect();
    let expected: String = HOSTILE.iter().map(|(_, expected)| *expected).cycle().take(120_000).collect();
    assert!(text.len() > 1 << 20);
    arrives_as(&text, &expected);
}

#[test]
fn a_hostile_step_arrives_while_the_task_runs() {
    let progress = Some(progress("]]><b>&\u{1}...", 1, None, "rows"));
    let task = Task { progress, ..task(1, Status::Running) };
    let expected = "]]><b>&\u{fffd}...";
    let told = xml(&renderer(Xml).task(&task));
    assert_eq!(told.child("progress").child("task").text, expected);
    assert_eq!(json(&renderer(Json).task(&task))["task"]["progress"]["task"], expected);
}

#[test]
fn names_that_xml_forbids_are_made_harmless() {
    let said = Report::new().attribute("a=\"", "x").text("1 <b>", "y").text("", "z").text("é", "é");
    let node = ReportValue::Element(said);
    let told = xml(&renderer(Xml).document("<root/>", &node));
    assert_eq!(told.name, "__root__");
    assert_eq!(told.attribute("a__"), Some("x"));
    assert_eq!(told.child("_1__b_").text, "y");
    assert_eq!(told.child("_").text, "z");
    assert_eq!(told.child("___").text, "é");
    let told = json(&renderer(Json).document("<root/>", &node));
    assert_eq!(told["<root/>"]["a=\""], "x");
    assert_eq!(told["<root/>"][""], "z");
}

#[test]
fn an_attribute_given_twice_leaves_the_document_well_formed() {
    let node = ReportValue::Element(Report::new().attribute("a", "first").attribute("a", "second"));
    assert_eq!(xml(&renderer(Xml).document("n", &node)).attribute("a"), Some("first"));
    assert_eq!(json(&renderer(Json).document("n", &node))["n"]["a"], "first");
}

proptest! {
    #[test]
    fn xml_and_json_say_the_same_of_any_report(report in report()) {
        let task = finished(1, report);
        let in_xml = xml(&renderer(Xml).task(&task));
        let in_json = json(&renderer(Json).task(&task));
        says_the_same(in_xml.child("result"), &in_json["task"]["result"])?;
    }

    #[test]
    fn any_text_arrives(text in text()) {
        let expected = text.replace(
            |c: char| (c < ' ' && !"\t\n\r".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}'),
            "\u{fffd}",
        );
        arrives_as(&text, &expected);
    }

    #[test]
    fn numbers_are_the_same_in_both(float in any::<f64>(), integer in any::<i64>()) {
        let node = ReportValue::Element(Report::new().float("f", float).integer("i", integer));
        let in_xml = xml(&renderer(Xml).document("n", &node));
        let in_json = json(&renderer(Json).document("n", &node));
        prop_assert_eq!(in_xml.child("i").text.parse::<i64>().ok(), in_json["n"]["i"].as_i64());
        if float.is_finite() {
            let text = &in_xml.child("f").text;
            prop_assert!(text.contains('.') && !text.contains(['e', 'E']), "{}", text);
            prop_assert_eq!(text.parse::<f64>().ok(), Some(float));
        } else {
            prop_assert!(in_json["n"]["f"].is_null());
        }
    }
}

/// Whether an element carries exactly what a JSON value does.
fn says_the_same(element: &Element, value: &Value) -> Result<(), TestCaseError> {
    match value {
        Value::Object(members) => {
            let mut seen = 0;
            for (name, member) in members {
                seen += carries(element, name, member)?;
            }
            prop_assert_eq!(element.attributes.len() + element.children.len(), seen);
        }
        Value::Array(items) => {
            prop_assert_eq!(element.children.len(), items.len());
            for (child, item) in element.children.iter().zip(items) {
                says_the_same(child, item)?;
            }
        }
        Value::String(text) => prop_assert_eq!(&element.text, text),
        Value::Number(number) => prop_assert_eq!(element.text.parse().ok(), number.as_f64()),
        Value::Bool(truth) => prop_assert_eq!(&element.text, &truth.to_string()),
        Value::Null => prop_assert!(element.text.is_empty() && element.children.is_empty()),
    }
    Ok(())
}

/// How many attributes and children of the element the member is; all of them say what it says.
fn carries(element: &Element, name: &str, member: &Value) -> Result<usize, TestCaseError> {
    if let Some(text) = element.attribute(name) {
        prop_assert_eq!(Some(text), member.as_str());
        return Ok(1);
    }
    let children: Vec<_> = element.all(name).collect();
    let items = member.as_array().map_or(std::slice::from_ref(member), Vec::as_slice);
    prop_assert_eq!(children.len(), items.len());
    for (child, item) in children.iter().zip(items) {
        says_the_same(child, item)?;
    }
    Ok(children.len())
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        any::<char>().prop_map(String::from),
        proptest::sample::select(HOSTILE.to_vec()).prop_map(|(text, _)| text.to_owned()),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn node() -> impl Strategy<Value = ReportValue> {
    let leaf = prop_oneof![
        Just(ReportValue::Null),
        text().prop_map(ReportValue::Text),
        text().prop_map(ReportValue::LongText),
        any::<i64>().prop_map(|number| ReportValue::Integer(number >> 11)),
        // Eighths, because serde_json reads long fractions a little off.
        any::<i32>().prop_map(|eighths| ReportValue::Float(f64::from(eighths) / 8.0)),
        any::<bool>().prop_map(ReportValue::Boolean),
        text().prop_map(ReportValue::Attribute),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            members(inner.clone()).prop_map(ReportValue::Element),
            proptest::collection::vec(inner, 0..5).prop_map(ReportValue::List),
        ]
    })
}

fn members(node: impl Strategy<Value = ReportValue>) -> impl Strategy<Value = Report> {
    let members = proptest::collection::vec(("[a-z]{1,5}", node), 0..5);
    members.prop_map(|members| {
        let numbered = members.into_iter().enumerate();
        numbered.fold(Report::new(), |report, (at, (name, node))| report.with(format!("{name}{at}"), node))
    })
}

fn report() -> impl Strategy<Value = Report> {
    members(node())
}
