//! Stored resources full of what others wrote, in unusual spellings.

use proptest::prelude::*;
use proptest::sample::select;

/// Stored resources, and texts in them that have to come back.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) resources: Vec<String>,
    pub(super) foreign: Vec<String>,
}

/// How a place of a template is filled.
#[derive(Debug, Clone)]
struct Foreign {
    /// A value that no reader of numbers and texts would write like this.
    value: &'static str,
    blank: &'static str,
}

const VALUES: &[&str] = &[
    "1.00",
    "-0.0",
    "1e2",
    "12345678901234567890.10",
    r#""\u00e9\/""#,
    "[ 1 , 2.50 ]",
    "[]",
    "{ }",
    "null",
    r#"{"a":[null,{"b":1E+2}],"a\u0062":"\ud83d\ude00"}"#,
];

fn foreign() -> impl Strategy<Value = Foreign> {
    let blank = select(&["", " ", "\n\t", "\r\n  "][..]);
    (select(VALUES), blank).prop_map(|(value, blank)| Foreign { value, blank })
}

/// Members that stand at every `§`: unknown ones, and an extension. White space stands inside of
/// values alone: that between the members of an object that is edited is nobody's.
fn members(at: usize, foreign: &Foreign) -> [String; 2] {
    let Foreign { value, blank } = foreign;
    let unknown = format!(
        r#""elementOfR5{at}":{value},"_x{at}":{{"extension":[{{"url":"http://example.org/p{at}","valueDecimal":{blank}1.0{at}}}]}}"#
    );
    let extension =
        format!(r#"{{"url":"http://example.org/{at}",{blank}"valueString":"\u0041{at}"}}"#);
    [unknown, extension]
}

/// The template with its places filled; the fillings go to `all`.
fn filled(template: &str, fillings: &[Foreign], all: &mut Vec<String>) -> String {
    let mut text = String::new();
    for (at, part) in template.split('§').enumerate() {
        if at > 0 {
            // Numbered over all templates.
            let number = all.len() / 2;
            let [unknown, extension] = members(number, &fillings[number % fillings.len()]);
            text.push_str(&format!(r#"{unknown},"extension":[{extension}]"#));
            all.extend([unknown, extension]);
        }
        text.push_str(part);
    }
    text
}

/// Any of the members, or none: what the feed says is there already, or something else, or nothing.
fn some(members: &'static [&'static str]) -> impl Strategy<Value = String> {
    let chosen = prop::sample::subsequence(members, 0..=members.len());
    chosen.prop_map(|members| members.concat())
}

pub(super) fn resources() -> impl Strategy<Value = Stored> {
    let parts = (some(STUDY), some(SERIES), some(INSTANCE), some(PATIENT));
    let fillings = prop::collection::vec(foreign(), 8);
    (parts, fillings).prop_map(|((study, series, instance, patient), fillings)| {
        let mut foreign = Vec::new();
        let study = STUDY_TEMPLATE
            .replace("<study>", &study)
            .replace("<series>", &series)
            .replace("<instance>", &instance);
        let patient = PATIENT_TEMPLATE.replace("<patient>", &patient);
        let resources = [study.as_str(), &patient, ENDPOINT_TEMPLATE]
            .map(|template| filled(template, &fillings, &mut foreign));
        Stored {
            resources: resources.to_vec(),
            foreign,
        }
    })
}

const PATIENT_TEMPLATE: &str = r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1",§},
    "language":"it","contained":[ {"resourceType":"Organization","id":"o","name":"\u0041"} ],§,
    "identifier":[{"system":"http://example.org/other","value":"9.0",§},{"system":"urn:mrn","value":"P1",§},{ "value" : "no system" }],
    <patient>
    "_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1980-02-29T01:00:00Z"}]},
    "active":true , "multipleBirthInteger":2.0}"#;

