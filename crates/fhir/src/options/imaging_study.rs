//! Options of `ImagingStudy` resources.

/// What becomes of an instance that names another patient than its study has, unless an update says
/// so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnOtherPatient {
    /// The study stays the patient's whose it is, and the instance is recorded.
    #[default]
    Keep,
    /// The study becomes the other patient's.
    Move,
    /// The entry fails.
    Fail,
}

/// How other resources are referred to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct References {
    /// `basedOn`
    pub based_on: Resolution,
    /// `encounter`
    pub encounter: Resolution,
    /// `referrer`
    pub referrer: Resolution,
}

/// How a resource is referred to that only its identifier is known of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Resolution {
    /// By the identifier.
    #[default]
    Logical,
    /// By the resource that has it, if a search finds exactly one.
    Search,
}
