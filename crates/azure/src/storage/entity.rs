//! One row of a table as the service sends and takes it: columns with the names of their types.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use radcast_engine::store::ETag;

/// The most UTF-16 units of a text: a property holds 64 KiB.
const LONGEST_TEXT: usize = 32_000;

/// What stands at the end of a text that was cut.
const CUT: &str = " … (cut)";

/// The earliest time that a column can hold: 1601-01-01, in seconds.
const EARLIEST: i64 = -11_644_473_600;

/// A row. Columns that nobody here knows are kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Entity(Map<String, Value>);

impl Entity {
    /// A row of two keys, as they are stored.
    pub(super) fn new(partition: &str, row: &str) -> Self {
        let mut entity = Self::default();
        entity.set("PartitionKey", partition.into());
        entity.set("RowKey", row.into());
        entity
    }

    pub(super) fn partition(&self) -> &str {
        self.text("PartitionKey").unwrap_or_default()
    }

    pub(super) fn row(&self) -> &str {
        self.text("RowKey").unwrap_or_default()
    }

    /// The version of a row that was read.
    pub(super) fn etag(&self) -> Option<ETag> {
        Some(ETag(self.text("odata.etag")?.to_owned()))
    }

    pub(super) fn set_etag(&mut self, etag: String) {
        self.set("odata.etag", etag.into());
    }

    /// A text, unless it is empty.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.0.get(column)?.as_str().filter(|text| !text.is_empty())
    }

    /// A whole number of any type, or written as a text.
    pub(super) fn integer(&self, column: &str) -> Option<i64> {
        match self.0.get(column)? {
            Value::Number(number) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A time, also written as a text.
    pub(super) fn time(&self, column: &str) -> Option<Timestamp> {
        self.text(column)?.trim().parse().ok()
    }

    /// Whether a person or a program said yes, in whatever type.
    pub(super) fn flag(&self, column: &str) -> bool {
        match self.0.get(column) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
            Some(Value::String(text)) => {
                let word = text.trim().to_lowercase();
                matches!(word.as_str(), "true" | "yes" | "1")
            }
            _ => false,
        }
    }

    /// A text, cut at a character when it is too long.
    pub(super) fn set_text(&mut self, column: &str, text: &str) {
        self.set(column, fitting(text).into());
    }

    pub(super) fn set_flag(&mut self, column: &str, flag: bool) {
        self.set(column, flag.into());
    }

    pub(super) fn set_int32(&mut self, column: &str, number: u32) {
        self.set(column, i32::try_from(number).unwrap_or(i32::MAX).into());
    }

    pub(super) fn set_int64(&mut self, column: &str, number: u64) {
        self.set_typed(column, "Edm.Int64", number.cast_signed().to_string());
    }

    /// A time in ticks of 100 ns; one before 1601 becomes that year's first.
    pub(super) fn set_time(&mut self, column: &str, time: Timestamp) {
        self.set_typed(column, "Edm.DateTime", ticks(time));
    }

    pub(super) fn remove(&mut self, column: &str) {
        self.0.shift_remove(column);
        self.0.shift_remove(&annotation(column));
    }

    /// The row to be written: without what the service itself says of it.
    pub(super) fn to_write(&self) -> Self {
        let own = |name: &String| {
            let column = name.split('@').next().unwrap_or_default();
            !name.starts_with("odata.") && column != "Timestamp"
        };
        let columns = self.0.iter().filter(|(name, _)| own(name));
        Self(
            columns
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// How many bytes it takes to send it.
    pub(super) fn size(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }

    fn set(&mut self, column: &str, value: Value) {
        self.0.shift_remove(&annotation(column));
        self.0.insert(column.to_owned(), value);
    }

    fn set_typed(&mut self, column: &str, edm: &str, value: String) {
        self.0.insert(annotation(column), edm.into());
        self.0.insert(column.to_owned(), value.into());
    }
}

/// The time as a column keeps it.
pub(super) fn kept(time: Timestamp) -> Timestamp {
    ticks(time).parse().unwrap_or(time)
}

/// The time as filters and columns write it.
pub(super) fn ticks(time: Timestamp) -> String {
    let earliest = Timestamp::from_second(EARLIEST).unwrap_or(Timestamp::MIN);
    format!("{:.7}", time.max(earliest))
}

fn annotation(column: &str) -> String {
    format!("{column}@odata.type")
}

fn fitting(text: &str) -> String {
    if text.encode_utf16().count() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let mut units = CUT.encode_utf16().count();
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= LONGEST_TEXT
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push_str(CUT);
    cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entity(columns: Value) -> Entity {
        serde_json::from_value(columns).unwrap()
    }

    #[test]
    fn a_yes_of_any_type_counts() {
        for yes in [
            json!(true),
            json!("true"),
            json!("True "),
            json!("TRUE"),
            json!("yes"),
            json!("1"),
            json!(1),
            json!(1.0),
        ] {
            assert!(entity(json!({ "Retry": yes })).flag("Retry"), "{yes}");
        }
        for no in [
            json!(false),
            json!("false"),
            json!("no"),
            json!(""),
            json!(0),
            json!(null),
        ] {
            assert!(!entity(json!({ "Retry": no })).flag("Retry"), "{no}");
        }
        assert!(!Entity::default().flag("Retry"));
    }

    #[test]
    fn times_are_kept_in_ticks_and_within_the_range() {
        let time: Timestamp = "2024-06-02T08:15:30.123456789Z".parse().unwrap();
        let mut row = Entity::default();
        row.set_time("At", time);
        assert_eq!(row.text("At"), Some("2024-06-02T08:15:30.1234567Z"));
        assert_eq!(row.text("At@odata.type"), Some("Edm.DateTime"));
        assert_eq!(row.time("At"), Some(kept(time)));
        row.set_time("At", "0001-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(row.text("At"), Some("1601-01-01T00:00:00.0000000Z"));
        row.set_time("At", Timestamp::MAX);
        assert_eq!(row.text("At"), Some("9999-12-30T22:00:00.9999999Z"));
    }

    #[test]
    fn what_nobody_knows_is_written_back_and_what_the_service_says_is_not() {
        let mut row = entity(json!({
            "odata.etag": "W/\"1\"", "odata.type": "x", "odata.id": "y",
            "Timestamp@odata.type": "Edm.DateTime", "Timestamp": "2024-06-02T08:15:30Z",
            "Ticket": "T-1", "Size@odata.type": "Edm.Int64", "Size": "7",
        }));
        row.set_text("Size", "seven");
        let written = serde_json::to_value(row.to_write()).unwrap();
        assert_eq!(written, json!({ "Ticket": "T-1", "Size": "seven" }));
    }

    proptest! {
        #[test]
        fn w34_a_text_of_any_length_fits_into_a_column(text in "[a-zé€😀]{0,5}", times in 1_usize..20_000) {
            let text = text.repeat(times);
            let fitted = fitting(&text);
            prop_assert!(fitted.encode_utf16().count() <= LONGEST_TEXT);
            prop_assert!(fitted == text || (fitted.ends_with(CUT) && text.starts_with(fitted.trim_end_matches(CUT))));
        }
    }
}
