//! A DICOMweb service and a FHIR store, in this process and on free ports.

use axum::Router;
use radcast_sandbox::dicomweb::DicomService;
use radcast_sandbox::{FhirStore, Server};

use super::instances::Place;

/// Both services, empty at first.
pub struct Services {
    pub dicom: DicomService,
    pub fhir: FhirStore,
    dicom_server: Server,
    fhir_server: Server,
}

impl Services {
    pub async fn start() -> Self {
        Self::start_with(|dicom| dicom).await
    }

    /// With something before the DICOMweb service.
    pub async fn start_with(before: impl FnOnce(Router) -> Router) -> Self {
        let dicom = DicomService::in_memory().unwrap();
        let fhir = FhirStore::open(None).unwrap();
        let dicom_server = Server::start(before(dicom.router()), 0).await.unwrap();
        let fhir_server = Server::start(fhir.router(), 0).await.unwrap();
        Self {
            dicom,
            fhir,
            dicom_server,
            fhir_server,
        }
    }

    pub fn dicom_address(&self) -> String {
        self.dicom_server.base_url()
    }

    pub fn fhir_address(&self) -> String {
        format!("{}/fhir", self.fhir_server.base_url())
    }

    /// Stores CT images, and gives the sequence of the last.
    pub fn store(&self, places: &[Place]) -> u64 {
        places
            .iter()
            .fold(0, |_, place| self.store_json(&place.ct().to_string()))
    }

    pub fn store_json(&self, metadata: &str) -> u64 {
        self.dicom.store_metadata(None, metadata).unwrap()
    }

    pub fn delete(&self, place: Place) {
        let (series, instance) = (place.series_uid(), place.instance_uid());
        let deleted = self
            .dicom
            .delete(None, &place.study_uid(), Some(&series), Some(&instance))
            .unwrap();
        assert_eq!(deleted, 1);
    }
}
