//! The tables of one prefix: the storage crate's client with its edges taken off. Keys are quoted,
//! every status inside the answer to a batch is looked at, tables are made when they are missing.

use azure_core_021::Etag;
use azure_data_tables::IfMatchCondition;
use azure_data_tables::clients::{EntityClient, TableClient, TableServiceClient};
use azure_data_tables::operations::InsertEntityResponse;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::entity::Entity;
use super::keys::quoted;
use super::trouble::Trouble;
use radcast_engine::failure::{Dependency, Failure, Operation};
use radcast_engine::store::ETag;

/// The most operations of a batch.
pub(super) const LARGEST_BATCH: usize = 100;

/// The most entities that the service is asked for at once: with the longest texts they are within
/// what is held of an answer.
pub(super) const LARGEST_PAGE: u32 = 100;

/// The tables of one prefix.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    service: TableServiceClient,
    prefix: String,
}

/// One change of a batch.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A row that must not be there yet.
    Insert(Entity),
    /// A row that must be there in this version.
    Replace(Entity, ETag),
    /// A row that goes, in this version.
    Remove(Entity, ETag),
}

impl Change {
    pub(super) const fn entity(&self) -> &Entity {
        match self {
            Self::Insert(entity) | Self::Replace(entity, _) | Self::Remove(entity, _) => entity,
        }
    }
}

impl Tables {
    pub(super) const fn new(service: TableServiceClient, prefix: String) -> Self {
        Self { service, prefix }
    }

    fn table(&self, table: &str) -> TableClient {
        self.service.table_client(format!("{}{table}", self.prefix))
    }

    fn row(&self, table: &str, partition: &str, row: &str) -> EntityClient {
        self.table(table)
            .partition_key_client(quoted(partition))
            .entity_client(quoted(row))
    }

    /// A row with its version.
    pub(super) async fn get(
        &self,
        table: &str,
        partition: &str,
        row: &str,
    ) -> Result<Option<Entity>, Failure> {
        match self.row(table, partition, row).get::<Entity>().await {
            Ok(found) => {
                let mut entity = found.entity;
                entity.set_etag(found.etag.to_string());
                Ok(Some(entity))
            }
            Err(error) => match read_trouble(&error) {
                Trouble::Missing | Trouble::NoHome => Ok(None),
                trouble => Err(trouble.into_failure(Dependency::Tables)),
            },
        }
    }

