//! Whether the feed is still the one that was read before.
//!
//! A position counts the entries of one feed. A service that was restored from a backup, or another
//! one behind the same address, has other entries at the same numbers, and those up to the position
//! would be passed over. So an entry that was read before is looked up again before anything is read
//! beyond it.

use std::sync::Arc;

use super::client::Newest;
use super::{Entry, FeedClient};
use radcast_engine::failure::{Code, Failure};
use radcast_engine::feed::MalformedEntry;
use radcast_engine::feed::{EntryIdentity, Known};

/// Compares the feed with what was read of it before.
#[derive(Debug)]
pub(super) struct Continuity {
    known: Known,
    /// Whether the feed has been found to be the same since there was reason to doubt it.
    checked: bool,
}

impl Continuity {
    /// Knows the feed by this, if there is anything of it that must not be passed over.
    pub(super) fn new(known: Known) -> Self {
        Self {
            known,
            checked: false,
        }
    }

    /// The number of the last entry that is known.
    pub(super) fn sequence(&self) -> Option<u64> {
        Some(self.known.entry.as_ref()?.sequence)
    }

    /// The last entry that is known.
    pub(super) fn entry(&self) -> Option<&EntryIdentity> {
        self.known.entry.as_deref()
    }

    /// There is reason to look the known entry up.
    pub(super) const fn doubt(&mut self) {
        self.checked = false;
    }

    /// Whether the known entry has to be looked up.
    pub(super) const fn is_in_doubt(&self) -> bool {
        !self.checked
    }

    /// Compares the newest entry, if it is the known one; whether it was.
    ///
    /// # Errors
    /// It is another one.
    pub(super) fn compare_newest(&mut self, newest: &Newest) -> Result<bool, Failure> {
        let Some(entry) = &newest.identity else {
            return Ok(false);
        };
        let same = self.sequence() == Some(entry.sequence);
        if same {
            self.compare(entry)?;
            self.checked = true;
        }
        Ok(same)
    }

    /// Looks the known entry up.
    ///
    /// # Errors
    /// The feed cannot be read, does not hold that entry (any more, or yet), or holds another one.
    pub(super) async fn look_up(&mut self, client: &FeedClient) -> Result<(), Failure> {
        let Some(known) = self.known.entry.clone() else {
            self.compare_address(client)?;
            self.checked = true;
            return Ok(());
        };
        match client.find(known.sequence, false).await? {
            Some(Ok(entry)) => self.compare_found(&entry)?,
            Some(Err(malformed)) => self.compare_malformed(&known, &malformed)?,
            None => return Err(replaced(&known, "is not there any more")),
        }
        self.checked = true;
        Ok(())
    }

    /// Compares an entry that a page holds with the known one of its number.
    ///
    /// # Errors
    /// It is another one.
    pub(super) fn compare_row(&mut self, entry: &Entry) -> Result<(), Failure> {
        if self.sequence() == Some(entry.sequence)
            && let Err(failure) = self.compare_found(entry)
        {
            self.checked = false;
            return Err(failure);
        }
        Ok(())
    }

    /// Takes note of an entry that was read.
    pub(super) fn learn(&mut self, entry: &Entry) {
        if self.sequence().is_none_or(|known| known < entry.sequence)
            && let Some(identity) = entry.identity()
        {
            self.known.entry = Some(Arc::new(identity));
        }
    }

    fn compare_found(&self, entry: &Entry) -> Result<(), Failure> {
        match (entry.identity(), &self.known.entry) {
            (Some(found), _) => self.compare(&found),
            (None, Some(known)) => Err(replaced(known, "has no UIDs now")),
            (None, None) => Ok(()),
        }
    }

    fn compare_malformed(
        &self,
        known: &EntryIdentity,
        malformed: &MalformedEntry,
    ) -> Result<(), Failure> {
        let subject = &malformed.subject;
        let [study, series, instance] =
            [&subject.study, &subject.series, &subject.instance].map(Option::as_deref);
        let uids = study.zip(series).zip(instance);
        let uids = uids
            .and_then(|((study, series), instance)| EntryIdentity::join(study, series, instance));
        let Some(uids) = uids else {
            return Err(replaced(known, "cannot be read now"));
        };
        self.compare(&EntryIdentity {
            sequence: known.sequence,
            timestamp: malformed.timestamp,
            uids,
        })
    }

    fn compare(&self, found: &EntryIdentity) -> Result<(), Failure> {
        match &self.known.entry {
            Some(known) if !known.agrees_with(found) => {
                Err(replaced(known, &format!("is now {}", in_words(found))))
            }
            _ => Ok(()),
        }
    }

    /// Without a known entry the address is all there is to compare.
    fn compare_address(&self, client: &FeedClient) -> Result<(), Failure> {
        let now = client.address();
        match self.known.address.as_deref() {
            Some(before) if before != now => {
                let message = format!(
                    "the position was counted at {before}, and no entry is kept by which the feed \
                     at {now} could be known again"
                );
                Err(Failure::new(Code::DicomFeedReplaced, message))
            }
            _ => Ok(()),
        }
    }
}

fn replaced(known: &EntryIdentity, what: &str) -> Failure {
    let message = format!(
        "entry {} was {} when it was read, and {what}",
        known.sequence,
        in_words(known)
    );
    Failure::new(Code::DicomFeedReplaced, message)
}

fn in_words(entry: &EntryIdentity) -> String {
    match entry.timestamp {
        Some(time) => format!("{} of {time}", entry.uids),
        None => entry.uids.to_string(),
    }
}
