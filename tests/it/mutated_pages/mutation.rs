//! Realistic feed pages, and what happens to them.

use fastrand::Rng;
use serde_json::{Value, json};

/// What values of patients hold, and nothing else: with its digits it is no word of a feed.
pub const CANARY: &str = "C4N,4RY";

/// Texts that are put in anywhere.
const JUNK: &[&[u8]] = &[
    b"NaN",
    b"-Infinity",
    b"1e999999",
    b"0x1F",
    b"-0",
    b"9223372036854775807",
    b"18446744073709551616",
    b"1.7976931348623157e308",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"\"",
    b"\\",
    b",",
    b":",
    b"[",
    b"]",
    b"{",
    b"}",
    b"{\"a\":",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\\u0007",
    b"/* */",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xC3",
    "\u{202E}".as_bytes(),
    "\u{FFFF}".as_bytes(),
    "e\u{301}\u{200D}".as_bytes(),
    "👩‍⚕️".as_bytes(),
    "１２".as_bytes(),
    b"\0",
    b"\n",
];

/// Values that take the place of others.
fn odd_value(rng: &mut Rng) -> Value {
    match rng.u8(..14) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(u64::MAX),
        4 => json!(1e300),
        5 => json!(-7),
        6 => json!([]),
        7 => json!({}),
        8 => json!("9".repeat(rng.usize(..400))),
        9 => json!("Ж\u{202E}\u{0}\u{7}^=\\"),
        10 => json!(["CT", "MR"]),
        11 => json!([{ "Alphabetic": "a^b^c^d^e^f" }]),
        12 => json!(["1.2.840.10008.5.1.4.1.1.2"]),
        _ => json!({ "vr": "SQ", "Value": [{ "00080100": { "Value": [[[]]] } }] }),
    }
}

/// Makes pages out of a few realistic entries.
pub struct Mutator {
    entries: Vec<Value>,
    texts: Vec<String>,
}

impl Mutator {
    pub fn new() -> Self {
        let entries: Vec<Value> = (1..=6).map(entry).collect();
        let texts = entries.iter().map(Value::to_string).collect();
        Self { entries, texts }
    }

    /// The text of an entry as it is before anything happens to it.
    pub fn entry(&self, at: usize) -> &str {
        &self.texts[at]
    }

    /// The sequence of an entry that nothing has happened to.
    pub fn sequence_of(&self, item: &[u8]) -> Option<u64> {
        let at = self.texts.iter().position(|text| text.as_bytes() == item)?;
        Some(at as u64 + 1)
    }

    /// The page of a seed.
    pub fn page(&self, seed: u64) -> Vec<u8> {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let first = rng.usize(..self.entries.len());
        let count = if rng.u8(..3) == 0 { 2 } else { 1 };
        let mut items = Vec::new();
        for at in (first..self.entries.len()).take(count) {
            items.push(if rng.u8(..4) == 0 {
                self.texts[at].clone()
            } else {
                self.changed(at, rng)
            });
        }
        let mut page = format!("[{}]", items.join(",")).into_bytes();
        if rng.bool() {
            for _ in 0..rng.usize(1..=3) {
                mutate(&mut page, rng);
            }
        }
        page
    }

    /// An entry with other values, members swapped, or text in the wrong place.
    fn changed(&self, at: usize, rng: &mut Rng) -> String {
        let mut entry = self.entries[at].clone();
        for _ in 0..rng.usize(1..=2) {
            let deep = rng.u8(..4) > 0 && entry["metadata"].is_object();
            let (odd, taken) = (odd_value(rng), rng.usize(..));
            let Some(members) = (if deep {
                &mut entry["metadata"]
            } else {
                &mut entry
            })
            .as_object_mut() else {
                break;
            };
            let names: Vec<String> = members.keys().cloned().collect();
            let (Some(one), Some(other)) = (rng.choice(&names), rng.choice(&names)) else {
                break;
            };
            match rng.u8(..6) {
                0 => {
                    members.shift_remove(one);
                }
                1 => {
                    members[one] = odd;
                }
                2 => {
                    let (first, second) = (members[one].clone(), members[other].clone());
                    (members[one], members[other]) = (second, first);
                }
                3 => members[one] = members[other].clone(),
                _ if members[one].is_object() => members[one]["Value"] = odd,
                _ => members[one] = json!(CANARY.repeat(taken % 20)),
            }
        }
        entry.to_string()
    }
}

