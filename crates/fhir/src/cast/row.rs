//! A row of a mapping table, and the way through all rows of one.

use dicom_core::Tag;

use super::edit::EditError;
use super::fact::{Fact, Facts};
use super::object::Object;
use super::put;
use super::reading::Reading;
use radcast_dicom::keyword;

/// What a dataset says about the attributes of a row; what is invalid goes to the reading.
pub(super) type Read = fn(&mut Reading<'_>, &'static [Tag]) -> Option<Fact>;

/// Brings the row's element of a stored or new object in step with what was said.
pub(super) type Put = fn(&mut Object, &Row, &Fact) -> Result<(), EditError>;

/// Takes away what the row's element says, as far as others have not written it.
pub(super) type Remove = fn(&mut Object, &Row) -> Result<(), EditError>;

/// Whether an object says something about a row already.
pub(super) type Present = fn(&Object, &Row) -> Result<bool, EditError>;

/// One row of a mapping table: attributes of DICOM, element of FHIR, and the way between them.
pub(super) struct Row {
    /// The attributes, the one that names the row first.
    pub(super) tags: &'static [Tag],
    /// The element, relative to the object that the table is about.
    pub(super) element: &'static str,
    /// Which part of the element, in brackets behind its path; empty for all of it.
    pub(super) part: &'static str,
    /// The rule, in words.
    pub(super) rule: &'static str,
    /// Whether an entry without it fails.
    pub(super) required: bool,
    pub(super) read: Read,
    put: Put,
    remove: Remove,
    /// Whether the attributes behind the first one say nothing without it.
    is_qualified: bool,
    /// Whether one fact says all that another one does, and more.
    pub(super) is_finer: fn(&Fact, &Fact) -> bool,
    present: Present,
}

impl Row {
    /// A row whose attribute may be missing.
    pub(super) const fn optional(
        tags: &'static [Tag],
        element: &'static str,
        read: Read,
        put: Put,
    ) -> Self {
        Self {
            tags,
            element,
            part: "",
            rule: "",
            required: false,
            read,
            put,
            remove: put::remove,
            is_qualified: false,
            is_finer: |_, _| false,
            present: |object, row| Ok(object.get(row.element).is_some()),
        }
    }

    /// A row without which an entry fails.
    pub(super) const fn required(
        tags: &'static [Tag],
        element: &'static str,
        read: Read,
        put: Put,
    ) -> Self {
        let mut row = Self::optional(tags, element, read, put);
        row.required = true;
        row
    }

    /// A row whose element may be there without saying anything about it.
    pub(super) const fn present_if(mut self, present: Present) -> Self {
        self.present = present;
        self
    }

    /// A row whose element is not all ours.
    pub(super) const fn removed_by(mut self, remove: Remove) -> Self {
        self.remove = remove;
        self
    }

    /// A row whose first attribute has the value; the others say more about it.
    pub(super) const fn qualified(mut self) -> Self {
        self.is_qualified = true;
        self
    }

    /// A row of which some entries say more than others.
    pub(super) const fn finer_by(mut self, is_finer: fn(&Fact, &Fact) -> bool) -> Self {
        self.is_finer = is_finer;
        self
    }

    /// The row of a part of its element.
    pub(super) const fn part(mut self, part: &'static str) -> Self {
        self.part = part;
        self
    }

    /// The row with its rule in words.
    pub(super) const fn rule(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }

    /// The keyword of the attribute that names the row.
    pub(super) fn keyword(&self) -> &'static str {
        self.tags.first().map_or("Unknown", |tag| keyword(*tag))
    }

    /// Whether an object has a text that says less than a fact does.
    fn says_less(&self, object: &Object, fact: &Fact) -> bool {
        let stored = object.text(self.element).ok().flatten();
        stored.is_some_and(|stored| (self.is_finer)(fact, &Fact::text(stored)))
    }

    /// Brings the row's element of an object in step with a fact.
    pub(super) fn bring(&self, object: &mut Object, fact: &Fact) -> Result<(), EditError> {
        match fact {
            Fact::Emptied => (self.remove)(object, self),
            fact => (self.put)(object, self, fact),
        }
    }

    /// What the dataset says; a required row without a fact is noted as missing, with its cause.
    pub(super) fn fact(&self, reading: &mut Reading<'_>) -> Option<Fact> {
        let known = reading.invalid.len();
        let mut fact = (self.read)(reading, self.tags);
        if fact.as_mut().is_some_and(Fact::cut) {
            reading.reject_more(self.tags);
        }
        if fact.is_none() || self.tags.len() > 1 {
            reading.reject_unread(self.tags);
        }
        if fact.is_none() && !self.required && self.is_emptied(reading, known) {
            return Some(Fact::Emptied);
        }
        if self.required && fact.is_none() {
            let causes = reading.invalid.split_off(known);
            reading
                .missing
                .extend(causes.iter().map(ToString::to_string));
            if let (true, Some(tag)) = (causes.is_empty(), self.tags.first()) {
                reading.miss(*tag);
            }
        }
        fact
    }

    /// Whether a dataset takes back what was said: what it has of the row's attributes is empty, and
    /// nothing `known` to be invalid before was.
    fn is_emptied(&self, reading: &Reading<'_>, known: usize) -> bool {
        let deciding = if self.is_qualified {
            1
        } else {
            self.tags.len()
        };
        let mut deciding = self.tags.iter().take(deciding);
        reading.empties
            && reading.invalid.len() == known
            && deciding.any(|tag| reading.dataset.is_emptied(*tag))
    }
}

/// What the dataset of a [`Table`](super::table::Table) says, row by row.
pub(super) fn read_all(rows: &'static [Row], reading: &mut Reading<'_>) -> Facts {
    Facts(rows.iter().map(|row| row.fact(reading)).collect())
}

/// A way of all facts into an object: [`put_all`] or [`fill_all`].
pub(super) type PutFacts = fn(&[Row], &[Option<&Fact>], &mut Object) -> Result<(), EditError>;

/// Adds the facts that count, one per row, where the object says nothing yet, or less.
pub(super) fn fill_all(
    rows: &[Row],
    facts: &[Option<&Fact>],
    object: &mut Object,
) -> Result<(), EditError> {
    for (row, fact) in rows.iter().zip(facts) {
        if let Some(fact) = fact.filter(|fact| !fact.is_emptied())
            && (!(row.present)(object, row)? || row.says_less(object, fact))
        {
            row.bring(object, fact)?;
        }
    }
    Ok(())
}

/// Brings an object in step with the facts that count, one per row, but takes nothing away.
pub(super) fn put_values(
    rows: &[Row],
    facts: &[Option<&Fact>],
    object: &mut Object,
) -> Result<(), EditError> {
    for (row, fact) in rows.iter().zip(facts) {
        if let Some(fact) = fact.filter(|fact| !fact.is_emptied()) {
            row.bring(object, fact)?;
        }
    }
    Ok(())
}

/// Brings an object in step with the facts that count, one per row.
pub(super) fn put_all(
    rows: &[Row],
    facts: &[Option<&Fact>],
    object: &mut Object,
) -> Result<(), EditError> {
    for (row, fact) in rows.iter().zip(facts) {
        if let Some(fact) = fact {
            row.bring(object, fact)?;
        }
    }
    Ok(())
}
