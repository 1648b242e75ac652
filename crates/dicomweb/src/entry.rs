//! One entry of the feed, and the tolerant reading of it.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use radcast_dicom::{Cursor, Dataset, is_uid, leading_members};
use radcast_engine::failure::Subject;
use radcast_engine::feed::{
    self, Action, DEFAULT_PARTITION, InstanceKey, MalformedEntry, State, is_partition,
};

const METADATA: &[u8] = b"metadata";

/// What UIDs are padded with, by the standard and by mistake.
const PADDING: [char; 2] = [' ', '\0'];

/// The longest word of the feed that is shown when it is unknown.
const LONGEST_WORD: usize = 32;

/// An entry of the change feed with the attributes of its instance.
pub type Entry = feed::Entry<Dataset>;

/// An entry, or what could be read of one.
pub(super) type Row = feed::Row<Dataset>;

/// Reads one item of a page. Names and enum values are matched whatever their case.
///
/// # Errors
/// What is missing or unreadable, with the sequence and the UIDs that could be read.
pub fn parse(item: &Bytes) -> Row {
    let (all, closed) = leading_members(item);
    let all = all.iter().map(|(key, value)| (key.as_bytes(), &**value));
    let members = Members {
        all: all.collect(),
        closed,
        metadata: None,
    };
    from_members(members, item)
}

/// As [`parse`], of the item that the cursor stands before in `body`; with its text.
/// None where the text is not quite as it should be.
pub(super) fn scan<'a>(cursor: &mut Cursor<'a>, body: &'a Bytes) -> Option<(Row, Bytes)> {
    cursor.peek()?;
    let start = cursor.place();
    let members = Members::scan(cursor, body)?;
    let item = body.slice(start..cursor.place());
    Some((from_members(members, &item), item))
}

fn from_members(mut members: Members<'_>, item: &Bytes) -> Row {
    assemble(&mut members, item).map_err(|reason| MalformedEntry {
        subject: Subject {
            digest: Some(digest(item)),
            ..members.subject()
        },
        timestamp: members.timestamp(),
        reason,
        raw: None,
    })
}

/// What is left of it when its own number cannot be believed; `item` is its raw text.
pub(super) fn into_malformed(mut entry: Entry, item: &[u8], reason: &str) -> MalformedEntry {
    MalformedEntry {
        timestamp: entry.timestamp,
        reason: reason.to_owned(),
        raw: entry.raw.take(),
        subject: Subject {
            sequence: None,
            digest: Some(digest(item)),
            ..entry.into_subject()
        },
    }
}

fn assemble(members: &mut Members<'_>, item: &Bytes) -> Result<Entry, String> {
    if !members.closed {
        return Err("the entry is not a complete JSON object".to_owned());
    }
    let key = InstanceKey {
        partition: members.known_partition()?,
        study: members.uid("studyInstanceUid")?,
        series: members.uid("seriesInstanceUid")?,
        instance: members.uid("sopInstanceUid")?,
    };
    Ok(Entry {
        sequence: members
            .sequence()
            .ok_or("sequence is missing or unreadable")?,
        key,
        action: members.word("action", ACTIONS)?,
        state: members.word("state", STATES)?,
        timestamp: members.timestamp(),
        data: members.metadata(item)?,
        raw: None,
    })
}

/// The first 16 hex digits of the SHA-256.
fn digest(raw: &[u8]) -> String {
    let hash = Sha256::digest(raw);
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

const ACTIONS: &[(&str, Action)] = &[
    ("create", Action::Create),
    ("update", Action::Update),
    ("delete", Action::Delete),
];

const STATES: &[(&str, State)] = &[
    ("current", State::Current),
    ("replaced", State::Replaced),
    ("deleted", State::Deleted),
];

/// The members of an entry's object; none when it is no object.
struct Members<'a> {
    all: Vec<(&'a [u8], &'a [u8])>,
    /// Whether it is an object that does not break off.
    closed: bool,
    /// The attributes, if they have been read already.
    metadata: Option<Dataset>,
}

