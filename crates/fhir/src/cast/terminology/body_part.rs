//! Body Part Examined (0018,0015) as a SNOMED CT concept.
//!
//! # Provenance
//!
//! `body_part.tsv`: term, concept id, meaning, 341 rows. The terms and meanings are those of
//! PS3.16 2026b Tables L-1 and L-2 (345), as the DICOM terminology IG of FHIR takes them from the
//! standard's DocBook. The ids come from four copies of the tables: dcm4che (2023), the
//! anonymizer of MMIV (2024), PixelMed (2026), DCMTK (2023b and 2025e, 97 terms, all of which agree). 335 rows have
//! the same id in two of them at least, 335 ids stand in context groups of PS3.16 2026b, and
//! pydicom 3.0.2 knows all but two (`LOWERTRUNK`, `UPPERTRUNK`; they stand in CID 4031 of 2026b).
//! Where the copies disagree:
//!
//! - `CHEST`: the older copies have 43799004, the cavity; the newer ones, and CID 4031, 816094009.
//!   `THORAX`, whose meaning is "Chest" in 2026b, likewise.
//! - `DESCAORTA`: 32672002 is the descending *thoracic* aorta in 2026b; "Descending aorta" is
//!   281130003 (CID 6117, Table O-1).
//! - `INTMAMMARYA`: dcm4che has the id of the internal carotid artery.
//! - `JAW` has two rows in Table L-1, the region and the mandible: the region covers both.
//!
//! Left out: `FETALARM`, `FETALDIGIT`, `FETALHEART`, `FETALLEG`, `FETALPOLE`, which have no code,
//! and `DISTALPHALANX`, whose code is of UMLS. Added: `ARM` and `LEG`, which earlier editions have.

use std::sync::LazyLock;

use super::Code;
use super::table::Table;

const TEXT: &str = include_str!("body_part.tsv");

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(TEXT));

/// The concept of a term (PS3.16 Annex L). Case and surrounding blanks do not matter.
pub(in crate::cast) fn coding(term: &str) -> Option<Code> {
    let (id, meaning) = TABLE.get(term)?.split_once('\t')?;
    Some(Code::sct(id, meaning))
}

#[cfg(test)]
mod tests {
    use super::super::sct_id::is_concept_id;
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_ids_are_valid() {
        TABLE.assert_sorted(TEXT);
        assert_eq!(TABLE.rows().count(), 341);
        for (term, _) in TABLE.rows() {
            let code = coding(term).unwrap();
            assert!(is_concept_id(&code.code), "{term} {code:?}");
            let meaning = code.display.unwrap();
            assert!(!meaning.is_empty() && meaning == meaning.trim(), "{term}");
            assert!(!meaning.contains('\t'), "{term}");
        }
    }

    #[test]
    fn terms_are_code_strings() {
        for (term, _) in TABLE.rows() {
            let is_term = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
            assert!(term.len() <= 16 && term.chars().all(is_term), "{term}");
        }
    }

    // Term of PS3.16 Table L-1, concept of CID 4031, 4040, 4042 and 12111 in pydicom's dictionary.
    #[test]
    fn concepts_of_another_source() {
        let known = [
            ("3RDVENTRICLE", "49841001", "Third ventricle"),
            ("ABDOMEN", "818981001", "Abdomen"),
            ("ABDOMENPELVIS", "818982008", "Abdomen and Pelvis"),
            ("BRAIN", "12738006", "Brain"),
            ("BREAST", "76752008", "Breast"),
            ("CHEST", "816094009", "Chest"),
            ("CSPINE", "122494005", "Cervical spine"),
            ("CTSPINE", "1217257000", "Cervico-thoracic spine"),
            ("HEART", "80891009", "Heart"),
            ("HIP", "24136001", "Hip joint"),
            ("KIDNEY", "64033007", "Kidney"),
            ("LEG", "30021000", "Lower leg"),
            ("PELVIS", "816092008", "Pelvis"),
            ("SSPINE", "54735007", "Sacrum"),
            ("WHOLEBODY", "38266002", "Entire body"),
            ("ZYGOMA", "13881006", "Zygoma"),
        ];
        for (term, id, meaning) in known {
            assert_eq!(coding(term), Some(Code::sct(id, meaning)), "{term}");
        }
    }

    #[test]
    fn case_and_surrounding_blanks_do_not_matter() {
        assert!(coding("chest").is_some());
        assert_eq!(coding(" Chest "), coding("CHEST"));
    }

    #[test]
    fn unknown_terms_have_none() {
        for term in ["", " ", "THX", "THORAX ABDOMEN", "FETALARM", "816094009"] {
            assert_eq!(coding(term), None, "{term}");
        }
    }
}
