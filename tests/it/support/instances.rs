//! DICOM JSON of instances, as a scanner would have made them.

use serde_json::{Value, json};

/// Which instance, by small numbers.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub patient: u32,
    pub study: u32,
    pub series: u32,
    pub instance: u32,
}

impl Place {
    pub fn study_uid(self) -> String {
        format!("1.2.826.0.1.3680043.8.498.9.{}", self.study)
    }

    pub fn series_uid(self) -> String {
        format!("{}.{}", self.study_uid(), self.series)
    }

    pub fn instance_uid(self) -> String {
        format!("{}.{}", self.series_uid(), self.instance)
    }

    /// The attributes of a CT image at this place.
    pub fn ct(self) -> Value {
        json!({
            "00080005": { "vr": "CS", "Value": ["ISO_IR 192"] },
            "00080016": { "vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"] },
            "00080018": { "vr": "UI", "Value": [self.instance_uid()] },
            "00080020": { "vr": "DA", "Value": ["20240601"] },
            "00080021": { "vr": "DA", "Value": ["20240601"] },
            "00080030": { "vr": "TM", "Value": ["142501"] },
            "00080031": { "vr": "TM", "Value": ["142700"] },
            "00080050": { "vr": "SH", "Value": [format!("A{}", self.study)] },
            "00080060": { "vr": "CS", "Value": ["CT"] },
            "00080201": { "vr": "SH", "Value": ["+0200"] },
            "00081030": { "vr": "LO", "Value": ["Chest CT"] },
            "0008103E": { "vr": "LO", "Value": [format!("Series {}", self.series)] },
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": format!("Doe^Jane{}", self.patient) }] },
            "00100020": { "vr": "LO", "Value": [format!("PID-{}", self.patient)] },
            "00100030": { "vr": "DA", "Value": ["19800229"] },
            "00100040": { "vr": "CS", "Value": ["F"] },
            "0020000D": { "vr": "UI", "Value": [self.study_uid()] },
            "0020000E": { "vr": "UI", "Value": [self.series_uid()] },
            "00200011": { "vr": "IS", "Value": [self.series] },
            "00200013": { "vr": "IS", "Value": [self.instance] },
            "00280010": { "vr": "US", "Value": [512] },
            "00280011": { "vr": "US", "Value": [512] },
        })
    }
}

/// One study of one patient: `instances` images in each of `series` series.
pub fn study(patient: u32, study: u32, series: u32, instances: u32) -> Vec<Place> {
    let places = (1..=series).flat_map(|series| {
        (1..=instances).map(move |instance| Place {
            patient,
            study,
            series,
            instance,
        })
    });
    places.collect()
}
