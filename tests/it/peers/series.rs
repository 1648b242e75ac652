//! Series as they are in a server that others wrote: all that they say, and too many instances to
//! list them.

use serde_json::json;

use super::{Site, cases, no_failure, text};
use crate::support::instances::study;

cases! {
    all_that_a_series_says_is_valid_and_comes_back
    a_study_with_too_many_instances_keeps_exact_counts
}

async fn all_that_a_series_says_is_valid_and_comes_back(site: Site) {
    let mut metadata = study(1, 1, 1, 1)[0].ct();
    metadata["00180015"] = json!({"vr": "CS", "Value": ["CHEST"]});
    metadata["00200060"] = json!({"vr": "CS", "Value": ["L"]});
    metadata["00080008"] = json!({"vr": "CS", "Value": ["ORIGINAL", "PRIMARY"]});
    let specimen = json!({"00400551": {"vr": "LO", "Value": ["S-1"]}});
    metadata["00400560"] = json!({"vr": "SQ", "Value": [specimen]});
    let last = site.services.store_json(&metadata.to_string());
    site.daemon().run_until_settled(last).await;
    let study = site.fhir.only("ImagingStudy").await;
    let series = &study["series"][0];
    assert_eq!(series["bodySite"]["code"], "816094009");
    assert_eq!(series["laterality"]["code"], "7771000");
    assert_eq!(series["specimen"][0]["identifier"]["value"], "S-1");
    assert_eq!(series["endpoint"], study["endpoint"]);
    assert_eq!(series["instance"][0]["title"], "ORIGINAL\\PRIMARY");
    site.check_validity().await;
    let versions = site.versions().await;
    site.daemon().run_until_settled(last).await;
    assert_eq!(site.versions().await, versions);
}

async fn a_study_with_too_many_instances_keeps_exact_counts(site: Site) {
    let places = study(1, 1, 2, 3);
    let last = site.services.store(&places);
    let daemon = site.daemon().with("ImagingStudy__ListInstancesUpTo", "4");
    daemon.run_until_settled(last).await;
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(study["numberOfInstances"], 6);
    for series in study["series"].as_array().unwrap() {
        let set = text(&series["extension"][0]["valueBase64Binary"]);
        assert_eq!((set.len(), series.get("instance")), (32, None), "{series}");
        assert_eq!(series["numberOfInstances"], 3);
    }
    site.check_validity().await;

    let versions = site.versions().await;
    let replay = site.daemon().with("ImagingStudy__ListInstancesUpTo", "4");
    replay.run_until_settled(last).await;
    assert_eq!(site.versions().await, versions);

    places[1..].iter().for_each(|p| site.services.delete(*p));
    daemon.run_until_settled(last + 5).await;
    let study = site.fhir.only("ImagingStudy").await;
    assert_eq!(
        (&study["numberOfSeries"], &study["numberOfInstances"]),
        (&json!(1), &json!(1))
    );
    site.check_validity().await;
    site.services.delete(places[0]);
    daemon.run_until_settled(last + 6).await;
    assert!(site.fhir.all("ImagingStudy").await.is_empty());
    no_failure(&daemon).await;
}
