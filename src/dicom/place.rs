//! Where the elements of a dataset stand.

use std::ops::Range;

use dicom_core::Tag;

/// Where the value of an element stands. A dataset is a part of a page, which is smaller than 4 GiB.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) tag: Tag,
    start: u32,
    end: u32,
}

impl Place {
    /// None for a text beyond 4 GiB.
    pub(super) fn new(tag: Tag, value: &Range<usize>) -> Option<Self> {
        Some(Self {
            tag,
            start: u32::try_from(value.start).ok()?,
            end: u32::try_from(value.end).ok()?,
        })
    }

    pub(super) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Sorts by tag; of equal tags the last stays.
pub(super) fn sort(places: &mut Vec<Place>) {
    // As services write them.
    if places.is_sorted_by(|one, next| one.tag < next.tag) {
        return;
    }
    places.sort_by_key(|place| place.tag);
    places.reverse();
    places.dedup_by_key(|place| place.tag);
    places.reverse();
}

/// The place of this tag among sorted ones.
pub(super) fn find_one(places: &[Place], tag: Tag) -> Option<Place> {
    let at = places.binary_search_by_key(&tag, |place| place.tag).ok()?;
    places.get(at).copied()
}

/// The place of each of these tags; both are sorted. One way through both: the mapping asks for
/// nearly as many attributes as a dataset has.
pub(super) fn find(places: &[Place], tags: &[Tag]) -> impl Iterator<Item = Option<Place>> {
    let mut rest = places.iter().peekable();
    tags.iter().map(move |tag| {
        while rest.next_if(|place| place.tag < *tag).is_some() {}
        rest.peek()
            .copied()
            .filter(|place| place.tag == *tag)
            .copied()
    })
}
