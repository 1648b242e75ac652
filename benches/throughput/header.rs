//! The headers of the modalities, prepared so that the one of an image is written at the speed of
//! copying: the service must not be what is measured.

use serde_json::{Map, Value, json};

use super::study::{Field, Modality, Study};

/// What is wrong with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It has no PatientID and cannot be mapped.
    NoPatientId,
    /// Optional values that are none.
    BadValues,
}

/// Where the fields of an image stand: tag, VR, field.
const FIELDS: [(&str, &str, Field); 16] = [
    ("00080018", "UI", Field::SopInstanceUid),
    ("00080020", "DA", Field::StudyDate),
    ("00080021", "DA", Field::StudyDate),
    ("00080030", "TM", Field::StudyTime),
    ("00080050", "SH", Field::AccessionNumber),
    ("0008103E", "LO", Field::SeriesDescription),
    ("00100010", "PN", Field::PatientName),
    ("00100020", "LO", Field::PatientId),
    ("00100030", "DA", Field::PatientBirthDate),
    ("00100040", "CS", Field::PatientSex),
    ("0020000D", "UI", Field::StudyInstanceUid),
    ("0020000E", "UI", Field::SeriesInstanceUid),
    ("00200011", "IS", Field::SeriesNumber),
    ("00200013", "IS", Field::InstanceNumber),
    ("00200052", "UI", Field::FrameOfReferenceUid),
    ("00201041", "DS", Field::SliceLocation),
];

const MODALITIES: [(Modality, &str); 6] = [
    (Modality::Ct, include_str!("headers/ct.json")),
    (
        Modality::EnhancedCt,
        include_str!("headers/enhanced_ct.json"),
    ),
    (Modality::Mr, include_str!("headers/mr.json")),
    (Modality::Cr, include_str!("headers/cr.json")),
    (Modality::Us, include_str!("headers/us.json")),
    (Modality::Sr, include_str!("headers/sr.json")),
];

/// The functional groups of one frame of an enhanced multi-frame image, and how many frames there are:
/// about 2 MB.
const FRAME: &str = include_str!("headers/frame.json");
const FRAMES: usize = 475;

const FLAWS: [Option<Flaw>; 3] = [None, Some(Flaw::NoPatientId), Some(Flaw::BadValues)];

/// The headers of every modality.
pub(crate) struct Headers {
    all: Vec<(Key, Header)>,
}

/// Modality, flaw, and whether the study was corrected by a bulk update.
type Key = (Modality, Option<Flaw>, bool);

/// Text and fields in turn.
struct Header {
    parts: Vec<(String, Field)>,
    rest: String,
}

impl Headers {
    /// Reads them from the files beside this one.
    ///
    /// # Errors
    /// One of them is no JSON object.
    pub(crate) fn read() -> Result<Self, serde_json::Error> {
        let frame: Value = serde_json::from_str(FRAME)?;
        let frames = vec![frame.to_string(); FRAMES].join(",");
        let mut all = Vec::new();
        for (modality, text) in MODALITIES {
            let attributes = attributes(text)?;
            for (flaw, corrected) in FLAWS
                .into_iter()
                .flat_map(|flaw| [(flaw, false), (flaw, true)])
            {
                let header = Header::of(attributes.clone(), flaw, corrected);
                let header = match modality {
                    Modality::EnhancedCt => header.with_frames(&frames),
                    _ => header,
                };
                all.push(((modality, flaw, corrected), header));
            }
        }
        Ok(Self { all })
    }

    /// Writes the DICOM JSON of an image.
    pub(crate) fn write(
        &self,
        study: &Study,
        image: u32,
        flaw: Option<Flaw>,
        corrected: bool,
        to: &mut String,
    ) -> std::fmt::Result {
        let key = (study.modality, flaw, corrected);
        let found = self.all.iter().find(|(known, _)| *known == key);
        let (_, header) = found.ok_or(std::fmt::Error)?;
        for (text, field) in &header.parts {
            to.push_str(text);
            study.write(*field, image, to)?;
        }
        to.push_str(&header.rest);
        Ok(())
    }
}

fn attributes(of_modality: &str) -> Result<Map<String, Value>, serde_json::Error> {
    let mut all: Map<String, Value> = serde_json::from_str(include_str!("headers/common.json"))?;
    all.extend(serde_json::from_str::<Map<String, Value>>(of_modality)?);
    for (tag, vr, _) in FIELDS {
        set(&mut all, tag, vr, json!(format!("@{tag}@")));
    }
    set(&mut all, "00280010", "US", json!(512));
    set(&mut all, "00280011", "US", json!(512));
    Ok(all)
}

impl Header {
    fn of(mut all: Map<String, Value>, flaw: Option<Flaw>, corrected: bool) -> Self {
        match flaw {
            None => {}
            Some(Flaw::NoPatientId) => drop(all.remove("00100020")),
            Some(Flaw::BadValues) => {
                set(&mut all, "00080020", "DA", json!("2024-13-45"));
                set(&mut all, "00200013", "IS", json!("first"));
            }
        }
        if corrected {
            set(&mut all, "00081030", "LO", json!("Corrected"));
        }
        all.sort_keys();
        Self::split(&Value::Object(all).to_string())
    }

    /// The same with frames (5200,9230), whose tag comes after all others.
    fn with_frames(mut self, frames: &str) -> Self {
        let groups = format!(r#","52009230":{{"vr":"SQ","Value":[{frames}]}}}}"#);
        self.rest.pop();
        self.rest.push_str(&groups);
        self
    }

    /// The text between the marks of the fields.
    fn split(text: &str) -> Self {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, field, after)) = next_mark(rest) {
            parts.push((before.to_owned(), field));
            rest = after;
        }
        Self {
            parts,
            rest: rest.to_owned(),
        }
    }
}

fn next_mark(text: &str) -> Option<(&str, Field, &str)> {
    let found = FIELDS.iter().filter_map(|(tag, _, field)| {
        let mark = format!("\"@{tag}@\"");
        let at = text.find(&mark)?;
        Some((at, mark.len(), *field))
    });
    let (at, length, field) = found.min_by_key(|(at, ..)| *at)?;
    Some((text.get(..at)?, field, text.get(at + length..)?))
}

/// Sets an attribute to one value.
fn set(metadata: &mut Map<String, Value>, tag: &str, vr: &str, value: Value) {
    let element = json!({ "vr": vr, "Value": [value] });
    metadata.insert(tag.to_owned(), element);
}
