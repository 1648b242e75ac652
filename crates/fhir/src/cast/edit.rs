//! Why a resource cannot be edited.

use radcast_engine::failure::{Code, Failure};

/// Why a resource cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EditError {
    /// A managed element is of another JSON kind than FHIR gives it.
    Shape(String),
    /// A new element cannot be built.
    Build(&'static str),
}

impl EditError {
    /// The element has another JSON kind than FHIR gives it.
    pub(super) fn shape(element: &str) -> Self {
        Self::Shape(element.to_owned())
    }

    /// The same error, seen from the element around it.
    pub(super) fn within(self, parent: &str) -> Self {
        match self {
            Self::Shape(element) => Self::Shape(format!("{parent}.{element}")),
            Self::Build(_) => self,
        }
    }

    /// The failure, of the resource `name` (`Type/id`, or the type when it is new).
    pub(super) fn into_failure(self, name: &str) -> Failure {
        match self {
            Self::Shape(element) => Failure::new(
                Code::FhirInvalidResource,
                format!("{name}: the element `{element}` is not of the form that FHIR gives it"),
            ),
            Self::Build(element) => Failure::new(
                Code::InternalPanic,
                format!("{name}: the element `{element}` cannot be built"),
            ),
        }
    }
}
