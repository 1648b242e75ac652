//! A data set as DICOM JSON elements, element by element, as far as it can be read.

use std::collections::BTreeMap;
use std::io;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::character_set::CharacterSet;
use super::element;
use super::encoding::{ElementHeader, Encoding, UNDEFINED_LENGTH, dictionary_vr};
use super::source::Source;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_DELIMITATION: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_DELIMITATION: Tag = Tag(0xFFFE, 0xE0DD);
/// Sequences in sequences that are followed; structured reports have about ten.
const DEPTH_LIMIT: u8 = 32;

/// Where and why reading stopped before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {position}")]
pub(super) struct Damage {
    what: &'static str,
    position: u64,
}

/// The elements read, as JSON, and the damage that ended the reading early.
#[derive(Debug, Default)]
pub(super) struct DataSet {
    pub(super) elements: BTreeMap<Tag, String>,
    pub(super) damage: Option<Damage>,
}

/// What holds for one data set: the root or an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub(super) encoding: Encoding,
    pub(super) character_set: CharacterSet,
    /// The first tag that no longer belongs to it.
    pub(super) until: Tag,
    end: u64,
    depth: u8,
}

impl Scope {
    /// A data set that ends with the source or before the element `until`.
    pub(super) const fn root(encoding: Encoding, until: Tag) -> Self {
        Self {
            encoding,
            character_set: CharacterSet::DEFAULT,
            until,
            end: u64::MAX,
            depth: 0,
        }
    }
}

impl DataSet {
    /// Reads until the end of the scope, of the source, or of what is readable.
    pub(super) fn read(source: &mut Source<'_>, mut scope: Scope) -> io::Result<Self> {
        let mut data_set = Self::default();
        while source.position() < scope.end
            && data_set.damage.is_none()
            && scope
                .encoding
                .peek_tag(source)?
                .is_some_and(|t| t < scope.until)
        {
            let Some(header) = scope.encoding.read_header(source)? else {
                data_set.damage = damage("a truncated element", source);
                break;
            };
            if header.tag == ITEM_DELIMITATION {
                break;
            }
            data_set.read_element(source, header, &mut scope)?;
        }
        if data_set.damage.is_none() && scope.depth > 0 && source.peek(1)?.is_empty() {
            data_set.damage = damage("the end of the file inside a sequence", source);
        }
        Ok(data_set)
    }

