//! `Patient.name`: the names of use `usual`, one for each writing. Each is a fact of its own: a PN
//! without ideographs does not erase those that another instance gave.

use dicom_core::Tag;
use fhir_model::r4b::codes::NameUse;

use radcast_dicom::{NameGroup, PersonName};

use super::super::edit::EditError;
use super::super::element::{self, EN_REPRESENTATION};
use super::super::fact::Fact;
use super::super::object::{Object, raw};
use super::super::reading::Reading;
use super::super::row::Row;

pub(super) fn read_alphabetic(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    read(reading, tags, |name| name.alphabetic)
}

pub(super) fn read_ideographic(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    read(reading, tags, |name| name.ideographic)
}

pub(super) fn read_phonetic(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    read(reading, tags, |name| name.phonetic)
}

pub(super) fn put_alphabetic(
    patient: &mut Object,
    row: &Row,
    fact: &Fact,
) -> Result<(), EditError> {
    put(patient, row.element, fact, None)
}

pub(super) fn put_ideographic(
    patient: &mut Object,
    row: &Row,
    fact: &Fact,
) -> Result<(), EditError> {
    put(patient, row.element, fact, Some("IDE"))
}

pub(super) fn put_phonetic(patient: &mut Object, row: &Row, fact: &Fact) -> Result<(), EditError> {
    put(patient, row.element, fact, Some("SYL"))
}

pub(super) fn remove_alphabetic(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    remove(patient, None)
}

pub(super) fn remove_ideographic(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    remove(patient, Some("IDE"))
}

pub(super) fn remove_phonetic(patient: &mut Object, _: &Row) -> Result<(), EditError> {
    remove(patient, Some("SYL"))
}

pub(super) fn has_alphabetic(patient: &Object, row: &Row) -> Result<bool, EditError> {
    has(patient, row.element, None)
}

pub(super) fn has_ideographic(patient: &Object, row: &Row) -> Result<bool, EditError> {
    has(patient, row.element, Some("IDE"))
}

pub(super) fn has_phonetic(patient: &Object, row: &Row) -> Result<bool, EditError> {
    has(patient, row.element, Some("SYL"))
}

/// Whether there is a usual name in one writing.
fn has(
    patient: &Object,
    element: &'static str,
    representation: Option<&str>,
) -> Result<bool, EditError> {
    for name in patient.objects(element)? {
        if is_usual(&name, representation).map_err(|error| error.within(element))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One writing of the PN; none when it says nothing.
fn read(
    reading: &mut Reading<'_>,
    tags: &'static [Tag],
    group: fn(PersonName) -> NameGroup,
) -> Option<Fact> {
    let read = reading.dataset.person_name(*tags.first()?);
    let group = reading.accept(read).map(group)?;
    (!group.is_empty()).then(|| Fact::Name(Box::new(group)))
}

/// Brings the usual name in one writing in step; other names are not touched.
fn put(
    patient: &mut Object,
    element: &'static str,
    fact: &Fact,
    representation: Option<&str>,
) -> Result<(), EditError> {
    let Fact::Name(group) = fact else {
        return Err(EditError::Build(element));
    };
    put_writing(patient, group, representation)
}

fn put_writing(
    patient: &mut Object,
    group: &NameGroup,
    representation: Option<&str>,
) -> Result<(), EditError> {
    let mut names = patient.list("name")?;
    for (mut name, place) in patient.objects("name")?.into_iter().zip(&mut names) {
        if is_usual(&name, representation).map_err(|error| error.within("name"))? {
            put_parts(&mut name, group).map_err(|error| error.within("name"))?;
            if name.changed() {
                *place = raw("name", &name)?;
                patient.set("name", &names)?;
            }
            return Ok(());
        }
    }
    let json = raw(
        "name",
        &element::name(Some(NameUse::Usual), representation)?,
    )?;
    let mut name = Object::parse(json.get()).ok_or(EditError::Build("name"))?;
    put_parts(&mut name, group)?;
    patient.push("name", &name)
}

/// Takes the parts out of the usual names in one writing, and a name away in which others say
/// nothing more.
fn remove(patient: &mut Object, representation: Option<&str>) -> Result<(), EditError> {
    let within = |error: EditError| error.within("name");
    let mut kept = Vec::new();
    let mut changed = false;
    for (mut name, json) in patient
        .objects("name")?
        .into_iter()
        .zip(patient.list("name")?)
    {
        if !is_usual(&name, representation).map_err(within)? {
            kept.push(json);
            continue;
        }
        put_parts(&mut name, &NameGroup::default()).map_err(within)?;
        changed |= name.changed();
        if says_more(&name).map_err(within)? {
            kept.push(if name.changed() {
                raw("name", &name)?
            } else {
                json
            });
        } else {
            changed = true;
        }
    }
    if changed {
        patient.set_list("name", &kept)?;
    }
    Ok(())
}

/// Whether a name without parts has more than use and representation.
fn says_more(name: &Object) -> Result<bool, EditError> {
    let mut others = name
        .names()
        .filter(|name| !["id", "use", "extension"].contains(name));
    let mut extensions = name.objects("extension")?.into_iter();
    let is_other =
        |extension: Object| Ok(extension.text("url")?.as_deref() != Some(EN_REPRESENTATION));
    let more = extensions.try_fold(false, |more, extension| Ok(more || is_other(extension)?))?;
    Ok(more || others.next().is_some())
}

/// Whether it is the usual name in this writing; `None` is the alphabetic one.
fn is_usual(name: &Object, representation: Option<&str>) -> Result<bool, EditError> {
    if name.text("use")?.as_deref() != Some("usual") {
        return Ok(false);
    }
    let mut code = None;
    for extension in name.objects("extension")? {
        if extension.text("url")?.as_deref() == Some(EN_REPRESENTATION) {
            code = extension.text("valueCode")?;
        }
    }
    Ok(code.as_deref().filter(|code| *code != "ABC") == representation)
}

/// The parts of a name, all of them: a name is one value, and what it lacks has gone. The text
/// form of a name whose parts have changed goes too.
fn put_parts(name: &mut Object, group: &NameGroup) -> Result<(), EditError> {
    let before = name.changed();
    let family = words(&[&group.family]).join(" ");
    if family.is_empty() {
        name.remove("family");
    } else {
        name.set_text("family", &family)?;
    }
    put_words(
        name,
        "given",
        "_given",
        &words(&[&group.given, &group.middle]),
    )?;
    put_words(name, "prefix", "_prefix", &words(&[&group.prefix]))?;
    put_words(name, "suffix", "_suffix", &words(&[&group.suffix]))?;
    if name.changed() && !before {
        name.remove("text");
    }
    Ok(())
}

/// Sets a list of words unless it says the same. Its primitive extensions go by position, and
/// stay as long as the positions do.
fn put_words(
    name: &mut Object,
    element: &'static str,
    extensions: &str,
    words: &[&str],
) -> Result<(), EditError> {
    let stored: Vec<Option<String>> = name.decode(element)?.unwrap_or_default();
    let mut pairs = stored.iter().map(Option::as_deref).zip(words);
    if stored.len() == words.len() && pairs.all(|(one, other)| one == Some(*other)) {
        return Ok(());
    }
    if stored.len() != words.len() {
        name.remove(extensions);
    }
    name.set_list(element, words)
}

/// The words of some components; repeated blanks make none.
pub(super) fn words<'a>(components: &[&'a str]) -> Vec<&'a str> {
    let words = components
        .iter()
        .flat_map(|component| component.split_whitespace());
    words.collect()
}
