//! The settings that decide how entries are cast, and the addresses that follow from them.

use jiff::tz::TimeZone;

use super::{Issuer, patient};
use crate::options::{
    Issuers, MissingId, Names, OnOtherPatient, OnUnknownIssuer, PatientPolicy, PlaceholderIds,
    References, Validation,
};
use radcast_dicom::Dataset;

/// How entries are cast.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Public base address of the DICOMweb service, verbatim as configured, without a version.
    pub dicom_endpoint: String,
    /// Version segment of the service's WADO-RS addresses: `v1` or `v2`.
    pub wado_version: String,
    /// `Patient.identifier.system`; `None` writes identifiers without a system.
    pub patient_system: Option<String>,
    /// The issuers of patient ids whose ids are the site's own, and so of `patient_system`.
    pub home_issuers: Names,
    /// What becomes of a patient id whose issuer is not known and has no universal id.
    pub on_unknown_issuer: OnUnknownIssuer,
    /// Whether Issuer of Patient ID (0010,0021) is the identifier system instead.
    pub issuer_as_system: bool,
    /// What an invalid value of an optional attribute does.
    pub validation: Validation,
    /// The zone of times whose dataset names no offset (0008,0201). Without it they are written
    /// as dates: a time in a guessed zone is a wrong time.
    pub time_zone: Option<TimeZone>,
    /// The identifier systems of issuers.
    pub issuers: Issuers,
    /// What becomes of a patient's resource.
    pub patient_policy: PatientPolicy,
    /// What becomes of an instance without Patient ID (0010,0020).
    pub missing_id: MissingId,
    /// Patient ids that stand for none.
    pub placeholder_ids: PlaceholderIds,
    /// The system of accession numbers, and of the orders they stand for, whose issuer says none.
    pub accession_system: Option<String>,
    /// The most instances that a study lists one by one.
    pub list_instances_up_to: u32,
    /// How other resources are referred to.
    pub references: References,
    /// Whether radiation dose reports become `Observation`s.
    pub dose_observations: bool,
    /// Whether weight and height of patients become `Observation`s.
    pub body_observations: bool,
    /// What becomes of an instance that names another patient than its study has.
    pub on_other_patient: OnOtherPatient,
    /// Base address of the FHIR server: references that begin with it are to its resources.
    pub fhir_base: Option<String>,
}

impl Rules {
    /// The rules of a service when nothing else is set.
    #[must_use]
    pub fn new(dicom_endpoint: impl Into<String>) -> Self {
        Self {
            dicom_endpoint: dicom_endpoint.into(),
            wado_version: "v1".to_owned(),
            patient_system: None,
            home_issuers: Names::default(),
            on_unknown_issuer: OnUnknownIssuer::default(),
            issuer_as_system: false,
            validation: Validation::Partial,
            time_zone: None,
            issuers: Issuers::default(),
            patient_policy: PatientPolicy::default(),
            missing_id: MissingId::default(),
            placeholder_ids: PlaceholderIds::default(),
            accession_system: None,
            list_instances_up_to: 5_000,
            references: References::default(),
            dose_observations: true,
            body_observations: false,
            on_other_patient: OnOtherPatient::default(),
            fhir_base: None,
        }
    }

    /// The issuer of a dataset's patient id, if it would be the first that is stated: none where home
    /// issuers are named, or there is no system for them.
    #[must_use]
    pub fn new_issuer(&self, dataset: &Dataset) -> Option<Issuer> {
        let is_open = self.home_issuers.is_empty() && self.patient_system.is_some();
        let is_open = is_open && !self.issuer_as_system;
        is_open.then(|| patient::new_issuer(dataset, self))?
    }

    /// Counts an issuer as home from now on.
    pub fn know_home(&mut self, issuer: &Issuer) {
        let names = [&issuer.name, &issuer.universal_id];
        self.home_issuers.extend(names.into_iter().flatten());
    }

    /// WADO-RS base address of a partition (`None`: the default one), without trailing slash.
    pub(super) fn wado_address(&self, partition: Option<&str>) -> String {
        let versioned = format!("{}/{}", self.base(), self.wado_version);
        match partition {
            Some(name) => format!("{versioned}/partitions/{name}"),
            None => versioned,
        }
    }

    /// The system of study identifiers that tell equal UIDs of several partitions apart.
    pub(super) fn study_system(&self, partition: Option<&str>) -> String {
        format!("{}/studies", self.wado_address(partition))
    }

    /// Whether a system is [`Self::study_system`] of some partition that is not the default one,
    /// under any version.
    pub(super) fn is_partition_study_system(&self, system: &str) -> bool {
        self.is_partition_system(system, "/studies")
    }

