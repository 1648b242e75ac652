//! The ways of a fact into an object that the rows of the mapping tables share. Each compares by
//! value first and leaves what says the same as it is.

use jiff::Timestamp;

use super::edit::EditError;
use super::element::{coding, system};
use super::fact::Fact;
use super::object::Object;
use super::row::Row;

/// string, code, date
pub(super) fn text(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Text(text) = fact else {
        return Err(EditError::Build(row.element));
    };
    object.set_text(row.element, text)
}

/// Takes the element away. What others say beside it, in its primitive extension, stays.
pub(super) fn remove(object: &mut Object, row: &Row) -> Result<(), EditError> {
    object.remove(row.element);
    Ok(())
}

/// unsignedInt
pub(super) fn unsigned(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Number(number) = fact else {
        return Err(EditError::Build(row.element));
    };
    set_number(object, row.element, *number)
}

/// Sets a number unless the same number is there, however it is written.
pub(super) fn set_number(
    object: &mut Object,
    element: &'static str,
    number: u32,
) -> Result<(), EditError> {
    if object.decode::<f64>(element)? == Some(f64::from(number)) {
        return Ok(());
    }
    object.set(element, &number)
}

/// date, dateTime: the same moment in another writing is left as it is, and so is a finer one: an
/// instance without time or offset does not take away those that another one gave.
pub(super) fn date_time(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Text(moment) = fact else {
        return Err(EditError::Build(row.element));
    };
    let stored = object.text(row.element)?;
    if stored.is_some_and(|stored| is_within(&stored, moment)) {
        return Ok(());
    }
    set_moment(object, row.element, moment)
}

/// Whether a moment is a finer one of the same year, month or day as another.
pub(super) fn is_finer(one: &Fact, other: &Fact) -> bool {
    matches!((one, other), (Fact::Text(one), Fact::Text(other)) if is_within(one, other))
}

fn is_within(finer: &str, coarser: &str) -> bool {
    let rest = finer.strip_prefix(coarser);
    rest.is_some_and(|rest| rest.starts_with(['-', 'T']) && !coarser.contains('T'))
}

/// Sets a moment unless the same one is there, however it is written.
pub(super) fn set_moment(
    object: &mut Object,
    element: &'static str,
    moment: &str,
) -> Result<(), EditError> {
    match object.text(element)? {
        Some(stored) if same_moment(&stored, moment) => Ok(()),
        _ => object.set(element, moment),
    }
}

fn same_moment(one: &str, other: &str) -> bool {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    one == other || moment(one).is_some_and(|one| moment(other) == Some(one))
}

/// Coding of a modality.
pub(super) fn modality(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Text(code) = fact else {
        return Err(EditError::Build(row.element));
    };
    // A code of FHIR has single blanks.
    let words: Vec<&str> = code.split_whitespace().collect();
    set_coding(object, row.element, system::DCM, &words.join(" "))
}

/// Coding of a SOP class.
pub(super) fn sop_class(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Text(uid) = fact else {
        return Err(EditError::Build(row.element));
    };
    set_coding(object, row.element, system::URI, &format!("urn:oid:{uid}"))
}

/// Sets a Coding. What belonged to another code goes with it; extensions and id stay.
fn set_coding(
    object: &mut Object,
    element: &'static str,
    system: &str,
    code: &str,
) -> Result<(), EditError> {
    let Some(mut stored) = object.object(element)? else {
        return object.set(element, &coding(system, code)?);
    };
    let within = |error: EditError| error.within(element);
    if stored.text("code").map_err(within)?.as_deref() != Some(code) {
        for stale in ["version", "display", "_display", "userSelected"] {
            stored.remove(stale);
        }
    }
    stored.set_text("system", system).map_err(within)?;
    stored.set_text("code", code).map_err(within)?;
    if stored.changed() {
        object.set(element, &stored)?;
    }
    Ok(())
}

/// Coding of a concept. The same concept in other words is left as it is; what belonged to
/// another one goes with it; extensions and id stay.
pub(super) fn concept(object: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    let Fact::Json(json) = fact else {
        return Err(EditError::Build(row.element));
    };
    let stored = object.get(row.element);
    if stored.is_some_and(|stored| stored.get() == &**json) {
        return Ok(());
    }
    let wanted = Object::parse(json).ok_or(EditError::Build(row.element))?;
    let Some(mut stored) = object.object(row.element)? else {
        return object.set(row.element, &wanted);
    };
    if is_same_concept(&stored, &wanted).map_err(|error| error.within(row.element))? {
        return Ok(());
    }
    for stale in OF_CONCEPT.iter().chain(&BESIDE_CONCEPT) {
        stored.remove(stale);
    }
    for name in OF_CONCEPT {
        if let Some(value) = wanted.get(name) {
            stored.set(name, value)?;
        }
    }
    object.set(row.element, &stored)
}

