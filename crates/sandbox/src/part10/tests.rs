use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use serde_json::{Value, json};

use super::{Instance, Part10Error, from_bytes};

/// Retired, and still met.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Where the data set begins in files of [`file`]: preamble and prefix are before it.
const PREFIX_END: usize = 132;

fn data_set() -> InMemDicomObject {
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let item = InMemDicomObject::from_element_iter([
        text(tags::CODE_VALUE, VR::SH, "113701"),
        text(tags::CODE_MEANING, VR::LO, "Dose"),
    ]);
    InMemDicomObject::from_element_iter([
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 144"),
        text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
        DataElement::new(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![item]),
        ),
        text(tags::PATIENT_NAME, VR::PN, "Люкceмбypг"),
        text(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        text(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.5"),
        text(tags::INSTANCE_NUMBER, VR::IS, "7"),
        DataElement::new(tags::ROWS, VR::US, dicom_value!(U16, [512])),
        DataElement::new(
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            VR::OW,
            PrimitiveValue::from(vec![0; 300]),
        ),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(vec![9; 64])),
    ])
}

fn file(transfer_syntax: &str) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new().transfer_syntax(transfer_syntax);
    let mut bytes = Vec::new();
    data_set()
        .with_meta(meta)
        .unwrap()
        .write_all(&mut bytes)
        .unwrap();
    bytes
}

fn without_meta(transfer_syntax: &str) -> Vec<u8> {
    let bytes = file(transfer_syntax);
    let group_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap());
    bytes[144 + group_length as usize..].to_vec()
}

fn metadata(instance: &Instance) -> Value {
    serde_json::from_str(&instance.metadata).unwrap()
}

