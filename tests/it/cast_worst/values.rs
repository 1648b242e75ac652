//! The worst values: of each value representation what it allows, and what devices write all the
//! same.

use dicom_core::Tag;
use serde_json::{Value, json};

use crate::cast_dose::report::{coded, container, event, moment, number, uid, words};

/// Values of a representation, as JSON arrays.
pub(super) fn worst(vr: &str) -> Vec<String> {
    let own: Vec<Value> = match vr {
        "PN" => PERSONS
            .iter()
            .flat_map(|name| {
                [
                    json!([name]),
                    json!([{ "Alphabetic": name }]),
                    json!([{ "Ideographic": name }]),
                ]
            })
            .collect(),
        "DA" | "TM" | "DT" | "AS" => MOMENTS.iter().map(|text| json!([text])).collect(),
        "IS" | "DS" | "US" | "UL" | "SS" | "SL" | "FD" | "FL" => numbers(),
        "UI" => UIDS.iter().map(|text| json!([text])).collect(),
        "UR" => ADDRESSES.iter().map(|text| json!([text])).collect(),
        "CS" => CODES.iter().map(|text| json!([text])).collect(),
        _ => texts(),
    };
    let several = json!(["A  B", "\u{a0}", "C"]);
    own.into_iter()
        .chain([several, json!([]), json!([null])])
        .map(|value| value.to_string())
        .collect()
}

const CODES: &[&str] = &[
    "A  B",
    " A   B  C ",
    "   ",
    "ABCDEFGHIJKLMNOP",
    "ABCDEFGHIJKLMNOPQ",
    "a  b",
    "A\u{a0}B",
    "\u{a0}",
    "A\\B",
    "\\",
    "A\tB",
    "C\u{7}",
    "_",
    "L",
    "R  ",
    "M\u{a0}",
    "CT  ",
    "CHEST",
];

const PERSONS: &[&str] = &[
    "\u{a0}",
    "\u{a0}^\u{3000}^\u{2003}",
    "^^^^",
    "===",
    "=\u{a0}=",
    "A  B^ C  D ^ \u{a0} ^\u{a0}Dr.^ ",
    "A\u{a0}\u{a0}B^\u{a0}C\u{a0}",
    "A\u{c}^B",
    "A\u{7}B",
    "A\u{1b}$B^C",
    "Rossi^^^^^^",
    "\u{200b}",
    "A=\u{a0}^B=C",
    "A\tB^C\nD",
    "A\\B",
];

const MOMENTS: &[&str] = &[
    "20240230",
    "20240601",
    "2024",
    "202413",
    "00000101",
    "0000",
    "00010101",
    "99991231",
    "2024.06.01",
    "20240601-20240701",
    "20240601142560",
    "20240601142501.999999+1400",
    "20240601142501-1200",
    "20240601142501.5+1500",
    "000000",
    "235960",
    "2360",
    "24",
    "14:25:01",
    "142501.",
    "142501.123456",
    "0714  ",
    "\u{a0}",
    "45Y",
    "000Y",
    "999W",
    "045Y ",
    "20240601 ",
    "   ",
    "20240601\\20240602",
];

const UIDS: &[&str] = &[
    "1.2.840.10008.5.1.4.1.1.2 ",
    " 1.2",
    "1.02",
    "1..2",
    "1.2.",
    "urn:oid:1.2",
    "1.2\u{a0}",
    "\u{a0}",
    "1234567890123456789012345678901234567890123456789012345678901234",
    "12345678901234567890123456789012345678901234567890123456789012345",
    "1.2\\1.3",
    "1 .2",
];

const ADDRESSES: &[&str] = &[
    "http://a b",
    " urn:a",
    "urn:a",
    "urn:a  ",
    "a/b",
    "http://example.org/\u{e4}",
    "\u{a0}",
    "urn:a\\b",
    "http://example.org/%zz",
    "urn:oid:",
    "1.2.3",
    ":",
    "http:",
];

fn numbers() -> Vec<Value> {
    let texts = [
        "2147483647",
        "2147483648",
        "-1",
        "+5",
        " 7 ",
        "1e5",
        "1E400",
        "-0",
        "00012.5000",
        "NaN",
        "\u{a0}",
        "0x10",
        "1.",
        ".5",
        "9999999999999999",
        "72.50 ",
        "1\\2",
        "1 2",
    ];
    let numbers = [
        json!(-1),
        json!(7.0),
        json!(4_294_967_295_u64),
        json!(1e300),
        json!(1e-320),
        json!(0),
    ];
    texts
        .iter()
        .map(|text| json!([text]))
        .chain(numbers.map(|number| json!([number])))
        .collect()
}

