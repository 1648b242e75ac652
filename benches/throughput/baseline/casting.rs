//! One entry and what was found for it, made into the entries of one transaction.

use serde_json::{Value, json};

pub(super) const PATIENT_SYSTEM: &str = "urn:oid:1.2.3";
pub(super) const ENDPOINT_QUERY: &str = "Endpoint?name=DICOM%20WADO-RS%20endpoint%20http://dicom/&connection-type=http://terminology.hl7.org/CodeSystem/endpoint-connection-type%7Cdicom-wado-rs";

const SOURCE: &str = "http://dicom/";
const UUIDS: [&str; 3] = [
    "urn:uuid:5d2a4dd8-5f0f-4c0e-9a55-2f3f7a6c0001",
    "urn:uuid:5d2a4dd8-5f0f-4c0e-9a55-2f3f7a6c0002",
    "urn:uuid:5d2a4dd8-5f0f-4c0e-9a55-2f3f7a6c0003",
];

/// What the searches brought.
pub(super) struct Found {
    pub(super) patient: Option<Value>,
    pub(super) endpoint: Option<Value>,
    pub(super) study: Option<Value>,
}

/// The one value of an attribute, as text.
pub(super) fn text(metadata: &Value, tag: &str) -> Option<String> {
    match metadata.get(tag)?.pointer("/Value/0")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        name => Some(name.get("Alphabetic")?.as_str()?.to_owned()),
    }
}

/// The writes that bring the server in step with one entry.
pub(super) fn writes(entry: &Value, found: Found) -> Vec<Value> {
    if entry["action"] == "Delete" {
        return found
            .study
            .and_then(|study| without(study, entry))
            .into_iter()
            .collect();
    }
    let metadata = &entry["metadata"];
    let (endpoint, endpoint_write) = endpoint(found.endpoint);
    let (patient, patient_write) = patient(metadata, found.patient);
    let study = study(entry, found.study, &patient, &endpoint);
    [endpoint_write, study, patient_write]
        .into_iter()
        .flatten()
        .collect()
}

/// A reference to what is written or there already, and the write.
fn put(kind: usize, query: String, before: Option<Value>, after: Value) -> (String, Option<Value>) {
    let name = after["resourceType"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let Some(before) = before else {
        let url = UUIDS.get(kind).copied().unwrap_or_default().to_owned();
        let request = json!({ "method": "POST", "url": name, "ifNoneExist": query });
        let entry = json!({ "fullUrl": url, "resource": after, "request": request });
        return (url, Some(entry));
    };
    let reference = format!("{name}/{}", before["id"].as_str().unwrap_or_default());
    let request = json!({ "method": "PUT", "url": reference, "ifMatch": version(&before) });
    let write = (before != after).then(|| json!({ "resource": after, "request": request }));
    (reference, write)
}

fn version(resource: &Value) -> String {
    format!(
        "W/\"{}\"",
        resource["meta"]["versionId"].as_str().unwrap_or_default()
    )
}

fn endpoint(found: Option<Value>) -> (String, Option<Value>) {
    let system = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type";
    let after = found.clone().unwrap_or_else(|| {
        json!({
            "resourceType": "Endpoint",
            "status": "active",
            "connectionType": { "system": system, "code": "dicom-wado-rs" },
            "name": format!("DICOM WADO-RS endpoint {SOURCE}"),
            "address": SOURCE,
            "payloadType": [{ "text": "DICOM WADO-RS" }],
            "payloadMimeType": ["application/dicom"],
        })
    });
    let query = ENDPOINT_QUERY.replace("Endpoint?", "");
    put(0, query, found, after)
}

fn patient(metadata: &Value, found: Option<Value>) -> (String, Option<Value>) {
    let id = text(metadata, "00100020").unwrap_or_default();
    let query = format!("identifier={PATIENT_SYSTEM}%7C{id}");
    let mut after = found.clone().unwrap_or_else(|| {
        let birth = text(metadata, "00100030").unwrap_or_default();
        let part = |range| birth.get(range).unwrap_or_default();
        let birth = format!("{}-{}-{}", part(0..4), part(4..6), part(6..8));
        let identifier = json!([{ "system": PATIENT_SYSTEM, "value": id }]);
        json!({ "resourceType": "Patient", "identifier": identifier, "birthDate": birth })
    });
    let name = text(metadata, "00100010").unwrap_or_default();
    let mut parts = name.split('^');
    let family = parts.next().unwrap_or_default();
    let given: Vec<_> = parts.collect();
    after["name"] = json!([{ "use": "usual", "family": family, "given": given }]);
    let female = text(metadata, "00100040").is_some_and(|sex| sex == "F");
    after["gender"] = json!(if female { "female" } else { "male" });
    put(2, query, found, after)
}

fn study(entry: &Value, found: Option<Value>, patient: &str, endpoint: &str) -> Option<Value> {
    let metadata = &entry["metadata"];
    let uid = entry["studyInstanceUid"].as_str().unwrap_or_default();
    let mut after = found.clone().unwrap_or_else(|| {
        json!({
            "resourceType": "ImagingStudy",
            "meta": { "source": SOURCE },
            "identifier": [{ "system": "urn:dicom:uid", "value": format!("urn:oid:{uid}") }],
            "status": "available",
            "subject": { "reference": patient },
            "endpoint": [{ "reference": endpoint }],
            "series": [],
        })
    });
    after["started"] = json!(moment(metadata, "00080020", "00080030"));
    let accession = text(metadata, "00080050").unwrap_or_default();
    let acsn = json!({ "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN" }] });
    append(
        &mut after["identifier"],
        json!({ "type": acsn, "value": accession }),
    );
    let description = text(metadata, "00081030").unwrap_or_default();
    append(&mut after["note"], json!({ "text": description }));
    let series = with_uid(&mut after["series"], &entry["seriesInstanceUid"]);
    describe_series(series, metadata);
    let instance = with_uid(&mut series["instance"], &entry["sopInstanceUid"]);
    instance["sopClass"] = json!({ "code": text(metadata, "00080016") });
    set_number(instance, text(metadata, "00200013"));
    let query = format!("identifier=urn:dicom:uid%7Curn:oid:{uid}");
    put(1, query, found, after).1
}