    /// The system of instance identifiers that tell equal UIDs of several partitions apart.
    pub(super) fn instance_system(&self, partition: Option<&str>) -> String {
        format!("{}/instances", self.wado_address(partition))
    }

    /// As [`Self::is_partition_study_system`], of [`Self::instance_system`].
    pub(super) fn is_partition_instance_system(&self, system: &str) -> bool {
        self.is_partition_system(system, "/instances")
    }

    fn is_partition_system(&self, system: &str, end: &str) -> bool {
        system.strip_prefix(self.base()).is_some_and(|path| {
            path.starts_with('/') && path.contains("/partitions/") && path.ends_with(end)
        })
    }

    /// The service's address as .NET prints it, which is how dicom-cast wrote it into
    /// `ImagingStudy.meta.source` and `Endpoint.name`: scheme and host in small letters, no
    /// default port, a slash where there is no path.
    pub(super) fn source(&self) -> String {
        let Some((scheme, rest)) = self.dicom_endpoint.trim().split_once("://") else {
            return self.dicom_endpoint.clone();
        };
        let path_start = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_start);
        let scheme = scheme.to_ascii_lowercase();
        let authority = authority.to_ascii_lowercase();
        let default_port = if scheme == "http" { ":80" } else { ":443" };
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{authority}{slash}{path}")
    }

    /// Whether a `meta.source` names this service. Servers may add a fragment to it.
    pub(super) fn is_source(&self, source: &str) -> bool {
        let ours = self.source();
        let bare = source.split_once('#').map_or(source, |(bare, _)| bare);
        bare.trim_end_matches('/') == ours.trim_end_matches('/')
    }

    /// Whether an address is [`Self::wado_address`] of this partition under any version.
    pub(super) fn is_wado_address(&self, address: &str, partition: Option<&str>) -> bool {
        let versioned = address
            .strip_prefix(self.base())
            .and_then(|path| path.strip_prefix("/v"));
        let path = versioned.map(|path| path.trim_start_matches(|c: char| c.is_ascii_digit()));
        let ours = partition.map_or_else(String::new, |name| format!("/partitions/{name}"));
        path == Some(ours.as_str())
    }

    fn base(&self) -> &str {
        self.dicom_endpoint.trim().trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(endpoint: &str) -> Rules {
        Rules {
            wado_version: "v2".to_owned(),
            ..Rules::new(endpoint)
        }
    }

    #[test]
    fn the_source_is_the_address_as_dotnet_prints_it() {
        let forms = [
            ("https://Dicom.example", "https://dicom.example/"),
            ("HTTPS://dicom.example:443/", "https://dicom.example/"),
            ("http://dicom.example:80/A", "http://dicom.example/A"),
            ("http://localhost:8080", "http://localhost:8080/"),
        ];
        for (configured, source) in forms {
            assert_eq!(rules(configured).source(), source);
        }
    }

    #[test]
    fn a_source_is_recognised_with_fragment_and_without_slash() {
        let rules = rules("https://dicom.example");
        for source in [
            "https://dicom.example/",
            "https://dicom.example",
            "https://dicom.example/#abc",
        ] {
            assert!(rules.is_source(source), "{source}");
        }
        for source in [
            "",
            "https://dicom.example/other",
            "https://dicom.example.org/",
        ] {
            assert!(!rules.is_source(source), "{source}");
        }
    }

    #[test]
    fn the_wado_address_has_version_and_partition_and_no_trailing_slash() {
        let rules = rules("https://dicom.example/");
        assert_eq!(rules.wado_address(None), "https://dicom.example/v2");
        assert_eq!(
            rules.wado_address(Some("a")),
            "https://dicom.example/v2/partitions/a"
        );
    }

    #[test]
    fn an_address_is_recognised_under_another_version() {
        let rules = rules("https://dicom.example/");
        assert!(rules.is_wado_address("https://dicom.example/v1", None));
        assert!(rules.is_wado_address("https://dicom.example/v1/partitions/a", Some("a")));
        for other in [
            "https://dicom.example/viewer",
            "https://dicom.example/v1/partitions/a",
        ] {
            assert!(!rules.is_wado_address(other, None), "{other}");
        }
    }

    #[test]
    fn a_partition_is_told_from_the_default_and_from_other_services() {
        let rules = rules("https://dicom.example/");
        let other = "https://dicom.example.org/v2/partitions/a/studies";
        assert!(rules.is_partition_study_system(&rules.study_system(Some("a"))));
        assert!(rules.is_partition_study_system("https://dicom.example/v1/partitions/a/studies"));
        assert!(!rules.is_partition_study_system(&rules.study_system(None)));
        assert!(!rules.is_partition_study_system(other));
    }
}
