//! Paths of elements, as servers tell them (R4 `OperationOutcome.issue.expression` and `location`),
//! written anew from FHIR's own names. A path that holds anything else is none: a server may quote a
//! patient there.

/// The most steps of a path.
const MOST_STEPS: usize = 16;

/// The most digits of an index, a line or a column.
const MOST_DIGITS: usize = 6;

/// Types that a path may begin with, or narrow an element to.
const TYPES: &str = "Address Age Annotation Attachment Bundle CodeableConcept Coding ContactPoint Device \
    DomainResource Element Encounter Endpoint Extension HumanName Identifier ImagingStudy Meta \
    Narrative Observation OperationOutcome Organization Parameters Patient Period Practitioner \
    Quantity Range Ratio Reference Resource ServiceRequest";

/// Elements of the resources that are written, of their data types, and of bundles.
const ELEMENTS: &str = "_birthDate active actor address animal assigner author authorReference authorString basedOn \
    birthDate bodySite breed category city code coding communication comparator component \
    connectionType contact contained contentType country created data dataAbsentReason deceased \
    deceasedBoolean deceasedDateTime derivedFrom description device display district div effective \
    effectiveDateTime effectiveInstant effectivePeriod encounter end endpoint entry etag extension \
    family focus fullUrl function gender generalPractitioner given hasMember header high id \
    identifier ifMatch ifModifiedSince ifNoneExist ifNoneMatch implicitRules instance \
    interpretation interpreter issued language lastModified lastUpdated laterality line link \
    location low managingOrganization maritalStatus meta method modality modifierExtension \
    multipleBirth multipleBirthBoolean multipleBirthInteger name note number numberOfInstances \
    numberOfSeries organization other outcome parameter part partOf payloadMimeType payloadType \
    performer period photo postalCode preferred prefix procedureCode procedureReference profile \
    rank reasonCode reasonReference reference referenceRange referrer relation relationship \
    request resource resourceType response search security series size sopClass source species \
    specimen start started state status subject suffix system tag telecom text time timestamp \
    title total type uid unit url use userSelected value valueBase64Binary valueBoolean \
    valueCodeableConcept valueDateTime valueInteger valueQuantity valueReference valueString \
    version versionId";

/// A path written anew, in FHIRPath, or a place in the text (`line 1, column 5`); `None` where it
/// holds anything that is not FHIR's own.
pub(super) fn known_path(text: &str) -> Option<String> {
    if let Some(place) = place(text) {
        return Some(place);
    }
    let plain = without_comments(text)?.replace("/f:", ".");
    let mut path = String::new();
    let mut steps = 0;
    for step in plain.trim().trim_start_matches(['.', '/']).split('.') {
        steps += 1;
        if steps > MOST_STEPS {
            return None;
        }
        let step = known_step(step, steps == 1)?;
        if steps > 1 {
            path.push('.');
        }
        path.push_str(&step);
    }
    Some(path)
}

/// A step written anew: a name, and an index if it has one.
fn known_step(step: &str, is_first: bool) -> Option<String> {
    let of_type = step
        .strip_prefix("ofType(")
        .and_then(|it| it.strip_suffix(')'));
    if let Some(of_type) = of_type {
        let name = find(TYPES, of_type)?;
        return Some(format!("ofType({name})"));
    }
    let (name, index) = match step.split_once('[') {
        None => (step, None),
        Some((name, index)) => (name, Some(digits(index.strip_suffix(']')?)?)),
    };
    let known = find(ELEMENTS, name).filter(|_| !is_first);
    let known = known.or_else(|| find(TYPES, name))?;
    Some(match index {
        Some(index) => format!("{known}[{index}]"),
        None => known.to_owned(),
    })
}

fn find(names: &'static str, name: &str) -> Option<&'static str> {
    names.split(' ').find(|known| *known == name)
}

/// Some digits and nothing else.
fn digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && text.len() <= MOST_DIGITS).then_some(text)
}

/// HAPI names the resource of an entry in a comment.
fn without_comments(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = comment.split_once("*/")?.1;
    }
    plain.push_str(rest);
    Some(plain)
}

/// A line and a column of what was sent, in the writings of servers: `Line[1] Col[5]`, `line 1, column 5`.
fn place(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["line", line, "col" | "column", column] => {
            let (line, column) = digits(line).zip(digits(column))?;
            Some(format!("line {line}, column {column}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_servers_are_written_anew() {
        for (text, expected) in [
            ("ImagingStudy.status", "ImagingStudy.status"),
            ("Patient.name[0].given[12]", "Patient.name[0].given[12]"),
            (
                "Observation.value.ofType(Quantity).unit",
                "Observation.value.ofType(Quantity).unit",
            ),
            (
                "Bundle.entry[0].resource/*Patient/Canary*/.birthDate",
                "Bundle.entry[0].resource.birthDate",
            ),
            (
                "/f:Bundle/f:entry[1]/f:resource/f:Patient/f:birthDate",
                "Bundle.entry[1].resource.Patient.birthDate",
            ),
            ("Line[1] Col[5]", "line 1, column 5"),
            ("line 12, column 345", "line 12, column 345"),
        ] {
            assert_eq!(known_path(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_holds_anything_else_is_no_path() {
        for text in [
            "",
            "Canary",
            "Patient.Canary",
            "Patient.name.where(family='Canary')",
            "Patient.name[Canary]",
            "Patient.name[12345678]",
            "Patient.name[0]Canary",
            "Patient.value.ofType(Canary)",
            "Patient?identifier=4711",
            "Patient/4711",
            "Patient.name /* Canary",
            "Line Canary Col 5",
            "Line 19660607 Col 5",
            "name.family",
            "Patient..name",
            "Patient.name\u{1b}[2J",
        ] {
            assert_eq!(known_path(text), None, "{text}");
        }
        let long = format!("Patient{}", ".extension".repeat(20));
        assert_eq!(known_path(&long), None);
    }
}