impl<'a> Members<'a> {
    /// Reads the object that the cursor stands before, in one pass with its attributes.
    fn scan(cursor: &mut Cursor<'a>, body: &'a Bytes) -> Option<Self> {
        let (mut all, mut metadata) = (Vec::with_capacity(8), None);
        let mut more = cursor.enter(b'{')?;
        while more {
            let key = cursor.key()?;
            if key.eq_ignore_ascii_case(METADATA) && cursor.peek()? == b'{' && metadata.is_none() {
                metadata = Some(Dataset::scan(cursor, body)?);
            } else {
                all.push((key, body.get(cursor.value()?)?));
            }
            more = cursor.proceed(b'{')?;
        }
        let has_other = all
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(METADATA));
        (!has_other || metadata.is_none()).then_some(Self {
            all,
            closed: true,
            metadata,
        })
    }

    fn value(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.all.iter();
        let (_, value) = all.find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(value)
    }

    /// Borrowed where nothing is escaped.
    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        let value = self.value(name)?;
        let plain = serde_json::from_slice(value).map(Cow::Borrowed);
        plain
            .or_else(|_| serde_json::from_slice(value).map(Cow::Owned))
            .ok()
    }

    fn required(&self, name: &str) -> Result<Cow<'a, str>, String> {
        self.text(name)
            .ok_or_else(|| format!("{name} is missing or unreadable"))
    }

    /// A UID, without the padding that some service stored with it.
    fn uid(&self, name: &str) -> Result<String, String> {
        self.required(name)
            .map(|text| text.trim_matches(PADDING).to_owned())
    }

    fn word<T: Copy>(&self, name: &str, meanings: &[(&str, T)]) -> Result<T, String> {
        let word = self.required(name)?;
        let mut meanings = meanings.iter();
        let known = meanings.find(|(known, _)| word.eq_ignore_ascii_case(known));
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let harmless =
                word.len() <= LONGEST_WORD && word.bytes().all(|b| b.is_ascii_alphabetic());
            let shown = if harmless {
                format!(" {word:?}")
            } else {
                String::new()
            };
            format!("{name}{shown} is unknown")
        })
    }

    /// A feed counts from 1, in 64 bits with a sign.
    fn sequence(&self) -> Option<u64> {
        let sequence: i64 = serde_json::from_slice(self.value("sequence")?).ok()?;
        u64::try_from(sequence).ok().filter(|number| *number > 0)
    }

    fn partition(&self) -> Option<String> {
        let name = self.text("partitionName")?;
        (name != DEFAULT_PARTITION).then(|| name.into_owned())
    }

    /// The partition, whose name goes into addresses and identifiers.
    fn known_partition(&self) -> Result<Option<String>, String> {
        match self.partition() {
            Some(name) if !is_partition(&name) => {
                Err("partitionName is no name of a data partition".to_owned())
            }
            partition => Ok(partition),
        }
    }

    fn timestamp(&self) -> Option<Timestamp> {
        self.text("timestamp")?.parse().ok()
    }

    fn metadata(&mut self, item: &Bytes) -> Result<Option<Dataset>, String> {
        if let Some(read) = self.metadata.take() {
            return Ok(Some(read));
        }
        match self.value("metadata") {
            None | Some(b"null") => Ok(None),
            Some(value) => Dataset::parse(item.slice_ref(value))
                .map(Some)
                .map_err(|_| "metadata is not an object of DICOM JSON".to_owned()),
        }
    }

    fn subject(&self) -> Subject {
        let uid = |name| self.uid(name).ok().filter(|text| is_uid(text));
        Subject {
            sequence: self.sequence(),
            study: uid("studyInstanceUid"),
            series: uid("seriesInstanceUid"),
            instance: uid("sopInstanceUid"),
            partition: self.partition().filter(|text| is_partition(text)),
            action: self
                .word("action", ACTIONS)
                .ok()
                .map(|action| action.as_str().to_owned()),
            timestamp: self.timestamp(),
            digest: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Row {
        parse(&Bytes::copy_from_slice(json.as_bytes()))
    }

    const GOOD: &str = r#"{"sequence":7,"partitionName":"Microsoft.Default",
        "studyInstanceUid":"1.2","seriesInstanceUid":"1.2.3","sopInstanceUid":"1.2.3.4",
        "action":"Create","state":"Current","timestamp":"2024-06-02T08:15:30.1234567+00:00",
        "metadata":{"00080060":{"vr":"CS","Value":["CT"]}}}"#;

    #[test]
    fn names_and_words_are_read_whatever_their_case() {
        let shouted = GOOD
            .replace("sequence", "SEQUENCE")
            .replace("Create", "cReAtE");
        let entry = read(&shouted).unwrap();
        assert_eq!(
            (entry.sequence, entry.action, entry.state),
            (7, Action::Create, State::Current)
        );
        assert_eq!(entry.key.partition, None);
        assert!(entry.timestamp.is_some() && entry.data.is_some());
    }

    #[test]
    fn a_partition_other_than_the_default_is_kept() {
        let entry = read(&GOOD.replace("Microsoft.Default", "clinic-b")).unwrap();
        assert_eq!(entry.key.partition.as_deref(), Some("clinic-b"));
    }

    #[test]
    fn a_partition_that_is_no_name_is_malformed_and_shown_nowhere() {
        let long = "a".repeat(65);
        for name in [
            "", ".", "..", "a/b", "a b", "a%2Fb", "a'", "\\u0000", "ü", &long,
        ] {
            let malformed = read(&GOOD.replace("Microsoft.Default", name)).unwrap_err();
            assert_eq!(
                malformed.reason,
                "partitionName is no name of a data partition"
            );
            assert_eq!(malformed.subject.partition, None, "{name}");
            assert_eq!(malformed.subject.instance.as_deref(), Some("1.2.3.4"));
        }
        for name in ["a", "A.b-c_9", "...", &"a".repeat(64)] {
            let entry = read(&GOOD.replace("Microsoft.Default", name)).unwrap();
            assert_eq!(entry.key.partition.as_deref(), Some(name));
        }
    }

    #[test]
    fn a_malformed_entry_keeps_what_can_be_read() {
        let malformed = read(&GOOD.replace("\"Create\"", "\"Archive\"")).unwrap_err();
        assert_eq!(malformed.subject.sequence, Some(7));
        assert_eq!(malformed.subject.instance.as_deref(), Some("1.2.3.4"));
        assert_eq!(malformed.reason, "action \"Archive\" is unknown");
    }

    #[test]
    fn a_missing_uid_is_named() {
        let malformed = read(&GOOD.replace("sopInstanceUid", "other")).unwrap_err();
        assert_eq!(malformed.reason, "sopInstanceUid is missing or unreadable");
    }

    #[test]
    fn uids_are_read_without_their_padding_and_are_otherwise_as_they_are() {
        let clean = read(GOOD).unwrap();
        for (before, after) in [("", " "), ("", "\\u0000"), (" ", ""), ("  ", " \\u0000")] {
            let pad = |uid: &str| format!("\"{before}{uid}{after}\"");
            let padded = ["1.2.3.4", "1.2.3", "1.2"]
                .iter()
                .fold(GOOD.to_owned(), |text, uid| {
                    text.replace(&format!("\"{uid}\""), &pad(uid))
                });
            let entry = read(&padded).unwrap();
            assert_eq!(entry.key, clean.key, "{padded}");
            assert_eq!(entry.identity(), clean.identity());
            let malformed = read(&padded.replace("\"Create\"", "7")).unwrap_err();
            assert_eq!(malformed.subject.instance.as_deref(), Some("1.2.3.4"));
        }
        let inside = read(&GOOD.replace("1.2.3.4", "1.2 .3")).unwrap();
        assert_eq!(inside.key.instance, "1.2 .3");
        assert_eq!(inside.identity(), None);
    }

    #[test]
    fn broken_json_in_one_element_harms_nothing_else() {
        let entry = read(&GOOD.replace("[\"CT\"]", "[-Infinity]")).unwrap();
        assert_eq!(entry.sequence, 7);
    }

    #[test]
    fn a_number_that_no_feed_counts_to_is_unreadable() {
        for number in ["0", "-7", "9223372036854775808", "18446744073709551615"] {
            let malformed = read(&GOOD.replace(":7,", &format!(":{number},"))).unwrap_err();
            assert_eq!(malformed.reason, "sequence is missing or unreadable");
            assert_eq!(malformed.subject.sequence, None, "{number}");
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        assert_eq!(
            read("17").unwrap_err().reason,
            "the entry is not a complete JSON object"
        );
    }

    #[test]
    fn of_an_entry_that_breaks_off_the_beginning_is_known() {
        let cut = GOOD.find("\"action\"").unwrap();
        let malformed = read(&GOOD[..cut + 3]).unwrap_err();
        assert_eq!(malformed.subject.sequence, Some(7));
        assert_eq!(malformed.subject.instance.as_deref(), Some("1.2.3.4"));
    }

    #[test]
    fn rx7_a_malformed_entry_carries_the_digest_of_its_raw_bytes() {
        // What `printf '{"sequence":7}' | sha256sum` begins with.
        let expected = "69c1d8217ddea5c4";
        let malformed = read(r#"{"sequence":7}"#).unwrap_err();
        assert_eq!(malformed.subject.digest.as_deref(), Some(expected));
        let message = malformed.failure().message;
        assert!(
            message.ends_with(&format!("; raw entry sha256 {expected}")),
            "{message}"
        );
        assert_eq!(read(GOOD).unwrap().subject().digest, None);
    }

    #[test]
    fn what_stands_in_the_place_of_a_uid_or_word_is_not_told() {
        let text = GOOD.replace("1.2.3.4", "CANARY");
        assert_eq!(read(&text).unwrap().subject().instance, None);
        let malformed = read(&text.replace("Create", "CANARY 17")).unwrap_err();
        assert!(
            !format!("{malformed:?}").contains("CANARY"),
            "{malformed:?}"
        );
    }
}
