//! The resource types kept and the search parameters of each: one table, from which indexing,
//! searching and the capability statement follow.

/// How the values of a search parameter are indexed and matched (R4 Search 3.1.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Token over `Identifier`.
    Identifier,
    /// Token over `Coding`.
    Coding,
    /// Token over `CodeableConcept`.
    CodeableConcept,
    /// Token over a `code` that is bound to this system.
    Code(&'static str),
    /// Token over a plain `id`.
    Id,
    /// String: the start of the value, letter case apart.
    Text,
    /// String over the parts of a `HumanName`.
    HumanName,
    /// Reference to one of these types.
    Reference(&'static [&'static str]),
}

impl Kind {
    /// The search parameter type, as the capability statement names it.
    pub(super) const fn search_type(self) -> &'static str {
        match self {
            Self::Identifier | Self::Coding | Self::CodeableConcept | Self::Code(_) | Self::Id => {
                "token"
            }
            Self::Text | Self::HumanName => "string",
            Self::Reference(_) => "reference",
        }
    }
}

/// A search parameter that is kept in the index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The elements indexed, below the resource, with dots.
    pub(super) paths: &'static [&'static str],
}

/// A resource type that the store keeps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ResourceType {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
}

impl ResourceType {
    /// The type of this name, if the store keeps it.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        RESOURCE_TYPES.iter().find(|known| known.name == name)
    }

    /// The indexed parameter of this name.
    pub(super) fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|known| known.name == name)
    }
}

const IDENTIFIER: Parameter = Parameter {
    name: "identifier",
    kind: Kind::Identifier,
    paths: &["identifier"],
};

const fn parameter(name: &'static str, kind: Kind, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, kind, paths }
}

const STUDY_SUBJECTS: &[&str] = &["Patient", "Device", "Group"];

const OBSERVATION_SUBJECTS: &[&str] = &["Patient", "Group", "Device", "Location"];

const fn identified(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        parameters: &[IDENTIFIER],
    }
}

/// Every type that the store keeps.
pub(super) const RESOURCE_TYPES: &[ResourceType] = &[
    ResourceType {
        name: "Patient",
        parameters: &[
            IDENTIFIER,
            parameter("name", Kind::HumanName, &["name"]),
            parameter("family", Kind::Text, &["name.family"]),
        ],
    },
    ResourceType {
        name: "Endpoint",
        parameters: &[
            IDENTIFIER,
            parameter("name", Kind::Text, &["name"]),
            parameter("connection-type", Kind::Coding, &["connectionType"]),
            parameter(
                "status",
                Kind::Code("http://hl7.org/fhir/endpoint-status"),
                &["status"],
            ),
        ],
    },
    ResourceType {
        name: "ImagingStudy",
        parameters: &[
            IDENTIFIER,
            parameter("patient", Kind::Reference(&["Patient"]), &["subject"]),
            parameter("subject", Kind::Reference(STUDY_SUBJECTS), &["subject"]),
            parameter(
                "endpoint",
                Kind::Reference(&["Endpoint"]),
                &["endpoint", "series.endpoint"],
            ),
            parameter("modality", Kind::Coding, &["series.modality"]),
            parameter("series", Kind::Id, &["series.uid"]),
            parameter(
                "status",
                Kind::Code("http://hl7.org/fhir/imagingstudy-status"),
                &["status"],
            ),
        ],
    },
    ResourceType {
        name: "Observation",
        parameters: &[
            IDENTIFIER,
            parameter("patient", Kind::Reference(&["Patient"]), &["subject"]),
            parameter(
                "subject",
                Kind::Reference(OBSERVATION_SUBJECTS),
                &["subject"],
            ),
            parameter(
                "part-of",
                Kind::Reference(&["ImagingStudy", "Procedure"]),
                &["partOf"],
            ),
            parameter("code", Kind::CodeableConcept, &["code"]),
            parameter(
                "status",
                Kind::Code("http://hl7.org/fhir/observation-status"),
                &["status"],
            ),
        ],
    },
    identified("Device"),
    identified("DiagnosticReport"),
    identified("Encounter"),
    identified("Group"),
    identified("Location"),
    identified("Organization"),
    identified("Practitioner"),
    identified("PractitionerRole"),
    identified("Procedure"),
    identified("ServiceRequest"),
];
