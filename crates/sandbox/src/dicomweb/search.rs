//! Searches in the index, by attributes that it has columns for.

use rusqlite::types::Value as SqlValue;
use rusqlite::{OptionalExtension, params_from_iter};

use super::error::DicomServiceError;
use super::index::Index;

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Study,
    Series,
    Instance,
}

/// A search: attributes that have to match exactly, and the part of the matches to answer with.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) level: Level,
    pub(super) partition: String,
    /// Column of the index, and its value.
    pub(super) filters: Vec<(&'static str, String)>,
    pub(super) limit: i64,
    pub(super) offset: i64,
}

/// A match: one instance's metadata for all, and what is known by counting.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) metadata: String,
    pub(super) instances: i64,
    pub(super) series: i64,
    /// Distinct modalities, by comma.
    pub(super) modalities: String,
    pub(super) study_uid: String,
    pub(super) series_uid: String,
    pub(super) instance_uid: String,
}

impl Index {
    /// The matches in the order in which they came in.
    pub(super) fn search(&self, search: &Search) -> Result<Vec<Match>, DicomServiceError> {
        let group = match search.level {
            Level::Study => "study",
            Level::Series => "study, series",
            Level::Instance => "study, series, instance",
        };
        let conditions: String = search
            .filters
            .iter()
            .map(|(column, _)| format!(" AND {column} = ?"))
            .collect();
        // A study matches with all of its instances if one of them does.
        let sql = format!(
            "SELECT max(key), count(*), count(DISTINCT series),
                coalesce(group_concat(DISTINCT modality), '')
            FROM instance WHERE partition = ? AND ({group}) IN
                (SELECT {group} FROM instance WHERE partition = ?{conditions})
            GROUP BY {group} ORDER BY min(key) LIMIT ? OFFSET ?"
        );
        let partition = || SqlValue::from(search.partition.clone());
        let filters = search
            .filters
            .iter()
            .map(|(_, value)| SqlValue::from(value.clone()));
        let parameters = [partition(), partition()]
            .into_iter()
            .chain(filters)
            .chain([search.limit.into(), search.offset.into()]);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let groups = statement
            .query_map(params_from_iter(parameters), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<Result<Vec<(i64, i64, i64, String)>, _>>()?;
        let matches = groups.into_iter().map(|group| self.representative(group));
        matches.filter_map(Result::transpose).collect()
    }

    /// The match that the newest instance of a group stands for.
    fn representative(
        &self,
        (key, instances, series, modalities): (i64, i64, i64, String),
    ) -> Result<Option<Match>, DicomServiceError> {
        let sql = "SELECT metadata, study, series, instance FROM instance WHERE key = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row([key], |row| {
            Ok(Match {
                metadata: row.get(0)?,
                instances,
                series,
                modalities,
                study_uid: row.get(1)?,
                series_uid: row.get(2)?,
                instance_uid: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }
}
