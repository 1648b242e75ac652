//! `BlobStore`: the container of the lease and of the archive.

use std::time::Duration;

use radcast_azure::options::{BlobStore, ConnectionString, StorageAccount, TableStore};

use super::table_store::identity;
use crate::settings::table;
use crate::settings::values::Values;

/// `None` within when no address is given and none follows from that of the tables.
pub(super) fn read(
    tables: Option<&TableStore>,
    timeout: Option<Duration>,
    values: &mut Values,
) -> Option<Option<BlobStore>> {
    let account = read_account(tables, values);
    let container = values.checked(&table::BLOB_STORE_CONTAINER, |text| {
        if is_container(text) {
            Ok(text.to_owned())
        } else {
            Err("has to be 3 to 63 lower-case letters, digits and single hyphens, such as radcast")
        }
    });
    let (account, container, timeout) = (account?, container??, timeout?);
    Some(account.map(|account| BlobStore {
        account,
        container,
        prefix: tables.map_or_else(String::new, |tables| tables.table_name_prefix.clone()),
        timeout,
    }))
}
fn read_account(
    tables: Option<&TableStore>,
    values: &mut Values,
) -> Option<Option<StorageAccount>> {
    let client_id = match values.given(&table::BLOB_STORE_CLIENT_ID) {
        Some(_) => &table::BLOB_STORE_CLIENT_ID,
        None => &table::TABLE_STORE_CLIENT_ID,
    };
    let identity = identity(client_id, values);
    let by_connection_string = values.checked(&table::BLOB_STORE_CONNECTION_STRING, |text| {
        ConnectionString::parse(text)?.blobs().ok_or(
            "gives no access to blobs: give AccountName or BlobEndpoint, and a signature for blobs",
        )
    })?;
    let by_address = values.checked(&table::BLOB_STORE_ENDPOINT_URI, |text| {
        StorageAccount::at(text, &identity)
    })?;
    let beside_the_tables = || match values.given(&table::TABLE_STORE_CONNECTION_STRING) {
        Some(text) => ConnectionString::parse(text).ok()?.blobs(),
        None => tables?.account.blobs(&identity),
    };
    Some(
        by_connection_string
            .or(by_address)
            .or_else(beside_the_tables),
    )
}

fn is_container(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.split('-').all(|part| !part.is_empty())
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
}
