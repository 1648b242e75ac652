//! What the scanners of a hospital send to its archive: studies side by side, most of them small,
//! most images in the large ones; patients who come again; corrections, deletions, bad images.

use fastrand::Rng;

use super::feed::Feed;
use super::header::Flaw;
use super::study::{Modality, Study};

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

/// A hospital at work; the same each time.
struct Hospital {
    feed: Feed,
    /// How many times as large as usual the CT and MR studies are.
    scale: u32,
    random: Rng,
    scanners: Vec<Scanner>,
    /// The scanner that sends, and how many images are left of what it sends in one go.
    sending: (usize, u32),
    patients: u32,
    /// Study and place of the good images that are there.
    images: Vec<(u32, u32)>,
    /// How many images of a study are there.
    there: Vec<u32>,
    finished: Vec<u32>,
    /// Entries of updates not made yet.
    updates_due: f64,
}

/// The study that a scanner sends.
#[derive(Clone, Copy, Default)]
struct Scanner {
    study: u32,
    sent: u32,
}

/// The feed of a hospital, of `entries` entries or a few more.
pub(crate) fn day(entries: u64, scale: u32) -> Feed {
    let mut hospital = Hospital {
        feed: Feed::default(),
        scale,
        random: Rng::with_seed(2_024),
        scanners: Vec::new(),
        sending: (0, 0),
        patients: 0,
        images: Vec::new(),
        there: Vec::new(),
        finished: Vec::new(),
        updates_due: 0.0,
    };
    for _ in 0..SCANNERS {
        let study = hospital.begin_study();
        hospital.scanners.push(Scanner { study, sent: 0 });
    }
    while hospital.feed.entries() < entries {
        let before = hospital.feed.entries();
        hospital.happen();
        let more = u32::try_from(hospital.feed.entries() - before).unwrap_or_default();
        hospital.updates_due += UPDATES * f64::from(more);
    }
    hospital.feed
}

impl Hospital {
    fn begin_study(&mut self) -> u32 {
        let patient = self.patient();
        let (modality, series, instances_per_series) = self.kind();
        self.there.push(0);
        self.feed.begin_study(|number| Study {
            number,
            patient,
            modality,
            series,
            instances_per_series,
        })
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
            0..40 => (Modality::Cr, 2, 1),
            40..50 => (Modality::Sr, 1, 1),
            50..68 => (Modality::Us, 1, random.u32(20..60)),
            68..82 => {
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
    fn next_image(&mut self) -> (u32, u32) {
        if self.sending.1 == 0 {
            self.sending = (self.random.usize(0..SCANNERS), self.random.u32(1..=BURST));
        }
        self.sending.1 -= 1;
        let at = self.sending.0;
        let Scanner { study, sent } = self.scanners.get(at).copied().unwrap_or_default();
        let mut next = Scanner {
            study,
            sent: sent + 1,
        };
        if next.sent == self.feed.study(study).map_or(1, Study::instances) {
            self.finished.push(study);
            next = Scanner {
                study: self.begin_study(),
                sent: 0,
            };
        }
        if let Some(scanner) = self.scanners.get_mut(at) {
            *scanner = next;
        }
        (study, sent)
    }

    fn store(&mut self, flaw: Option<Flaw>) {
        let (study, image) = self.next_image();
        self.feed.store(study, image, flaw);
        self.count(study, 1);
        if flaw.is_none() {
            self.images.push((study, image));
        }
    }

    /// One after the other: no PatientID, values that are none, an entry that is none.
    fn store_bad(&mut self) {
        match self.random.u32(0..3) {
            0 => self.store(Some(Flaw::NoPatientId)),
            1 => self.store(Some(Flaw::BadValues)),
            _ => {
                let (study, image) = self.next_image();
                self.feed.store_malformed(study, image);
            }
        }
    }

    fn delete(&mut self) {
        if self.images.is_empty() {
            return;
        }
        let at = self.random.usize(0..self.images.len());
        let (study, image) = self.images.swap_remove(at);
        self.feed.delete(study, image);
        self.count(study, -1);
    }

    fn count(&mut self, study: u32, more: i32) {
        if let Some(there) = self.there.get_mut(study as usize) {
            *there = there.saturating_add_signed(more);
        }
    }

    /// The correction of a finished study, once as many entries are due as it has images.
    fn update(&mut self) -> bool {
        let Some(finished) = self.finished.last().copied() else {
            return false;
        };
        let there = self
            .there
            .get(finished as usize)
            .copied()
            .map_or(0.0, f64::from);
        if self.updates_due < there {
            return false;
        }
        self.updates_due -= there;
        self.finished.clear();
        self.feed.correct(finished);
        true
    }

    fn happen(&mut self) {
        if self.update() {
            return;
        }
        let chance = self.random.f64();
        if chance < DELETES {
            self.delete();
        } else if chance > 1.0 - BAD_ENTRIES {
            self.store_bad();
        } else {
            self.store(None);
        }
    }
}
