//! `Lease` and `Archive`: what blobs are used for.

use std::time::Duration;

use radcast_azure::options::{BlobStore, Lease, TableStore};

use crate::settings::table;
use crate::settings::values::Values;

/// The longest lease of a blob that ends by itself.
const LONGEST: Duration = Duration::from_secs(60);

/// `None` within when the lease is off.
pub(super) fn read(
    stores: Option<(&Option<TableStore>, &Option<BlobStore>)>,
    values: &mut Values,
) -> Option<Option<Lease>> {
    let enabled = values.switch(&table::LEASE_ENABLED);
    let duration = read_duration(values);
    let blob_name = read_blob_name(values);
    let (tables, blobs) = stores?;
    let on = match (enabled?, tables, blobs) {
        (Some(true), _, None) => {
            let cure = "needs a blob service: give BlobStore:ConnectionString or BlobStore:EndpointUri, or set it to false with a single replica";
            values.problem(&table::LEASE_ENABLED, cure);
            return None;
        }
        (None, Some(_), None) => {
            warn_of_no_lease(values);
            false
        }
        (enabled, tables, _) => enabled.unwrap_or(tables.is_some()),
    };
    let prefix = blobs.as_ref().map_or("", |blobs| blobs.prefix.as_str());
    let lease = Lease {
        duration: duration?,
        blob_name: blob_name?.unwrap_or_else(|| format!("{prefix}lease")),
    };
    Some(on.then_some(lease))
}

fn read_blob_name(values: &mut Values) -> Option<Option<String>> {
    values.checked(&table::LEASE_BLOB_NAME, |text| {
        if is_blob_name(text) {
            Ok(text.to_owned())
        } else {
            Err(
                "has to be letters, digits and -_. with single slashes between, 254 at most, and none of its parts may end with a dot",
            )
        }
    })
}

/// Whether a text names a blob, in whatever address it is put. The emulator takes 254 characters.
fn is_blob_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_part =
        |part: &str| !part.is_empty() && !part.ends_with('.') && part.bytes().all(allowed);
    text.len() <= 254 && text.split('/').all(is_part)
}

fn read_duration(values: &mut Values) -> Option<Duration> {
    let duration = values.duration(&table::LEASE_DURATION)?;
    if duration > LONGEST {
        values.problem(&table::LEASE_DURATION, "may be 00:01:00 at most");
        return None;
    }
    Some(duration)
}

fn warn_of_no_lease(values: &mut Values) {
    let warning = "leads to no blob service, so there is no lease: run a single replica, or give BlobStore:ConnectionString or BlobStore:EndpointUri";
    let tables = [
        &table::TABLE_STORE_CONNECTION_STRING,
        &table::TABLE_STORE_ENDPOINT_URI,
    ];
    if let Some(given) = tables.into_iter().find(|row| values.given(row).is_some()) {
        values.warning(given, warning);
    }
}

/// Whether what belongs to failed entries is archived.
pub(super) fn read_archive(
    stores: Option<(&Option<TableStore>, &Option<BlobStore>)>,
    values: &mut Values,
) -> Option<bool> {
    let enabled = values.boolean(&table::ARCHIVE_ENABLED)?;
    let (_, blobs) = stores?;
    if enabled && blobs.is_none() {
        let cure = "needs a blob service: give BlobStore:ConnectionString or BlobStore:EndpointUri";
        values.problem(&table::ARCHIVE_ENABLED, cure);
        return None;
    }
    Some(enabled)
}
