//! What one entry says, in the form that FHIR takes.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use radcast_dicom::NameGroup;

use super::PatientKey;

/// What one entry says about one row, in the form that FHIR takes.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// Nothing any more: an update took back what was said before.
    Emptied,
    /// A string, code, date or dateTime.
    Text(Arc<str>),
    /// An unsignedInt.
    Number(u32),
    /// A person's name in one writing.
    Name(Box<NameGroup>),
    /// A patient's identifier.
    Patient(Box<PatientKey>),
    /// An element with members, as JSON.
    Json(Box<str>),
    /// The items of a list, as JSON each.
    List(Box<[Box<str>]>),
}

/// The most items of a list. No device has more to say, and whoever sends more must not keep us
/// busy with them.
pub(super) const MOST_ITEMS: usize = 1_000;

impl Fact {
    /// Cuts a list that is too long; answers whether it was.
    pub(super) fn cut(&mut self) -> bool {
        match self {
            Self::List(items) if items.len() > MOST_ITEMS => {
                let kept = std::mem::take(items).into_iter().take(MOST_ITEMS);
                *items = kept.collect();
                true
            }
            _ => false,
        }
    }

    /// Whether it takes back what was said before.
    pub(super) fn is_emptied(&self) -> bool {
        matches!(self, Self::Emptied)
    }

    /// A fact that is a string, code, date or dateTime.
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// A fact that is an element with members.
    pub(super) fn json<T: Serialize>(element: &T) -> Option<Self> {
        json(element).map(Self::Json)
    }

    /// A fact that is a list of elements with members; none when there is nothing in it.
    pub(super) fn list<T: Serialize>(items: &[T]) -> Option<Self> {
        let items: Box<[_]> = items.iter().filter_map(json).collect();
        (!items.is_empty()).then_some(Self::List(items))
    }
}

/// Each item once, in order; at most one more than a list may have, which is how
/// [`Fact::cut`] knows.
pub(super) fn distinct<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in all {
        if distinct.len() > MOST_ITEMS {
            break;
        }
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

/// The JSON text of an element. What the FHIR types hold can always be written.
fn json<T: Serialize>(element: &T) -> Option<Box<str>> {
    serde_json::to_string(element).ok().map(Box::from)
}

/// What entries say, row by row of one table. Entries that say the same share it as a rule.
#[derive(Clone, Default, Eq)]
pub(super) struct Facts(pub(super) Arc<[Option<Fact>]>);

impl Facts {
    /// What was said about the row of this index.
    pub(super) fn get(&self, row: usize) -> Option<&Fact> {
        self.0.get(row)?.as_ref()
    }

    /// Whether any takes back what was said before.
    pub(super) fn have_emptied(&self) -> bool {
        self.0.iter().flatten().any(Fact::is_emptied)
    }

    /// Whether they are shared, and so equal.
    pub(super) fn are_shared(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.are_shared(other) || self.0 == other.0
    }
}

impl fmt::Debug for Facts {
    /// Tells how many rows have a fact and not which: it is patient data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({})", self.0.iter().flatten().count())
    }
}
