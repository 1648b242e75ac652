//! The store itself: one SQLite connection, taken in turn.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde_json::Value;
use thiserror::Error;

use super::outcome::Refusal;
use crate::Faults;

/// The database of a FHIR store cannot be used.
#[derive(Debug, Error)]
pub enum FhirStoreError {
    /// SQLite refused: the file is not writable, is no database or is full.
    #[error("the database of the FHIR store failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// A stored resource is no JSON: the file was changed by another program.
    #[error("a {resource_type} in the database of the FHIR store is not JSON: use a new file")]
    Damaged {
        /// The type of the resource.
        resource_type: String,
    },
}

/// A FHIR R4 store over HTTP, in memory or in a file. Clones share the same store.
#[derive(Debug, Clone)]
pub struct FhirStore {
    connection: Arc<Mutex<Connection>>,
    faults: Faults,
}

impl FhirStore {
    /// Opens the store in a file, which is made if it is absent, or in memory without one.
    ///
    /// # Errors
    /// The file cannot be opened, or is not a database.
    pub fn open(path: Option<&Path>) -> Result<Self, FhirStoreError> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(include_str!("schema.sql"))?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            faults: Faults::default(),
        })
    }

    /// The faults on order and the requests counted. The operations are `fhir.capability`,
    /// `fhir.read`, `fhir.search`, `fhir.create`, `fhir.update`, `fhir.delete` and
    /// `fhir.transaction`, which stands for batches too.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How many live resources of this type there are.
    ///
    /// # Errors
    /// The database failed.
    pub fn count(&self, resource_type: &str) -> Result<u64, FhirStoreError> {
        let count: u32 = self.lock().query_row(
            "SELECT count(*) FROM resource WHERE type = ?1 AND json IS NOT NULL",
            [resource_type],
            |row| row.get(0),
        )?;
        Ok(count.into())
    }

    /// The live resources of this type in the order in which they were created.
    ///
    /// # Errors
    /// The database failed or was damaged.
    pub fn resources(&self, resource_type: &str) -> Result<Vec<Value>, FhirStoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT json FROM resource WHERE type = ?1 AND json IS NOT NULL ORDER BY sequence",
        )?;
        statement
            .query_map([resource_type], |row| row.get::<_, String>(0))?
            .map(|json| {
                serde_json::from_str(&json?).map_err(|_| FhirStoreError::Damaged {
                    resource_type: resource_type.to_owned(),
                })
            })
            .collect()
    }

    /// How many versions were ever written, deletions included; what was rolled back is not.
    ///
    /// # Errors
    /// The database failed.
    pub fn versions_written(&self) -> Result<u64, FhirStoreError> {
        let versions: u32 = self.lock().query_row(
            "SELECT value FROM counter WHERE name = 'version'",
            [],
            |row| row.get(0),
        )?;
        Ok(versions.into())
    }

    /// Does `work` in one transaction off the async threads; a refusal rolls it back.
    pub(super) async fn transaction<T, W>(&self, work: W) -> Result<T, Refusal>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut connection = store.lock();
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&tx)?;
            tx.commit()?;
            Ok(done)
        })
        .await?
    }

    /// A panic under the lock has rolled its transaction back: the connection is still good.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
