//! New FHIR elements, built with the R4B types, which are R4's for everything used here.
//!
//! The types build and serialize only. They never parse: what they do not know would be lost.

use fhir_model::r4b::codes::{EndpointStatus, NameUse};
use fhir_model::r4b::resources::Endpoint;
use fhir_model::r4b::types::{
    CodeableConcept, Coding, Extension, ExtensionValue, HumanName, Identifier, Meta, Reference,
};

use super::edit::EditError;

/// Code systems that FHIR and its terminology define.
pub(super) mod system {
    /// DICOM's own codes, modalities among them.
    pub(crate) const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
    /// URIs, `urn:oid:` among them.
    pub(crate) const URI: &str = "urn:ietf:rfc:3986";
    /// DICOM UIDs as identifiers.
    pub(crate) const DICOM_UID: &str = "urn:dicom:uid";
    /// Types of identifiers, HL7 v2 table 0203.
    pub(crate) const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
    /// Kinds of participation in an act, of HL7 v3.
    pub(crate) const PARTICIPATION_TYPE: &str =
        "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    /// Connection types of endpoints.
    pub(crate) const CONNECTION: &str =
        "http://terminology.hl7.org/CodeSystem/endpoint-connection-type";
}

/// The extension that tells in which writing a name is.
pub(super) const EN_REPRESENTATION: &str =
    "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";

/// `Coding`
pub(super) fn coding(system: &str, code: &str) -> Result<Coding, EditError> {
    Coding::builder()
        .system(system.to_owned())
        .code(code.to_owned())
        .build()
        .map_err(|_| EditError::Build("coding"))
}

/// `Identifier`, with a type from v2-0203 when one is given.
pub(super) fn identifier(
    kind: Option<&str>,
    system: Option<&str>,
    value: &str,
) -> Result<Identifier, EditError> {
    let mut builder = Identifier::builder().value(value.to_owned());
    if let Some(system) = system {
        builder = builder.system(system.to_owned());
    }
    if let Some(kind) = kind {
        let coding = coding(system::IDENTIFIER_TYPE, kind)?;
        let concept = CodeableConcept::builder()
            .coding(vec![Some(coding)])
            .build();
        builder = builder.r#type(concept.map_err(|_| EditError::Build("type"))?);
    }
    builder.build().map_err(|_| EditError::Build("identifier"))
}

/// `Reference`
pub(super) fn reference(to: &str) -> Result<Reference, EditError> {
    Reference::builder()
        .reference(to.to_owned())
        .build()
        .map_err(|_| EditError::Build("reference"))
}

/// `Identifier` with the one who assigned it, when that is known by name.
pub(super) fn assigned_identifier(
    system: Option<&str>,
    value: &str,
    assigner: Option<String>,
) -> Result<Identifier, EditError> {
    let mut identifier = identifier(None, system, value)?;
    if let Some(assigner) = assigner {
        let assigner = Reference::builder().display(assigner).build();
        let assigner = assigner.map_err(|_| EditError::Build("assigner"))?;
        identifier.assigner = Some(assigner);
    }
    Ok(identifier)
}

/// `Reference` to a resource of which no more than identifier and display are known.
pub(super) fn logical_reference(
    resource_type: &str,
    identifier: Option<Identifier>,
    display: Option<String>,
) -> Result<Reference, EditError> {
    let mut builder = Reference::builder().r#type(resource_type.to_owned());
    if let Some(identifier) = identifier {
        builder = builder.identifier(identifier);
    }
    if let Some(display) = display {
        builder = builder.display(display);
    }
    builder.build().map_err(|_| EditError::Build("reference"))
}

/// `CodeableConcept`: of words alone when there is no coding.
pub(super) fn concept(
    coding: Option<Coding>,
    text: Option<String>,
) -> Result<CodeableConcept, EditError> {
    let mut builder = CodeableConcept::builder().coding(coding.into_iter().map(Some).collect());
    if let Some(text) = text {
        builder = builder.text(text);
    }
    builder.build().map_err(|_| EditError::Build("concept"))
}

/// `HumanName` of a use, with its representation when it is not the plain one.
pub(super) fn name(
    of: Option<NameUse>,
    representation: Option<&str>,
) -> Result<HumanName, EditError> {
    let mut builder = HumanName::builder();
    if let Some(of) = of {
        builder = builder.r#use(of);
    }
    if let Some(code) = representation {
        let extension = Extension::builder()
            .url(EN_REPRESENTATION.to_owned())
            .value(ExtensionValue::Code(code.to_owned()))
            .build();
        builder = builder.extension(vec![extension.map_err(|_| EditError::Build("extension"))?]);
    }
    builder.build().map_err(|_| EditError::Build("name"))
}

/// `Meta` of a resource that this service is the source of.
pub(super) fn meta(source: &str) -> Result<Meta, EditError> {
    Meta::builder()
        .source(source.to_owned())
        .build()
        .map_err(|_| EditError::Build("meta"))
}

/// `Endpoint` of a WADO-RS service, identified by its address.
pub(super) fn endpoint(name: &str, address: &str) -> Result<Endpoint, EditError> {
    let payload = CodeableConcept::builder()
        .text("DICOM WADO-RS".to_owned())
        .build();
    Endpoint::builder()
        .identifier(vec![Some(identifier(None, Some(system::URI), address)?)])
        .status(EndpointStatus::Active)
        .connection_type(coding(system::CONNECTION, "dicom-wado-rs")?)
        .name(name.to_owned())
        .payload_type(vec![Some(
            payload.map_err(|_| EditError::Build("payloadType"))?,
        )])
        .payload_mime_type(vec![Some("application/dicom".to_owned())])
        .address(address.to_owned())
        .build()
        .map_err(|_| EditError::Build("Endpoint"))
}
