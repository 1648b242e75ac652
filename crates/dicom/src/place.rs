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

/// How many places are passed one by one before a search is worth it.
const NEAR: usize = 4;

/// The place of each of these tags; both are sorted. One way through both: the mapping asks for
/// nearly as many attributes as a dataset has.
pub(super) fn find(places: &[Place], tags: &[Tag]) -> impl Iterator<Item = Option<Place>> {
    let mut rest = places;
    tags.iter().map(move |tag| {
        let is_before = |place: &Place| place.tag < *tag;
        let near = rest.get(..NEAR).unwrap_or(rest);
        let mut passed = near.iter().take_while(|place| is_before(place)).count();
        if passed == NEAR {
            passed = rest.partition_point(is_before);
        }
        rest = rest.get(passed..).unwrap_or_default();
        rest.first().filter(|place| place.tag == *tag).copied()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn tags(numbers: impl IntoIterator<Item = u16>) -> Vec<Tag> {
        numbers
            .into_iter()
            .map(|number| Tag(number / 16, number % 16))
            .collect()
    }

    proptest! {
        #[test]
        fn the_last_of_equal_tags_is_found_on_the_way_as_by_itself(
            known in prop::collection::vec(0..80_u16, 0..60),
            asked in prop::collection::btree_set(0..80_u16, 0..40),
        ) {
            let known = tags(known);
            let mut places: Vec<_> = known.iter().enumerate()
                .filter_map(|(at, tag)| Place::new(*tag, &(at..at)))
                .collect();
            sort(&mut places);
            let asked: BTreeSet<_> = tags(asked).into_iter().collect();
            let asked: Vec<_> = asked.into_iter().collect();
            let found: Vec<_> = find(&places, &asked).map(|place| Some(place?.range().start)).collect();
            let plainly: Vec<_> = asked.iter().map(|tag| known.iter().rposition(|one| one == tag)).collect();
            prop_assert_eq!(&found, &plainly);
            let alone = asked.iter().map(|tag| Some(find_one(&places, *tag)?.range().start));
            prop_assert_eq!(alone.collect::<Vec<_>>(), plainly);
        }
    }
}
