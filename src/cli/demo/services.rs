//! The two embedded services.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use tempfile::TempDir;

use super::{Arguments, Failed, while_doing};
use crate::telemetry::visible;
use radcast_sandbox::dicomweb::DicomService;
use radcast_sandbox::{FhirStore, Server};

/// The types of resource that radcast writes.
const RESOURCE_TYPES: [&str; 4] = ["Patient", "Endpoint", "ImagingStudy", "Observation"];

/// The embedded DICOMweb service and FHIR store, with the folder they keep their data in.
pub(super) struct Services {
    pub(super) dicom: DicomService,
    fhir: FhirStore,
    dicom_server: Server,
    fhir_server: Server,
    folder: Folder,
}

/// How often it is tried to remove the folder. What is under way takes no longer.
const MOST_TRIES: u32 = 1_000;

/// The folder that the services keep their data in.
struct Folder {
    folder: TempDir,
    kept: bool,
}

impl Drop for Folder {
    /// Services that are interrupted may still be writing into it: it is removed until it is gone.
    fn drop(&mut self) {
        for _ in 0..if self.kept { 0 } else { MOST_TRIES } {
            let removed = std::fs::remove_dir_all(self.folder.path());
            if removed.is_err_and(|error| error.kind() == ErrorKind::NotFound) {
                return;
            }
            std::thread::yield_now();
        }
    }
}

impl Services {
    pub(super) async fn start(arguments: &Arguments) -> Result<Self, Failed> {
        let folder = Folder {
            folder: folder(arguments.keep.as_deref())?,
            kept: arguments.keep.is_some(),
        };
        let path = folder.folder.path();
        let dicom = DicomService::open(&path.join("dicom"))
            .map_err(while_doing("opening the DICOMweb service"))?;
        let fhir = FhirStore::open(Some(&path.join("fhir.db")))
            .map_err(while_doing("opening the FHIR store"))?;
        let dicom_server = Server::start(dicom.router(), arguments.dicom_port)
            .await
            .map_err(while_doing("listening on --dicom-port"))?;
        let fhir_server = Server::start(fhir.router(), arguments.fhir_port)
            .await
            .map_err(while_doing("listening on --fhir-port"))?;
        Ok(Self {
            dicom,
            fhir,
            dicom_server,
            fhir_server,
            folder,
        })
    }

    /// Where the data is.
    pub(super) fn folder(&self) -> &Path {
        self.folder.folder.path()
    }

    /// Base address of the DICOMweb service.
    pub(super) fn dicom_address(&self) -> String {
        self.dicom_server.base_url()
    }

    /// Base address of the FHIR store.
    pub(super) fn fhir_address(&self) -> String {
        format!("{}/fhir", self.fhir_server.base_url())
    }

    pub(super) fn announce(&self) {
        println!("DICOMweb service  {}", self.dicom_address());
        println!("FHIR store        {}/ImagingStudy", self.fhir_address());
    }

    /// How many resources there are of each type.
    pub(super) fn resources(&self) -> Result<Vec<(&'static str, u64)>, Failed> {
        let count = |resource_type| {
            let count = self
                .fhir
                .count(resource_type)
                .map_err(while_doing("counting resources"))?;
            Ok((resource_type, count))
        };
        RESOURCE_TYPES.into_iter().map(count).collect()
    }

    /// How many requests the FHIR store had.
    pub(super) fn fhir_requests(&self) -> u64 {
        self.fhir.faults().total()
    }

    /// Writes every resource into `fhir.ndjson`, one a line.
    pub(super) fn keep_resources(&self, folder: &Path) -> Result<(), Failed> {
        let path = folder.join("fhir.ndjson");
        let kept = File::create(&path).and_then(|file| self.write_resources(BufWriter::new(file)));
        kept.map_err(while_doing("writing fhir.ndjson"))?;
        let path = path.display().to_string();
        println!("\nEvery resource is in {}", visible(&path));
        Ok(())
    }

    fn write_resources(&self, mut to: impl Write) -> std::io::Result<()> {
        for resource_type in RESOURCE_TYPES {
            for resource in self
                .fhir
                .resources(resource_type)
                .map_err(std::io::Error::other)?
            {
                writeln!(to, "{resource}")?;
            }
        }
        to.flush()
    }

    pub(super) async fn stop(self) -> Result<(), Failed> {
        self.dicom_server
            .stop()
            .await
            .map_err(while_doing("stopping the DICOMweb service"))?;
        self.fhir_server
            .stop()
            .await
            .map_err(while_doing("stopping the FHIR store"))
    }
}

/// A folder that goes with the demo, or one of its own inside the folder that is kept.
fn folder(keep: Option<&Path>) -> Result<TempDir, Failed> {
    let made = match keep {
        None => TempDir::with_prefix("radcast-demo-"),
        Some(keep) => std::fs::create_dir_all(keep).and_then(|()| {
            let mut builder = tempfile::Builder::new();
            builder
                .prefix("radcast-demo-")
                .disable_cleanup(true)
                .tempdir_in(keep)
        }),
    };
    made.map_err(while_doing("making a folder for the services' data"))
}
