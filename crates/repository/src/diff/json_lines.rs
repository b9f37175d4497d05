//! The difference of two commits as Kart prints it with `kart diff -o json-lines`: one JSON object on each line.
//!
//! Layers come in the order of their paths, each with its metadata and then its features; files come last.

use std::io::Write as _;

use longhaul_geodata::{Value, geometry};
use serde::Serialize;

use super::{
    ChangedLayer, CommitDiff, DiffError, FeatureChanges, FileChange, LayerDiff, LayerValues, MetaChange,
    MetaValue,
};
use crate::{DatasetError, Interrupter, Repository};

const HEAD: &str = r#"{"type":"version","version":"kart.diff/v2","outputFormat":"JSONL+hexwkb"}"#;
/// The type and version of the layers that are compared.
const TABLE: &str = r#"{"type":"table","version":3}"#;
/// How many digits of a file's id are shown.
const ID_DIGITS: usize = 7;

/// The lines of a difference. Each call of [`Self::next_line`] reads what it needs.
pub struct JsonLines {
    repository: Repository,
    interrupter: Interrupter,
    has_head: bool,
    layers: std::vec::IntoIter<ChangedLayer>,
    files: std::vec::IntoIter<FileChange>,
    layer: Option<OpenLayer>,
}

/// The layer whose lines are being written.
struct OpenLayer {
    diff: LayerDiff,
    /// What is written before the features.
    meta: std::vec::IntoIter<String>,
    features: FeatureChanges,
}

impl JsonLines {
    /// The lines of `diff`.
    pub fn new(repository: &Repository, diff: CommitDiff, interrupter: &Interrupter) -> Self {
        Self {
            repository: repository.clone(),
            interrupter: interrupter.clone(),
            has_head: false,
            layers: diff.layers.into_iter(),
            files: diff.files.into_iter(),
            layer: None,
        }
    }

    /// Appends the next line to `out`, with its end; `false` if there are no more.
    ///
    /// # Errors
    /// If a part of the repository cannot be read, or it is interrupted.
    pub fn next_line(&mut self, out: &mut Vec<u8>) -> Result<bool, DiffError> {
        if !std::mem::replace(&mut self.has_head, true) {
            push_line(out, HEAD);
            return Ok(true);
        }
        loop {
            if let Some(layer) = &mut self.layer {
                if layer.next_line(out)? {
                    return Ok(true);
                }
                self.layer = None;
            }
            let Some(layer) = self.layers.next() else { break };
            self.layer = Some(OpenLayer::new(&self.repository, &layer, &self.interrupter)?);
        }
        let Some(file) = self.files.next() else { return Ok(false) };
        push_line(out, &file_line(&file));
        Ok(true)
    }
}

impl OpenLayer {
    fn new(
        repository: &Repository,
        layer: &ChangedLayer,
        interrupter: &Interrupter,
    ) -> Result<Self, DiffError> {
        let diff = repository.layer_diff(layer)?;
        let features = diff.features(interrupter)?;
        let meta = meta_lines(&diff)?.into_iter();
        Ok(Self { diff, meta, features })
    }

