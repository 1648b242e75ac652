//! SNOMED codes as they were written before SNOMED CT: `T-D4000`, `G-A100`, `R-FAB57`.
//!
//! DICOM wrote them with the designators SRT, SNM3 and 99SDM (PS3.16 Table 8-1) until SCT replaced
//! them, and archives are full of them. `http://snomed.info/sct` allows concept ids alone (R4
//! "Using SNOMED CT with FHIR"), so they are turned into concept ids. For what has none see
//! [`scheme`](super::scheme).
//!
//! # Provenance
//!
//! `srt.tsv` is PS3.16 Table O-1, SNOMED CT and SNOMED RT ids of the same concepts, whole: 7990
//! rows, one to one, as pydicom 3.0.2 takes them from the standard's DocBook. Cross-checked with
//! PixelMed's anatomic concepts (2026): of 405 codes there 397 agree, the other 8 are not in
//! Table O-1 and not here, and none differs.

use std::sync::LazyLock;

use super::table::Table;

const TEXT: &str = include_str!("srt.tsv");

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(TEXT));

/// The SNOMED CT concept id of a SNOMED RT code.
pub(in crate::cast) fn sct(srt: &str) -> Option<&'static str> {
    TABLE.get(srt)
}

#[cfg(test)]
mod tests {
    use super::super::sct_id::is_concept_id;
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_ids_are_valid() {
        TABLE.assert_sorted(TEXT);
        assert_eq!(TABLE.rows().count(), 7990);
        for (srt, sct) in TABLE.rows() {
            assert!(is_concept_id(sct), "{srt} {sct}");
            assert!(!is_concept_id(srt), "{srt}");
        }
    }

    #[test]
    fn each_concept_has_one_code() {
        let mut ids: Vec<_> = TABLE.rows().map(|row| row.1).collect();
        ids.sort_unstable();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    // PixelMed's anatomic concepts, and the SRT columns of PS3.16 CID 244.
    #[test]
    fn codes_of_another_source() {
        let known = [
            ("T-42500", "7832008"),
            ("T-15420", "85856004"),
            ("T-B3000", "23451007"),
            ("R-FAB55", "416550000"),
            ("T-04000", "76752008"),
            ("T-D1000", "774007"),
            ("G-A100", "24028007"),
            ("G-A101", "7771000"),
            ("G-A102", "51440002"),
            ("G-A103", "66459002"),
        ];
        for (srt, id) in known {
            assert_eq!(sct(srt), Some(id), "{srt}");
        }
    }

    #[test]
    fn unknown_codes_have_none() {
        for srt in ["", "T-", "T-D400", "7832008", "Abdomen"] {
            assert_eq!(sct(srt), None, "{srt}");
        }
    }
}