fn texts() -> Vec<Value> {
    let texts = [
        "A  B",
        "  A  ",
        "\u{a0}",
        "\u{a0}A\u{a0}",
        "A\u{a0}\u{a0}B",
        " \u{3000} ",
        "\u{2003}A",
        "\u{2028}",
        "A\\B",
        "\\",
        "\\A",
        "A\u{7}B",
        "A\u{1b}B",
        "\tA",
        "\r\n",
        "A\u{c}B",
        "\u{c}",
        "A\r\nB",
        "\u{85}",
        "A\u{85}B",
        "\u{7f}",
        "A\u{0}",
        "\u{0}A",
        "\u{200b}",
        "\u{feff}",
        "\u{1f600}",
        ",|$\\",
        "^^^",
        "^",
        "A^\u{a0}^B",
        "a@\u{a0}",
        "\u{a0}@b",
        "A~\u{a0}~B",
        "\u{9f}",
        "\u{1}\u{2}",
    ];
    let long = [16, 17, 64, 65, 1024, 1025].map(|length| "x".repeat(length));
    let wide = "\u{a0}".repeat(16);
    let texts = texts
        .iter()
        .copied()
        .chain(long.iter().map(String::as_str))
        .chain([wide.as_str()]);
    texts
        .map(|text| json!([text]))
        .chain([json!([4711]), json!([""])])
        .collect()
}

/// The attributes of items that rows look at, with their representations.
pub(super) const IN_ITEMS: &[(&str, &str)] = &[
    ("00080050", "SH"),
    ("00080100", "SH"),
    ("00080102", "SH"),
    ("00080103", "SH"),
    ("00080104", "LO"),
    ("00080119", "UC"),
    ("00080120", "UR"),
    ("00080080", "LO"),
    ("00100020", "LO"),
    ("00100021", "LO"),
    ("00321060", "LO"),
    ("00400031", "UT"),
    ("00400032", "UT"),
    ("00400033", "CS"),
    ("00400551", "LO"),
    ("00400554", "UI"),
    ("00401001", "SH"),
    ("00401002", "LO"),
    ("00402016", "LO"),
    ("00402017", "LO"),
    ("0040A123", "PN"),
];

fn code(value: &str) -> Value {
    json!({
        "00080100": { "vr": "SH", "Value": [value] },
        "00080102": { "vr": "SH", "Value": ["99LOCAL"] },
        "00080104": { "vr": "LO", "Value": ["Meaning"] },
    })
}

/// An item that says something of everything, so that each sequence finds what it is about.
pub(super) fn item() -> Value {
    let mut item = code("X1");
    let more = json!({
        "00080050": { "vr": "SH", "Value": ["A 1"] },
        "00080080": { "vr": "LO", "Value": ["Clinic"] },
        "00100020": { "vr": "LO", "Value": ["OTHER"] },
        "00100021": { "vr": "LO", "Value": ["RIS"] },
        "00400031": { "vr": "UT", "Value": ["RIS"] },
        "00400551": { "vr": "LO", "Value": ["S 1"] },
        "00400554": { "vr": "UI", "Value": ["1.2.3.4"] },
        "00401001": { "vr": "SH", "Value": ["RP1"] },
        "00401002": { "vr": "LO", "Value": ["Because"] },
        "00402016": { "vr": "LO", "Value": ["P 1"] },
        "00402017": { "vr": "LO", "Value": ["F 1"] },
        "0040A123": { "vr": "PN", "Value": [{ "Alphabetic": "Bianchi^Carla" }] },
    });
    let members = more.as_object().unwrap().clone();
    item.as_object_mut().unwrap().extend(members);
    item
}

/// The sequences that rows look at within items.
const INNER: &[&str] = &[
    "00080051", "00080082", "00321064", "00400026", "00400027", "00400039", "00400562", "0040100A",
    "00401101", "00100024",
];

/// Those among [`IN_ITEMS`] that say who issued something.
pub(super) const OF_ISSUERS: &[&str] = &["00100021", "00400031", "00400032", "00400033"];

/// The item with itself in each of its own sequences.
pub(super) fn nested(item: &Value) -> Value {
    let mut outer = item.clone();
    for tag in INNER {
        outer[*tag] = json!({ "vr": "SQ", "Value": [item] });
    }
    outer
}

/// The content of a dose report with a value of every kind.
pub(super) fn content() -> Vec<Value> {
    let total = container(
        "113702",
        &[
            coded("113764", "113620", &[]),
            number("113722", json!("1.5"), "Gy.m2"),
        ],
    );
    let dose = number("122130", json!(1), "Gy.m2");
    let region = coded(
        "123014",
        "T-04000,SRT",
        &[coded("G-C171,SRT", "T-04030,SRT", &[])],
    );
    vec![
        uid("121012", "1.7"),
        words("121013", "Device"),
        words("121014", "Maker"),
        words("121015", "Model"),
        words("121016", "4711"),
        moment("113809", "20240415"),
        total,
        event(
            "1.9",
            &[
                dose,
                region,
                moment("111526", "20240415090100"),
                words("125203", "Protocol"),
                coded("113721", "113611", &[]),
            ],
        ),
    ]
}

/// The values in a data set, as JSON pointers.
pub(super) fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            places(value, &format!("{at}/{name}"), all);
        }),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (at_item, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{at_item}"), all);
            }
        }
        Value::Array(_) => all.push(at.to_owned()),
        _ => {}
    }
}

/// The representation of the attribute whose values stand in a place.
pub(super) fn representation(place: &str) -> &'static str {
    let tag = place.rsplit('/').nth(1).unwrap();
    let half = |range| u16::from_str_radix(&tag[range], 16).unwrap();
    let tag = Tag(half(0..4), half(4..8));
    radcast_dicom::vr(tag).map_or("LO", |vr| vr.to_string())
}