    fn next_line(&mut self, out: &mut Vec<u8>) -> Result<bool, DiffError> {
        if let Some(line) = self.meta.next() {
            push_line(out, &line);
            return Ok(true);
        }
        let Some(change) = self.features.next().transpose()? else { return Ok(false) };
        let sides = [("-", self.diff.old_values(&change)?), ("+", self.diff.new_values(&change)?)];
        out.extend_from_slice(br#"{"type":"feature","dataset":"#);
        push_json(out, self.diff.path().as_str());
        out.extend_from_slice(br#","change":{"#);
        let mut separator = "";
        for (sign, values) in &sides {
            let Some(values) = values else { continue };
            let _ = write!(out, r#"{separator}"{sign}":"#);
            push_values(out, values)?;
            separator = ",";
        }
        out.extend_from_slice(b"}}\n");
        Ok(true)
    }
}

/// The lines of a layer before its features: that it is there or has changed, its columns, and its metadata that differs.
fn meta_lines(diff: &LayerDiff) -> Result<Vec<String>, DatasetError> {
    let path = json(diff.path().as_str());
    let mut lines = vec![match (diff.is_added(), diff.is_deleted()) {
        (false, false) => format!(r#"{{"type":"datasetInfo","path":{path},"value":{TABLE}}}"#),
        (is_added, _) => {
            let sign = if is_added { '+' } else { '-' };
            format!(r#"{{"type":"dataset","path":{path},"{sign}":{TABLE}}}"#)
        }
    }];
    let meta = diff.meta()?;
    // The columns are there in any case: without them the features could not be understood.
    if !meta.iter().any(|change| change.key == "schema.json")
        && let Some(schema) = diff.schema_item()?
    {
        let schema = meta_json(&schema);
        lines.push(format!(r#"{{"type":"metaInfo","dataset":{path},"key":"schema.json","value":{schema}}}"#));
    }
    lines.extend(meta.iter().map(|change| meta_line(&path, change)));
    Ok(lines)
}

fn meta_line(path: &str, change: &MetaChange) -> String {
    let side = |sign: &str, value: &Option<MetaValue>| {
        value.as_ref().map(|value| format!(r#""{sign}":{}"#, meta_json(value)))
    };
    let sides: Vec<_> = [side("-", &change.old), side("+", &change.new)].into_iter().flatten().collect();
    let (key, sides) = (json(&change.key), sides.join(","));
    format!(r#"{{"type":"meta","dataset":{path},"key":{key},"change":{{{sides}}}}}"#)
}

fn meta_json(value: &MetaValue) -> String {
    match value {
        MetaValue::Text(text) => json(text),
        MetaValue::Json(json) => json.clone(),
    }
}

fn file_line(file: &FileChange) -> String {
    let side = |sign: &str, id: Option<gix::ObjectId>| {
        id.map(|id| format!(r#""{sign}":"{}""#, id.to_hex_with_len(ID_DIGITS)))
    };
    let sides: Vec<_> = [side("-", file.old), side("+", file.new)].into_iter().flatten().collect();
    format!(r#"{{"type":"file","path":{},"change":{{{}}}}}"#, json(&file.path), sides.join(","))
}

/// The values of a feature as an object with the names of the columns.
fn push_values(out: &mut Vec<u8>, values: &LayerValues<'_>) -> Result<(), DatasetError> {
    let mut separator = b'{';
    for (column, value) in values.columns().iter().zip(values.decode()?) {
        out.push(separator);
        push_json(out, &column.name);
        out.push(b':');
        push_value(out, value);
        separator = b',';
    }
    if separator == b'{' {
        out.push(separator);
    }
    out.push(b'}');
    Ok(())
}

fn push_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => push_json(out, &value),
        Value::Integer(number) => push_json(out, &number),
        // JSON has neither infinities nor NaN; they become null.
        Value::Float(number) => push_number(out, number),
        Value::Text(text) => push_json(out, text),
        Value::Blob(bytes) => push_hex(out, bytes, b"0123456789abcdef"),
        // A geometry that cannot be split from its header is shown whole.
        Value::Geometry(bytes) => {
            push_hex(out, geometry::well_known_binary(bytes).unwrap_or(bytes), b"0123456789ABCDEF");
        }
    }
}

/// Kart writes exponents without a plus: `1e300`.
fn push_number(out: &mut Vec<u8>, number: f64) {
    let start = out.len();
    push_json(out, &number);
    if let Some(plus) = out[start..].iter().position(|byte| *byte == b'+') {
        out.remove(start + plus);
    }
}

fn push_hex(out: &mut Vec<u8>, bytes: &[u8], digits: &[u8; 16]) {
    out.push(b'"');
    out.extend(
        bytes.iter().flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]),
    );
    out.push(b'"');
}

fn push_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("plain values have a JSON form");
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a text has a JSON form")
}

fn push_line(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(line.as_bytes());
    out.push(b'\n');
}
