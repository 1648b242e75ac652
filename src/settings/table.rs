//! The table of every known setting. `docs/settings.md` and `appsettings.json` are generated from
//! it (`make generate`).

use std::time::Duration;

use radcast_fhir::options::PlaceholderIds;

use super::setting::Kind::{
    Address, Boolean, Choice, Duration as Span, Integer, List, Path, Secret, Text, TimeZone, Url,
};
use super::setting::Setting;
use super::setting::Standing::{Default, Recognised, Required};

/// The shortest that a pause or a time limit can be where zero would make no sense.
const TICK: Duration = Duration::from_millis(1);

macro_rules! settings {
    ($($name:ident: $path:literal, $kind:expr, $standing:expr, $doc:literal;)+) => {
        $(
            #[doc = $doc]
            pub(super) const $name: Setting =
                Setting { path: $path, kind: $kind, standing: $standing, doc: $doc };
        )+

        /// Every setting, in the order of the reference page.
        pub(super) const ALL: &[Setting] = &[$($name,)+];
    };
}

settings! {
    DICOM_WEB_ENDPOINT: "DicomWeb:Endpoint", Url, Required,
        "Base address of the DICOMweb service, without a version. It also becomes the address of the `Endpoint` resource.";
    DICOM_WEB_PRIVATE_ENDPOINT: "DicomWeb:PrivateEndpoint", Url, Default(""),
        "Address to send the requests to instead, such as a private link; resources keep `DicomWeb:Endpoint`.";
    DICOM_WEB_API_VERSION: "DicomWeb:ApiVersion", Choice(&["v1", "v2"]), Default("v1"),
        "Version of the change feed: `v1` reads windows of sequence numbers, `v2` windows of time.";
    DICOM_WEB_PAGE_SIZE: "DicomWeb:PageSize", Integer(1, 200), Default(""),
        "Entries asked for at once. Default and limit are 100 with `v1`, 200 with `v2`.";
    DICOM_WEB_PAGES_AT_ONCE: "DicomWeb:PagesAtOnce", Integer(1, 8), Default("3"),
        "Pages asked for at the same time while there are more to read: fewer while they are large, one while the service fails.";
    DICOM_WEB_MAX_RESPONSE_BYTES: "DicomWeb:MaxResponseBytes", Integer(65_536, 1_073_741_824), Default("16777216"),
        "The largest answer of the DICOM service that is held, in bytes after decompression. Of a page of 4 MiB or more only the attributes that are mapped count, the rest is passed over while it is read; a page that is larger all the same is asked for in parts.";
    DICOM_WEB_TIMEOUT: "DicomWeb:Timeout", Span(TICK), Default("00:01:40"),
        "How long one request to the DICOM service may take.";
    DICOM_WEB_GAP_SETTLE_TIME: "DicomWeb:GapSettleTime", Span(Duration::ZERO), Default("00:00:30"),
        "How long a missing sequence number is read again before the position passes it.";
    DICOM_WEB_ON_UNPARSABLE: "DicomWeb:OnUnparsable", Choice(&["Record", "Stop"]), Default("Record"),
        "An entry of the feed that cannot be read, or that the service cannot give: `Record` records it as failed, with what is known of it, and goes on; `Stop` waits before it and says which it is.";
    DICOM_WEB_AUTHENTICATION_ENABLED: "DicomWeb:Authentication:Enabled", Boolean, Recognised,
        "Has to be `false`: this version sends requests without a token.";
    DICOM_WEB_AUTHENTICATION: "DicomWeb:Authentication:*", Secret, Recognised,
        "Credentials for the DICOM service.";

    FHIR_ENDPOINT: "Fhir:Endpoint", Url, Required,
        "Base address of the FHIR R4 server.";
    FHIR_TIMEOUT: "Fhir:Timeout", Span(TICK), Default("00:01:40"),
        "How long one request to the FHIR server may take.";
    FHIR_MAX_RESPONSE_BYTES: "Fhir:MaxResponseBytes", Integer(65_536, 1_073_741_824), Default("8388608"),
        "The largest answer of the FHIR server that is read, in bytes after decompression; the pages of one search count together. A larger one is a failure of the study that was looked up.";
    FHIR_MAX_ENTRIES: "Fhir:MaxEntries", Integer(1, 10_000), Default("500"),
        "The most entries of one transaction. A dose report with more irradiation events is written in parts, the study first; where the server refuses fewer entries, radcast learns its limit.";
    FHIR_REQUIRE_VERSIONS: "Fhir:RequireVersions", Boolean, Default("true"),
        "Whether a FHIR server that keeps no versions, or does not heed `If-Match`, stops the feed. With `false` the feed goes on, and what others write to the same resources at the same time may be overwritten.";
    FHIR_REQUIRE_MARKS: "Fhir:RequireMarks", Boolean, Default("true"),
        "Whether a FHIR server that drops the ids of elements, extensions or `meta.source` stops the feed: by them radcast knows what it wrote itself. With `false` the feed goes on, and values that change may stay beside the new ones.";
    FHIR_SHOW_SERVER_TEXT: "Fhir:ShowServerText", Boolean, Default("false"),
        "Whether failures quote the FHIR server's own words, in logs, records, notifications and telemetry. **They may hold patient data**: names, ids and addresses that this server stores, of any patient. With `false` failures tell severity, type, paths of elements and known messages; the whole answer goes to the archive, if there is one.";
    FHIR_AUTHENTICATION_ENABLED: "Fhir:Authentication:Enabled", Boolean, Recognised,
        "Has to be `false`: this version sends requests without a token.";
    FHIR_AUTHENTICATION: "Fhir:Authentication:*", Secret, Recognised,
        "Credentials for the FHIR server.";

    WORKER_POLL_INTERVAL: "DicomCastWorker:PollInterval", Span(TICK), Default("00:01:00"),
        "Pause between two reads of the feed once everything in it has been read.";
    WORKER_POLL_INTERVAL_DURING_CATCHUP: "DicomCastWorker:PollIntervalDuringCatchup", Span(Duration::ZERO), Default("00:00:00"),
        "Pause between two pages while there is more to read.";
    WORKER_MAX_CONCURRENCY: "DicomCastWorker:MaxConcurrency", Integer(1, 64), Default("8"),
        "Studies written at the same time. Order is kept within a study and within a patient.";
    WORKER_SLOW_AFTER: "DicomCastWorker:SlowAfter", Span(TICK), Default("00:00:05"),
        "A study whose write takes longer says that the FHIR server is slow: fewer are then written at the same time, and more again as it answers sooner. A refusal for a passing cause halves their number.";
    WORKER_PAGES_AHEAD: "DicomCastWorker:PagesAhead", Integer(1, 64), Default("16"),
        "Pages of entries held in memory.";
    WORKER_GATHER_TIME: "DicomCastWorker:GatherTime", Span(Duration::ZERO), Default("00:00:01"),
        "While there is more to read, the longest that entries of a study wait for more of it, to be written together.";
    WORKER_SHUTDOWN_GRACE_PERIOD: "DicomCastWorker:ShutdownGracePeriod", Span(Duration::ZERO), Default("00:00:25"),
        "How long the process may take to end after SIGTERM. Studies under way have four fifths of it.";

    CAST_ENFORCE_VALIDATION: "DicomCast:Features:EnforceValidationOfTagValues", Boolean, Default("false"),
        "`true` is `DicomCast:Validation` = `full`. Kept from dicom-cast; `DicomCast:Validation` wins.";
    CAST_VALIDATION: "DicomCast:Validation", Choice(&["full", "partial"]), Default(""),
        "`full`: an invalid value of a mapped attribute fails its entry. `partial`: the value is left out with a warning, or kept with one where only DICOM has a rule against it. Empty: `partial`, unless `EnforceValidationOfTagValues` is `true`.";
    CAST_TIME_ZONE: "DicomCast:TimeZone", TimeZone, Default(""),
        "Time zone of DICOM times without an offset. Empty: such times are not turned into instants.";
    CAST_GENERATE_OBSERVATIONS: "DicomCast:Features:GenerateObservations", Boolean, Default("true"),
        "Whether radiation dose reports become `Observation`s.";
    CAST_IGNORE_JSON_PARSING_ERRORS: "DicomCast:Features:IgnoreJsonParsingErrors", Boolean, Recognised,
        "See `DicomWeb:OnUnparsable`: a malformed entry is recorded as failed and its neighbours go on.";

    RETRY_TOTAL_DURATION: "RetryConfiguration:TotalRetryDuration", Span(Duration::ZERO), Default("00:10:00"),
        "How long a request that fails for a passing cause is tried again.";
    RETRY_MAX_ATTEMPTS: "RetryConfiguration:MaxAttempts", Integer(0, 1000), Default("14"),
        "How often it is tried at most, the first time included; `0` leaves it to the time alone. With the default delays, 14 attempts take about eight minutes.";
    RETRY_MAX_ATTEMPTS_WHEN_HEALTHY: "RetryConfiguration:MaxAttemptsWhenHealthy", Integer(1, 1000), Default("4"),
        "How often an entry is tried at most, the first time included, once a test shows that the service works for others: the trouble is then of this study. With the default delays, 4 attempts take about 15 seconds. A study that used them up has one attempt for what follows, until it succeeds or `RetryConfiguration:TotalRetryDuration` has passed.";
    RETRY_ORDER: "RetryConfiguration:Order", Choice(&["Strict", "Relaxed"]), Default("Strict"),
        "While an entry is retried on a service that works for others: with `Strict` no new study is begun; with `Relaxed` other studies go on, in their own order.";
    RETRY_MAX_RETRY_AFTER: "RetryConfiguration:MaxRetryAfter", Span(TICK), Default("00:05:00"),
        "The longest wait that a service may ask for (`Retry-After`); it is asked again after that.";
    RETRY_INITIAL_DELAY: "RetryConfiguration:InitialDelay", Span(TICK), Default("00:00:02"),
        "Pause before the second attempt; it doubles from one attempt to the next.";
    RETRY_MAX_DELAY: "RetryConfiguration:MaxDelay", Span(TICK), Default("00:01:00"),
        "The longest pause between two attempts.";
    RETRY_ON_OUTAGE: "RetryConfiguration:OnOutage", Choice(&["Pause", "Record"]), Default("Pause"),
        "When a service stays down: `Pause` waits until it is back; `Record` records the entry as failed and goes on, as dicom-cast did.";
    RETRY_SIGNAL_INTERVAL: "RetryConfiguration:SignalInterval", Span(TICK), Default("00:00:30"),
        "Pause between two looks at the failure records for those that are to be retried.";
    RETRY_POLICIES: "RetryConfiguration:Policies:*", Text, Default(""),
        "What becomes of recorded entries with one code. `RetryConfiguration:Policies:<code>:Retry`, with a code such as `fhir.multiple-matches`, is `never`, `on-signal` or `automatic`; with `automatic`, `…:Interval` (`00:05:00`) is the pause before each retry, and `…:Count` (`3`; 1 to 1000) how many there are before a person has to ask. Without a policy, an entry that was recorded is retried only when somebody asks.";

    PATIENT_SYSTEM_ID: "Patient:PatientSystemId", Text, Default(""),
        "Identifier system of patient ids whose issuer is not stated, or is one of `Patient:HomeIssuers`. Without it they have no system. A patient id of another issuer never has this system.";
    PATIENT_HOME_ISSUERS: "Patient:HomeIssuers", List, Default(""),
        "The issuers of patient ids, by name (0010,0021) or universal id (0040,0032), in any case, whose ids are the site's own: those of `Patient:PatientSystemId`. Empty: where `Patient:PatientSystemId` is set, the first issuer that the feed states and `Issuers` does not name; it is kept with the position and reported once. `Patient:IsIssuerIdUsed` has no use for it.";
    PATIENT_ON_UNKNOWN_ISSUER: "Patient:OnUnknownIssuer", Choice(&["OwnSystem", "Fail"]), Default("OwnSystem"),
        "A patient id whose issuer is neither in `Issuers` nor one of `Patient:HomeIssuers`, and has no universal id of type ISO, UUID, URI or DNS: `OwnSystem` gives it an identifier system that follows from the issuer alone, a `urn:uuid:`; `Fail` records its entry as failed.";
    PATIENT_IS_ISSUER_ID_USED: "Patient:IsIssuerIdUsed", Boolean, Default("false"),
        "`true`: the system is Issuer of Patient ID (0010,0021) instead, as it is; none where no issuer is stated.";
    PATIENT_POLICY: "Patient:Policy", Choice(&["Synchronize", "CreateIfMissing", "LinkOnly"]), Default("Synchronize"),
        "`Synchronize` creates patients and keeps them in step; `CreateIfMissing` never changes one that is there; `LinkOnly` only refers to patients, and an entry whose patient is not there is recorded as failed.";
    PATIENT_MISSING_ID: "Patient:MissingId", Choice(&["Fail", "PerStudy"]), Default("Fail"),
        "An instance without Patient ID (0010,0020): `Fail` records its entry as failed; `PerStudy` gives its study a patient of its own, identified by the Study Instance UID.";
    PATIENT_PLACEHOLDER_IDS: "Patient:PlaceholderIds", List, Default(PlaceholderIds::DEFAULT),
        "Patient ids that devices write where there is none, in any case; `0` stands for zeros of any number. An instance with one of them is treated as one without Patient ID, by `Patient:MissingId`: they would make many persons one. What is given here replaces the list; `,` alone leaves none.";
    PATIENT_GENERATE_OBSERVATIONS: "Patient:GenerateObservations", Boolean, Default("false"),
        "Whether Patient's Weight (0010,1030) and Patient's Size (0010,1020) become `Observation`s, one of each per study.";

    ISSUERS: "Issuers:*", Text, Default(""),
        "`Issuers:<issuer>`: the identifier system of an issuer, by its name in DICOM (Issuer of Patient ID, local namespace or universal id), in any case. `Issuers:HOSPITAL-A` = `urn:oid:1.2.36.146` gives this system to what HOSPITAL-A issued: patient ids, accession numbers, order numbers, admission ids, specimens.";

    IMAGING_STUDY_ACCESSION_SYSTEM: "ImagingStudy:AccessionSystem", Text, Default(""),
        "Identifier system of accession numbers, and of the orders they stand for, whose issuer is not given or not known. Empty: no system.";
    IMAGING_STUDY_LIST_INSTANCES_UP_TO: "ImagingStudy:ListInstancesUpTo", Integer(0, 1_000_000), Default("5000"),
        "The most instances that an `ImagingStudy` lists one by one. A study with more has its series with their counts, and tells its instances by a digest each.";
    IMAGING_STUDY_BASED_ON: "ImagingStudy:BasedOn", Choice(&["Logical", "Search"]), Default("Logical"),
        "How `basedOn` refers to the `ServiceRequest`: `Logical` by accession and order numbers; `Search` looks for the resource that has the number and refers to it, and by the number when there is not exactly one.";
    IMAGING_STUDY_ENCOUNTER: "ImagingStudy:Encounter", Choice(&["Logical", "Search"]), Default("Logical"),
        "The same of `encounter`, by Admission ID (0038,0010).";
    IMAGING_STUDY_REFERRER: "ImagingStudy:Referrer", Choice(&["Logical", "Search"]), Default("Logical"),
        "The same of `referrer`, by the referring physician's identification code.";

    IMAGING_STUDY_ON_OTHER_PATIENT: "ImagingStudy:OnOtherPatient", Choice(&["Keep", "Move", "Fail"]), Default("Keep"),
        "An instance that is stored and names another patient than its study has: `Keep` leaves the study with its patient, takes nothing but the instance's place in it, and records that; `Move` gives the study to the other patient; `Fail` records the entry as failed. An update always moves the study.";

    STORE_PATH: "Store:Path", Path, Default("radcast.db"),
        "SQLite file that keeps the position and the failure records, relative to the working directory, when `TableStore` is not given. Put it on a disk that outlives the container.";

    TABLE_STORE_CONNECTION_STRING: "TableStore:ConnectionString", Secret, Default(""),
        "Connection string of the storage account whose tables keep the position and the failure records. Without this and `TableStore:EndpointUri`, `Store:Path` keeps them; the emulator is used only when named, as `UseDevelopmentStorage=true`.";
    TABLE_STORE_ENDPOINT_URI: "TableStore:EndpointUri", Secret, Default(""),
        "Address of the table service, when there is no connection string: `https://account.table.core.windows.net`, for tokens of a managed or workload identity, or with a shared access signature as its query.";
    TABLE_STORE_CLIENT_ID: "TableStore:ClientId", Text, Default(""),
        "Client id of the user-assigned identity. Empty: `AZURE_CLIENT_ID`, and without that the system-assigned identity.";
    TABLE_STORE_TABLE_NAME_PREFIX: "TableStore:TableNamePrefix", Text, Default(""),
        "What the names of the tables begin with: letters and digits, a letter first, 33 characters at most.";
    TABLE_STORE_TIMEOUT: "TableStore:Timeout", Span(TICK), Default("00:00:30"),
        "How long one request to tables, blobs or the identity service may take.";

    BLOB_STORE_CONNECTION_STRING: "BlobStore:ConnectionString", Secret, Default(""),
        "Connection string of the storage account of the lease and the archive. Empty: that of the tables.";
    BLOB_STORE_ENDPOINT_URI: "BlobStore:EndpointUri", Secret, Default(""),
        "Address of the blob service, when there is no connection string. Empty: that of the tables, with `.blob.` for `.table.`.";
    BLOB_STORE_CLIENT_ID: "BlobStore:ClientId", Text, Default(""),
        "Client id of the user-assigned identity for blobs. Empty: that for the tables.";
    BLOB_STORE_CONTAINER: "BlobStore:Container", Text, Default("radcast"),
        "Container of the lease and the archive; made when it is not there.";

    LEASE_ENABLED: "Lease:Enabled", Boolean, Default(""),
        "`true`: of several replicas one is active, and the others take over when its lease ends. Empty: `true` with `TableStore`, otherwise `false`.";
    LEASE_DURATION: "Lease:Duration", Span(Duration::from_secs(15)), Default("00:00:30"),
        "How long the lease lasts when it is not renewed; 60 seconds at most.";
    LEASE_BLOB_NAME: "Lease:BlobName", Text, Default(""),
        "The blob that is leased. Empty: `lease`, after `TableStore:TableNamePrefix`.";

    ARCHIVE_ENABLED: "Archive:Enabled", Boolean, Default("false"),
        "`true`: the raw entry and the server's answer of every failed entry are kept as blobs. They hold patient data.";

    NOTIFY_WEBHOOK_URL: "Notify:Webhook:Url", Secret, Default(""),
        "Address that notifications are posted to as JSON, see [Notifications](notifications.md). It is never shown, as it may hold a key.";
    NOTIFY_WEBHOOK_SECRET: "Notify:Webhook:Secret", Secret, Default(""),
        "What they are signed with, so that the receiver can tell that they are radcast's.";
    NOTIFY_WEBHOOK_TIMEOUT: "Notify:Webhook:Timeout", Span(TICK), Default("00:00:10"),
        "How long one request to the receiver may take.";
    NOTIFY_GROUPING_INTERVAL: "Notify:GroupingInterval", Span(Duration::ZERO), Default("00:01:00"),
        "Failures with one code within this time become one notification, after the first, which is sent at once. `00:00:00` sends each.";
    NOTIFY_QUEUE_LENGTH: "Notify:QueueLength", Integer(1, 10_000), Default("1000"),
        "Notifications that may wait while a receiver is slow; more are dropped, and counted.";
    NOTIFY_SEVERITY: "Notify:Severity", Choice(&["Information", "Warning", "Error", "Critical"]), Default("Information"),
        "The least severe notifications that are sent. What is wrong with one instance is a `Warning`, what needs a repair on the FHIR side an `Error`.";

    ESCALATION_COUNT: "Escalation:Count", Integer(1, 1000), Default("20"),
        "So many entries failing with one code within `Escalation:Window` are told of as one fault.";
    ESCALATION_WINDOW: "Escalation:Window", Span(TICK), Default("00:10:00"),
        "See `Escalation:Count`. Entries that need several attempts for this long are told of too.";
    ESCALATION_PAUSE: "Escalation:Pause", Boolean, Default("false"),
        "`true`: no more entries are taken then, before the table of failures fills, but for one in each `RetryConfiguration:MaxDelay`, until one succeeds.";

    LOGGING_FORMAT: "Logging:Format", Choice(&["auto", "text", "json"]), Default("auto"),
        "`text` for people, `json` for log collectors (a line an event), `auto`: text on a terminal, JSON elsewhere.";
    LOGGING_LOG_LEVEL_DEFAULT: "Logging:LogLevel:Default",
        Choice(&["Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"]), Default("Information"),
        "The least severe events that are logged. `RUST_LOG` wins.";
    LOGGING_LOG_LEVEL: "Logging:LogLevel:*", Text, Recognised,
        "Levels of .NET categories; they have no meaning here.";
    LOGGING_APPLICATION_INSIGHTS: "Logging:ApplicationInsights:*", Text, Recognised,
        "Levels of .NET categories; they have no meaning here.";
    LOGGING_CONSOLE: "Logging:Console:*", Text, Recognised,
        "Console format of .NET; see `Logging:Format`.";

    OPS_LISTEN: "Ops:Listen", Address, Default(""),
        "Where probes, metrics and the status are served over HTTP, such as `0.0.0.0:8080`. Empty: nowhere.";
    OPS_API_KEY: "Ops:ApiKey", Secret, Default(""),
        "The key that requests for failures have to bring along: 32 characters or more, such as `openssl rand -hex 32` gives. Empty: nobody is let in.";
    OPS_REQUEST_TIMEOUT: "Ops:RequestTimeout", Span(TICK), Default("00:00:10"),
        "How long each part of a request may take: its head, its body, the making of the answer, and its reading. A connection is closed after one answer.";
    OPS_MAX_CONNECTIONS: "Ops:MaxConnections", Integer(4, 10_000), Default("64"),
        "The most connections at the same time. One more takes the place of the oldest of those that have shown no key, so that probes are answered always.";

    APPLICATION_INSIGHTS_CONNECTION_STRING: "ApplicationInsights:ConnectionString", Secret, Default(""),
        "Application Insights resource that logs, metrics and traces are sent to as well. `APPLICATIONINSIGHTS_CONNECTION_STRING` in the environment means the same. Empty: none.";
    APPLICATION_INSIGHTS_INSTRUMENTATION_KEY: "ApplicationInsights:InstrumentationKey", Secret, Default(""),
        "The same as a connection string with this key alone. Kept from dicom-cast; `ApplicationInsights:ConnectionString` wins, and `12345` stands for none.";

    OPEN_TELEMETRY_OTLP_ENDPOINT: "OpenTelemetry:OtlpEndpoint", Url, Default(""),
        "Base address of an OpenTelemetry collector (OTLP, protobuf over HTTP) that logs, metrics and traces are sent to as well. `OTEL_EXPORTER_OTLP_ENDPOINT` in the environment means the same. Empty: none.";

    KEY_VAULT_ENDPOINT: "KeyVault:Endpoint", Url, Recognised,
        "Has to be empty: this version does not read settings from a key vault.";
}

