//! What the scanners of a hospital send to its archive: studies side by side, most of them small,
//! most images in the large ones; patients who come again; corrections, deletions, bad images.

use fastrand::Rng;
use serde_json::json;

use crate::study::{Headers, Modality, Study, set};

/// Scanners that send at the same time.
const SCANNERS: usize = 6;
/// Images that a scanner sends in one go, at most.
const BURST: u32 = 30;
/// Of all studies, those of a patient known already.
const KNOWN_PATIENTS: f64 = 0.4;
/// Of all entries.
const DELETES: f64 = 0.02;
const UPDATES: f64 = 0.01;
const BAD_ENTRIES: f64 = 0.005;

/// What happens next.
#[derive(Debug)]
pub(crate) enum Event {
    /// An image arrives. Its DICOM JSON.
    Stored(String),
    /// An image arrives that has no PatientID and cannot be mapped.
    Refused(String),
    /// An entry comes to be that no reader understands.
    Malformed(String),
    /// An image is deleted.
    Deleted {
        study: String,
        series: String,
        instance: String,
    },
    /// The attributes of a study are corrected, of these many images and these many refused ones.
    Updated {
        study: String,
        stored: u32,
        refused: u32,
    },
}

/// The events of a hospital, as many as make `entries` entries or a few more; the same each time.
pub(crate) struct Hospital<'a> {
    headers: &'a Headers,
    /// How many times as large as usual the CT and MR studies are.
    scale: u32,
    random: Rng,
    scanners: Vec<Scanner>,
    /// The scanner that sends, and how many images are left of what it sends in one go.
    sending: (usize, u32),
    studies: Vec<Known>,
    patients: u32,
    /// Study and place of the good images that are there.
    images: Vec<(usize, u32)>,
    finished: Vec<usize>,
    /// Entries of updates not made yet.
    updates_due: f64,
    entries_left: u64,
}

/// The study that a scanner sends.
struct Scanner {
    study: usize,
    sent: u32,
}

/// What has become of a study.
struct Known {
    study: Study,
    stored: u32,
    refused: u32,
}

impl<'a> Hospital<'a> {
    pub(crate) fn new(headers: &'a Headers, scale: u32, entries: u64) -> Self {
        let mut hospital = Self {
            headers,
            scale,
            random: Rng::with_seed(2_024),
            scanners: Vec::new(),
            sending: (0, 0),
            studies: Vec::new(),
            patients: 0,
            images: Vec::new(),
            finished: Vec::new(),
            updates_due: 0.0,
            entries_left: entries,
        };
        for _ in 0..SCANNERS {
            let study = hospital.begin_study();
            hospital.scanners.push(Scanner { study, sent: 0 });
        }
        hospital
    }

    fn begin_study(&mut self) -> usize {
        let patient = self.patient();
        let number = self.studies.len();
        let (modality, series, instances_per_series) = self.kind();
        let study = Study {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            patient,
            modality,
            series,
            instances_per_series,
        };
        self.studies.push(Known {
            study,
            stored: 0,
            refused: 0,
        });
        number
    }

    fn patient(&mut self) -> u32 {
        if self.patients > 0 && self.random.f64() < KNOWN_PATIENTS {
            return self.random.u32(0..self.patients);
        }
        self.patients += 1;
        self.patients - 1
    }

    /// Modality, series, and instances in each.
    fn kind(&mut self) -> (Modality, u32, u32) {
        let random = &mut self.random;
        match random.u32(0..100) {
            0..45 => (Modality::Cr, 2, 1),
            45..65 => (Modality::Us, 1, random.u32(20..60)),
            65..80 => {
                let instances = random.u32(20..40) * self.scale;
                (Modality::Mr, random.u32(5..9), instances)
            }
            _ => {
                let instances = random.u32(60..220) * self.scale;
                (Modality::Ct, random.u32(2..5), instances)
            }
        }
    }

