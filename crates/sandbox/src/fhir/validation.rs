//! The rules of the elements that an imaging feed writes: cardinality, codes and formats of R4.
//! Everything else passes unread.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::outcome::Refusal;
use super::parameter::ResourceType;

/// What is asked of an element that is present.
enum Rule {
    /// One of these codes.
    Code(&'static [&'static str]),
    /// A `Coding` with a code.
    Coding,
    /// A date, to the year, the month or the day.
    Date,
    /// A date, or a time with its zone.
    DateTime,
    /// An `id`: letters, digits, `-` and `.`, at most 64.
    Id,
    /// An object.
    Object,
    /// An array.
    Array,
    /// A string.
    Text,
    /// An integer from 0.
    UnsignedInt,
}

/// An element, its rule, and whether it must be there.
struct Element {
    path: &'static str,
    rule: Rule,
    required: bool,
}

const fn required(path: &'static str, rule: Rule) -> Element {
    Element {
        path,
        rule,
        required: true,
    }
}

const fn optional(path: &'static str, rule: Rule) -> Element {
    Element {
        path,
        rule,
        required: false,
    }
}

const EVERY_TYPE: &[Element] = &[
    optional("id", Rule::Id),
    optional("meta", Rule::Object),
    optional("identifier", Rule::Array),
];

const PATIENT: &[Element] = &[
    optional("name", Rule::Array),
    optional(
        "gender",
        Rule::Code(&["male", "female", "other", "unknown"]),
    ),
    optional("birthDate", Rule::Date),
];

const ENDPOINT: &[Element] = &[
    required(
        "status",
        Rule::Code(&[
            "active",
            "suspended",
            "error",
            "off",
            "entered-in-error",
            "test",
        ]),
    ),
    required("connectionType", Rule::Coding),
    required("payloadType", Rule::Array),
    required("address", Rule::Text),
];

const IMAGING_STUDY: &[Element] = &[
    required(
        "status",
        Rule::Code(&[
            "registered",
            "available",
            "cancelled",
            "entered-in-error",
            "unknown",
        ]),
    ),
    required("subject", Rule::Object),
    optional("started", Rule::DateTime),
    optional("numberOfSeries", Rule::UnsignedInt),
    optional("numberOfInstances", Rule::UnsignedInt),
    optional("series", Rule::Array),
    required("series.uid", Rule::Id),
    required("series.modality", Rule::Coding),
    optional("series.number", Rule::UnsignedInt),
    optional("series.numberOfInstances", Rule::UnsignedInt),
    optional("series.started", Rule::DateTime),
    optional("series.instance", Rule::Array),
    required("series.instance.uid", Rule::Id),
    required("series.instance.sopClass", Rule::Coding),
    optional("series.instance.number", Rule::UnsignedInt),
];

const OBSERVATION: &[Element] = &[
    required(
        "status",
        Rule::Code(&[
            "registered",
            "preliminary",
            "final",
            "amended",
            "corrected",
            "cancelled",
            "entered-in-error",
            "unknown",
        ]),
    ),
    required("code", Rule::Object),
    optional("effectiveDateTime", Rule::DateTime),
];

/// Refuses a resource whose elements break a rule.
pub(super) fn check(kind: &ResourceType, resource: &Value) -> Result<(), Refusal> {
    let own = match kind.name {
        "Patient" => PATIENT,
        "Endpoint" => ENDPOINT,
        "ImagingStudy" => IMAGING_STUDY,
        "Observation" => OBSERVATION,
        _ => &[],
    };
    EVERY_TYPE
        .iter()
        .chain(own)
        .try_for_each(|element| element.check(kind.name, element.path, resource))
}

impl Element {
    /// Walks down `path`, through every element of the arrays on the way.
    fn check(&self, at: &str, path: &str, parent: &Value) -> Result<(), Refusal> {
        let Some((step, below)) = path.split_once('.') else {
            return self.check_here(at, path, parent);
        };
        let Some(elements) = parent.get(step).and_then(Value::as_array) else {
            return Ok(());
        };
        elements
            .iter()
            .enumerate()
            .try_for_each(|(index, element)| {
                self.check(&format!("{at}.{step}[{index}]"), below, element)
            })
    }

    fn check_here(&self, at: &str, name: &str, parent: &Value) -> Result<(), Refusal> {
        match parent.get(name) {
            None if self.required => Err(Refusal::element(
                "required",
                &format!("{at}.{name}"),
                "is required and absent",
            )),
            None => Ok(()),
            Some(value) if self.rule.admits(value) => Ok(()),
            Some(_) => Err(Refusal::element(
                "value",
                &format!("{at}.{name}"),
                &self.rule.text(),
            )),
        }
    }
}