/// The row that covers this path, which is in lower case: the exact one before a `*`.
pub(super) fn find(path: &str) -> Option<&'static Setting> {
    let covering = || ALL.iter().filter(|setting| setting.covers(path));
    covering()
        .find(|setting| !setting.path.ends_with('*'))
        .or_else(|| covering().next())
}

/// The first segments of the known paths, each once.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = ALL.iter().map(|setting| section(setting.path)).collect();
    sections.dedup();
    sections
}

/// The first segment of a path.
pub(super) fn section(path: &str) -> &str {
    path.split_once(':').map_or(path, |(section, _)| section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_row_wins_over_a_wildcard() {
        let found = find("dicomweb:authentication:enabled").map(|s| s.path);
        assert_eq!(found, Some("DicomWeb:Authentication:Enabled"));
        let found = find("dicomweb:authentication:oauth2clientcredential:clientsecret");
        assert_eq!(found.map(|s| s.path), Some("DicomWeb:Authentication:*"));
        assert!(find("dicomweb:endpont").is_none());
    }

    #[test]
    fn each_path_and_each_section_stands_once_in_the_table() {
        let mut paths: Vec<_> = ALL.iter().map(|s| s.path.to_lowercase()).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), ALL.len());
        let mut names = sections();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), sections().len(), "a section is torn apart");
    }
}
