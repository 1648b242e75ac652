//! The sample studies.

use dicom_dictionary_std::{tags, uids};

use super::attribute::{Attribute, Value};
use super::people::{ANNA, BAD_VALUES, JANE, LUCAS, ROBIN, TAROU};

/// What the demonstration does with a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Stored, and left alone.
    Keep,
    /// Stored and deleted, before anybody reads the feed.
    DeleteBeforeRead,
    /// Stored, and deleted once it has been cast.
    DeleteAfterCast,
}

/// What the instances of a series hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Image,
    DoseReport,
}

/// A study: a folder of files.
#[derive(Debug)]
pub(super) struct Study {
    pub(super) name: &'static str,
    pub(super) patient: &'static [Attribute],
    pub(super) attributes: &'static [Attribute],
    pub(super) series: &'static [Series],
}

/// A series of `instances` equal instances, numbered from 1.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) sop_class: &'static str,
    pub(super) content: Content,
    pub(super) attributes: &'static [Attribute],
    pub(super) instances: u32,
    pub(super) role: Role,
}

const fn text(value: &'static str) -> Value {
    Value::Text(value)
}

const fn images(
    sop_class: &'static str,
    instances: u32,
    attributes: &'static [Attribute],
) -> Series {
    Series {
        sop_class,
        content: Content::Image,
        attributes,
        instances,
        role: Role::Keep,
    }
}

