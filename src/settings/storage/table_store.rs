//! `TableStore`: position and failures in Azure Table Storage.

use std::time::Duration;

use radcast_azure::options::{ConnectionString, Identity, StorageAccount, TableStore, Workload};

use crate::settings::setting::Setting;
use crate::settings::table;
use crate::settings::values::Values;

/// The longest prefix: a table's name has 63 characters at most, the longest of ours 30.
const LONGEST_PREFIX: usize = 33;

/// `None` within when neither address nor connection string is given.
pub(super) fn read(timeout: Option<Duration>, values: &mut Values) -> Option<Option<TableStore>> {
    let account = read_account(values);
    let table_name_prefix = read_prefix(values);
    let (account, table_name_prefix, timeout) = (account?, table_name_prefix?, timeout?);
    Some(account.map(|account| TableStore {
        account,
        table_name_prefix,
        timeout,
    }))
}
fn read_account(values: &mut Values) -> Option<Option<StorageAccount>> {
    let identity = identity(&table::TABLE_STORE_CLIENT_ID, values);
    let by_connection_string = values.checked(&table::TABLE_STORE_CONNECTION_STRING, |text| {
        ConnectionString::parse(text)?.tables()
    })?;
    let by_address = values.checked(&table::TABLE_STORE_ENDPOINT_URI, |text| {
        StorageAccount::at(text, &identity)
    })?;
    Some(by_connection_string.or(by_address))
}

fn read_prefix(values: &mut Values) -> Option<String> {
    let prefix = values.checked(&table::TABLE_STORE_TABLE_NAME_PREFIX, |text| {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
        if plain && begins && text.len() <= LONGEST_PREFIX {
            Ok(text.to_owned())
        } else {
            Err("has to be letters and digits, a letter first, 33 characters at most")
        }
    });
    prefix.map(Option::unwrap_or_default)
}

/// The identity with this client id, or else the one that the platform's variables name.
pub(super) fn identity(client_id: &Setting, values: &Values) -> Identity {
    let named = |name| values.variable(name).map(str::to_owned);
    let workload = named("AZURE_TENANT_ID").zip(named("AZURE_FEDERATED_TOKEN_FILE"));
    Identity {
        client_id: values.text(client_id).or_else(|| named("AZURE_CLIENT_ID")),
        workload: workload.map(|(tenant_id, token_file)| Workload {
            tenant_id,
            token_file: token_file.into(),
        }),
    }
}
