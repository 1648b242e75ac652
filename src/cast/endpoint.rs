//! `Endpoint`: one per DICOM service and partition.
//!
//! | element | value |
//! |---|---|
//! | `identifier` | system `urn:ietf:rfc:3986`, value = `address`; radcast finds it by this |
//! | `status` | `active` |
//! | `connectionType` | `dicom-wado-rs` |
//! | `name` | dicom-cast's, which is how its Endpoint is recognised; with the partition, if any |
//! | `payloadType`, `payloadMimeType` | text `DICOM WADO-RS`, `application/dicom` |
//! | `address` | WADO-RS base with version and partition, no trailing slash |
//!
//! In a stored Endpoint radcast manages its identifier and the address.

use crate::failure::Failure;

use super::edit::EditError;
use super::element::{self, system};
use super::identifier;
use super::mapping::{Derived, MappedResource, Origin, of_derived};
use super::object::{Object, raw};
use super::query::Query;
use super::stored::Stored;
use super::{Resource, Rules, StudyKey, Write};

const TYPE: &str = "Endpoint";

/// The rows of the mapping.
const DERIVED: &[Derived] = &[
    Derived::new(
        "identifier",
        Origin::Settings,
        "system urn:ietf:rfc:3986, value the address; the Endpoint is found by it",
    ),
    Derived::new("status", Origin::Fixed, "active"),
    Derived::new("connectionType", Origin::Fixed, "dicom-wado-rs"),
    Derived::new(
        "name",
        Origin::Settings,
        "DICOM WADO-RS endpoint and DicomWeb:Endpoint, as dicom-cast wrote it; the partition, if any",
    ),
    Derived::new("payloadType", Origin::Fixed, "text DICOM WADO-RS"),
    Derived::new("payloadMimeType", Origin::Fixed, "application/dicom"),
    Derived::new(
        "address",
        Origin::Settings,
        "DicomWeb:Endpoint with the version of the interface and the partition, no slash at its end",
    ),
];

pub(super) fn mapping() -> MappedResource {
    MappedResource {
        resource_type: TYPE,
        rows: of_derived(TYPE, DERIVED).collect(),
    }
}

/// How the service's Endpoint is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointLookup {
    /// By the identifier that radcast gives it.
    pub by_identifier: Query,
    /// By the name that dicom-cast gave it; to be asked when the identifier finds nothing. A
    /// string search matches prefixes; the merge compares exactly.
    pub by_dicom_cast_name: Query,
}

/// How the Endpoint of a study's partition is found.
pub(super) fn lookup(study: &StudyKey, rules: &Rules) -> EndpointLookup {
    let address = rules.wado_address(study.partition());
    EndpointLookup {
        by_identifier: Query::new(TYPE).token("identifier", Some(system::URI), &address),
        by_dicom_cast_name: Query::new(TYPE).string("name", &name(study, rules)).token(
            "connection-type",
            Some(system::CONNECTION),
            "dicom-wado-rs",
        ),
    }
}

/// The reference to the Endpoint, and the write that creates or corrects it.
pub(super) fn merge(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<(String, Option<Write>), Failure> {
    let lookup = lookup(study, rules);
    let address = rules.wado_address(study.partition());
    let identified = |object: &Object| identifier::carries(object, Some(system::URI), &address);
    let name = name(study, rules);
    let named = |object: &Object| Ok(object.text("name")?.as_deref() == Some(name.as_str()));
    let stored = match Stored::single(found, &lookup.by_identifier, identified)? {
        Some(stored) => Some(stored),
        None => Stored::single(found, &lookup.by_dicom_cast_name, named)?,
    };
    if let Some(mut stored) = stored {
        let reference = stored.reference();
        let corrected = correct(&mut stored.object, study, rules);
        corrected.map_err(|error| error.into_failure(&reference))?;
        return Ok((reference, stored.update()));
    }
    let object = create(&name, &address).map_err(|error| error.into_failure(TYPE))?;
    let write = Write::create(&lookup.by_identifier, object);
    Ok((super::write::full_url(&lookup.by_identifier), Some(write)))
}

fn create(name: &str, address: &str) -> Result<Object, EditError> {
    let json = raw(TYPE, &element::endpoint(name, address)?)?;
    Object::parse(json.get()).ok_or(EditError::Build(TYPE))
}

/// Identifier and address of an Endpoint that dicom-cast wrote, that names another version of
/// the service, or whose address somebody changed.
fn correct(endpoint: &mut Object, study: &StudyKey, rules: &Rules) -> Result<(), EditError> {
    let address = rules.wado_address(study.partition());
    endpoint.set_text("address", &address)?;
    if identifier::carries(endpoint, Some(system::URI), &address)? {
        return Ok(());
    }
    let mut identifiers = endpoint.list("identifier")?;
    for (mut stored, raw_item) in endpoint
        .objects("identifier")?
        .into_iter()
        .zip(&mut identifiers)
    {
        let of_uris = stored.text("system")?.as_deref() == Some(system::URI);
        let value = stored.text("value")?.filter(|_| of_uris);
        if value.is_some_and(|value| rules.is_wado_address(&value, study.partition())) {
            stored.set_text("value", &address)?;
            *raw_item = raw("identifier", &stored)?;
            return endpoint.set("identifier", &identifiers);
        }
    }
    identifier::ensure(endpoint, None, Some(system::URI), &address)
}

fn name(study: &StudyKey, rules: &Rules) -> String {
    let service = format!("DICOM WADO-RS endpoint {}", rules.source());
    match study.partition() {
        Some(partition) => format!("{service} partition {partition}"),
        None => service,
    }
}
