//! What the images of a study say: DICOM JSON as large as that of a hospital's scanners.

use std::fmt::Write;

/// What a study is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modality {
    Ct,
    /// Enhanced multi-frame CT: all frames of a series in one image.
    EnhancedCt,
    Mr,
    Cr,
    Us,
    Sr,
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

/// A value in the header that differs from image to image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    StudyDate,
    StudyTime,
    AccessionNumber,
    PatientName,
    PatientId,
    PatientBirthDate,
    PatientSex,
    StudyInstanceUid,
    SeriesInstanceUid,
    SopInstanceUid,
    SeriesDescription,
    SeriesNumber,
    InstanceNumber,
    FrameOfReferenceUid,
    SliceLocation,
}

impl Study {
    pub(crate) const fn instances(&self) -> u32 {
        self.series * self.instances_per_series
    }

    pub(crate) fn uid(&self) -> String {
        let number = 100_000 + self.number;
        format!("1.2.826.0.1.3680043.8.498.20240601.{number}")
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

    /// Writes the JSON of a field of the image at this place.
    pub(crate) fn write(&self, field: Field, image: u32, to: &mut String) -> std::fmt::Result {
        let (study, patient) = (self.number, self.patient);
        match field {
            Field::StudyDate => write!(to, "\"2024{:02}{:02}\"", study % 12 + 1, study % 28 + 1),
            Field::StudyTime => write!(to, "\"{:02}{:02}11.250000\"", study % 24, study % 60),
            Field::AccessionNumber => write!(to, "\"ACC-{study:08}\""),
            Field::PatientName => write!(
                to,
                "{{\"Alphabetic\":\"Family{patient}^Given{patient}^Middle\"}}"
            ),
            Field::PatientId => write!(to, "\"PID-{patient:08}\""),
            Field::PatientBirthDate => {
                write!(
                    to,
                    "\"19{:02}{:02}17\"",
                    30 + patient % 65,
                    patient % 12 + 1
                )
            }
            Field::PatientSex if patient.is_multiple_of(2) => write!(to, "\"F\""),
            Field::PatientSex => write!(to, "\"M\""),
            Field::StudyInstanceUid => write!(to, "\"{}\"", self.uid()),
            _ => self.write_of_image(field, image, to),
        }
    }

    fn write_of_image(&self, field: Field, image: u32, to: &mut String) -> std::fmt::Result {
        let (series, number) = (self.series_number(image), self.instance_number(image));
        match field {
            Field::SeriesInstanceUid => write!(to, "\"{}\"", self.series_uid(image)),
            Field::SopInstanceUid => write!(to, "\"{}\"", self.instance_uid(image)),
            Field::SeriesDescription => {
                write!(to, "\"Series {series} of {}, axial\"", self.series)
            }
            Field::SeriesNumber => write!(to, "{series}"),
            Field::InstanceNumber => write!(to, "{number}"),
            Field::FrameOfReferenceUid => write!(to, "\"{}.9\"", self.series_uid(image)),
            Field::SliceLocation => write!(to, "{:.2}", f64::from(number).mul_add(1.25, -320.0)),
            _ => Ok(()),
        }
    }
}