impl Rule {
    fn admits(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Code(codes) => text.is_some_and(|code| codes.contains(&code)),
            Self::Coding => value.get("code").is_some_and(Value::is_string),
            Self::Date => text.is_some_and(is_date),
            Self::DateTime => text.is_some_and(is_date_time),
            Self::Id => text.is_some_and(is_id),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
            Self::Text => value.is_string(),
            Self::UnsignedInt => value.as_u64().is_some_and(|n| i32::try_from(n).is_ok()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Code(codes) => format!("must be one of {}", codes.join(", ")),
            Self::Coding => "must be a Coding with a code".to_owned(),
            Self::Date => "must be a date: YYYY, YYYY-MM or YYYY-MM-DD".to_owned(),
            Self::DateTime => "must be a date, or a time to the second with its zone".to_owned(),
            Self::Id => "must be an id: 1 to 64 letters, digits, '-' or '.'".to_owned(),
            Self::Object => "must be an object".to_owned(),
            Self::Array => "must be an array".to_owned(),
            Self::Text => "must be a string".to_owned(),
            Self::UnsignedInt => "must be an integer from 0 to 2147483647".to_owned(),
        }
    }
}

/// Whether the text is an `id` (R4 Datatypes, id).
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

fn is_date(text: &str) -> bool {
    let filled = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        10 => text.to_owned(),
        _ => return false,
    };
    has_shape(&filled, "0000-00-00") && filled.parse::<Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    is_date(text)
        || text
            .get(..19)
            .is_some_and(|to_second| has_shape(to_second, "0000-00-00T00:00:00"))
            && text.parse::<Timestamp>().is_ok()
}

/// Whether digits stand where `shape` has zeros, and its other characters where it has them.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, model)| match model {
                b'0' => byte.is_ascii_digit(),
                _ => byte == model,
            })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn study() -> Value {
        json!({
            "resourceType": "ImagingStudy",
            "status": "available",
            "subject": {"reference": "Patient/1"},
            "series": [{
                "uid": "1.2",
                "modality": {"code": "CT"},
                "instance": [{"uid": "1.2.3", "sopClass": {"code": "urn:oid:1"}}],
            }],
        })
    }

    fn refused_at(name: &str, resource: &Value) -> Option<String> {
        check(ResourceType::named(name).unwrap(), resource)
            .err()
            .and_then(|refusal| refusal.expression)
    }

    #[test]
    fn a_complete_study_passes() {
        assert_eq!(refused_at("ImagingStudy", &study()), None);
    }

    #[test]
    fn each_required_element_of_a_study_is_missed_by_its_path() {
        let cases = [
            ("", "status", "ImagingStudy.status"),
            ("", "subject", "ImagingStudy.subject"),
            ("/series/0", "uid", "ImagingStudy.series[0].uid"),
            ("/series/0", "modality", "ImagingStudy.series[0].modality"),
            (
                "/series/0/instance/0",
                "uid",
                "ImagingStudy.series[0].instance[0].uid",
            ),
            (
                "/series/0/instance/0",
                "sopClass",
                "ImagingStudy.series[0].instance[0].sopClass",
            ),
        ];
        for (parent, name, path) in cases {
            let mut resource = study();
            let parent = resource.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(name);
            assert_eq!(refused_at("ImagingStudy", &resource), Some(path.to_owned()));
        }
    }

    #[test]
    fn a_value_outside_its_rule_is_refused_without_being_repeated() {
        let patient = json!({"resourceType": "Patient", "gender": "canary"});
        let kind = ResourceType::named("Patient").unwrap();
        let refusal = check(kind, &patient).unwrap_err();
        assert_eq!(refusal.expression.as_deref(), Some("Patient.gender"));
        assert!(!refusal.diagnostics.contains("canary"));
    }

    #[test]
    fn dates_have_three_precisions() {
        for date in ["1999", "1999-12", "1999-12-31"] {
            assert!(is_date(date), "{date}");
        }
        for date in [
            "99",
            "1999-13",
            "1999-02-30",
            "19991231",
            "1999-1-1",
            "+999-01",
        ] {
            assert!(!is_date(date), "{date}");
        }
    }

    #[test]
    fn a_time_has_seconds_and_a_zone() {
        for time in [
            "2020-01-02",
            "2020-01-02T03:04:05Z",
            "2020-01-02T03:04:05.60+09:00",
        ] {
            assert!(is_date_time(time), "{time}");
        }
        for time in [
            "2020-01-02T03:04:05",
            "2020-01-02T03:04Z",
            "2020-01-02 03:04:05Z",
        ] {
            assert!(!is_date_time(time), "{time}");
        }
    }
}
