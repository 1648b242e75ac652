//! The two services that the daemon stands between, in this process, on free ports.

use std::error::Error;
use std::path::Path;

use radcast::sandbox::dicomweb::DicomService;
use radcast::sandbox::{FhirStore, Server};
use tempfile::TempDir;

/// A DICOMweb service on disk, a FHIR store in memory, and a folder for them and for the daemon.
pub(crate) struct Site {
    pub(crate) dicom: DicomService,
    pub(crate) fhir: FhirStore,
    dicom_server: Server,
    fhir_server: Server,
    folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        // On the disk of the build: a folder for temporary files may be in memory, and too small.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let dicom = DicomService::open(&folder.path().join("dicom"))?;
        let fhir = FhirStore::open(None)?;
        Ok(Self {
            dicom_server: Server::start(dicom.router(), 0).await?,
            fhir_server: Server::start(fhir.router(), 0).await?,
            dicom,
            fhir,
            folder,
        })
    }

    pub(crate) fn dicom_address(&self) -> String {
        self.dicom_server.base_url()
    }

    pub(crate) fn fhir_address(&self) -> String {
        format!("{}/fhir", self.fhir_server.base_url())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn fhir_requests(&self) -> u64 {
        self.fhir.faults().total()
    }

    pub(crate) fn feed_requests(&self) -> u64 {
        let faults = self.dicom.faults();
        faults.count("dicom.feed") + faults.count("dicom.latest")
    }
}
