//! The service as its owner sees it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::faults::Faults;
use super::super::part10::Instance;
use super::address::{Address, Selection, partition};
use super::clock::{Clock, system_clock};
use super::error::DicomServiceError;
use super::files::Files;
use super::identity;
use super::index::{Index, Moment, NewInstance, Stored, ticks};

/// A DICOMweb service. Clones share one state.
#[derive(Clone)]
pub struct DicomService {
    index: Arc<Mutex<Index>>,
    files: Option<Files>,
    faults: Faults,
}

impl DicomService {
    /// The service whose files and index are below this folder, which is made if need be.
    ///
    /// # Errors
    /// The folder or the index cannot be used.
    pub fn open(folder: &Path) -> Result<Self, DicomServiceError> {
        let files = Files::below(folder)?;
        let index = Index::open(&folder.join("index.sqlite"), system_clock())?;
        Ok(Self::with(index, Some(files)))
    }

    /// A service that forgets everything when dropped, and keeps metadata but no files.
    ///
    /// # Errors
    /// SQLite cannot make a database in memory.
    pub fn in_memory() -> Result<Self, DicomServiceError> {
        Ok(Self::with(Index::in_memory(system_clock())?, None))
    }

    fn with(index: Index, files: Option<Files>) -> Self {
        Self {
            index: Arc::new(Mutex::new(index)),
            files,
            faults: Faults::default(),
        }
    }

    /// This service with another clock than the system's. Entries never go back in time, even if
    /// the clock does.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        self.index().clock = clock;
        self
    }

    /// The faults on order and the requests counted, of the operations `dicom.store`,
    /// `dicom.query`, `dicom.retrieve`, `dicom.metadata`, `dicom.delete`, `dicom.feed` and
    /// `dicom.latest`.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Stores an instance that has this DICOM JSON object as metadata, and no file. The sequence of
    /// its entry.
    ///
    /// # Errors
    /// It is stored already; the metadata is no object or identifies no instance.
    pub fn store_metadata(
        &self,
        partition_name: Option<&str>,
        metadata: &str,
    ) -> Result<u64, DicomServiceError> {
        self.create(partition_name, metadata, None)
    }

    /// Stores an instance as [`DicomService::store_metadata`] does, but with its entry at a sequence
    /// that was skipped and a timestamp in the past: a transaction that began earlier than it ended.
    ///
    /// # Errors
    /// The sequence was not skipped or is taken; else as for [`DicomService::store_metadata`].
    pub fn late_commit(
        &self,
        sequence: u64,
        timestamp: Timestamp,
        partition_name: Option<&str>,
        metadata: &str,
    ) -> Result<(), DicomServiceError> {
        let moment = Moment {
            sequence: i64::try_from(sequence)
                .map_err(|_| DicomServiceError::SequenceTaken(sequence))?,
            ticks: ticks(timestamp),
        };
        self.create(partition_name, metadata, Some(moment))
            .map(drop)
    }

    fn create(
        &self,
        partition_name: Option<&str>,
        metadata: &str,
        moment: Option<Moment>,
    ) -> Result<u64, DicomServiceError> {
        let object = identity::parse(metadata)?;
        let address = identity::address(partition(partition_name)?, &object)?;
        let new = NewInstance {
            metadata,
            transfer_syntax: None,
            keys: identity::search_keys(&object),
        };
        let mut index = self.index();
        if let Some(moment) = moment {
            index.check_skipped(moment.sequence)?;
        }
        index
            .create(&address, &new, moment, |_| Ok(()))
            .map(i64::unsigned_abs)
    }

    /// Stores an instance and, unless the service is in memory, its file.
    pub(super) fn store_file(
        &self,
        address: &Address,
        instance: &Instance,
        bytes: &[u8],
    ) -> Result<(), DicomServiceError> {
        let new = NewInstance {
            metadata: &instance.metadata,
            transfer_syntax: self
                .files
                .as_ref()
                .map(|_| instance.transfer_syntax.as_str()),
            keys: identity::search_keys(&identity::parse(&instance.metadata)?),
        };
        let keep = |sequence| match &self.files {
            Some(files) => files.write(address, sequence, bytes),
            None => Ok(()),
        };
        self.index().create(address, &new, None, keep).map(drop)
    }

    /// The file of a stored instance, if one is kept.
    pub(super) fn file(&self, stored: &Stored) -> Result<Option<Vec<u8>>, DicomServiceError> {
        match (&self.files, stored.file) {
            (Some(files), Some(version)) => Ok(Some(files.read(&stored.address, version)?)),
            _ => Ok(None),
        }
    }

    /// Deletes a study, a series or an instance. How many instances there were.
    ///
    /// # Errors
    /// The partition's name is not one; the index cannot be written.
    pub fn delete(
        &self,
        partition_name: Option<&str>,
        study: &str,
        series: Option<&str>,
        instance: Option<&str>,
    ) -> Result<u64, DicomServiceError> {
        self.delete_selected(&Selection {
            partition: partition(partition_name)?,
            study: study.to_owned(),
            series: series.map(str::to_owned),
            instance: instance.map(str::to_owned),
        })
    }

    pub(super) fn delete_selected(&self, selection: &Selection) -> Result<u64, DicomServiceError> {
        let deleted = self.index().delete(selection)?;
        for stored in &deleted {
            if let (Some(files), Some(version)) = (&self.files, stored.file)
                && let Err(error) = files.remove(&stored.address, version)
            {
                // The instance is gone from the index; the file only takes room.
                tracing::warn!(event = "file_not_removed", instance = stored.address.instance, %error, "file not removed");
            }
        }
        Ok(deleted.len() as u64)
    }

    /// Sets attributes, given as a DICOM JSON object, in every instance of a study, as a bulk update
    /// does: one `update` entry each. How many instances there are. Files stay as they are.
    ///
    /// # Errors
    /// The attributes include an identifying UID; the index cannot be written.
    pub fn update(
        &self,
        partition_name: Option<&str>,
        study: &str,
        changes: &Map<String, Value>,
    ) -> Result<u64, DicomServiceError> {
        let selection = Selection {
            partition: partition(partition_name)?,
            study: study.to_owned(),
            series: None,
            instance: None,
        };
        self.index().update(&selection, changes)
    }

    /// Leaves a gap of `count` sequences, as inserts that were rolled back do.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn skip_sequences(&self, count: u64) -> Result<(), DicomServiceError> {
        let count = i64::try_from(count).map_err(|_| DicomServiceError::SequenceTaken(count))?;
        self.index().skip_sequences(count)
    }

    /// Makes this text the next entry of the feed, whatever it is; `{sequence}` in it becomes its
    /// sequence, which is returned.
    ///
    /// # Errors
    /// The index cannot be written.
    pub fn insert_raw_entry(&self, text: &str) -> Result<u64, DicomServiceError> {
        self.index().insert_verbatim(text).map(i64::unsigned_abs)
    }

    /// The highest sequence in the feed; 0 if it is empty.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn latest_sequence(&self) -> Result<u64, DicomServiceError> {
        self.index().latest_sequence().map(i64::unsigned_abs)
    }

    /// The index, for one operation.
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        // A panic rolled its transaction back.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DicomService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DicomService")
            .field("files", &self.files)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
