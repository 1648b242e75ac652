//! Dose reports as Observations.

use serde_json::Value;

use super::{Site, cases, no_failure};
use crate::cast_dose::generated::{check, of_instance, reports};
use crate::cast_world::text;

cases! {
    dose_reports_arrive_once_are_valid_and_go
}

pub(super) async fn dose_reports_arrive_once_are_valid_and_go(site: Site) {
    let folder = tempfile::tempdir().unwrap();
    let report = reports(folder.path());
    let mut last = 0;
    for name in ["x_ray", "ct", "mammography", "administration"] {
        last = site.services.store_json(&report(name).to_string());
    }
    site.daemon().run_until_settled(last).await;
    let all = site.fhir.all("Observation").await;
    check(&all);
    assert_eq!(all.len(), 11);
    site.check_validity().await;
    let versions = site.versions().await;
    let daemon = site.daemon();
    daemon.run_until_settled(last).await;
    assert_eq!(site.versions().await, versions);

    let revised = report("x_ray_revised");
    let uid = |tag: &str| text(&revised[tag]["Value"][0]).to_owned();
    let (study, series, instance) = (uid("0020000D"), uid("0020000E"), uid("00080018"));
    let delete = || {
        let dicom = &site.services.dicom;
        dicom.delete(None, &study, Some(&series), Some(&instance))
    };
    delete().unwrap();
    last = site.services.store_json(&revised.to_string());
    daemon.run_until_settled(last).await;
    let all = site.fhir.all("Observation").await;
    assert_eq!(of_instance(&all, &instance).len(), 3);
    site.check_validity().await;

    delete().unwrap();
    daemon.run_until_settled(last + 1).await;
    let all = site.fhir.all("Observation").await;
    assert_eq!(of_instance(&all, &instance), Vec::<Value>::new());
    assert_eq!(all.len(), 7);
    no_failure(&daemon).await;
}
