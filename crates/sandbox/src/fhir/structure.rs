//! What the JSON of every resource must obey (R4 JSON 2.6.2): nothing is empty, and `null` only
//! keeps the place of an element of a primitive array whose partner says something.

use serde_json::{Map, Value};

use super::outcome::Refusal;

/// Refuses empty strings, arrays and objects, and `null` where it says nothing. The path of what is
/// refused begins with `root`.
pub(super) fn check(root: &str, value: &Value) -> Result<(), Refusal> {
    check_value(value).map_err(|broken| {
        Refusal::element("structure", &format!("{root}{}", broken.path), broken.rule)
    })
}

/// A broken rule. Its path is put together on the way up, as most values break none.
struct Broken {
    path: String,
    rule: &'static str,
}

impl Broken {
    fn here(rule: &'static str) -> Self {
        Self {
            path: String::new(),
            rule,
        }
    }

    fn under(self, step: &str) -> Self {
        Self {
            path: format!("{step}{}", self.path),
            ..self
        }
    }
}

fn check_value(value: &Value) -> Result<(), Broken> {
    match value {
        Value::Null => Err(Broken::here("is null")),
        Value::String(text) if text.trim().is_empty() => Err(Broken::here("is an empty string")),
        Value::Array(elements) if elements.is_empty() => Err(Broken::here("is an empty array")),
        Value::Object(members) if members.is_empty() => Err(Broken::here("is an empty object")),
        Value::Array(elements) => check_elements(elements),
        Value::Object(members) => check_members(members),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Checks all elements but `null`, which the object around the array judges.
fn check_elements(elements: &[Value]) -> Result<(), Broken> {
    elements
        .iter()
        .enumerate()
        .filter(|(_, element)| !element.is_null())
        .try_for_each(|(index, element)| {
            check_value(element).map_err(|broken| broken.under(&format!("[{index}]")))
        })
}

fn check_members(members: &Map<String, Value>) -> Result<(), Broken> {
    members.iter().try_for_each(|(name, value)| {
        check_value(value)
            .and_then(|()| check_nulls(members, name, value))
            .map_err(|broken| broken.under(&format!(".{name}")))
    })
}

/// Refuses `null` in an array where the partner array says nothing either.
fn check_nulls(members: &Map<String, Value>, name: &str, value: &Value) -> Result<(), Broken> {
    let nulls = || {
        each(value)
            .iter()
            .enumerate()
            .filter(|(_, element)| element.is_null())
    };
    if nulls().next().is_none() {
        return Ok(());
    }
    let partner = partner(members, name);
    let filled = |index: usize| partner.get(index).is_some_and(|value| !value.is_null());
    match nulls().find(|(index, _)| !filled(*index)) {
        None => Ok(()),
        Some((index, _)) => Err(Broken::here(
            "is null and its primitive extension or value is absent",
        )
        .under(&format!("[{index}]"))),
    }
}

/// The array that stands beside `name`: `_given` for `given` and the other way round.
fn partner<'m>(members: &'m Map<String, Value>, name: &str) -> &'m [Value] {
    let partner = match name.strip_prefix('_') {
        Some(plain) => members.get(plain),
        None => members.get(&format!("_{name}")),
    };
    partner.map_or(&[], each)
}

fn each(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused_at(value: &Value) -> Option<String> {
        check("X", value)
            .err()
            .and_then(|refusal| refusal.expression)
    }

    #[test]
    fn what_is_empty_is_refused_where_it_stands() {
        assert_eq!(
            refused_at(&json!({"a": [{"b": ""}]})),
            Some("X.a[0].b".into())
        );
        assert_eq!(refused_at(&json!({"a": {"b": []}})), Some("X.a.b".into()));
        assert_eq!(refused_at(&json!({"a": [{}]})), Some("X.a[0]".into()));
        assert_eq!(refused_at(&json!({"a": null})), Some("X.a".into()));
    }

    #[test]
    fn a_null_keeps_the_place_of_a_primitive_with_an_extension() {
        let extension = json!({"extension": [{"url": "u", "valueCode": "x"}]});
        let value = json!({"given": ["a", null], "_given": [null, extension]});
        assert_eq!(refused_at(&value), None);
    }

    #[test]
    fn a_null_without_a_partner_is_refused() {
        assert_eq!(
            refused_at(&json!({"given": ["a", null]})),
            Some("X.given[1]".into())
        );
        let both = json!({"given": ["a", null], "_given": [{"id": "i"}, null]});
        assert_eq!(refused_at(&both), Some("X.given[1]".into()));
    }
}
