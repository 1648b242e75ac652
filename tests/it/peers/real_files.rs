//! The real files of pydicom, read by pydicom itself, held against what arrives in FHIR servers that others wrote.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Site, cases, no_failure, text};
use crate::support::python::{pydicom_files, script};
use crate::support::stow::store_files;

cases! {
    the_real_files_become_what_pydicom_reads
    names_of_every_character_set_become_what_pydicom_reads
}

/// What pydicom says about a folder.
fn expected(folder: &Path) -> Value {
    let told = script("expected_tree.py", &[folder.to_str().unwrap()], b"");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    serde_json::from_str(&told.stdout).unwrap()
}

/// Stores the complete files of a folder in the order that pydicom gives, and casts them.
async fn cast(site: &Site, folder: &Path, expected: &Value) {
    let order = expected["order"].as_array().unwrap();
    let files = order.iter().map(|path| folder.join(text(path)));
    let refused = store_files(&site.services.dicom_address(), files).await;
    assert_eq!(refused, Vec::<String>::new());
    let last = site.services.dicom.latest_sequence().unwrap();
    let daemon = site.daemon();
    daemon.run_until_settled(last).await;
    no_failure(&daemon).await;
}

/// What FHIR says, in the form of `expected_tree.py`.
fn told(study: &Value, patients: &[Value]) -> Value {
    let mut modalities: Vec<_> = items(&study["modality"])
        .map(|one| text(&one["code"]))
        .collect();
    modalities.sort_unstable();
    let reference = text(&study["subject"]["reference"]);
    let patient = patients
        .iter()
        .find(|patient| format!("Patient/{}", text(&patient["id"])) == reference);
    let series = items(&study["series"]).map(|series| {
        let instances = items(&series["instance"]).map(|instance| {
            let sop_class = text(&instance["sopClass"]["code"]).trim_start_matches("urn:oid:");
            (
                text(&instance["uid"]).to_owned(),
                json!({ "sop_class": sop_class }),
            )
        });
        let told = json!({
            "modality": series["modality"]["code"],
            "instance_count": series["numberOfInstances"],
            "started": moment(&series["started"]),
            "instances": instances.collect::<serde_json::Map<_, _>>(),
        });
        (text(&series["uid"]).to_owned(), told)
    });
    json!({
        "patient": patient.unwrap()["identifier"][0]["value"],
        "modalities": modalities,
        "series_count": study["numberOfSeries"],
        "instance_count": study["numberOfInstances"],
        "started": moment(&study["started"]),
        "series": series.collect::<serde_json::Map<_, _>>(),
    })
}

/// The instant that a dateTime tells, however it is spelt.
fn moment(date_time: &Value) -> Value {
    let instant = date_time
        .as_str()
        .and_then(|text| text.parse::<Timestamp>().ok());
    instant.map_or_else(|| date_time.clone(), |instant| json!(instant.to_string()))
}

/// The expected study with its moments as `told` gives them, and null where nothing is said.
fn normal(mut study: Value) -> Value {
    study["started"] = moment(&study["started"]);
    for series in study["series"].as_object_mut().unwrap().values_mut() {
        series["started"] = moment(&series["started"]);
    }
    study
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The usual names, as `expected_tree.py` gives them; null where there are none.
fn names(patient: &Value) -> Value {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let usual = items(&patient["name"]).filter(|name| name["use"] == "usual");
    let names = usual.map(|name| {
        json!({
            "representation": name["extension"][0]["valueCode"],
            "family": name["family"],
            "given": list(&name["given"]),
            "prefix": list(&name["prefix"]),
            "suffix": list(&name["suffix"]),
        })
    });
    match names.collect::<Vec<_>>() {
        none if none.is_empty() => Value::Null,
        names => Value::from(names),
    }
}

/// Studies and patients in the FHIR server are those that pydicom reads.
async fn assert_told(site: &Site, expected: &Value) {
    let patients = site.fhir.all("Patient").await;
    let studies = expected["studies"].as_object().unwrap();
    assert_eq!(site.fhir.all("ImagingStudy").await.len(), studies.len());
    for (uid, study) in studies {
        let query = format!("ImagingStudy?identifier=urn:dicom:uid%7Curn:oid:{uid}");
        let [found] = site.fhir.search(&query).await.try_into().unwrap();
        assert_eq!(told(&found, &patients), normal(study.clone()), "{uid}");
    }
    let expected = expected["patients"].as_object().unwrap();
    assert_eq!(patients.len(), expected.len());
    for patient in &patients {
        let id = text(&patient["identifier"][0]["value"]);
        let told = json!({
            "names": names(patient),
            "birth_date": patient["birthDate"],
            "gender": patient["gender"],
        });
        for (what, told) in told.as_object().unwrap() {
            assert_eq!(*told, expected[id][what], "{what} of {id}");
        }
    }
}

async fn the_real_files_become_what_pydicom_reads(site: Site) {
    let folder = pydicom_files();
    let expected = expected(&folder);
    let studies = expected["studies"].as_object().unwrap().len();
    assert!(studies > 15, "pydicom reads {studies} studies only");
    cast(&site, &folder, &expected).await;
    assert_told(&site, &expected).await;
    site.check_validity().await;
    site.check_structure().await;
}

async fn names_of_every_character_set_become_what_pydicom_reads(site: Site) {
    let fragments = pydicom_files().with_file_name("charset_files");
    let folder = tempfile::tempdir().unwrap();
    let arguments = [fragments.to_str().unwrap(), folder.path().to_str().unwrap()];
    let completed = script("complete_files.py", &arguments, b"");
    assert_eq!(completed.code, Some(0), "{}", completed.stderr);
    let expected = expected(folder.path());
    let names = expected["patients"].to_string();
    for writing in ["\"IDE\"", "\"SYL\"", "やまだ", "山田"] {
        assert!(names.contains(writing), "{writing} in {names}");
    }
    cast(&site, folder.path(), &expected).await;
    assert_told(&site, &expected).await;
    site.check_validity().await;
    site.check_structure().await;
}
