//! The scanner of JSON text, held against serde_json.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use bytes::Bytes;
use proptest::prelude::*;
use radcast_dicom::{Dataset, items, members};
use serde_json::Value;

use crate::cast_generators::json;

fn parsed(json: &Bytes) -> Value {
    serde_json::from_slice(json).unwrap()
}

fn written(value: &Value, pretty: bool) -> Bytes {
    let text = if pretty {
        serde_json::to_vec_pretty(value)
    } else {
        serde_json::to_vec(value)
    };
    Bytes::from(text.unwrap())
}

proptest! {
    #[test]
    fn it_splits_valid_arrays_as_serde_json_does(
        array in prop::collection::vec(json(), 0..6),
        pretty: bool,
    ) {
        let split = items(&written(&Value::Array(array.clone()), pretty)).unwrap();
        prop_assert!(split.complete);
        prop_assert_eq!(split.items.iter().map(parsed).collect::<Vec<_>>(), array);
    }

    #[test]
    fn it_splits_valid_objects_as_serde_json_does(
        object in prop::collection::hash_map(".*", json(), 0..6),
        pretty: bool,
    ) {
        let object: serde_json::Map<_, _> = object.into_iter().collect();
        let split = members(&written(&Value::Object(object.clone()), pretty)).unwrap();
        let split: serde_json::Map<_, _> = split.into_iter().map(|(k, v)| (k, parsed(&v))).collect();
        prop_assert_eq!(split, object);
    }

    #[test]
    fn it_tells_arrays_from_objects_and_the_rest(value in json()) {
        let text = written(&value, false);
        prop_assert_eq!(items(&text).is_some(), value.is_array());
        prop_assert_eq!(members(&text).is_some(), value.is_object());
    }

    #[test]
    fn a_bad_token_harms_its_own_item_alone(
        before in prop::collection::vec(json(), 0..3),
        bad in "[ ]?(NaN|-Infinity|tru|01|'x'|\\{\"a\":NaN\\}|\\[1 2\\])[ ]?",
        after in prop::collection::vec(json(), 0..3),
    ) {
        let texts = |values: &[Value]| values.iter().map(Value::to_string).collect::<Vec<_>>();
        let all = [texts(&before), vec![bad.clone()], texts(&after)].concat();
        let split = items(&Bytes::from(format!("[{}]", all.join(",")))).unwrap();
        prop_assert!(split.complete);
        let trimmed: Vec<_> = all.iter().map(|text| text.trim().as_bytes().to_vec()).collect();
        prop_assert_eq!(split.items.iter().map(|i| i.to_vec()).collect::<Vec<_>>(), trimmed);
    }

    #[test]
    fn garbage_never_panics(garbage in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        "[\\[\\]{}\",:\\\\ a0]{0,40}".prop_map(String::into_bytes),
    ]) {
        let garbage = Bytes::from(garbage);
        let _ = (items(&garbage), members(&garbage), Dataset::parse(garbage));
    }
}
