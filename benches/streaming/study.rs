//! What the images of a study say: DICOM JSON as large as that of a hospital's scanners.

use serde_json::{Map, Value, json};

/// What a study is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Modality {
    Ct,
    Mr,
    Cr,
    Us,
}

/// A study, planned before its first image.
#[derive(Debug, Clone)]
pub(crate) struct Study {
    pub(crate) number: u32,
    pub(crate) patient: u32,
    pub(crate) modality: Modality,
    pub(crate) series: u32,
    pub(crate) instances_per_series: u32,
}

/// The attributes that every image of a modality has in common.
pub(crate) struct Headers {
    ct: Map<String, Value>,
    mr: Map<String, Value>,
    cr: Map<String, Value>,
    us: Map<String, Value>,
}

impl Headers {
    /// Reads them from the files beside this one.
    ///
    /// # Errors
    /// One of them is no JSON object.
    pub(crate) fn read() -> Result<Self, serde_json::Error> {
        Ok(Self {
            ct: header(include_str!("headers/ct.json"))?,
            mr: header(include_str!("headers/mr.json"))?,
            cr: header(include_str!("headers/cr.json"))?,
            us: header(include_str!("headers/us.json"))?,
        })
    }

    const fn of(&self, modality: Modality) -> &Map<String, Value> {
        match modality {
            Modality::Ct => &self.ct,
            Modality::Mr => &self.mr,
            Modality::Cr => &self.cr,
            Modality::Us => &self.us,
        }
    }
}

fn header(of_modality: &str) -> Result<Map<String, Value>, serde_json::Error> {
    let mut header: Map<String, Value> = serde_json::from_str(include_str!("headers/common.json"))?;
    header.extend(serde_json::from_str::<Map<String, Value>>(of_modality)?);
    Ok(header)
}

impl Study {
    pub(crate) const fn instances(&self) -> u32 {
        self.series * self.instances_per_series
    }

    pub(crate) fn uid(&self) -> String {
        format!(
            "1.2.826.0.1.3680043.8.498.20240601.{}",
            100_000 + self.number
        )
    }

    /// The series of the image at this place in the study, counted from 0.
    pub(crate) fn series_uid(&self, image: u32) -> String {
        format!("{}.{}", self.uid(), self.series_number(image))
    }

    pub(crate) fn instance_uid(&self, image: u32) -> String {
        let number = self.instance_number(image);
        format!("{}.{}", self.series_uid(image), 1_000 + number)
    }

    const fn series_number(&self, image: u32) -> u32 {
        image / self.instances_per_series + 1
    }

    const fn instance_number(&self, image: u32) -> u32 {
        image % self.instances_per_series + 1
    }

    /// The attributes of the image at this place, in the order of their tags.
    pub(crate) fn metadata(&self, headers: &Headers, image: u32) -> Map<String, Value> {
        let mut metadata = headers.of(self.modality).clone();
        self.describe_study(&mut metadata);
        self.describe_patient(&mut metadata);
        self.describe_image(&mut metadata, image);
        metadata.sort_keys();
        metadata
    }

    fn describe_study(&self, metadata: &mut Map<String, Value>) {
        let (month, day) = (self.number % 12 + 1, self.number % 28 + 1);
        let date = format!("2024{month:02}{day:02}");
        let time = format!("{:02}{:02}11.250000", self.number % 24, self.number % 60);
        let accession = format!("ACC-{:08}", self.number);
        set(metadata, "00080020", "DA", json!(date));
        set(metadata, "00080021", "DA", json!(date));
        set(metadata, "00080030", "TM", json!(time));
        set(metadata, "00080050", "SH", json!(accession));
        set(metadata, "0020000D", "UI", json!(self.uid()));
    }

    fn describe_patient(&self, metadata: &mut Map<String, Value>) {
        let number = self.patient;
        let name = format!("Family{number}^Given{number}^Middle");
        let sex = if number.is_multiple_of(2) { "F" } else { "M" };
        let birth = format!("19{:02}{:02}17", 30 + number % 65, number % 12 + 1);
        set(metadata, "00100010", "PN", json!({ "Alphabetic": name }));
        set(
            metadata,
            "00100020",
            "LO",
            json!(format!("PID-{number:08}")),
        );
        set(metadata, "00100030", "DA", json!(birth));
        set(metadata, "00100040", "CS", json!(sex));
    }

    fn describe_image(&self, metadata: &mut Map<String, Value>, image: u32) {
        let (series, number) = (self.series_number(image), self.instance_number(image));
        let position = f64::from(number) * 1.25 - 320.0;
        let description = format!("Series {series} of {}, axial", self.series);
        let frame = format!("{}.9", self.series_uid(image));
        set(metadata, "00080018", "UI", json!(self.instance_uid(image)));
        set(metadata, "0008103E", "LO", json!(description));
        set(metadata, "0020000E", "UI", json!(self.series_uid(image)));
        set(metadata, "00200011", "IS", json!(series));
        set(metadata, "00200013", "IS", json!(number));
        set(metadata, "00200052", "UI", json!(frame));
        set(metadata, "00201041", "DS", json!(position));
        set(metadata, "00280010", "US", json!(512));
        set(metadata, "00280011", "US", json!(512));
    }
}

/// Sets an attribute to one value.
pub(crate) fn set(metadata: &mut Map<String, Value>, tag: &str, vr: &str, value: Value) {
    let element = json!({ "vr": vr, "Value": [value] });
    metadata.insert(tag.to_owned(), element);
}