    /// The study and place of the next image, from the scanner that sends.
    fn next_image(&mut self) -> (usize, u32) {
        if self.sending.1 == 0 {
            self.sending = (self.random.usize(0..SCANNERS), self.random.u32(1..=BURST));
        }
        self.sending.1 -= 1;
        let scanner = &mut self.scanners[self.sending.0];
        let image = (scanner.study, scanner.sent);
        scanner.sent += 1;
        if scanner.sent == self.studies[scanner.study].study.instances() {
            self.finished.push(scanner.study);
            let study = self.begin_study();
            self.scanners[self.sending.0] = Scanner { study, sent: 0 };
        }
        image
    }

    fn store(&mut self) -> Event {
        let (study, image) = self.next_image();
        let known = &mut self.studies[study];
        known.stored += 1;
        self.images.push((study, image));
        let metadata = known.study.metadata(self.headers, image);
        Event::Stored(serde_json::Value::Object(metadata).to_string())
    }

    /// One after the other: no PatientID, values that are none, an entry that is none.
    fn store_bad(&mut self) -> Event {
        let kind = self.random.u32(0..3);
        let (study, image) = self.next_image();
        let known = &mut self.studies[study];
        let mut metadata = known.study.metadata(self.headers, image);
        match kind {
            0 => {
                known.refused += 1;
                metadata.remove("00100020");
                Event::Refused(serde_json::Value::Object(metadata).to_string())
            }
            1 => {
                known.stored += 1;
                set(&mut metadata, "00080020", "DA", json!("2024-13-45"));
                set(&mut metadata, "00200013", "IS", json!("first"));
                Event::Stored(serde_json::Value::Object(metadata).to_string())
            }
            _ => Event::Malformed(malformed(&known.study, image)),
        }
    }

    fn delete(&mut self) -> Option<Event> {
        if self.images.is_empty() {
            return None;
        }
        let at = self.random.usize(0..self.images.len());
        let (study, image) = self.images.swap_remove(at);
        let known = &mut self.studies[study];
        known.stored -= 1;
        Some(Event::Deleted {
            study: known.study.uid(),
            series: known.study.series_uid(image),
            instance: known.study.instance_uid(image),
        })
    }

    /// The correction of a finished study, once as many entries are due as it has images.
    fn update(&mut self) -> Option<Event> {
        let finished = *self.finished.last()?;
        let Known {
            study,
            stored,
            refused,
        } = &self.studies[finished];
        if self.updates_due < f64::from(stored + refused) {
            return None;
        }
        self.updates_due -= f64::from(stored + refused);
        self.finished.clear();
        Some(Event::Updated {
            study: study.uid(),
            stored: *stored,
            refused: *refused,
        })
    }

    fn happen(&mut self) -> Event {
        let corrected = self.update();
        let chance = self.random.f64();
        if let Some(corrected) = corrected {
            return corrected;
        }
        if chance < DELETES
            && let Some(deleted) = self.delete()
        {
            return deleted;
        }
        if chance > 1.0 - BAD_ENTRIES {
            self.store_bad()
        } else {
            self.store()
        }
    }
}

impl Event {
    /// How many entries of the feed it makes.
    pub(crate) fn entries(&self) -> u64 {
        match self {
            Self::Updated {
                stored, refused, ..
            } => u64::from(stored + refused),
            _ => 1,
        }
    }
}

impl Iterator for Hospital<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.entries_left == 0 {
            return None;
        }
        let event = self.happen();
        self.entries_left = self.entries_left.saturating_sub(event.entries());
        self.updates_due += UPDATES;
        Some(event)
    }
}

/// An entry with an action that there is not.
fn malformed(study: &Study, image: u32) -> String {
    format!(
        r#"{{"sequence":{{sequence}},"studyInstanceUid":"{}","seriesInstanceUid":"{}",
        "sopInstanceUid":"{}","action":"archive","state":"current"}}"#,
        study.uid(),
        study.series_uid(image),
        study.instance_uid(image),
    )
}
