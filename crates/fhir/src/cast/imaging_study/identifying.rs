//! What a study and its reports say that leads to persons: visit, orders, and whom they name.

use serde_json::Value;

use super::super::change::Attributes;
use super::super::fact::Fact;
use super::super::observation::Said;

/// Numbers of visits and orders, and names of persons.
pub(crate) fn identifying(said: &Attributes) -> Vec<String> {
    let reports = said.observations.iter().flat_map(Said::facts);
    let facts = said
        .study
        .0
        .iter()
        .chain(said.series.0.iter())
        .chain(reports);
    let facts = facts.flatten();
    let texts = facts.flat_map(|fact| match fact {
        Fact::Json(text) => std::slice::from_ref(text),
        Fact::List(texts) => texts,
        _ => &[],
    });
    let mut found = Vec::new();
    for item in texts.filter_map(|text| serde_json::from_str(text).ok()) {
        collect(&item, &mut found);
    }
    found
}

/// Values of identifiers that have a type, and displays of `Practitioner`s.
fn collect(element: &Value, found: &mut Vec<String>) {
    let text = |name| element.get(name).and_then(Value::as_str).map(str::to_owned);
    if element.get("type").is_some_and(Value::is_object) {
        found.extend(text("value"));
    }
    if text("type").as_deref() == Some("Practitioner") {
        found.extend(text("display"));
        let code = element.pointer("/identifier/value").and_then(Value::as_str);
        found.extend(code.map(str::to_owned));
    }
    for member in ["identifier", "actor"] {
        if let Some(inner) = element.get(member) {
            collect(inner, found);
        }
    }
}
