//! Tests of a server's habits by requests that change nothing.

use std::time::Duration;

use tracing::warn;

use super::FhirTarget;
use super::habits::Created;
use super::writing::request;
use crate::cast::{MARK_IN_META, Resource, Write};
use radcast_engine::failure::{Class, Code, Failure};

/// Waits between the searches for the first created resource of a kind: indexes may lag behind.
const SEARCHED_AFTER: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];

impl FhirTarget {
    /// Passes unless something is wrong with the server that was learnt before, and still is.
    ///
    /// # Errors
    /// `fhir.no-versions`, `fhir.drops-marks`, `fhir.not-found-again`, or the search fails.
    pub(super) async fn check_habits(&self) -> Result<(), Failure> {
        if let (true, Some(verdict)) = (self.options.require_versions, self.habits.heeds_versions())
        {
            verdict?;
        }
        if let (true, Some(failure)) = (self.options.require_marks, self.habits.dropped_mark()) {
            return Err(failure);
        }
        match self.habits.not_found() {
            Some(created) => self.find_again(created, &SEARCHED_AFTER[..1]).await,
            None => Ok(()),
        }
    }

    /// Searches for the first created resource of each kind: a server that does not find the
    /// resource would get another one with each study.
    pub(super) async fn confirm(&self, created: Created) -> Result<(), Failure> {
        if self.habits.is_found_again(created.kind()) {
            return Ok(());
        }
        self.find_again(created, &SEARCHED_AFTER).await
    }

    async fn find_again(&self, created: Created, after: &[Duration]) -> Result<(), Failure> {
        for wait in after {
            tokio::time::sleep(*wait).await;
            let hits = self.searching.alone(&created.identity).await?;
            let is_it = |found: &Resource| found.id().as_deref() == Some(created.id.as_str());
            if hits.found.iter().any(is_it) {
                self.habits.set_found_again(&created);
                return Ok(());
            }
            // Merged or deleted by now, or created beside another one.
            if !hits.found.is_empty() || self.is_gone(&created).await? {
                self.habits.forget_not_found(&created);
                return Ok(());
            }
        }
        let (resource_type, id) = (created.identity.resource_type, &created.id);
        let message = format!(
            "{resource_type}/{id} was created and is not found by the search for its identifier"
        );
        self.habits.set_not_found(created);
        Err(Failure::new(Code::FhirNotFoundAgain, message))
    }

    async fn is_gone(&self, created: &Created) -> Result<bool, Failure> {
        let kind = created.identity.resource_type;
        Ok(self.client.read(kind, &created.id).await?.is_none())
    }

    /// Tries once whether the server refuses an update of a version that is not the present one: an
    /// Endpoint of ours is sent as it is, so that nothing is lost where it does not. Only a conflict
    /// shows that it does: another refusal may be of anything.
    ///
    /// # Errors
    /// `fhir.no-versions`, unless versions are not required; the server cannot be reached.
    pub(super) async fn test_versions(&self, endpoint: Option<&Resource>) -> Result<(), Failure> {
        let is_due = self.options.require_versions && self.habits.is_versions_test_due();
        let id = endpoint.filter(|_| is_due).and_then(Resource::id);
        let Some(id) = id else {
            return Ok(());
        };
        let read = self.client.read("Endpoint", &id).await?;
        let endpoint = read.and_then(|json| Resource::parse(json.get()).ok());
        let Some((endpoint, version)) = endpoint.and_then(|it| it.version().map(|of| (it, of)))
        else {
            return Ok(());
        };
        let stale = Write::Update {
            id: id.clone(),
            version: another_version(&version),
            resource: endpoint,
        };
        let verdict = match self.client.transaction(&mut [request(stale)?]).await {
            Err(failure) if matches!(failure.class(), Class::Transient | Class::Setup) => {
                return Err(failure);
            }
            Err(failure) => (failure.class() == Class::Conflict).then_some(Ok(())),
            Ok(_) => {
                let message = format!(
                    "the server updated Endpoint/{id} although If-Match named another version"
                );
                Some(Err(Failure::new(Code::FhirNoVersions, message)))
            }
        };
        self.habits.set_heeds_versions(verdict.clone());
        verdict.unwrap_or(Ok(()))
    }

