//! The content of an X-ray radiation dose report (PS3.16 TID 10001) of one projection procedure
//! with two irradiation events.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

use super::attribute::{Code, Value, coded, element, sequence};

/// A content item: relationship to its parent, concept name, value and children.
struct Item {
    relationship: &'static str,
    concept: Code,
    value: ItemValue,
    children: &'static [Item],
}

enum ItemValue {
    Container,
    Coded(Code),
    Number(&'static str, Code),
    Text(&'static str),
    DateTime(&'static str),
    /// The UID made from this name; of the study, where it is `None`.
    Uid(Option<&'static str>),
}

const GRAY: Code = ("Gy", "UCUM", "Gy");
const GRAY_SQUARE_METRE: Code = ("Gy.m2", "UCUM", "Gy.m2");
const SECOND: Code = ("s", "UCUM", "s");
const KILOVOLT: Code = ("kV", "UCUM", "kV");
const MILLIAMPERE: Code = ("mA", "UCUM", "mA");
const FRAMES: Code = ("{frames}", "UCUM", "frames");

const fn contains(concept: Code, value: ItemValue, children: &'static [Item]) -> Item {
    Item {
        relationship: "CONTAINS",
        concept,
        value,
        children,
    }
}

const fn of(relationship: &'static str, concept: Code, value: ItemValue) -> Item {
    Item {
        relationship,
        concept,
        value,
        children: &[],
    }
}

const fn number(concept: Code, value: &'static str, unit: Code) -> Item {
    contains(concept, ItemValue::Number(value, unit), &[])
}

const TITLE: Code = ("113701", "DCM", "X-Ray Radiation Dose Report");
const EVENT: Code = ("113706", "DCM", "Irradiation Event X-Ray Data");
const EVENT_UID: Code = ("113769", "DCM", "Irradiation Event UID");
const STARTED: Code = ("111526", "DCM", "DateTime Started");
const EVENT_TYPE: Code = ("113721", "DCM", "Irradiation Event Type");
const PLANE: Item = contains(
    ("113764", "DCM", "Acquisition Plane"),
    ItemValue::Coded(("113622", "DCM", "Single Plane")),
    &[],
);
const HEART: Item = contains(
    ("123014", "DCM", "Target Region"),
    ItemValue::Coded(("80891009", "SCT", "Heart")),
    &[],
);

const CONTENT: &[Item] = &[
    Item {
        relationship: "HAS CONCEPT MOD",
        concept: ("121058", "DCM", "Procedure reported"),
        value: ItemValue::Coded(("113704", "DCM", "Projection X-Ray")),
        children: &[of(
            "HAS CONCEPT MOD",
            ("363703001", "SCT", "Has Intent"),
            ItemValue::Coded(("261004008", "SCT", "Diagnostic Intent")),
        )],
    },
    of(
        "HAS OBS CONTEXT",
        ("121005", "DCM", "Observer Type"),
        ItemValue::Coded(("121007", "DCM", "Device")),
    ),
    of(
        "HAS OBS CONTEXT",
        ("121012", "DCM", "Device Observer UID"),
        ItemValue::Uid(Some("angiography device")),
    ),
    Item {
        relationship: "HAS OBS CONTEXT",
        concept: ("113705", "DCM", "Scope of Accumulation"),
        value: ItemValue::Coded(("113014", "DCM", "Study")),
        children: &[of(
            "HAS PROPERTIES",
            ("110180", "DCM", "Study Instance UID"),
            ItemValue::Uid(None),
        )],
    },
    contains(
        ("113702", "DCM", "Accumulated X-Ray Dose Data"),
        ItemValue::Container,
        &[
            PLANE,
            number(
                ("113722", "DCM", "Dose Area Product Total"),
                "0.00321",
                GRAY_SQUARE_METRE,
            ),
            number(("113725", "DCM", "Dose (RP) Total"), "0.412", GRAY),
            number(
                ("113726", "DCM", "Fluoro Dose Area Product Total"),
                "0.00121",
                GRAY_SQUARE_METRE,
            ),
            number(("113728", "DCM", "Fluoro Dose (RP) Total"), "0.151", GRAY),
            number(("113730", "DCM", "Total Fluoro Time"), "184", SECOND),
            number(
                ("113727", "DCM", "Acquisition Dose Area Product Total"),
                "0.002",
                GRAY_SQUARE_METRE,
            ),
            number(
                ("113731", "DCM", "Total Number of Radiographic Frames"),
                "96",
                FRAMES,
            ),
        ],
    ),
    contains(
        EVENT,
        ItemValue::Container,
        &[
            PLANE,
            contains(EVENT_UID, ItemValue::Uid(Some("irradiation event 1")), &[]),
            contains(STARTED, ItemValue::DateTime("20240415161755"), &[]),
            contains(
                EVENT_TYPE,
                ItemValue::Coded(("44491008", "SCT", "Fluoroscopy")),
                &[],
            ),
            contains(
                ("125203", "DCM", "Acquisition Protocol"),
                ItemValue::Text("Fluoro low"),
                &[],
            ),
            HEART,
            number(
                ("122130", "DCM", "Dose Area Product"),
                "0.00121",
                GRAY_SQUARE_METRE,
            ),
            number(("113738", "DCM", "Dose (RP)"), "0.151", GRAY),
            number(("113733", "DCM", "KVP"), "78", KILOVOLT),
            number(("113734", "DCM", "X-Ray Tube Current"), "12.4", MILLIAMPERE),
        ],
    ),
    contains(
        EVENT,
        ItemValue::Container,
        &[
            PLANE,
            contains(EVENT_UID, ItemValue::Uid(Some("irradiation event 2")), &[]),
            contains(STARTED, ItemValue::DateTime("20240415162240"), &[]),
            contains(
                EVENT_TYPE,
                ItemValue::Coded(("113611", "DCM", "Stationary Acquisition")),
                &[],
            ),
            contains(
                ("125203", "DCM", "Acquisition Protocol"),
                ItemValue::Text("Coro 15 fps"),
                &[],
            ),
            HEART,
            number(
                ("122130", "DCM", "Dose Area Product"),
                "0.002",
                GRAY_SQUARE_METRE,
            ),
            number(("113738", "DCM", "Dose (RP)"), "0.261", GRAY),
            number(("113733", "DCM", "KVP"), "82", KILOVOLT),
            number(("113734", "DCM", "X-Ray Tube Current"), "610", MILLIAMPERE),
        ],
    ),
    of(
        "CONTAINS",
        ("113854", "DCM", "Source of Dose Information"),
        ItemValue::Coded(("113856", "DCM", "Automated Data Collection")),
    ),
];

/// The elements of the report's root content item. `uid` makes a UID from a name.
pub(super) fn elements(study: &str, uid: fn(&str) -> String) -> Vec<InMemElement> {
    let mut elements = vec![
        text(tags::VALUE_TYPE, "CONTAINER"),
        text(tags::CONTINUITY_OF_CONTENT, "SEPARATE"),
        text(tags::COMPLETION_FLAG, "COMPLETE"),
        text(tags::VERIFICATION_FLAG, "UNVERIFIED"),
        text(tags::CONTENT_DATE, "20240415"),
        text(tags::CONTENT_TIME, "163000"),
        sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![coded(TITLE)]),
        sequence(
            tags::CONTENT_TEMPLATE_SEQUENCE,
            vec![InMemDicomObject::from_element_iter([
                text(tags::MAPPING_RESOURCE, "DCMR"),
                text(tags::TEMPLATE_IDENTIFIER, "10001"),
            ])],
        ),
    ];
    elements.push(children(CONTENT, study, uid));
    elements
}

fn children(items: &[Item], study: &str, uid: fn(&str) -> String) -> InMemElement {
    let items = items.iter().map(|item| content_item(item, study, uid));
    sequence(tags::CONTENT_SEQUENCE, items.collect())
}

fn content_item(item: &Item, study: &str, uid: fn(&str) -> String) -> InMemDicomObject {
    let (value_type, value) = match item.value {
        ItemValue::Container => ("CONTAINER", text(tags::CONTINUITY_OF_CONTENT, "SEPARATE")),
        ItemValue::Coded(code) => (
            "CODE",
            sequence(tags::CONCEPT_CODE_SEQUENCE, vec![coded(code)]),
        ),
        ItemValue::Number(value, unit) => ("NUM", measured(value, unit)),
        ItemValue::Text(value) => ("TEXT", text(tags::TEXT_VALUE, value)),
        ItemValue::DateTime(value) => ("DATETIME", text(tags::DATE_TIME, value)),
        ItemValue::Uid(name) => ("UIDREF", uid_element(name.map_or(study.to_owned(), uid))),
    };
    let mut object = InMemDicomObject::from_element_iter([
        text(tags::RELATIONSHIP_TYPE, item.relationship),
        text(tags::VALUE_TYPE, value_type),
        sequence(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![coded(item.concept)]),
        value,
    ]);
    if !item.children.is_empty() {
        object.put(children(item.children, study, uid));
    }
    object
}

fn measured(value: &'static str, unit: Code) -> InMemElement {
    let measured = InMemDicomObject::from_element_iter([
        text(tags::NUMERIC_VALUE, value),
        sequence(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![coded(unit)]),
    ]);
    sequence(tags::MEASURED_VALUE_SEQUENCE, vec![measured])
}

fn uid_element(uid: String) -> InMemElement {
    InMemElement::new(
        tags::UID,
        dicom_core::VR::UI,
        dicom_core::PrimitiveValue::from(uid),
    )
}

fn text(tag: Tag, value: &'static str) -> InMemElement {
    element(tag, Value::Text(value))
}