/// Does something to the bytes of a page.
pub fn mutate(page: &mut Vec<u8>, rng: &mut Rng) {
    if page.is_empty() {
        return;
    }
    let at = rng.usize(..page.len());
    let to = rng.usize(at..page.len().min(at + 200));
    match rng.u8(..10) {
        0 => page[at] ^= 1 << rng.u8(..8),
        1 => page[at] = rng.u8(..),
        2 => page.truncate(at),
        3 => drop(page.drain(at..to)),
        4 => {
            let copy = page[at..to].to_vec();
            insert(page, rng, &copy);
        }
        5 => {
            let moved: Vec<u8> = page.drain(at..to).collect();
            insert(page, rng, &moved);
        }
        6 | 7 => {
            let junk = rng.choice(JUNK).copied().unwrap_or_default();
            insert(page, rng, junk);
        }
        8 => {
            let digits = "7".repeat(rng.usize(1..500));
            insert(page, rng, digits.as_bytes());
        }
        _ => nest(page, rng),
    }
}

fn insert(page: &mut Vec<u8>, rng: &mut Rng, text: &[u8]) {
    let at = rng.usize(..=page.len());
    page.splice(at..at, text.iter().copied());
}

/// Brackets in brackets, mostly a few, sometimes many; closed or not.
fn nest(page: &mut Vec<u8>, rng: &mut Rng) {
    let depth = if rng.u8(..100) == 0 {
        10_000
    } else {
        rng.usize(1..100)
    };
    let (open, close) = if rng.bool() {
        ("[", "]")
    } else {
        ("{\"a\":", "}")
    };
    let mut text = open.repeat(depth);
    if rng.bool() {
        text.push_str(&close.repeat(depth));
    }
    insert(page, rng, text.as_bytes());
}

/// An entry as services send it, by its number: two in three bring metadata.
fn entry(sequence: u64) -> Value {
    let (action, state) = match sequence {
        3 => ("Delete", "Deleted"),
        5 => ("Update", "Current"),
        6 => ("Create", "Replaced"),
        _ => ("Create", "Current"),
    };
    let instance = format!("1.2.826.9.1.1.{sequence}");
    let mut entry = json!({
        "sequence": sequence,
        "partitionName": "Microsoft.Default",
        "studyInstanceUid": "1.2.826.9",
        "seriesInstanceUid": "1.2.826.9.1",
        "sopInstanceUid": instance,
        "action": action,
        "timestamp": format!("2024-06-02T08:15:3{sequence}.1234567+00:00"),
        "state": state,
    });
    if action != "Delete" {
        entry["metadata"] = metadata(&instance);
    }
    entry
}

fn metadata(instance: &str) -> Value {
    json!({
        "00080016": { "vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"] },
        "00080018": { "vr": "UI", "Value": [instance] },
        "00080020": { "vr": "DA", "Value": ["20240601"] },
        "00080030": { "vr": "TM", "Value": ["142501.25"] },
        "00080050": { "vr": "SH", "Value": [CANARY] },
        "00080060": { "vr": "CS", "Value": ["CT"] },
        "00080201": { "vr": "SH", "Value": ["+0200"] },
        "00081030": { "vr": "LO", "Value": ["Chest CT"] },
        "00091002": { "vr": "FL", "Value": [0.5] },
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "C4N,4RY^Jane", "Ideographic": "山田^太郎" }] },
        "00100020": { "vr": "LO", "Value": [CANARY] },
        "00100030": { "vr": "DA", "Value": ["19800229"] },
        "00100040": { "vr": "CS", "Value": ["F"] },
        "0020000D": { "vr": "UI", "Value": ["1.2.826.9"] },
        "0020000E": { "vr": "UI", "Value": ["1.2.826.9.1"] },
        "00200011": { "vr": "IS", "Value": [1] },
        "00200013": { "vr": "IS", "Value": ["7"] },
    })
}