const PATIENT: &[&str] = &[
    r#""name":[{"use":"official","family":"Rossi","given":["Maria"],§},{"use": "maiden" , "family":"Verdi"},{"use":"usual","family":"Rossi",§}],"#,
    r#""gender":"unknown","_gender":{"extension":[{"url":"http://example.org/g","valueCode":"x"}]},"#,
    r#""birthDate":"1980-02-29","#,
    r#""telecom":[{"system":"phone","value":"123",§},{"id":"t1","value":" 4711"}],"#,
    r#""address":[{"use":"work","text":"there",§}],"#,
    r#""contact":[{"relationship":[{"text":"aunt"}],§}],"#,
    r#""communication":[{"language":{"text":"Italian"}}],"#,
];

const STUDY_TEMPLATE: &str = r#"{"resourceType":"ImagingStudy","id":"s","meta":{"versionId":"1","tag":[{"code":"x"}],§},§,
    "contained":[{"resourceType":"Practitioner","id":"c"}],
    "identifier":[{"system":"http://example.org/x","value":"1.0",§},{"system":"urn:dicom:uid","value":"urn:oid:1",§}],
    <study>
    "series":[{"uid":"1.1",§, <series> "instance":[{"uid":"1.3",§, <instance> "_title":{"id":"x"}},{"uid":"9.9","number":1.0,§}]},
      {"uid":"7.7","numberOfInstances":2e0,"modality":{"system":"http://example.org/m","code":"XX",§},§}],
    "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">\u0041</div>"}}"#;

const STUDY: &[&str] = &[
    r#""status":"registered","_status":{"id":"x"},"#,
    r#""modality":[{"system":"http://example.org/m","code":"YY",§},{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"CT","display":"CT"}],"#,
    r#""subject":{"reference":"Patient/p","display":"she",§},"#,
    r#""endpoint":[{"reference":"Endpoint/other",§}],"#,
    r#""started":"2024-06-01T12:25:01.250Z","_started":{"id":"y"},"#,
    r#""description":"\u0041 1","#,
    r#""note":[{"text":"A note of a person",§}],"#,
    r#""basedOn":[{"reference":"ServiceRequest/1",§},{"identifier":{"value":"A 1"},"display":"theirs"}],"#,
    r#""encounter":{"reference":"Encounter/1",§},"#,
    r#""referrer":{"reference":"Practitioner/1",§},"#,
    r#""interpreter":[{"reference":"Practitioner/2",§}],"#,
    r#""procedureReference":{"reference":"Procedure/1",§},"#,
    r#""procedureCode":[{"text":"theirs",§},{"coding":[{"system":"http://snomed.info/sct","code":"51185008",§}]}],"#,
    r#""location":{"reference":"Location/1",§},"#,
    r#""reasonCode":[{"text":"theirs",§}],"reasonReference":[{"reference":"Condition/1"}],"#,
    r#""numberOfSeries":2.0,"numberOfInstances":1e1,"#,
];

const SERIES: &[&str] = &[
    r#""number":1.0,"_number":{"id":"n"},"#,
    r#""modality":{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"CT",§},"#,
    r#""description":"A 1","#,
    r#""numberOfInstances":2.00,"#,
    r#""endpoint":[{"reference":"Endpoint/of-series"}],"#,
    r#""specimen":[{"reference":"Specimen/1",§}],"#,
    r#""performer":[{"actor":{"reference":"Practitioner/3",§}}],"#,
    r#""started":"2024-06-01","#,
];

const INSTANCE: &[&str] = &[
    r#""sopClass":{"system":"urn:ietf:rfc:3986","code":"urn:oid:1.2.840.10008.5.1.4.1.1.2",§},"#,
    r#""number":1.00,"#,
    r#""title":"theirs","#,
];

const ENDPOINT_TEMPLATE: &str = r#"{"resourceType":"Endpoint","id":"e","meta":{"versionId":"1",§},§,
    "identifier":[{"system":"http://example.org/e","value":"1",§},{"system":"urn:ietf:rfc:3986","value":"https://dicom.example/v1",§}],
    "status":"test","name":"DICOM WADO-RS endpoint https://dicom.example/","managingOrganization":{"reference":"Organization/1",§},
    "connectionType":{"system":"http://terminology.hl7.org/CodeSystem/endpoint-connection-type","code":"dicom-wado-rs",§},
    "payloadType":[{"text":"theirs",§}],"header":[ "a" ],"address":"https://dicom.example/v1/"}"#;
