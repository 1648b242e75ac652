//! Coding Scheme Designator (0008,0102) as a FHIR code system.
//!
//! # Decisions
//!
//! - What R4 "Code Systems" or HL7 Terminology (THO) has a URI for gets that URI, R4's where they
//!   differ (`http://www.radlex.org`, `http://hl7.org/fhir/sid/icd-9-cm`); what has none gets
//!   `urn:oid:` and the Coding Scheme UID of PS3.16 Table 8-1.
//! - SRT is not `http://snomed.info/sct`, and not its OID either, which DICOM gives it and which is
//!   the same system in FHIR: SNOMED CT's codes are concept ids, and a validator rejects others.
//!   `http://snomed.info/srt` is seen here and there, but HL7 has not registered it, and the
//!   FHIR package of DICOM's context groups took it back. So a code of SRT that has no concept id
//!   (see [`srt`](super::srt)) keeps what DICOM said, `urn:dicom:scheme:SRT`.
//!   SNM3, 99SDM and SNM are registered in THO (retired) and keep those URIs.
//! - Private designators (`99…`, `L`) and unknown ones are never dropped: `urn:oid:` and Coding
//!   Scheme UID (0008,010C) when the item has one (the URI of that UID when it has one), else
//!   `urn:dicom:scheme:` and the designator, percent-encoded. It has the form of `urn:dicom:uid`,
//!   which R4 defines, and means what DICOM means: a designator, local to who wrote it.
//! - Case does not matter in known designators (THO has `NCIT`, Table 8-1 `NCIt`).
//!
//! # Provenance
//!
//! `scheme.tsv`: designator, UID, URI. All designators of PS3.16 2026b Table 8-1 (66) that have a
//! UID or a URI: 58; the other eight (`BARI`, `BI`, `ISO5218_1`, `ISO_OID`, `MDNS`, `NCDR`,
//! `RFC-3881`, `SCPECG`) are `urn:dicom:scheme:` like unknown ones. Cross-checked with Weasis's
//! list of Table 8-1: 52 UIDs, all agree. The URIs are those of THO (August 2026), by OID. Of HL7 v3
//! the acts, participations, roles, observations and demographics as THO has them, among them all
//! of Annex N; Table 8-2 itself was not compared. Of HL7 v2 `HL7nnnn` for every table. Added: names
//! that devices write though no standard has them (`LOINC`, `ICD10`, `CPT4`, `SNOMED`, `HGNC`), and
//! `CVX`, `MVX`, `HCPCS`, `SDM`, `SNM`, `ISO4217` of HL7 v2 table 0396.

use std::borrow::Cow;
use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use radcast_dicom::is_uid;

use super::table::Table;

/// SNOMED CT.
pub(super) const SCT: &str = "http://snomed.info/sct";

/// Codes in the style of SNOMED RT that are not known to be in SNOMED CT.
pub(super) const SRT: &str = "urn:dicom:scheme:SRT";

/// ISO/IEEE 11073-10101.
pub(super) const MDC: &str = "urn:iso:std:iso:11073:10101";

/// Earlier editions of SNOMED, whose codes SNOMED RT still has.
const EARLIER_SNOMED: [&str; 3] = [
    "http://terminology.hl7.org/CodeSystem/SNM3",
    "http://terminology.hl7.org/CodeSystem/SDM",
    "http://terminology.hl7.org/CodeSystem/snm",
];

/// RFC 3986's unreserved characters stay.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const TEXT: &str = include_str!("scheme.tsv");

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(TEXT));

/// The FHIR code system (R4 `Coding.system`) of a designator, and of Coding Scheme UID (0008,010C)
/// for designators that are not known. None when there is neither. Codes of SNOMED's systems need
/// more than this, see [`Code::of`](super::Code::of).
pub(in crate::cast) fn system(designator: &str, uid: Option<&str>) -> Option<Cow<'static, str>> {
    let designator = designator.trim_matches([' ', '\0']);
    let known = TABLE.get(designator).and_then(|row| row.split_once('\t'));
    known
        .map(|(_, uri)| Cow::Borrowed(uri))
        .or_else(|| hl7_v2(designator).map(Cow::Owned))
        .or_else(|| of_uid(uid?))
        .or_else(|| local(designator).map(Cow::Owned))
}

/// Whether the codes of a system may be codes of SNOMED RT.
pub(super) fn is_snomed(system: &str) -> bool {
    system == SCT || system == SRT || EARLIER_SNOMED.contains(&system)
}

/// `HL7` and four digits: a table of HL7 v2 (HL7 v2 table 0396).
fn hl7_v2(designator: &str) -> Option<String> {
    let number = designator.strip_prefix("HL7")?;
    let is_table = number.len() == 4 && number.bytes().all(|digit| digit.is_ascii_digit());
    is_table.then(|| format!("http://terminology.hl7.org/CodeSystem/v2-{number}"))
}

