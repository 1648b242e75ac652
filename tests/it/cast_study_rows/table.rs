//! The rows: DICOM JSON in, FHIR element out.

/// Tags and their values.
pub(super) type Elements = &'static [(&'static str, &'static str)];

/// One row: what an instance says, the element that it makes, and the same for another value.
pub(super) struct Row {
    pub(super) keyword: &'static str,
    pub(super) pointer: &'static str,
    pub(super) said: Elements,
    pub(super) makes: &'static str,
    pub(super) otherwise: Elements,
    pub(super) makes_otherwise: &'static str,
}

pub(super) const ROWS: &[Row] = &[
    Row {
        keyword: "AccessionNumber",
        pointer: "/identifier/1",
        said: &[("00080050", r#"["A 1"]"#)],
        makes: r#"{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}]},"value":"A 1"}"#,
        otherwise: &[("00080050", r#"["A 2 "]"#)],
        makes_otherwise: r#"{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}]},"value":"A 2"}"#,
    },
    Row {
        keyword: "StudyID",
        pointer: "/identifier/1",
        said: &[("00200010", r#"["S1"]"#)],
        makes: r#"{"id":"StudyID","use":"secondary","value":"S1"}"#,
        otherwise: &[("00200010", r#"["S2"]"#)],
        makes_otherwise: r#"{"id":"StudyID","use":"secondary","value":"S2"}"#,
    },
    Row {
        keyword: "AdmissionID",
        pointer: "/encounter",
        said: &[("00380010", r#"["V1"]"#)],
        makes: r#"{"id":"AdmissionID","type":"Encounter","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"VN"}]},"value":"V1"}}"#,
        otherwise: &[
            ("00380010", r#"["V2"]"#),
            (
                "00380014",
                r#"[{"00400032":{"Value":["1.2.3"]},"00400033":{"Value":["ISO"]}}]"#,
            ),
        ],
        makes_otherwise: r#"{"id":"AdmissionID","type":"Encounter","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"VN"}]},"system":"urn:oid:1.2.3","value":"V2"}}"#,
    },
    Row {
        keyword: "AccessionNumber",
        pointer: "/basedOn",
        said: &[("00080050", r#"["A 1"]"#)],
        makes: r#"[{"id":"AccessionNumber","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}]},"value":"A 1"}}]"#,
        otherwise: &[
            ("00080050", r#"["A2"]"#),
            (
                "00080051",
                r#"[{"00400031":{"Value":["RIS"]},"00400032":{"Value":["http://ris"]},"00400033":{"Value":["URI"]}}]"#,
            ),
        ],
        makes_otherwise: r#"[{"id":"AccessionNumber","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}]},"system":"http://ris","value":"A2"}}]"#,
    },
    Row {
        keyword: "PlacerOrderNumberImagingServiceRequest",
        pointer: "/basedOn",
        said: &[("00402016", r#"["P1"]"#)],
        makes: r#"[{"id":"PlacerOrderNumberImagingServiceRequest","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},"value":"P1"}}]"#,
        otherwise: &[
            ("00402016", r#"["P2"]"#),
            (
                "00400026",
                r#"[{"00400032":{"Value":["1.2"]},"00400033":{"Value":["ISO"]}}]"#,
            ),
        ],
        makes_otherwise: r#"[{"id":"PlacerOrderNumberImagingServiceRequest","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},"system":"urn:oid:1.2","value":"P2"}}]"#,
    },
    Row {
        keyword: "FillerOrderNumberImagingServiceRequest",
        pointer: "/basedOn",
        said: &[("00402017", r#"["F1"]"#)],
        makes: r#"[{"id":"FillerOrderNumberImagingServiceRequest","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"FILL"}]},"value":"F1"}}]"#,
        otherwise: &[
            ("00402017", r#"["F2"]"#),
            (
                "00400027",
                r#"[{"00400032":{"Value":["1.2"]},"00400033":{"Value":["ISO"]}}]"#,
            ),
        ],
        makes_otherwise: r#"[{"id":"FillerOrderNumberImagingServiceRequest","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"FILL"}]},"system":"urn:oid:1.2","value":"F2"}}]"#,
    },
    Row {
        keyword: "RequestAttributesSequence",
        pointer: "/basedOn",
        said: &[(
            "00400275",
            r#"[{"00080050":{"Value":["A1"]}},{"00402016":{"Value":["P1"]}},{"00402016":{"Value":["P1"]}}]"#,
        )],
        makes: r#"[{"id":"RequestAttributesSequence","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"ACSN"}]},"value":"A1"}},
            {"id":"RequestAttributesSequence-2","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},"value":"P1"}}]"#,
        otherwise: &[(
            "00400275",
            r#"[{"00402017":{"Value":["F1"]},"00400027":[],"00080051":{"Value":[{}]}}]"#,
        )],
        makes_otherwise: r#"[{"id":"RequestAttributesSequence","type":"ServiceRequest","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"FILL"}]},"value":"F1"}}]"#,
    },
    Row {
        keyword: "ReferringPhysicianName",
        pointer: "/referrer",
        said: &[("00080090", r#"[{"Alphabetic":"Rossi^Maria^Anna^Dr.^MD"}]"#)],
        makes: r#"{"id":"ReferringPhysicianName","type":"Practitioner","display":"Dr. Maria Anna Rossi, MD"}"#,
        otherwise: &[
            ("00080090", r#"["=山田^太郎"]"#),
            (
                "00080096",
                r#"[{"00401101":{"Value":[{"00080100":{"Value":["4711"]},"00080102":{"Value":["99MINE"]},"00080104":{"Value":["Y"]}}]},"00080080":{"Value":["St. Example"]}}]"#,
            ),
        ],
        makes_otherwise: r#"{"id":"ReferringPhysicianName","type":"Practitioner","identifier":{"system":"urn:dicom:scheme:99MINE","value":"4711","assigner":{"display":"St. Example"}},"display":"山田 太郎"}"#,
    },
    Row {
        keyword: "NameOfPhysiciansReadingStudy",
        pointer: "/interpreter",
        said: &[
            ("00081060", r#"[{"Alphabetic":"A^X"},{"Alphabetic":"B^Y"}]"#),
            (
                "00081062",
                r#"[{},{"00401101":{"Value":[{"00080100":{"Value":["2"]},"00080102":{"Value":["99MINE"]}}]}}]"#,
            ),
        ],
        makes: r#"[{"id":"NameOfPhysiciansReadingStudy","type":"Practitioner","display":"X A"},
            {"id":"NameOfPhysiciansReadingStudy-2","type":"Practitioner","identifier":{"system":"urn:dicom:scheme:99MINE","value":"2"},"display":"Y B"}]"#,
        otherwise: &[("00081060", r#"["C","C"]"#)],
        makes_otherwise: r#"[{"id":"NameOfPhysiciansReadingStudy","type":"Practitioner","display":"C"}]"#,
    },
    Row {
        keyword: "ProcedureCodeSequence",
        pointer: "/procedureCode",
        said: &[(
            "00081032",
            r#"[{"00080100":{"Value":["77477000"]},"00080102":{"Value":["SCT"]},"00080104":{"Value":["CT"]}}]"#,
        )],
        makes: r#"[{"id":"ProcedureCodeSequence","coding":[{"system":"http://snomed.info/sct","code":"77477000","display":"CT"}],"text":"CT"}]"#,
        otherwise: &[(
            "00081032",
            r#"[{"00080100":{"Value":["C1"]},"00080102":{"Value":["99MINE"]},"00080103":{"Value":["3"]}},{"00080120":{"Value":["urn:x:y"]}}]"#,
        )],
        makes_otherwise: r#"[{"id":"ProcedureCodeSequence","coding":[{"system":"urn:dicom:scheme:99MINE","version":"3","code":"C1"}]},
            {"id":"ProcedureCodeSequence-2","coding":[{"system":"urn:ietf:rfc:3986","code":"urn:x:y"}]}]"#,
    },
    Row {
        keyword: "RequestedProcedureCodeSequence",
        pointer: "/procedureCode",
        said: &[(
            "00321064",
            r#"[{"00080100":{"Value":["C1"]},"0008010C":{"Value":["1.2.3"]}}]"#,
        )],
        makes: r#"[{"id":"RequestedProcedureCodeSequence","coding":[{"system":"urn:oid:1.2.3","code":"C1"}]}]"#,
        otherwise: &[(
            "00400275",
            r#"[{"00321064":{"Value":[{"00080100":{"Value":["C2"]},"00080102":{"Value":["99M"]}}]}}]"#,
        )],
        makes_otherwise: r#"[{"id":"RequestedProcedureCodeSequence","coding":[{"system":"urn:dicom:scheme:99M","code":"C2"}]}]"#,
    },
    Row {
        keyword: "InstitutionalDepartmentName",
        pointer: "/location",
        said: &[
            ("00081040", r#"["Radiology"]"#),
            ("00400243", r#"["Room 2"]"#),
        ],
        makes: r#"{"id":"InstitutionalDepartmentName","type":"Location","display":"Radiology"}"#,
        otherwise: &[("00400243", r#"["Room 2"]"#)],
        makes_otherwise: r#"{"id":"InstitutionalDepartmentName","type":"Location","display":"Room 2"}"#,
    },
    Row {
        keyword: "ReasonForRequestedProcedureCodeSequence",
        pointer: "/reasonCode",
        said: &[(
            "0040100A",
            r#"[{"00080100":{"Value":["29857009"]},"00080102":{"Value":["SCT"]},"00080104":{"Value":["Chest pain"]}}]"#,
        )],
        makes: r#"[{"id":"ReasonForRequestedProcedureCodeSequence","coding":[{"system":"http://snomed.info/sct","code":"29857009","display":"Chest pain"}],"text":"Chest pain"}]"#,
        otherwise: &[(
            "00400275",
            r#"[{"0040100A":{"Value":[{"00080100":{"Value":["R07"]},"00080102":{"Value":["I10"]}}]}}]"#,
        )],
        makes_otherwise: r#"[{"id":"ReasonForRequestedProcedureCodeSequence","coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"R07"}]}]"#,
    },
    Row {
        keyword: "ReasonForTheRequestedProcedure",
        pointer: "/reasonCode",
        said: &[("00401002", r#"["Chest pain"]"#)],
        makes: r#"[{"id":"ReasonForTheRequestedProcedure","text":"Chest pain"}]"#,
        otherwise: &[(
            "00400275",
            r#"[{"00401002":{"Value":["Cough"]}},{"00401002":{"Value":["Fever"]}},{"00401002":{"Value":["Cough"]}}]"#,
        )],
        makes_otherwise: r#"[{"id":"ReasonForTheRequestedProcedure","text":"Cough"},{"id":"ReasonForTheRequestedProcedure-2","text":"Fever"}]"#,
    },
    Row {
        keyword: "PerformingPhysicianName",
        pointer: "/series/0/performer",
        said: &[("00081050", r#"[{"Alphabetic":"Rossi^Maria"}]"#)],
        makes: r#"[{"id":"PerformingPhysicianName-1.2.3","function":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"PRF","display":"primary performer"}]},"actor":{"type":"Practitioner","display":"Maria Rossi"}}]"#,
        otherwise: &[(
            "00081052",
            r#"[{"00401101":{"Value":[{"00080100":{"Value":["1"]},"00080102":{"Value":["99M"]},"00080104":{"Value":["Dr. X"]}}]}}]"#,
        )],
        makes_otherwise: r#"[{"id":"PerformingPhysicianName-1.2.3","function":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"PRF","display":"primary performer"}]},"actor":{"type":"Practitioner","identifier":{"system":"urn:dicom:scheme:99M","value":"1"},"display":"Dr. X"}}]"#,
    },
    Row {
        keyword: "OperatorsName",
        pointer: "/series/0/performer",
        said: &[("00081070", r#"["A"]"#)],
        makes: r#"[{"id":"OperatorsName-1.2.3","function":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"SPRF","display":"secondary performer"}]},"actor":{"type":"Practitioner","display":"A"}}]"#,
        otherwise: &[("00081070", r#"["B"]"#)],
        makes_otherwise: r#"[{"id":"OperatorsName-1.2.3","function":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"SPRF","display":"secondary performer"}]},"actor":{"type":"Practitioner","display":"B"}}]"#,
    },
    Row {
        keyword: "Manufacturer",
        pointer: "/series/0/performer",
        said: &[("00080070", r#"["ACME"]"#), ("00081090", r#"["One"]"#)],
        makes: r#"[{"id":"Manufacturer-1.2.3","actor":{"type":"Device","display":"ACME One"}}]"#,
        otherwise: &[("00181000", r#"["12345"]"#)],
        makes_otherwise: r#"[{"id":"Manufacturer-1.2.3","actor":{"type":"Device","identifier":{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SNO"}]},"value":"12345"}}}]"#,
    },
];