impl Series {
    const fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

pub(super) const STUDIES: &[Study] = &[
    Study {
        name: "ct-chest",
        patient: JANE,
        attributes: &[
            (tags::STUDY_DATE, text("20240305")),
            (tags::STUDY_TIME, text("091502.250")),
            (tags::STUDY_ID, text("CT-240305-1")),
            (tags::ACCESSION_NUMBER, text("ACC-2001")),
            (tags::STUDY_DESCRIPTION, text("CT chest without contrast")),
            (
                tags::PROCEDURE_CODE_SEQUENCE,
                Value::Coded(("24627-2", "LN", "CT Chest")),
            ),
            (tags::MODALITY, text("CT")),
            (tags::MODALITIES_IN_STUDY, text("CT")),
            (tags::MANUFACTURER, text("Sample Scanners")),
            (tags::BODY_PART_EXAMINED, text("CHEST")),
        ],
        series: &[
            images(
                uids::CT_IMAGE_STORAGE,
                1,
                &[
                    (tags::SERIES_NUMBER, text("1")),
                    (tags::SERIES_DESCRIPTION, text("Scout")),
                    (tags::SERIES_DATE, text("20240305")),
                    (tags::SERIES_TIME, text("091640")),
                    (tags::IMAGE_TYPE, text("ORIGINAL\\PRIMARY\\LOCALIZER")),
                ],
            ),
            images(
                uids::CT_IMAGE_STORAGE,
                8,
                &[
                    (tags::SERIES_NUMBER, text("2")),
                    (tags::SERIES_DESCRIPTION, text("Axial 5 mm soft tissue")),
                    (tags::SERIES_DATE, text("20240305")),
                    (tags::SERIES_TIME, text("091812")),
                    (tags::IMAGE_TYPE, text("ORIGINAL\\PRIMARY\\AXIAL")),
                    (tags::SLICE_THICKNESS, text("5.0")),
                    (tags::CONVOLUTION_KERNEL, text("B30f")),
                ],
            ),
            images(
                uids::CT_IMAGE_STORAGE,
                8,
                &[
                    (tags::SERIES_NUMBER, text("3")),
                    (tags::SERIES_DESCRIPTION, text("Axial 1 mm lung")),
                    (tags::SERIES_DATE, text("20240305")),
                    (tags::SERIES_TIME, text("091812")),
                    (tags::IMAGE_TYPE, text("DERIVED\\PRIMARY\\AXIAL")),
                    (tags::SLICE_THICKNESS, text("1.0")),
                    (tags::CONVOLUTION_KERNEL, text("B70f")),
                ],
            ),
        ],
    },
    Study {
        name: "mr-knee",
        patient: LUCAS,
        attributes: &[
            (tags::STUDY_DATE, text("20240311")),
            (tags::STUDY_TIME, text("141000")),
            (tags::ACCESSION_NUMBER, text("ACC-2002")),
            (tags::STUDY_DESCRIPTION, text("MR knee left")),
            (tags::MODALITY, text("MR")),
            (tags::BODY_PART_EXAMINED, text("KNEE")),
            (tags::LATERALITY, text("L")),
            (
                tags::REQUEST_ATTRIBUTES_SEQUENCE,
                Value::Item(&[
                    (tags::ACCESSION_NUMBER, text("ACC-2002")),
                    (tags::REQUESTED_PROCEDURE_ID, text("RP-77")),
                    (
                        tags::REQUESTED_PROCEDURE_DESCRIPTION,
                        text("Knee, meniscus"),
                    ),
                ]),
            ),
        ],
        series: &[
            images(
                uids::MR_IMAGE_STORAGE,
                4,
                &[
                    (tags::SERIES_NUMBER, text("1")),
                    (tags::SERIES_DESCRIPTION, text("PD fs sagittal")),
                    (tags::SERIES_DATE, text("20240311")),
                    (tags::SERIES_TIME, text("141512")),
                    (tags::MAGNETIC_FIELD_STRENGTH, text("1.5")),
                ],
            ),
            images(
                uids::MR_IMAGE_STORAGE,
                4,
                &[
                    (tags::SERIES_NUMBER, text("2")),
                    (tags::SERIES_DESCRIPTION, text("T1 coronal")),
                    (tags::SERIES_DATE, text("20240311")),
                    (tags::SERIES_TIME, text("142133")),
                    (tags::MAGNETIC_FIELD_STRENGTH, text("1.5")),
                ],
            ),
        ],
    },
    Study {
        name: "cr-chest",
        patient: ROBIN,
        attributes: &[
            (tags::STUDY_DATE, text("20240312")),
            (tags::STUDY_TIME, text("080410")),
            (tags::ACCESSION_NUMBER, text("ACC-2003")),
            (tags::STUDY_DESCRIPTION, text("Chest, two views")),
            (tags::MODALITY, text("CR")),
            (tags::BODY_PART_EXAMINED, text("CHEST")),
        ],
        series: &[
            images(
                uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
                1,
                &[
                    (tags::SERIES_NUMBER, text("1")),
                    (tags::SERIES_DESCRIPTION, text("Chest PA")),
                    (tags::VIEW_POSITION, text("PA")),
                ],
            ),
            images(
                uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
                1,
                &[
                    (tags::SERIES_NUMBER, text("2")),
                    (tags::SERIES_DESCRIPTION, text("Chest lateral")),
                    (tags::VIEW_POSITION, text("LL")),
                ],
            ),
            images(
                uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
                1,
                &[
                    (tags::SERIES_NUMBER, text("3")),
                    (tags::SERIES_DESCRIPTION, text("Chest lateral, rejected")),
                    (tags::VIEW_POSITION, text("LL")),
                ],
            )
            .role(Role::DeleteAfterCast),
        ],
    },
    Study {
        name: "us-abdomen",
        patient: JANE,
        attributes: &[
            (tags::STUDY_DATE, text("20240402")),
            (tags::STUDY_TIME, text("1030")),
            (tags::ACCESSION_NUMBER, text("ACC-2004")),
            (tags::STUDY_DESCRIPTION, text("US abdomen")),
            (tags::MODALITY, text("US")),
            (tags::BODY_PART_EXAMINED, text("ABDOMEN")),
        ],
        series: &[
            images(
                uids::ULTRASOUND_IMAGE_STORAGE,
                3,
                &[
                    (tags::SERIES_NUMBER, text("1")),
                    (tags::SERIES_DESCRIPTION, text("Liver")),
                ],
            ),
            images(
                uids::ULTRASOUND_IMAGE_STORAGE,
                1,
                &[
                    (tags::SERIES_NUMBER, text("2")),
                    (tags::SERIES_DESCRIPTION, text("Sent by mistake")),
                ],
            )
            .role(Role::DeleteBeforeRead),
        ],
    },
    Study {
        name: "xa-dose",
        patient: TAROU,
        attributes: &[
            (tags::STUDY_DATE, text("20240415")),
            (tags::STUDY_TIME, text("161200")),
            (tags::ACCESSION_NUMBER, text("ACC-2005")),
            (tags::STUDY_DESCRIPTION, text("Coronary angiography")),
            (tags::MODALITIES_IN_STUDY, text("XA\\SR")),
        ],
        series: &[
            images(
                uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
                2,
                &[
                    (tags::MODALITY, text("XA")),
                    (tags::SERIES_NUMBER, text("1")),
                    (tags::SERIES_DESCRIPTION, text("LCA")),
                    (tags::BODY_PART_EXAMINED, text("HEART")),
                ],
            ),
            Series {
                sop_class: uids::X_RAY_RADIATION_DOSE_SR_STORAGE,
                content: Content::DoseReport,
                attributes: &[
                    (tags::MODALITY, text("SR")),
                    (tags::SERIES_NUMBER, text("99")),
                    (tags::SERIES_DESCRIPTION, text("Radiation dose report")),
                    (tags::MANUFACTURER, text("Sample Angiography")),
                ],
                instances: 1,
                role: Role::Keep,
            },
        ],
    },
    Study {
        name: "dx-hand",
        patient: ANNA,
        attributes: &[
            (tags::STUDY_DATE, text("20240420")),
            (tags::STUDY_TIME, text("115959.999999")),
            (tags::ACCESSION_NUMBER, text("ACC-2006")),
            (tags::STUDY_DESCRIPTION, text("Рентген кисти")),
            (tags::MODALITY, text("DX")),
            (tags::BODY_PART_EXAMINED, text("HAND")),
            (tags::IMAGE_LATERALITY, text("R")),
        ],
        series: &[images(
            uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
            2,
            &[
                (tags::SERIES_NUMBER, text("1")),
                (tags::SERIES_DESCRIPTION, text("Кисть, две проекции")),
            ],
        )],
    },
    Study {
        name: "bad-values",
        patient: BAD_VALUES,
        attributes: &[
            (tags::STUDY_DATE, text("2024-13-45")),
            (tags::STUDY_TIME, text("25:61")),
            (tags::ACCESSION_NUMBER, text("ACC-2007")),
            (tags::STUDY_DESCRIPTION, text("Secondary capture")),
            (tags::TIMEZONE_OFFSET_FROM_UTC, text("CET")),
            (tags::MODALITY, text("OT")),
        ],
        series: &[images(
            uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
            1,
            &[
                (tags::SERIES_NUMBER, text("first")),
                (tags::INSTANCE_NUMBER, text("one")),
            ],
        )],
    },
];
