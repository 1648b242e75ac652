//! The table of failure codes: stable name, class and cure, a row each.

use std::fmt;

use super::Class;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $class:ident, $cure:literal;)+) => {
        /// What went wrong. The names are stable: records, filters and dashboards rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable, documented name, e.g. `fhir.multiple-matches`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What the engine does about it.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What a person can do about it.
            #[must_use]
            pub const fn cure(self) -> &'static str {
                match self { $(Self::$variant => $cure,)+ }
            }
        }
    };
}

codes! {
    /// No connection to the FHIR server: refused, reset, DNS, TLS.
    FhirUnreachable = "fhir.unreachable", Transient,
        "Check that the FHIR server runs and that Fhir:Endpoint can be reached from here.";
    /// The FHIR server did not answer in time.
    FhirTimeout = "fhir.timeout", Transient,
        "The FHIR server is slow: give it more resources, raise Fhir:Timeout, or lower DicomCastWorker:MaxConcurrency.";
    /// 425, 429: asked to slow down.
    FhirTooBusy = "fhir.too-busy", Transient,
        "The FHIR server limits its load: lower DicomCastWorker:MaxConcurrency or raise the server's capacity.";
    /// 5xx from the FHIR server.
    FhirServerError = "fhir.server-error", Transient,
        "The FHIR server failed: look at its own log for the time given.";
    /// 409, 412, or a conditional create that found a resource.
    FhirConflict = "fhir.conflict", Conflict,
        "Something else keeps writing the same resources: find it and let one of the two write, then retry.";
    /// 400, 422: the server refuses the content.
    FhirRejected = "fhir.rejected", Fhir,
        "Read the server's issues in the message; mend the profile or the data on the FHIR side, then retry.";
    /// 413: the study's resource is larger than the server takes.
    FhirTooLarge = "fhir.too-large", Fhir,
        "Raise the FHIR server's limit on the size of a request, then retry.";
    /// An answer has more bytes than are held.
    FhirAnswerTooLarge = "fhir.answer-too-large", Fhir,
        "The FHIR server answered more than Fhir:MaxResponseBytes: see how large the study's resource is there, lower ImagingStudy:ListInstancesUpTo or raise Fhir:MaxResponseBytes, then retry.";
    /// Several resources where the identifier should find one.
    FhirMultipleMatches = "fhir.multiple-matches", Fhir,
        "Several resources carry this identifier: merge them or delete the surplus, then retry.";
    /// The server's search matches other resources than the one with the identifier.
    FhirNearMatch = "fhir.near-match", Fhir,
        "The server compares identifiers loosely (case, accents, beginnings, or without their system), so that creating the resource could match another one's: make its token search exact, or create the resource with exactly this identifier by hand, then retry.";
    /// There is no patient with this identifier, and `Patient:Policy` is `LinkOnly`.
    FhirPatientMissing = "fhir.patient-missing", Fhir,
        "Create the patient with this identifier on the FHIR server, then retry; or let Patient:Policy create it.";
    /// The patient with this identifier was merged into another one that cannot be told.
    FhirBrokenMerge = "fhir.broken-merge", Fhir,
        "The named Patient has a `link` of type `replaced-by` that leads nowhere, in a circle, to several patients or to another server: correct the links on the FHIR server, then retry.";
    /// Something is said of a study whose `ImagingStudy` is marked as entered in error.
    FhirStudyRetracted = "fhir.study-retracted", Fhir,
        "Somebody gave the named ImagingStudy the status `entered-in-error`. If the study is right, set its status to `available` and retry; if the resource is to be written anew, delete it and retry; else dismiss the record.";
    /// An instance speaks of another person than the stored patient of its Patient ID: name, sex and birth date all differ.
    FhirPatientMismatch = "fhir.patient-mismatch", Fhir,
        "Find out whose the images are. If their Patient ID is wrong, correct it at the source; if the named Patient is, correct it on the FHIR server and retry.";
    /// An instance names another patient than its study has, and `ImagingStudy:OnOtherPatient` is `Fail`, or the study names its patient by an identifier alone.
    FhirOtherPatient = "fhir.other-patient", Fhir,
        "Find out whose the study is. Correct the Patient ID at the source, or the subject of the ImagingStudy on the FHIR server, then retry; or let ImagingStudy:OnOtherPatient decide.";
    /// A stored resource that cannot be read or edited.
    FhirInvalidResource = "fhir.invalid-resource", Fhir,
        "Correct the named resource on the FHIR server by hand, then retry.";
    /// An answer that is no FHIR, or not the answer to the request.
    FhirInvalidResponse = "fhir.invalid-response", Fhir,
        "The FHIR server (or a proxy before it) answered something that is not FHIR: check Fhir:Endpoint and the server's log, then retry.";
    /// 401 from the FHIR server.
    FhirUnauthorized = "fhir.unauthorized", Setup,
        "The FHIR server does not accept the credentials: check Fhir:Authentication, the audience above all.";
    /// 403 from the FHIR server.
    FhirForbidden = "fhir.forbidden", Setup,
        "The identity lacks a role: assign FHIR Data Contributor to it. A new role can take a day to show.";
    /// 404 and other refusals of the address itself.
    FhirWrongAddress = "fhir.wrong-address", Setup,
        "Fhir:Endpoint is not the base address of a FHIR server: correct it.";
    /// The capability statement names another FHIR version.
    FhirWrongVersion = "fhir.wrong-version", Setup,
        "radcast writes FHIR R4 (4.0.x) and R4B (4.3.x): point Fhir:Endpoint at such a server.";
    /// The capability statement has no `transaction` interaction.
    FhirNoTransactions = "fhir.no-transactions", Setup,
        "The FHIR server offers no transactions: turn them on or use a server that has them.";

    /// The server keeps no versions of resources, or does not heed `If-Match`.
    FhirNoVersions = "fhir.no-versions", Setup,
        "The FHIR server cannot tell whether a resource was changed by somebody else: turn versioning on (If-Match has to be heeded), or set Fhir:RequireVersions = false, by which changes of others may be overwritten.";
    /// The server knows no conditional creates.
    FhirNoConditionalCreate = "fhir.no-conditional-create", Setup,
        "The FHIR server does not heed If-None-Exist, so that resources would be created twice: turn conditional creates on or use a server that has them.";
    /// The server does not keep what tells elements of ours from those of others.
    FhirDropsMarks = "fhir.drops-marks", Setup,
        "The FHIR server drops what radcast tells its own elements by: have the server store resources as they are sent (Element.id, extensions and meta.source), then restart radcast; or set Fhir:RequireMarks = false, by which values that change may stay beside the new ones.";
    /// A created resource is not found by the search for its identifier.
    FhirNotFoundAgain = "fhir.not-found-again", Setup,
        "The FHIR server does not find what was just created by its identifier: index the search parameter identifier (reindex), and where the identifiers have no system give them one (Patient:PatientSystemId).";

    /// No connection to the DICOMweb service: refused, reset, DNS, TLS.
    DicomUnreachable = "dicom.unreachable", Transient,
        "Check that the DICOM service runs and that DicomWeb:Endpoint can be reached from here.";
    /// The DICOMweb service did not answer in time.
    DicomTimeout = "dicom.timeout", Transient,
        "The DICOM service is slow: give it more resources or raise DicomWeb:Timeout.";
    /// 425, 429 from the DICOMweb service.
    DicomTooBusy = "dicom.too-busy", Transient,
        "The DICOM service limits its load: raise DicomCastWorker:PollIntervalDuringCatchup.";
    /// 5xx from the DICOMweb service.
    DicomServerError = "dicom.server-error", Transient,
        "The DICOM service failed: look at its own log for the time given.";
    /// A page that is no JSON array.
    DicomInvalidResponse = "dicom.invalid-response", Transient,
        "The DICOM service (or a proxy before it) answered something that is no change feed: check DicomWeb:Endpoint. Where one entry is named, delete its instance, or let DicomWeb:OnUnparsable = Record pass it.";
    /// An answer has more bytes than are held, of the attributes that are read.
    DicomAnswerTooLarge = "dicom.answer-too-large", Transient,
        "The DICOM service answered more than DicomWeb:MaxResponseBytes: raise it, or lower DicomWeb:PageSize. Where one entry is named, delete its instance, or let DicomWeb:OnUnparsable = Record pass it.";
    /// 401 from the DICOMweb service.
    DicomUnauthorized = "dicom.unauthorized", Setup,
        "The DICOM service does not accept the credentials: check DicomWeb:Authentication, the audience above all.";
    /// 403 from the DICOMweb service.
    DicomForbidden = "dicom.forbidden", Setup,
        "The identity lacks a role: assign DICOM Data Reader to it. A new role can take a day to show.";
    /// 404 and other refusals of the address itself.
    DicomWrongAddress = "dicom.wrong-address", Setup,
        "DicomWeb:Endpoint (or DicomWeb:ApiVersion) has no change feed: give the service's base address, without a version.";
    /// The stored position is beyond the newest entry of the feed.
    DicomPositionAhead = "dicom.position-ahead", Setup,
        "The feed ends before the stored position: the DICOM service was restored or replaced, or the store belongs to another service. Point radcast at the right store, or start it with an empty one; `radcast state import` sets the position.";
    /// The entry at the stored position is another one than was read there.
    DicomFeedReplaced = "dicom.feed-replaced", Setup,
        "The DICOM service was restored or replaced, or DicomWeb:Endpoint or the store belongs to another service. Point radcast at the service and the store that go together. If the feed is another one for good, stop radcast; `radcast state accept` shows both entries and keeps the position (entries up to it are not read), `radcast state import --sequence 0 --force` reads the feed from its start (which changes nothing that is right). Then start it.";
    /// The feed's answers contradict themselves: a page lacks an entry that the service has named, has no content, or answers another question.
    DicomUnreliableFeed = "dicom.unreliable-feed", Transient,
        "A cache, a proxy or a replica that lags behind answers in the DICOM service's place: let requests for the change feed reach the service itself, uncached. Nothing is passed over meanwhile, and reading goes on by itself once pages are complete. Only where the service itself says that it never had the named entry: restart radcast.";
    /// An entry that is no entry: JSON broken, sequence, UIDs or action missing.
    DicomMalformedEntry = "dicom.malformed-entry", Dicom,
        "The feed entry cannot be read: delete the instance and store it again.";
    /// A required attribute is missing, empty or invalid.
    DicomMissingAttribute = "dicom.missing-attribute", Dicom,
        "Correct the named attribute at the source, delete the instance and store it again.";
    /// Patient ID (0010,0020) is one of `Patient:PlaceholderIds`, and `Patient:MissingId` is `Fail`.
    DicomPlaceholderId = "dicom.placeholder-id", Dicom,
        "The instance has a placeholder for its patient id: correct it at the source, delete the instance and store it again. Or give such studies a patient of their own (Patient:MissingId = PerStudy), or take the id out of Patient:PlaceholderIds if it is a person's; then retry.";
    /// Patient ID (0010,0020) has an issuer that nobody named, and `Patient:OnUnknownIssuer` is `Fail`.
    DicomUnknownIssuer = "dicom.unknown-issuer", Dicom,
        "The instance names an issuer of its patient id that is not known: name it in Issuers, with its identifier system, or in Patient:HomeIssuers, if its ids are the site's own, or let Patient:OnUnknownIssuer = OwnSystem keep its patients apart; then retry.";
    /// The first issuer of patient ids that the feed stated counts as the site's own from now on: its
    /// ids have `Patient:PatientSystemId`. No entry fails of this.
    DicomHomeIssuerLearnt = "dicom.home-issuer-learnt", Dicom,
        "Name the site's issuers in Patient:HomeIssuers: this one, if the message names it rightly. If it is another site's, do so before more of its patients are stored, and correct those that were.";
    /// Values of mapped attributes are invalid and the validation level is full.
    DicomInvalidValue = "dicom.invalid-value", Dicom,
        "Correct the named attributes at the source, delete the instance and store it again, or validate partially.";

    /// No connection to the store, or it refuses to work.
    StoreUnavailable = "store.unavailable", Transient,
        "Check that the store's disk is writable and has room, or that the storage account can be reached: its name, DNS, firewall and private endpoint.";
    /// The tables did not answer in time.
    StoreTimeout = "store.timeout", Transient,
        "The tables are slow: look at the storage account's metrics, or raise TableStore:Timeout.";
    /// 429, 503 and the like from the tables.
    StoreTooBusy = "store.too-busy", Transient,
        "The storage account limits its load: wait, or move what else uses the account elsewhere.";
    /// An answer that is not a table's.
    StoreInvalidResponse = "store.invalid-response", Transient,
        "The table service (or a proxy before it) answered something that cannot be read: check the address in TableStore, and the proxy.";
    /// 401 from the tables, or a refusal of key, signature or token.
    StoreUnauthorized = "store.unauthorized", Setup,
        "The storage account does not accept the credentials: check the key or the SAS in TableStore (rotated? expired?) or the identity, and this machine's clock.";
    /// 403 from the tables.
    StoreForbidden = "store.forbidden", Setup,
        "Assign the role Storage Table Data Contributor to the identity (a new role can take a day to show), or give the SAS all permissions on tables; the account's firewall, and shared keys that are switched off, are answered like this as well.";
    /// 404 and other refusals of the address itself.
    StoreWrongAddress = "store.wrong-address", Setup,
        "The address in TableStore is not that of a table service: correct it.";
    /// 400 and the like: a request that the table service does not take.
    StoreRejected = "store.rejected", Setup,
        "Check that TableStore names Azure Table Storage or Azurite; if it does, this is a fault of radcast: report it with the message.";
    /// Somebody else moved the position.
    StoreConflict = "store.conflict", Setup,
        "Another radcast writes the same store: stop one of the two.";

    /// The file at `Store:Path` is corrupt, or a row of it cannot be read.
    StoreDamaged = "store.damaged", Setup,
        "The file at Store:Path is damaged; nothing is written over it. Stop radcast, keep a copy of the file with its -wal, check the disk, then put a backup in its place (or what `sqlite3 FILE .recover` makes of it; or remove the file and its -wal and set the position by `radcast state import`), and start radcast. Where a single record is named, remove it by `radcast failures dismiss`.";
    /// The file at `Store:Path` was removed or replaced while it was open.
    StoreFileReplaced = "store.file-replaced", Setup,
        "Nothing more is written. Put the file back to Store:Path, or restart radcast to go on with what is there now; stop radcast before a backup is put in the file's place.";
    /// The file at `Store:Path` is empty, no database, another application's, or that of a newer radcast.
    StoreWrongFile = "store.wrong-file", Setup,
        "Store:Path has to name a file of this radcast or one that does not exist yet: correct it, put a backup in the file's place, or move the file away to begin with an empty store. A file of a newer radcast needs that one again.";

    /// No connection to the blobs, no answer in time, or none that can be read.
    BlobUnavailable = "blob.unavailable", Transient,
        "Check that the blob service of the storage account can be reached: its name, DNS, firewall and private endpoint.";
    /// 401 from the blobs, or a refusal of key, signature or token.
    BlobUnauthorized = "blob.unauthorized", Setup,
        "The storage account does not accept the credentials for blobs: check BlobStore, or TableStore where BlobStore is not given, and this machine's clock.";
    /// 403 from the blobs.
    BlobForbidden = "blob.forbidden", Setup,
        "Assign the role Storage Blob Data Contributor to the identity (a new role can take a day to show), or give the SAS all permissions on blobs and containers; or do without blobs: Lease:Enabled = false with a single replica, Archive:Enabled = false.";
    /// 404 and other refusals of the address itself.
    BlobWrongAddress = "blob.wrong-address", Setup,
        "The address of the blob service is wrong: set BlobStore:EndpointUri or BlobStore:ConnectionString.";

    /// No token, for a passing cause.
    IdentityUnavailable = "identity.unavailable", Transient,
        "The identity service gives no token at the moment. If it never does, there is no managed identity here: give the container one, or use a connection string.";
    /// No token, and there will be none.
    IdentityRefused = "identity.refused", Setup,
        "Assign the managed identity to this container; for a user-assigned one, give its client id (not its object id) in AZURE_CLIENT_ID or TableStore:ClientId.";

    /// A bug of radcast, a panic included.
    InternalPanic = "internal.panic", Internal,
        "This is a fault of radcast: report it with the log line that names the place in the code.";
}

impl Code {
    /// The code of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// Returns the name of the service that it is about.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self.as_str().split('.').next() {
            Some("dicom") => "DICOM service",
            Some("fhir") => "FHIR server",
            Some("identity") => "identity service",
            Some("blob" | "store") => "storage",
            _ => "service",
        }
    }

    /// Whether it is about the DICOM service or what that says.
    #[must_use]
    pub fn is_of_dicom(self) -> bool {
        self.as_str().starts_with("dicom.")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
