//! What is read of dose reports, as data: titles, events, components.

use super::super::component::{Component, Kind, component};
use super::super::concept::{Concept, Scheme, dcm, sct};
use Kind::{Coded, Count, Quantity, Text};

/// Titles of the reports: X-Ray (TID 10001, mammography too) and CT (TID 10011), and
/// Radiopharmaceutical (TID 10021).
pub(crate) const TITLES: &[Concept] = &[
    dcm("113701", "X-Ray Radiation Dose Report"),
    dcm("113500", "Radiopharmaceutical Radiation Dose Report"),
];

/// `Observation.code` of a report's summary.
pub(crate) const SUMMARY: Concept = Concept {
    code: "73569-6",
    scheme: Scheme::Loinc,
    earlier: &[],
    meaning: "Radiation exposure and protection information",
};

/// `Observation.code` of an irradiation event.
pub(crate) const EVENT: Concept = dcm("113852", "Irradiation Event");

/// A kind of event: the container that it is in, and the components that it gives.
pub(crate) struct EventKind {
    pub(crate) container: Concept,
    pub(crate) components: &'static [Component],
}

/// TID 10003, TID 10013 and TID 10022.
pub(crate) const EVENTS: &[EventKind] = &[
    EventKind {
        container: dcm("113706", "Irradiation Event X-Ray Data"),
        components: X_RAY_EVENT,
    },
    EventKind {
        container: dcm("113819", "CT Acquisition"),
        components: CT_EVENT,
    },
    EventKind {
        container: ADMINISTRATION,
        components: ADMINISTRATION_EVENT,
    },
];

pub(super) const ADMINISTRATION: Concept = dcm("113502", "Radiopharmaceutical Administration");

/// Components of the summary: what is accumulated, wherever it stands outside of events
/// (TID 10002, TID 10004 to 10007, TID 10012).
pub(crate) const ACCUMULATED: &[Component] = &[
    component(dcm("121058", "Procedure reported"), Coded),
    component(dcm("113722", "Dose Area Product Total"), Quantity),
    component(dcm("113725", "Dose (RP) Total"), Quantity),
    component(
        dcm("111637", "Accumulated Average Glandular Dose"),
        Quantity,
    ),
    component(dcm("113726", "Fluoro Dose Area Product Total"), Quantity),
    component(dcm("113728", "Fluoro Dose (RP) Total"), Quantity),
    component(dcm("113730", "Total Fluoro Time"), Quantity),
    component(
        dcm("113727", "Acquisition Dose Area Product Total"),
        Quantity,
    ),
    component(dcm("113729", "Acquisition Dose (RP) Total"), Quantity),
    component(dcm("113855", "Total Acquisition Time"), Quantity),
    component(dcm("113731", "Total Number of Radiographic Frames"), Count),
    component(dcm("113812", "Total Number of Irradiation Events"), Count),
    component(dcm("113813", "CT Dose Length Product Total"), Quantity),
    component(dcm("113814", "CT Effective Dose Total"), Quantity),
    component(dcm("113839", "Effective Dose"), Quantity),
];

/// Of an X-ray event. What is told pulse by pulse (voltage, current, pulse width) is not
/// repeated: it belongs to the images.
const X_RAY_EVENT: &[Component] = &[
    component(dcm("113721", "Irradiation Event Type"), Coded),
    component(dcm("125203", "Acquisition Protocol"), Text),
    component(dcm("113764", "Acquisition Plane"), Coded),
    component(dcm("122130", "Dose Area Product"), Quantity),
    component(dcm("113738", "Dose (RP)"), Quantity),
    component(dcm("111636", "Entrance Exposure at RP"), Quantity),
    component(dcm("111631", "Average Glandular Dose"), Quantity),
    component(dcm("113732", "Fluoro Mode"), Coded),
    component(dcm("113768", "Number of Pulses"), Count),
    component(dcm("113742", "Irradiation Duration"), Quantity),
    component(dcm("113824", "Exposure Time"), Quantity),
];

/// Of a CT acquisition.
const CT_EVENT: &[Component] = &[
    component(dcm("113820", "CT Acquisition Type"), Coded),
    component(dcm("125203", "Acquisition Protocol"), Text),
    component(dcm("113830", "Mean CTDIvol"), Quantity),
    component(dcm("113835", "CTDIw Phantom Type"), Coded),
    component(dcm("113838", "DLP"), Quantity),
    component(dcm("113930", "Size Specific Dose Estimation"), Quantity),
    component(dcm("113839", "Effective Dose"), Quantity),
    component(dcm("113824", "Exposure Time"), Quantity),
    component(dcm("113825", "Scanning Length"), Quantity),
];

/// Of the administration of a radiopharmaceutical; of the summary too, when there is but one.
const ADMINISTRATION_EVENT: &[Component] = &[
    component(
        sct(
            "349358000",
            &["F-61FDB", "C-B02C9"],
            "Radiopharmaceutical agent",
        ),
        Coded,
    ),
    component(sct("89457008", &["C-10072"], "Radionuclide"), Coded),
    component(dcm("113507", "Administered activity"), Quantity),
    component(
        dcm("113508", "Pre-Administration Measured Activity"),
        Quantity,
    ),
    component(
        dcm("113509", "Post-Administration Measured Activity"),
        Quantity,
    ),
    component(dcm("123005", "Radiopharmaceutical Volume"), Quantity),
    component(
        sct("410675002", &["G-C340"], "Route of administration"),
        Coded,
    ),
    component(dcm("113839", "Effective Dose"), Quantity),
];

/// Totals of one plane or breast: what tells them apart goes into the text of their code.
pub(super) const ACCUMULATED_X_RAY: Concept = dcm("113702", "Accumulated X-Ray Dose Data");
pub(super) const PLANE: Concept = dcm("113764", "Acquisition Plane");
pub(super) const SINGLE_PLANE: Concept = dcm("113622", "Single Plane");
pub(super) const LATERALITY: Concept = sct("272741003", &["G-C171"], "Laterality");

/// What identifies an event (TID 10003, 10013; TID 10022).
pub(super) const EVENT_UID: &[Concept] = &[
    dcm("113769", "Irradiation Event UID"),
    dcm("113503", "Radiopharmaceutical Administration Event UID"),
];

/// `Observation.bodySite` of an event.
pub(super) const REGION: Concept = dcm("123014", "Target Region");

/// `Observation.effective[x]`: when irradiation began, of the report and of its events.
pub(super) const STARTED: &[Concept] = &[
    dcm("111526", "DateTime Started"),
    dcm("113809", "Start of X-Ray Irradiation"),
    dcm("123003", "Radiopharmaceutical Start DateTime"),
];

/// `Observation.effective[x]`: when it ended.
pub(super) const ENDED: &[Concept] = &[
    dcm("111527", "DateTime Ended"),
    dcm("113810", "End of X-Ray Irradiation"),
    dcm("123004", "Radiopharmaceutical Stop DateTime"),
];

/// `Observation.device` (TID 1004).
pub(super) const DEVICE_UID: Concept = dcm("121012", "Device Observer UID");
pub(super) const DEVICE_NAME: Concept = dcm("121013", "Device Observer Name");
pub(super) const DEVICE_MANUFACTURER: Concept = dcm("121014", "Device Observer Manufacturer");
pub(super) const DEVICE_MODEL: Concept = dcm("121015", "Device Observer Model Name");
pub(super) const DEVICE_SERIAL: Concept = dcm("121016", "Device Observer Serial Number");

/// `Observation.performer` (TID 1003).
pub(super) const PERSON: Concept = dcm("121008", "Person Observer Name");