    /// Checks an update that is answered with no later version than the one that was there before. The
    /// answer may be another's, and the update refused; or the server stored nothing, because what it
    /// keeps of the resource is the same: that is believed, of a server that may store otherwise than
    /// it is sent, and where `sent` is not there to be compared, when it is so a second time.
    pub(super) async fn check_version_stays(
        &self,
        resource_type: &str,
        id: &str,
        version: &str,
        sent: Option<&Resource>,
    ) -> Result<(), Failure> {
        let read = self.client.read(resource_type, id).await?;
        let stored = read.and_then(|json| Resource::parse(json.get()).ok());
        let stays = stored.as_ref().and_then(Resource::version).as_deref() == Some(version);
        let is_as_sent = stored
            .zip(sent)
            .is_some_and(|(stored, sent)| stored.has_same_content(sent));
        if !is_as_sent {
            let name = format!("{resource_type}/{id}/_history/{version}");
            let may_alter = sent.is_none() || self.habits.stores_as_sent() != Some(true);
            return match stays && may_alter && self.habits.stays_again(&name) {
                true => Ok(()),
                false => Err(not_updated(resource_type, id)),
            };
        }
        if !stays || !self.options.require_versions {
            return Ok(());
        }
        let message = format!("{resource_type}/{id} was updated and has the version it had before");
        let failure = Failure::new(Code::FhirNoVersions, message);
        self.habits.set_heeds_versions(Some(Err(failure.clone())));
        Err(failure)
    }

    /// Learns whether the server stores what it is sent; reports the first resource that it alters.
    ///
    /// # Errors
    /// `fhir.drops-marks`, unless marks are not required.
    pub(super) fn learn(&self, sent: &Resource, stored: &Resource) -> Result<(), Failure> {
        let same = sent.has_same_content(stored);
        if self.habits.set_stored_as_sent(same) {
            let name = stored.resource_type().zip(stored.id());
            let name = name.map(|(kind, id)| format!("{kind}/{id}"));
            warn!(
                event = "server_alters_resources",
                resource = name,
                "the FHIR server stores resources otherwise than they are sent; \
                 each is read again before it is written"
            );
        }
        // What was stored as it was sent has every mark but the one in `meta`, which is not compared.
        if same && self.habits.keeps_marks(MARK_IN_META) {
            return Ok(());
        }
        self.check_marks(sent, stored)
    }

    fn check_marks(&self, sent: &Resource, stored: &Resource) -> Result<(), Failure> {
        if !self.options.require_marks {
            return Ok(());
        }
        match sent.marks_kept_in(stored) {
            Ok(kinds) => {
                self.habits.set_kept_marks(kinds);
                Ok(())
            }
            Err(lost) => {
                let kind = sent.resource_type().unwrap_or_default();
                let message = format!("the server stored a {kind} without its {lost}");
                let failure = Failure::new(Code::FhirDropsMarks, message);
                self.habits.set_dropped_mark(failure.clone());
                Err(failure)
            }
        }
    }
}

/// Whether a version is not after another one, as far as that can be seen.
pub(super) fn is_no_later(version: &str, than: &str) -> bool {
    let numbers = version.parse::<u64>().ok().zip(than.parse::<u64>().ok());
    version == than || numbers.is_some_and(|(version, than)| version < than)
}

fn not_updated(resource_type: &str, id: &str) -> Failure {
    let message = format!("{resource_type}/{id} is not as it was sent after its update");
    Failure::new(Code::FhirConflict, message)
}

/// A version that is not this one, of the same form.
fn another_version(version: &str) -> String {
    match version.parse::<u32>() {
        Ok(number) => (u64::from(number) + 1_000_000).to_string(),
        Err(_) => version.chars().rev().chain(['0']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_no_later;

    #[test]
    fn numbers_are_later_by_their_value_and_other_versions_by_being_others() {
        for (version, than, expected) in [
            ("3", "3", true),
            ("3", "10", true),
            ("10", "3", false),
            ("a", "a", true),
            ("a", "b", false),
            ("3", "b", false),
        ] {
            assert_eq!(is_no_later(version, than), expected, "{version} {than}");
        }
    }
}
