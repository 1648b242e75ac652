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
//! In a stored Endpoint radcast manages its identifier and the address. One whose `status` is `off`
//! or `entered-in-error` is not changed, and loses against one in use; studies are referred to one
//! that is off, which still says where they are, and not to one that is entered in error.

use radcast_engine::failure::Failure;

use super::edit::EditError;
use super::element::{self, system};
use super::identifier;
use super::mapping::{Derived, MappedResource, Origin, of_derived};
use super::object::{Object, raw};
use super::query::Query;
use super::stored::Stored;
use super::{Notice, Resource, Rules, StudyKey, Write};

const TYPE: &str = "Endpoint";

/// The status of one that is no longer to be used.
const OFF: &str = "off";

/// The status of one that should never have been there.
const RETRACTED: &str = "entered-in-error";

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

/// The reference to the Endpoint, unless it is entered in error, and the write that creates or
/// corrects it.
pub(super) fn merge(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
    notices: &mut Vec<Notice>,
) -> Result<(Option<String>, Option<Write>), Failure> {
    let Some(mut stored) = find(study, found, rules)? else {
        let lookup = lookup(study, rules);
        let address = rules.wado_address(study.partition());
        let object = create(&name(study, rules), &address);
        let object = object.map_err(|error| error.into_failure(TYPE))?;
        let write = Write::create(&lookup.by_identifier, object);
        let reference = super::write::full_url(&lookup.by_identifier);
        return Ok((Some(reference), Some(write)));
    };
    let reference = stored.reference();
    let fail = |error: EditError| error.into_failure(&reference);
    let status = stored.object.text("status").map_err(fail)?;
    if let Some(status) = status.filter(|status| is_out_of_use(status)) {
        let refers = status == OFF;
        notices.push(Notice::EndpointOutOfUse {
            endpoint: reference.clone(),
            status,
        });
        return Ok((refers.then_some(reference), None));
    }
    correct(&mut stored.object, study, rules).map_err(fail)?;
    Ok((Some(reference), stored.update()))
}

/// The Endpoint among the found ones: by its identifier or, if none has that, by dicom-cast's name.
fn find(study: &StudyKey, found: &[Resource], rules: &Rules) -> Result<Option<Stored>, Failure> {
    let lookup = lookup(study, rules);
    let address = rules.wado_address(study.partition());
    let name = name(study, rules);
    let identified = |object: &Object| {
        let is_it = identifier::carries(object, Some(system::URI), &address)?;
        is_it.then(|| rank(object)).transpose()
    };
    let named = |object: &Object| {
        let is_it = object.text("name")?.as_deref() == Some(name.as_str());
        is_it.then(|| rank(object)).transpose()
    };
    match Stored::best(found, &lookup.by_identifier, identified)? {
        Some(stored) => Ok(Some(stored)),
        None => Stored::best(found, &lookup.by_dicom_cast_name, named),
    }
}

/// The reference to the stored Endpoint of our service, if there is one.
pub(super) fn stored(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<Option<String>, Failure> {
    let stored = find(study, found, rules)?;
    Ok(stored.map(|stored| stored.reference()))
}

/// One in use comes before one that is not.
fn rank(endpoint: &Object) -> Result<u8, EditError> {
    let status = endpoint.text("status")?;
    Ok(match status.as_deref() {
        Some(RETRACTED) => 2,
        Some(OFF) => 1,
        _ => 0,
    })
}

/// Whether a status says that an Endpoint is not to be used.
pub(super) fn is_out_of_use(status: &str) -> bool {
    [OFF, RETRACTED].contains(&status)
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
