//! Files and environment to one [`Settings`].

use std::collections::HashMap;
use std::ffi::OsString;

use config::{Config, ConfigError};

use super::environment::Environment;
use super::files::{self, SettingsFile};
use super::layers::{self, EnvironmentLayer, FileLayer, Given};
use super::problem::{Findings, Unusable, Warning};
use super::storage::Storage;
use super::values::{FromValues, Values};
use super::{
    BlobStore, Cast, DicomWeb, Escalation, Fhir, ImagingStudy, Issuers, Lease, Logging, Notify,
    Ops, Patient, Retry, Store, TableStore, Telemetry, Worker,
};
use super::{issuers, unavailable};

/// The settings file that is read when none is named, in the working directory.
pub const DEFAULT_FILE: &str = "appsettings.json";

/// Everything that can be set, valid and with the defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `DicomWeb`: the service whose change feed is read.
    pub dicom_web: DicomWeb,
    /// `Fhir`: the server that is kept in step.
    pub fhir: Fhir,
    /// `DicomCastWorker`: pace and size of the work.
    pub worker: Worker,
    /// `RetryConfiguration`: what happens when a request fails.
    pub retry: Retry,
    /// `Patient`: how patients are identified and kept in step.
    pub patient: Patient,
    /// `ImagingStudy`: how studies are written.
    pub imaging_study: ImagingStudy,
    /// `Issuers`: the identifier systems of issuers.
    pub issuers: Issuers,
    /// `DicomCast`: how attributes are read.
    pub cast: Cast,
    /// `Store`: where the position and the failure records are kept without `table_store`.
    pub store: Store,
    /// `Notify`: who is told when something needs a person.
    pub notify: Notify,
    /// `Escalation`: when many entries failing alike are more than so many bad entries.
    pub escalation: Escalation,
    /// `TableStore`: where they are kept instead.
    pub table_store: Option<TableStore>,
    /// `BlobStore`: the container of the lease and of the archive; there whenever one of the two
    /// is on.
    pub blob_store: Option<BlobStore>,
    /// `Lease`: what keeps one replica active; `None` when it is off.
    pub lease: Option<Lease>,
    /// `Archive:Enabled`: whether what belongs to failed entries is kept in blobs.
    pub archive: bool,
    /// `Logging`: what is logged and how.
    pub logging: Logging,
    /// `Ops`: the HTTP server for probes, metrics and people.
    pub ops: Ops,
    /// `ApplicationInsights`, `OpenTelemetry`: where telemetry goes besides the log.
    pub telemetry: Telemetry,
}

/// Usable settings, and what a person should know about them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// Unknown keys, and settings of dicom-cast that have no effect.
    pub warnings: Vec<Warning>,
}

impl Settings {
    /// Reads the settings from the file, the file of the environment beside it, and the
    /// environment variables, each overriding the one before. `environment` is the process's
    /// environment; variables of other sections than ours are left alone.
    ///
    /// # Errors
    /// Every problem at once: files that cannot be read, values that are missing or invalid,
    /// settings that this version does not have.
    pub fn load(
        file: SettingsFile<'_>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Loaded, Unusable> {
        let Environment {
            name,
            variables,
            platform,
            mut findings,
        } = Environment::sort(environment);
        let files = file.layers(&name, &mut findings.problems);
        if !findings.problems.is_empty() {
            // What could not be read would show up as missing.
            return Err(findings.into());
        }
        match merge(files, variables) {
            Ok(given) => Self::read(Values::new(given, platform, findings)),
            Err(error) => {
                let problem = files::unreadable(&"the settings", &error);
                findings.problems.push(problem);
                Err(findings.into())
            }
        }
    }

    fn read(mut values: Values) -> Result<Loaded, Unusable> {
        let settings = Self::read_sections(&mut values);
        unavailable::check(&mut values);
        let Findings { problems, warnings } = values.findings;
        match settings {
            Some(settings) if problems.is_empty() => Ok(Loaded { settings, warnings }),
            _ => Err(Unusable { problems, warnings }),
        }
    }

    /// Reads every section before it gives up, so that the problems of all are known.
    fn read_sections(values: &mut Values) -> Option<Self> {
        let dicom_web = DicomWeb::read(values);
        let fhir = Fhir::read(values);
        let worker = Worker::read(values);
        let retry = Retry::read(values);
        let patient = Patient::read(values);
        let imaging_study = ImagingStudy::read(values);
        let issuers = issuers::read(values);
        let cast = Cast::read(values);
        let store = Store::read(values);
        let storage = Storage::read(values);
        let notify = Notify::read(values);
        let escalation = Escalation::read(values);
        let logging = Logging::read(values);
        let ops = Ops::read(values);
        let telemetry = Telemetry::read(values);
        let storage = storage?;
        Some(Self {
            dicom_web: dicom_web?,
            fhir: fhir?,
            worker: worker?,
            retry: retry?,
            patient: patient?,
            imaging_study: imaging_study?,
            issuers,
            cast: cast?,
            store: store?,
            notify: notify?,
            escalation: escalation?,
            table_store: storage.table_store,
            blob_store: storage.blob_store,
            lease: storage.lease,
            archive: storage.archive,
            logging: logging?,
            ops: ops?,
            telemetry: telemetry?,
        })
    }
}

fn merge(
    files: Vec<FileLayer>,
    variables: Vec<(String, String)>,
) -> Result<HashMap<String, Given>, ConfigError> {
    files
        .into_iter()
        .fold(Config::builder(), |builder, file| builder.add_source(file))
        .add_source(EnvironmentLayer(variables))
        .build()
        .map(layers::merged)
}