fn describe_series(series: &mut Value, metadata: &Value) {
    set_number(series, text(metadata, "00200011"));
    series["description"] = json!(text(metadata, "0008103E"));
    series["modality"] = json!({ "system": "DCM", "code": text(metadata, "00080060") });
    series["started"] = json!(moment(metadata, "00080021", "00080031"));
}

fn set_number(object: &mut Value, number: Option<String>) {
    if let Some(number) = number.and_then(|text| text.parse::<u32>().ok()) {
        object["number"] = json!(number);
    }
}

/// `YYYY-MM-DDThh:mm:ss+02:00`, which is the offset that all headers have.
fn moment(metadata: &Value, date: &str, time: &str) -> String {
    let (date, time) = (text(metadata, date), text(metadata, time));
    let (date, time) = (date.unwrap_or_default(), time.unwrap_or_default());
    let (d, t) = (
        |range| date.get(range).unwrap_or("01"),
        |range| time.get(range).unwrap_or("00"),
    );
    let (month, day) = (d(4..6).trim_matches('-'), d(6..8).trim_matches('-'));
    let (month, day) = (format!("{month:0>2}"), format!("{day:0>2}"));
    let month = if *month > *"12" { "12" } else { &month };
    format!(
        "{}-{month}-{day}T{}:{}:{}+02:00",
        d(0..4),
        t(0..2),
        t(2..4),
        t(4..6)
    )
}

fn append(to: &mut Value, item: Value) {
    match to {
        Value::Array(items) if !items.contains(&item) => items.push(item),
        Value::Array(_) => {}
        other => *other = json!([item]),
    }
}

/// The item of this UID, which is put there if need be.
fn with_uid<'a>(items: &'a mut Value, uid: &Value) -> &'a mut Value {
    if !items.is_array() {
        *items = json!([]);
    }
    let all = items.as_array().map_or(&[][..], Vec::as_slice);
    let at = all
        .iter()
        .position(|item| item["uid"] == *uid)
        .unwrap_or(all.len());
    if at == all.len() {
        append(items, json!({ "uid": uid }));
    }
    &mut items[at]
}

/// The study without the instance of an entry, or its deletion with the last one.
fn without(before: Value, entry: &Value) -> Option<Value> {
    let mut after = before.clone();
    for series in after["series"].as_array_mut()? {
        if let Some(instances) = series["instance"].as_array_mut() {
            instances.retain(|instance| instance["uid"] != entry["sopInstanceUid"]);
        }
    }
    let series = after["series"].as_array_mut()?;
    series.retain(|series| {
        series["instance"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    });
    if series.is_empty() {
        let url = format!("ImagingStudy/{}", before["id"].as_str()?);
        return Some(json!({ "request": { "method": "DELETE", "url": url } }));
    }
    put(1, String::new(), Some(before), after).1
}
