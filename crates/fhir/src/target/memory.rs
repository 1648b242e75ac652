//! What the searches for studies and patients found, kept in step with what was written since, so
//! that the next delta need not search again.
//!
//! Whoever uses it takes it out, and puts it back only once the server has agreed: a write carries
//! the version (`If-Match`), and where nothing is written the version is read. So whatever goes
//! wrong, an attempt that is broken off included, what was used is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::hits::Hits;
use crate::cast::{Query, Resource};

/// After this time it is searched again: only a search tells that a patient was merged into another
/// one, or that somebody created a resource beside ours.
const TRUSTED_FOR: Duration = Duration::from_secs(60);

/// The most that is kept altogether, in bytes.
const MOST: usize = 6 << 20;

/// The largest answer that is kept, in bytes.
pub(super) const LARGEST: usize = 2 << 20;

/// About what an answer takes beside its resources: its search, twice, and its places.
const OF_AN_ANSWER: usize = 1_024;

/// What a search found, as it is stored by now.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) hits: Hits,
    pub(super) searched: Instant,
}

impl Answer {
    fn size(&self) -> usize {
        let resources: usize = self.hits.found.iter().map(Resource::size).sum();
        OF_AN_ANSWER + resources
    }
}

/// Answers to searches, those that were used last.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: BTreeMap<u64, (Query, Answer)>,
    places: HashMap<Query, u64>,
    next: u64,
    size: usize,
}

impl Memory {
    /// Takes an answer out, unless it is too old.
    pub(super) fn take(&self, query: &Query) -> Option<Answer> {
        let answer = self.kept().remove(query)?;
        (answer.searched.elapsed() < TRUSTED_FOR).then_some(answer)
    }

    /// Whether there is an answer.
    pub(super) fn knows(&self, query: &Query) -> bool {
        self.kept().places.contains_key(query)
    }

    /// Returns about how many bytes an answer takes; 0 where there is none.
    pub(super) fn size(&self, query: &Query) -> usize {
        let kept = self.kept();
        let place = kept.places.get(query);
        let answer = place.and_then(|place| kept.answers.get(place));
        answer.map_or(0, |(_, answer)| answer.size())
    }

    /// Keeps an answer, for which those go that were not used for the longest time. That nothing
    /// was found is not kept.
    pub(super) fn put(&self, query: Query, answer: Answer) {
        let mut kept = self.kept();
        kept.remove(&query);
        if !answer.hits.found.is_empty() {
            kept.put(query, answer);
        }
    }

    /// Keeps an answer for whoever needs it next, unless there is one: that may be newer. That
    /// nothing was found is kept too; a create of what is there by then is refused
    /// (`If-None-Exist`).
    pub(super) fn put_ahead(&self, query: Query, answer: Answer) {
        let mut kept = self.kept();
        if !kept.places.contains_key(&query) {
            kept.put(query, answer);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, query: Query, answer: Answer) {
        let size = answer.size();
        if size > LARGEST {
            return;
        }
        self.size += size;
        self.next += 1;
        self.places.insert(query.clone(), self.next);
        self.answers.insert(self.next, (query, answer));
        while self.size > MOST {
            self.remove_oldest();
        }
    }

    fn remove(&mut self, query: &Query) -> Option<Answer> {
        let place = self.places.remove(query)?;
        let (_, answer) = self.answers.remove(&place)?;
        self.size = self.size.saturating_sub(answer.size());
        Some(answer)
    }

    fn remove_oldest(&mut self) {
        if let Some((_, (query, answer))) = self.answers.pop_first() {
            self.places.remove(&query);
            self.size = self.size.saturating_sub(answer.size());
        } else {
            self.size = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::{Action, Change, Rules, StudyDelta};
    use radcast_engine::feed::InstanceKey;

    /// The search for a study.
    fn query(study: u32) -> Query {
        let key = InstanceKey {
            partition: None,
            study: format!("1.{study}"),
            series: "2".to_owned(),
            instance: "3".to_owned(),
        };
        let rules = Rules::new("https://dicom.example");
        let change = Change::read(1, key, Action::Delete, None, &rules).unwrap();
        StudyDelta::of(change).lookups(&rules).study
    }

    fn answer(bytes: usize) -> Answer {
        let json = format!(r#"{{"id":"1","x":"{}"}}"#, "x".repeat(bytes));
        Answer {
            hits: Hits {
                found: vec![Resource::parse(&json).unwrap()],
                near: 0,
            },
            searched: Instant::now(),
        }
    }

    #[tokio::test]
    async fn what_is_taken_is_forgotten_until_it_is_put_back() {
        let memory = Memory::default();
        memory.put(query(1), answer(1));
        assert!(memory.take(&query(2)).is_none());
        let taken = memory.take(&query(1)).unwrap();
        assert!(memory.take(&query(1)).is_none());
        memory.put(query(1), taken);
        assert!(memory.take(&query(1)).is_some());
        assert_eq!(memory.kept().size, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_searched_a_minute_ago_is_searched_again() {
        let memory = Memory::default();
        memory.put(query(1), answer(1));
        tokio::time::advance(TRUSTED_FOR - Duration::from_millis(1)).await;
        // Its age is that of the search, not of its last use.
        let taken = memory.take(&query(1)).unwrap();
        memory.put(query(1), taken);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(memory.take(&query(1)).is_none());
    }

    #[tokio::test]
    async fn as_much_is_kept_as_there_is_room_for() {
        let memory = Memory::default();
        for study in 0..100 {
            memory.put(query(study), answer(1 << 17));
            // This one is used all the time.
            let first = memory.take(&query(0)).unwrap();
            memory.put(query(0), first);
            assert!(memory.kept().size <= MOST);
        }
        let left = memory.kept().answers.len();
        assert!((44..48).contains(&left), "{left}");
        assert!(memory.take(&query(1)).is_none());
        assert!(memory.take(&query(99)).is_some());
        memory.put(query(200), answer(LARGEST));
        assert!(memory.take(&query(200)).is_none());
    }

    fn nothing() -> Answer {
        Answer {
            hits: Hits::default(),
            searched: Instant::now(),
        }
    }

    #[tokio::test]
    async fn that_nothing_was_found_is_not_kept() {
        let memory = Memory::default();
        memory.put(query(1), nothing());
        assert!(memory.take(&query(1)).is_none());
        memory.put(query(1), answer(1));
        memory.put(query(1), nothing());
        assert!(!memory.knows(&query(1)));
    }

    #[tokio::test]
    async fn what_was_found_ahead_is_kept_unless_there_is_something() {
        let memory = Memory::default();
        memory.put_ahead(query(1), nothing());
        assert!(memory.knows(&query(1)));
        assert!(
            memory
                .take(&query(1))
                .is_some_and(|it| it.hits.found.is_empty())
        );
        assert!(!memory.knows(&query(1)));
        memory.put(query(1), answer(1));
        memory.put_ahead(query(1), nothing());
        assert!(
            memory
                .take(&query(1))
                .is_some_and(|it| !it.hits.found.is_empty())
        );
    }
}
