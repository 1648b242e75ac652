//! What an error of SQLite means. What is stored is not quoted.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::failure::{Code, Failure};

/// The failure that an error is.
pub(super) fn told(place: &Path, error: &Error) -> Failure {
    let place = place.display();
    let text = match error.sqlite_error_code() {
        Some(_) => error.to_string(),
        None => unreadable(error),
    };
    Failure::new(code(error), format!("Store:Path {place}: {text}"))
}

fn code(error: &Error) -> Code {
    match error.sqlite_error_code() {
        // Without a code it is a value that is not what its column holds. The statements are always
        // the same, so that one that cannot be understood finds other tables than were made.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) | None => {
            Code::StoreDamaged
        }
        Some(_) => Code::StoreUnavailable,
    }
}

/// Whether it is about one value of one row, and says nothing of the others.
pub(super) fn is_of_a_row(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidColumnType(..)
            | Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// Says which value cannot be read.
pub(super) fn unreadable(error: &Error) -> String {
    match error {
        Error::InvalidColumnType(_, column, _) => format!("the column {column} cannot be read"),
        _ => "a column cannot be read".to_owned(),
    }
}