    /// The rows that a filter finds, page by page, in the order of their keys; none when there is
    /// no such table.
    pub(super) fn pages(
        &self,
        table: &str,
        filter: String,
        top: u32,
    ) -> BoxStream<'static, Result<Vec<Entity>, Failure>> {
        let query = self.table(table).query().top(top);
        let query = if filter.is_empty() {
            query
        } else {
            query.filter(filter)
        };
        let pages = query.into_stream::<Entity>().map(|page| match page {
            Ok(page) => Ok(page.entities),
            Err(error) => match read_trouble(&error) {
                Trouble::NoHome | Trouble::Missing => Ok(Vec::new()),
                trouble => Err(trouble.into_failure(Dependency::Tables)),
            },
        });
        pages.boxed()
    }

    /// Makes one change, and gives the new version of the row unless it is gone.
    pub(super) async fn change(&self, table: &str, change: &Change) -> Result<ETag, Trouble> {
        match self.try_change(table, change).await {
            Err(Trouble::NoHome) => {
                self.create(table).await?;
                self.try_change(table, change).await
            }
            done => done,
        }
    }

    async fn try_change(&self, table: &str, change: &Change) -> Result<ETag, Trouble> {
        let entity = change.entity();
        let row = self.row(table, entity.partition(), entity.row());
        let done = match change {
            Change::Insert(entity) => {
                let insert = self.table(table).insert::<_, Entity>(entity.to_write());
                let inserted: Result<InsertEntityResponse<Entity>, _> = match insert {
                    Ok(insert) => insert.await,
                    Err(error) => Err(error),
                };
                inserted.map(|inserted| inserted.etag)
            }
            Change::Replace(entity, etag) => match row.update(entity.to_write(), condition(etag)) {
                Ok(update) => update.await.map(|updated| updated.etag),
                Err(error) => Err(error),
            },
            Change::Remove(_, etag) => {
                let removed = row.delete().if_match(condition(etag)).await;
                removed.map(|_| Etag::from(String::new()))
            }
        };
        done.map(|etag| ETag(etag.to_string()))
            .map_err(|error| write_trouble(&error))
    }

    /// Writes a row over whatever is there.
    pub(super) async fn put(&self, table: &str, entity: &Entity) -> Result<(), Failure> {
        match self.try_put(table, entity).await {
            Err(Trouble::NoHome) => {
                let made = self.create(table).await;
                made.map_err(|trouble| trouble.into_failure(Dependency::Tables))?;
                self.try_put(table, entity).await
            }
            done => done,
        }
        .map_err(|trouble| trouble.into_failure(Dependency::Tables))
    }

    async fn try_put(&self, table: &str, entity: &Entity) -> Result<(), Trouble> {
        let row = self.row(table, entity.partition(), entity.row());
        let put = match row.insert_or_replace(entity.to_write()) {
            Ok(put) => put.await,
            Err(error) => Err(error),
        };
        put.map(drop).map_err(|error| write_trouble(&error))
    }

    /// Removes a row in whatever version; `false` when there was none.
    pub(super) async fn remove(
        &self,
        table: &str,
        partition: &str,
        row: &str,
    ) -> Result<bool, Failure> {
        match self.row(table, partition, row).delete().await {
            Ok(_) => Ok(true),
            Err(error) => match write_trouble(&error) {
                Trouble::Missing | Trouble::NoHome => Ok(false),
                trouble => Err(trouble.into_failure(Dependency::Tables)),
            },
        }
    }

    /// Makes all of these changes of one partition, or none.
    pub(super) async fn batch(
        &self,
        table: &str,
        partition: &str,
        changes: &[&Change],
    ) -> Result<(), Trouble> {
        match self.try_batch(table, partition, changes).await {
            // Inside a batch, the status does not say whether it is the row or the table.
            Err(Trouble::NoHome | Trouble::Missing) => {
                self.create(table).await?;
                self.try_batch(table, partition, changes).await
            }
            done => done,
        }
    }

    async fn try_batch(
        &self,
        table: &str,
        partition: &str,
        changes: &[&Change],
    ) -> Result<(), Trouble> {
        let mut batch = self
            .table(table)
            .partition_key_client(quoted(partition))
            .transaction();
        for change in changes {
            let row = quoted(change.entity().row());
            let added = match change {
                Change::Insert(entity) => batch.insert(entity.to_write()),
                Change::Replace(entity, etag) => {
                    batch.update(row, entity.to_write(), Some(condition(etag)))
                }
                Change::Remove(_, etag) => batch.delete(row, Some(condition(etag))),
            };
            batch = added.map_err(|error| write_trouble(&error))?;
        }
        let answered = batch.await.map_err(|error| write_trouble(&error))?;
        let mut answers = answered.operation_responses.iter();
        if let Some(bad) = answers.find(|answer| !answer.status_code.is_success()) {
            return Err(Trouble::of_status(u16::from(bad.status_code)));
        }
        if answered.operation_responses.len() != changes.len() {
            return Err(Trouble::malformed(Dependency::Tables, Operation::Write));
        }
        Ok(())
    }

    /// Makes a table, unless it is there.
    pub(super) async fn create(&self, table: &str) -> Result<(), Trouble> {
        match self.table(table).create().await {
            Ok(_) => Ok(()),
            Err(error) => match write_trouble(&error) {
                Trouble::Changed => Ok(()),
                trouble => Err(trouble),
            },
        }
    }

    /// Reads a table, and makes it when it is missing.
    pub(super) async fn ensure(&self, table: &str) -> Result<(), Failure> {
        let query = self.table(table).query().top(1);
        let first = query.into_stream::<Entity>().next().await;
        let trouble = match first {
            Some(Err(error)) => read_trouble(&error),
            _ => return Ok(()),
        };
        match trouble {
            Trouble::NoHome | Trouble::Missing => self.create(table).await,
            trouble => Err(trouble),
        }
        .map_err(|trouble| trouble.into_failure(Dependency::Tables))
    }
}

fn condition(etag: &ETag) -> IfMatchCondition {
    IfMatchCondition::Etag(etag.0.clone().into())
}

fn read_trouble(error: &azure_core_021::Error) -> Trouble {
    Trouble::of(Dependency::Tables, Operation::Read, error)
}

fn write_trouble(error: &azure_core_021::Error) -> Trouble {
    Trouble::of(Dependency::Tables, Operation::Write, error)
}