const OF_CONCEPT: [&str; 4] = ["system", "version", "code", "display"];
const BESIDE_CONCEPT: [&str; 2] = ["_display", "userSelected"];

/// Takes the concept out of a Coding, and the Coding away unless others say more in it.
pub(super) fn remove_concept(object: &mut Object, row: &Row) -> Result<(), EditError> {
    let Some(mut stored) = object.object(row.element)? else {
        return Ok(());
    };
    for name in OF_CONCEPT.iter().chain(&BESIDE_CONCEPT) {
        stored.remove(name);
    }
    if stored.names().all(|name| name == "id") {
        object.remove(row.element);
    } else if stored.changed() {
        object.set(row.element, &stored)?;
    }
    Ok(())
}

/// Whether system and code are the same; without code, the words.
fn is_same_concept(stored: &Object, wanted: &Object) -> Result<bool, EditError> {
    let same = |name| Ok(stored.text(name)? == wanted.text(name)?);
    let same_words = wanted.get("code").is_some() || same("display")?;
    Ok(same_words && same("system")? && same("code")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::row::Put;

    fn row(put: Put) -> Row {
        Row::optional(&[], "e", |_, _| None, put)
    }

    fn after(json: &str, put: Put, fact: &Fact) -> String {
        let mut object = Object::parse(json).unwrap();
        put(&mut object, &row(put), fact).unwrap();
        serde_json::to_string(&object).unwrap()
    }

    #[test]
    fn what_says_the_same_keeps_its_bytes() {
        let cases: [(&str, Put, Fact); 5] = [
            (r#"{"e":"\u0041"}"#, text, Fact::text("A")),
            (r#"{"e":7.00}"#, unsigned, Fact::Number(7)),
            (
                r#"{"e":"2024-06-01T12:00:00.000Z"}"#,
                date_time,
                Fact::text("2024-06-01T14:00:00+02:00"),
            ),
            (
                r#"{"e":{"code":"CT","display":"x","system":"http://dicom.nema.org/resources/ontology/DCM"}}"#,
                modality,
                Fact::text("CT"),
            ),
            (
                r#"{"e":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2"}}"#,
                sop_class,
                Fact::text("1.2"),
            ),
        ];
        for (json, put, fact) in cases {
            assert_eq!(after(json, put, &fact), json);
        }
    }

    #[test]
    fn what_says_something_else_is_set_in_its_place() {
        let cases: [(&str, Put, Fact, &str); 4] = [
            (
                r#"{"e":"B","x":1.0}"#,
                text,
                Fact::text("A"),
                r#"{"e":"A","x":1.0}"#,
            ),
            (
                r#"{"x":1.0}"#,
                unsigned,
                Fact::Number(7),
                r#"{"x":1.0,"e":7}"#,
            ),
            (
                r#"{"e":"2024"}"#,
                date_time,
                Fact::text("2024-06"),
                r#"{"e":"2024-06"}"#,
            ),
            (
                r#"{"e":{"id":"i","code":"MR","display":"x"}}"#,
                modality,
                Fact::text("CT"),
                r#"{"e":{"id":"i","code":"CT","system":"http://dicom.nema.org/resources/ontology/DCM"}}"#,
            ),
        ];
        for (json, put, fact, expected) in cases {
            assert_eq!(after(json, put, &fact), expected);
        }
    }

    #[test]
    fn a_coding_of_a_wrong_shape_names_its_path() {
        let mut object = Object::parse(r#"{"e":{"code":5}}"#).unwrap();
        let put = modality(&mut object, &row(modality), &Fact::text("CT"));
        assert_eq!(put, Err(EditError::shape("e.code")));
        let put = unsigned(
            &mut Object::parse(r#"{"e":"7"}"#).unwrap(),
            &row(unsigned),
            &Fact::Number(7),
        );
        assert_eq!(put, Err(EditError::shape("e")));
    }
}