    /// The DICOM JSON object. Elements are in the order of their tags.
    pub(super) fn into_json(self) -> String {
        let mut json = String::from("{");
        for (Tag(group, element), value) in self.elements {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&format!("\"{group:04X}{element:04X}\":"));
            json.push_str(&value);
        }
        json.push('}');
        json
    }

    fn read_element(
        &mut self,
        source: &mut Source<'_>,
        header: ElementHeader,
        scope: &mut Scope,
    ) -> io::Result<()> {
        let vr = effective_vr(header);
        let inner = if header.vr == VR::UN {
            Encoding::IMPLICIT_LITTLE_ENDIAN
        } else {
            scope.encoding
        };
        if header.tag == tags::PIXEL_DATA && header.length == UNDEFINED_LENGTH {
            return self.skip_fragments(source, scope.encoding);
        }
        if vr == VR::SQ || header.length == UNDEFINED_LENGTH {
            return self.read_sequence(
                source,
                header,
                Scope {
                    encoding: inner,
                    ..*scope
                },
            );
        }
        if header.length > element::length_limit(vr) {
            if !source.skip(header.length.into())? {
                self.damage = damage("a truncated value", source);
            }
            return Ok(());
        }
        self.read_value(source, ElementHeader { vr, ..header }, scope)
    }

    fn read_value(
        &mut self,
        source: &mut Source<'_>,
        header: ElementHeader,
        scope: &mut Scope,
    ) -> io::Result<()> {
        let bytes = source.take(header.length.into())?;
        if (bytes.len() as u64) < u64::from(header.length) {
            self.damage = damage("a truncated value", source);
            return Ok(());
        }
        if header.tag == tags::SPECIFIC_CHARACTER_SET {
            scope.character_set = CharacterSet::from_terms(&String::from_utf8_lossy(&bytes));
        }
        let big_endian = scope.encoding.big_endian;
        let json = element::to_json(
            header.tag,
            header.vr,
            &bytes,
            big_endian,
            scope.character_set,
        );
        // DICOM JSON has no group lengths (PS3.18 F.2.2).
        if let Some(json) = json.filter(|_| header.tag.element() != 0) {
            self.elements.insert(header.tag, json);
        }
        Ok(())
    }

    fn read_sequence(
        &mut self,
        source: &mut Source<'_>,
        header: ElementHeader,
        scope: Scope,
    ) -> io::Result<()> {
        let end = end_of(source, header.length, scope.end);
        let mut items = Vec::new();
        let failure = if scope.depth < DEPTH_LIMIT {
            read_items(source, scope, end, &mut items)?
        } else {
            damage("sequences nested too deeply", source)
        };
        let json = format!(r#"{{"vr":"SQ","Value":[{}]}}"#, items.join(","));
        let empty = String::from(r#"{"vr":"SQ"}"#);
        self.elements
            .insert(header.tag, if items.is_empty() { empty } else { json });
        // A sequence that says where it ends is the end of its damage.
        let rest = end.saturating_sub(source.position());
        if failure.is_some() && (header.length == UNDEFINED_LENGTH || !source.skip(rest)?) {
            self.damage = failure;
        }
        Ok(())
    }

    /// Passes over encapsulated pixel data in an item, e.g. an icon (PS3.5 annex A.4).
    fn skip_fragments(&mut self, source: &mut Source<'_>, encoding: Encoding) -> io::Result<()> {
        while let Some(header) = encoding.read_header(source)? {
            if header.tag == SEQUENCE_DELIMITATION {
                return Ok(());
            }
            if header.tag != ITEM || !source.skip(header.length.into())? {
                break;
            }
        }
        self.damage = damage("unreadable pixel data in a sequence", source);
        Ok(())
    }
}

/// Reads the items up to `end` or the delimiter.
fn read_items(
    source: &mut Source<'_>,
    scope: Scope,
    end: u64,
    items: &mut Vec<String>,
) -> io::Result<Option<Damage>> {
    while source.position() < end {
        let Some(header) = scope.encoding.read_header(source)? else {
            return Ok(damage("a truncated sequence", source));
        };
        match header.tag {
            SEQUENCE_DELIMITATION => break,
            // A second delimiter after an item occurs.
            ITEM_DELIMITATION => continue,
            ITEM => {}
            _ => return Ok(damage("something else than an item in a sequence", source)),
        }
        let item = Scope {
            encoding: scope.encoding.of_item(source)?,
            until: SEQUENCE_DELIMITATION,
            end: end_of(source, header.length, end),
            depth: scope.depth + 1,
            ..scope
        };
        let mut data_set = DataSet::read(source, item)?;
        let failure = data_set.damage.take();
        items.push(data_set.into_json());
        if failure.is_some() {
            return Ok(failure);
        }
    }
    Ok(None)
}

fn end_of(source: &Source<'_>, length: u32, enclosing: u64) -> u64 {
    if length == UNDEFINED_LENGTH {
        enclosing
    } else {
        source.position().saturating_add(length.into())
    }
}

/// UN is what writers put that do not know the attribute; the dictionary may.
fn effective_vr(header: ElementHeader) -> VR {
    if header.vr == VR::UN {
        dictionary_vr(header.tag)
    } else {
        header.vr
    }
}

fn damage(what: &'static str, source: &Source<'_>) -> Option<Damage> {
    Some(Damage {
        what,
        position: source.position(),
    })
}