fn of_uid(uid: &str) -> Option<Cow<'static, str>> {
    let uid = uid.trim_matches([' ', '\0']);
    let uid = is_uid(uid).then_some(uid)?;
    let mut schemes = TABLE.rows().filter_map(|row| row.1.split_once('\t'));
    let known = schemes.find(|scheme| scheme.0 == uid);
    Some(match known {
        Some((_, uri)) => Cow::Borrowed(uri),
        None => Cow::Owned(format!("urn:oid:{uid}")),
    })
}

fn local(designator: &str) -> Option<String> {
    let encoded = utf8_percent_encode(designator, ENCODED);
    (!designator.is_empty()).then(|| format!("urn:dicom:scheme:{encoded}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(designator: &str) -> String {
        system(designator, None).unwrap().into_owned()
    }

    fn is_absolute_uri(text: &str) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/%".contains(c);
        let parts = text.split_once(':');
        let filled = parts.is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        filled && text.chars().all(allowed)
    }

    #[test]
    fn the_table_is_sorted_and_its_uris_are_absolute() {
        TABLE.assert_sorted(TEXT);
        assert_eq!(TABLE.rows().count(), 126);
        for (designator, row) in TABLE.rows() {
            let (uid, uri) = row.split_once('\t').unwrap();
            assert!(uid.is_empty() || is_uid(uid), "{designator}");
            assert!(is_absolute_uri(uri), "{designator}");
            assert!(
                !uri.starts_with("urn:oid:") || uri.ends_with(uid),
                "{designator}"
            );
            assert_eq!(of(designator), uri);
        }
    }

    #[test]
    fn a_uid_has_one_uri() {
        for (designator, row) in TABLE.rows() {
            let (uid, uri) = row.split_once('\t').unwrap();
            let by_uid = of_uid(uid);
            assert!(by_uid.is_none_or(|by_uid| by_uid == uri), "{designator}");
        }
    }

    // R4 "Code Systems", by name.
    #[test]
    fn known_schemes_have_the_uris_of_r4() {
        let known = [
            ("DCM", "http://dicom.nema.org/resources/ontology/DCM"),
            ("SCT", "http://snomed.info/sct"),
            ("LN", "http://loinc.org"),
            ("UCUM", "http://unitsofmeasure.org"),
            ("RADLEX", "http://www.radlex.org"),
            ("RadLex", "http://www.radlex.org"),
            ("I10", "http://hl7.org/fhir/sid/icd-10"),
            ("I10C", "http://hl7.org/fhir/sid/icd-10-cm"),
            ("ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm"),
            ("I9C", "http://hl7.org/fhir/sid/icd-9-cm"),
            ("C4", "http://www.ama-assn.org/go/cpt"),
            ("NDC", "http://hl7.org/fhir/sid/ndc"),
            ("CVX", "http://hl7.org/fhir/sid/cvx"),
            ("RXNORM", "http://www.nlm.nih.gov/research/umls/rxnorm"),
            ("ISO3166_1", "urn:iso:std:iso:3166"),
            ("RFC5646", "urn:ietf:bcp:47"),
            ("NCIt", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"),
            ("FMA", "urn:oid:2.16.840.1.113883.6.119"),
            ("ITIS_TSN", "urn:oid:1.2.840.10008.2.16.7"),
            ("HL70078", "http://terminology.hl7.org/CodeSystem/v2-0078"),
            (
                "ActCode",
                "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            ),
        ];
        for (designator, uri) in known {
            assert_eq!(of(designator), uri, "{designator}");
        }
    }

    #[test]
    fn the_designator_wins_where_it_is_known() {
        let uid = Some("1.2.3");
        assert_eq!(system("LN", uid).unwrap(), "http://loinc.org");
        assert_eq!(system("99MINE", uid).unwrap(), "urn:oid:1.2.3");
        assert_eq!(system("", uid).unwrap(), "urn:oid:1.2.3");
        let loinc = Some("2.16.840.1.113883.6.1\0");
        assert_eq!(system("99MINE", loinc).unwrap(), "http://loinc.org");
    }

    #[test]
    fn local_designators_stay_and_are_told_apart() {
        assert_eq!(of("99MINE "), "urn:dicom:scheme:99MINE");
        assert_eq!(of("99mine"), "urn:dicom:scheme:99mine");
        assert_eq!(of("BI"), "urn:dicom:scheme:BI");
        assert_eq!(of("99 A/B%é"), "urn:dicom:scheme:99%20A%2FB%25%C3%A9");
        assert_eq!(of("HL7001"), "urn:dicom:scheme:HL7001");
        assert_eq!(system("99MINE", Some("no uid")).unwrap(), of("99MINE"));
    }

    #[test]
    fn neither_designator_nor_uid_is_no_system() {
        assert_eq!(system(" ", None), None);
        assert_eq!(system("", Some("no uid")), None);
    }

    proptest! {
        #[test]
        fn whatever_the_designator_it_is_a_uri(designator in any::<String>(), uid in any::<Option<String>>()) {
            if let Some(uri) = system(&designator, uid.as_deref()) {
                prop_assert!(is_absolute_uri(&uri), "{}", uri);
            } else {
                prop_assert!(designator.trim_matches([' ', '\0']).is_empty());
            }
        }
    }
}