fn assert_is_the_instance(instance: &Instance) {
    assert_eq!(instance.study, "1.2.3");
    assert_eq!(instance.series, "1.2.3.5");
    assert_eq!(instance.instance, "1.2.3.4");
    assert_eq!(instance.sop_class, uids::CT_IMAGE_STORAGE);
    assert_eq!(
        metadata(instance),
        json!({
            "00080005": {"vr": "CS", "Value": ["ISO_IR 144"]},
            "00080016": {"vr": "UI", "Value": [uids::CT_IMAGE_STORAGE]},
            "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
            "0040A043": {"vr": "SQ", "Value": [{
                "00080100": {"vr": "SH", "Value": ["113701"]},
                "00080104": {"vr": "LO", "Value": ["Dose"]},
            }]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Люкceмбypг"}]},
            "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
            "0020000E": {"vr": "UI", "Value": ["1.2.3.5"]},
            "00200013": {"vr": "IS", "Value": [7]},
            "00280010": {"vr": "US", "Value": [512]},
        })
    );
}

#[test]
fn every_uncompressed_encoding_and_deflate_read_the_same() {
    for transfer_syntax in [
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ] {
        let instance = from_bytes(&file(transfer_syntax)).unwrap();
        assert_eq!(instance.transfer_syntax, transfer_syntax);
        assert_is_the_instance(&instance);
    }
}

#[test]
fn preamble_and_file_meta_may_be_missing() {
    let bytes = file(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_is_the_instance(&from_bytes(&bytes[128..]).unwrap());
    assert_is_the_instance(&from_bytes(&bytes[PREFIX_END..]).unwrap());
    for transfer_syntax in [
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
    ] {
        let instance = from_bytes(&without_meta(transfer_syntax)).unwrap();
        assert_eq!(instance.transfer_syntax, transfer_syntax);
        assert_is_the_instance(&instance);
    }
}

#[test]
fn a_wrongly_declared_transfer_syntax_is_seen_through() {
    let mut bytes = file(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let data_set = without_meta(uids::IMPLICIT_VR_LITTLE_ENDIAN);
    let group_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap());
    bytes.truncate(144 + group_length as usize);
    bytes.extend(data_set);
    assert_is_the_instance(&from_bytes(&bytes).unwrap());
}

#[test]
fn every_prefix_of_a_file_is_the_instance_or_a_stated_error() {
    for transfer_syntax in [
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ] {
        let bytes = file(transfer_syntax);
        let mut readable = 0;
        for length in 0..bytes.len() {
            match from_bytes(&bytes[..length]) {
                Ok(instance) => {
                    metadata(&instance);
                    assert_eq!(instance.series, "1.2.3.5");
                    readable += 1;
                }
                Err(Part10Error::NotDicom) => assert!(length < PREFIX_END, "{length}"),
                Err(Part10Error::Unreadable { .. } | Part10Error::Missing { .. }) => {
                    assert!(length >= PREFIX_END, "{length}");
                }
                Err(Part10Error::Io(error)) => panic!("{transfer_syntax} {length}: {error}"),
            }
        }
        assert!(readable > 0, "{transfer_syntax}: no prefix is readable");
    }
}

#[test]
fn any_single_wrong_byte_leaves_json_or_an_error() {
    for transfer_syntax in [
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
    ] {
        let bytes = file(transfer_syntax);
        for position in PREFIX_END..bytes.len() {
            for wrong in [0x00, 0xFE, 0xFF] {
                let mut bytes = bytes.clone();
                bytes[position] = wrong;
                if let Ok(instance) = from_bytes(&bytes) {
                    metadata(&instance);
                }
            }
        }
    }
}

#[test]
fn a_length_beyond_the_file_takes_no_memory() {
    let mut bytes = without_meta(uids::IMPLICIT_VR_LITTLE_ENDIAN);
    let name = bytes
        .windows(4)
        .position(|w| w == [0x10, 0, 0x10, 0])
        .unwrap();
    bytes[name + 4..name + 8].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
    let error = from_bytes(&bytes).unwrap_err();
    assert!(matches!(error, Part10Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("truncated"), "{error}");
}

#[test]
fn damage_inside_a_sequence_of_known_length_costs_the_sequence_only() {
    let mut bytes = without_meta(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    // An own sequence with an element in the place of an item, before the patient's name.
    let name = bytes
        .windows(4)
        .position(|w| w == [0x10, 0, 0x10, 0])
        .unwrap();
    let broken = [
        &[0x08, 0, 0x40, 0x11][..],
        b"SQ\0\0",
        &[8, 0, 0, 0],
        &[0x08, 0, 0x50, 0x11, 0x55, 0x49, 0, 0],
    ]
    .concat();
    bytes.splice(name..name, broken);
    let instance = from_bytes(&bytes).unwrap();
    assert_eq!(metadata(&instance)["00081140"], json!({"vr": "SQ"}));
    assert!(metadata(&instance)["00100010"].is_object());
}

#[test]
fn an_element_of_unknown_vr_has_the_vr_of_the_dictionary() {
    let mut bytes = without_meta(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let unknown = [&[0x10, 0, 0x20, 0][..], b"UN\0\0", &[4, 0, 0, 0], b"P-1 "].concat();
    let study = bytes
        .windows(4)
        .position(|w| w == [0x20, 0, 0x0D, 0])
        .unwrap();
    bytes.splice(study..study, unknown);
    let instance = from_bytes(&bytes).unwrap();
    assert_eq!(
        metadata(&instance)["00100020"],
        json!({"vr": "LO", "Value": ["P-1"]})
    );
}

#[test]
fn what_identifies_no_instance_is_said() {
    assert!(matches!(from_bytes(b""), Err(Part10Error::NotDicom)));
    assert!(matches!(
        from_bytes(b"%PDF-1.7 some other file of some length"),
        Err(Part10Error::NotDicom)
    ));
    let mut object = data_set();
    object.remove_element(tags::SERIES_INSTANCE_UID);
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object
        .with_meta(meta)
        .unwrap()
        .write_all(&mut bytes)
        .unwrap();
    let error = from_bytes(&bytes).unwrap_err();
    assert!(
        matches!(
            error,
            Part10Error::Missing {
                keyword: "SeriesInstanceUID"
            }
        ),
        "{error}"
    );
}

#[test]
fn the_debug_form_does_not_name_the_patient() {
    let instance = from_bytes(&file(uids::EXPLICIT_VR_LITTLE_ENDIAN)).unwrap();
    assert!(!format!("{instance:?}").contains("Люк"));
}

#[test]
fn a_file_cut_off_inside_an_element_before_its_uids_is_unreadable() {
    let bytes = without_meta(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let study = bytes
        .windows(4)
        .position(|w| w == [0x20, 0, 0x0D, 0])
        .unwrap();
    for end in [study + 5, study + 9] {
        let error = from_bytes(&bytes[..end]).unwrap_err();
        let place = format!("at byte {}", if end < study + 8 { study } else { end });
        assert!(matches!(error, Part10Error::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(&place), "{error}");
    }
}
