//! `Issuers`: the identifier systems of those who issue identifiers.

pub(super) use radcast_fhir::options::Issuers;

use super::table;
use super::values::Values;

/// Reads the identifier systems of issuers.
pub(super) fn read(values: &Values) -> Issuers {
    let given = values.below(&table::ISSUERS).into_iter();
    given.fold(Issuers::default(), |issuers, below| {
        issuers.with(&below.path, &below.text)
    })
}
