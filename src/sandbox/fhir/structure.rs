//! What the JSON of every resource must obey (R4 JSON 2.6.2): nothing is empty, and `null` only
//! keeps the place of an element of a primitive array whose partner says something.

use serde_json::{Map, Value};

use super::outcome::Refusal;

/// Refuses empty strings, arrays and objects, and `null` where it says nothing.
pub(super) fn check(path: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Null => Err(Refusal::element("structure", path, "is null")),
        Value::String(text) if text.trim().is_empty() => {
            Err(Refusal::element("structure", path, "is an empty string"))
        }
        Value::Array(elements) if elements.is_empty() => {
            Err(Refusal::element("structure", path, "is an empty array"))
        }
        Value::Array(elements) => check_elements(path, elements),
        Value::Object(members) if members.is_empty() => {
            Err(Refusal::element("structure", path, "is an empty object"))
        }
        Value::Object(members) => check_members(path, members),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn check_elements(path: &str, elements: &[Value]) -> Result<(), Refusal> {
    for (index, element) in elements.iter().enumerate() {
        // Scalars pass without their path being put together: there may be many.
        if !element.is_null() {
            check(&format!("{path}[{index}]"), element)?;
        }
    }
    Ok(())
}

fn check_members(path: &str, members: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in members {
        let path = format!("{path}.{name}");
        check(&path, value)?;
        if let Value::Array(elements) = value {
            check_nulls(&path, elements, partner(members, name))?;
        }
    }
    Ok(())
}

/// The array that stands beside `name`: `_given` for `given` and the other way round.
fn partner<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Vec<Value>> {
    let partner = match name.strip_prefix('_') {
        Some(plain) => plain.to_owned(),
        None => format!("_{name}"),
    };
    members.get(&partner)?.as_array()
}

fn check_nulls(
    path: &str,
    elements: &[Value],
    partner: Option<&Vec<Value>>,
) -> Result<(), Refusal> {
    let filled = |index| {
        partner
            .and_then(|partner| partner.get(index))
            .is_some_and(|value: &Value| !value.is_null())
    };
    let lone = elements
        .iter()
        .enumerate()
        .find(|(index, element)| element.is_null() && !filled(*index));
    match lone {
        None => Ok(()),
        Some((index, _)) => Err(Refusal::element(
            "structure",
            &format!("{path}[{index}]"),
            "is null and its primitive extension or value is absent",
        )),
    }
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
