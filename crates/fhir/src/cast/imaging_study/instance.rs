//! One instance of a series.

use serde::Serialize;

use super::super::edit::EditError;
use super::super::element::system;
use super::super::fact::{self, Fact};
use super::super::row::put_all;
use super::attributes::INSTANCE;
use super::instances::Instances;

/// The length of an instance's text, seldom more.
const USUAL: usize = 256;

/// What counts of what is said about an instance, row by row.
pub(super) type Facts<'a> = [Option<&'a Fact>; INSTANCE.len()];

/// Takes in what one more entry says: the last one counts, and nobody disagrees with himself.
pub(super) fn say<'a>(facts: &mut Facts<'a>, said: &'a fact::Facts) {
    for (row, fact) in facts.iter_mut().enumerate() {
        *fact = said.get(row).or(*fact);
    }
}

/// An instance of which nobody knew.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct New<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sop_class: Option<SopClass>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
struct SopClass {
    system: &'static str,
    code: String,
}

/// Brings an instance in step with the facts that count, and adds it when it is new. `afresh` drops
/// what was known of it before. Of one that is not listed nothing is known.
pub(super) fn put<'a>(
    instances: &mut Instances<'a>,
    uid: &'a str,
    facts: &Facts<'_>,
    afresh: bool,
) -> Result<(), EditError> {
    let Some(place) = instances.listed.position(uid) else {
        if !instances.is_unlisted(uid) {
            instances.listed.append(uid, new(uid, facts)?);
        }
        return Ok(());
    };
    let json = instances.listed.closed(place);
    if json.is_some_and(|json| new(uid, facts).is_ok_and(|new| new == json)) {
        return Ok(());
    }
    let instance = instances.listed.open(place);
    let instance = instance.ok_or_else(|| EditError::shape("uid"))?;
    if afresh {
        let rows = INSTANCE.iter().zip(facts);
        for (row, _) in rows.filter(|(_, fact)| fact.is_none()) {
            instance.remove(row.element);
        }
    }
    put_all(INSTANCE, facts, instance)
}

/// What [`put_all`] would make of an instance that has nothing but its `uid`.
fn new(uid: &str, facts: &Facts<'_>) -> Result<String, EditError> {
    const WRONG: EditError = EditError::Build("instance");
    let [class, number, title] = *facts;
    let new = New {
        uid,
        sop_class: text(class)?.map(|uid| SopClass {
            system: system::URI,
            code: format!("urn:oid:{uid}"),
        }),
        number: match number {
            Some(Fact::Number(number)) => Some(*number),
            None | Some(Fact::Emptied) => None,
            Some(_) => return Err(WRONG),
        },
        title: text(title)?,
    };
    let mut json = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut json, &new).map_err(|_| WRONG)?;
    String::from_utf8(json).map_err(|_| WRONG)
}

fn text(fact: Option<&Fact>) -> Result<Option<&str>, EditError> {
    match fact {
        Some(Fact::Text(text)) => Ok(Some(text)),
        None | Some(Fact::Emptied) => Ok(None),
        Some(_) => Err(EditError::Build("instance")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::object::Object;
    use super::*;

    proptest! {
        #[test]
        fn a_new_instance_is_what_the_rows_make_of_one(
            class in prop::option::of("[0-9.]{1,20}"),
            number in prop::option::of(any::<u32>()),
            title in prop::option::of(".*"),
        ) {
            let facts = [class.map(Fact::text), number.map(Fact::Number), title.map(Fact::text)];
            let facts = facts.each_ref().map(Option::as_ref);
            let mut plain = Object::default();
            plain.set("uid", "1.2").unwrap();
            put_all(INSTANCE, &facts, &mut plain).unwrap();
            prop_assert_eq!(new("1.2", &facts).unwrap(), serde_json::to_string(&plain).unwrap());
        }
    }
}
