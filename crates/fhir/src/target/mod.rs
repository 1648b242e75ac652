//! FHIR as a target: a study's delta is looked up, merged, and sent, one step after the other.

mod created;
mod gathering;
mod habits;
mod hits;
mod learning;
mod limit;
mod looking_ahead;
mod looking_up;
mod memory;
mod rereading;
mod room;
mod searching;
mod sent;
mod settling;
mod steps;
mod testing;
mod verifying;
mod writing;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{debug, warn};

use crate::cast;
use crate::cast::{Change, Lookups, Notice, PatientKey, Recent, Rules, omitted};
use crate::cast::{StudyDelta, StudyKey, merge};
use crate::client::FhirClient;
use habits::Habits;
use learning::Learning;
use limit::Limit;
use looking_up::{LookedUp, Recalled};
use memory::Memory;
use radcast_dicom::Dataset;
use radcast_engine::failure::{Class, Failure};
use radcast_engine::feed::{self, Action, CurrentInstance, InstanceKey, State};
use radcast_engine::store::Store;
use radcast_engine::{Applied, Reading, Target};
use room::{Place, Room};
use searching::Searching;
pub use writing::request;

/// An entry of the feed with the attributes of its instance.
type Entry = feed::Entry<Dataset>;

/// A search that finds nothing: no study has this UID.
const OF_NO_STUDY: &str = "identifier=urn:dicom:uid%7Curn:oid:2.25.0";

/// A FHIR server that is kept in step with images.
#[derive(Debug)]
pub struct FhirTarget {
    client: FhirClient,
    rules: Rules,
    /// What entries said before.
    recent: Mutex<Recent>,
    learning: Learning,
    searching: Searching,
    memory: Memory,
    /// For work on large resources.
    place: Place,
    habits: Habits,
    limit: Limit,
    options: FhirOptions,
    /// Where instances can be read again, if they can.
    instances: Option<Arc<dyn CurrentInstance<Dataset>>>,
    /// Notices of the service itself, which are logged once.
    told: Mutex<HashSet<String>>,
}

/// How a FHIR server is dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FhirOptions {
    /// The most entries of one transaction; fewer where the server refuses more.
    pub max_entries: usize,
    /// Whether a server that does not heed versions stops the feed.
    pub require_versions: bool,
    /// Whether a server that does not keep what tells our elements from others' stops the feed.
    pub require_marks: bool,
}

impl Default for FhirOptions {
    fn default() -> Self {
        Self {
            max_entries: 500,
            require_versions: true,
            require_marks: true,
        }
    }
}

impl FhirTarget {
    /// The server behind `client`, written to by these rules.
    #[must_use]
    pub fn new(client: FhirClient, rules: Rules) -> Self {
        Self {
            searching: Searching::new(client.clone()),
            memory: Memory::default(),
            place: Place::default(),
            learning: Learning::default(),
            told: Mutex::default(),
            instances: None,
            client,
            recent: Mutex::new(Recent::new(rules.clone())),
            rules,
            habits: Habits::default(),
            limit: Limit::new(FhirOptions::default().max_entries),
            options: FhirOptions::default(),
        }
    }

    /// The same server, dealt with in this way.
    #[must_use]
    pub fn with(self, options: FhirOptions) -> Self {
        Self {
            limit: Limit::new(options.max_entries),
            options,
            ..self
        }
    }

    /// The same server; instances are read again from there, when the study's word for something goes.
    #[must_use]
    pub fn reading(self, instances: Arc<dyn CurrentInstance<Dataset>>) -> Self {
        Self {
            instances: Some(instances),
            ..self
        }
    }

    /// One patient after the other, if the entries name several.
    async fn apply_in_parts(&self, delta: &StudyDelta) -> Result<Applied, Failure> {
        let Some(parts) = delta.parts() else {
            return self.look_up_and_write(delta).await;
        };
        let mut applied = Applied::default();
        for part in &parts {
            applied.add(self.look_up_and_write(part).await?);
        }
        Ok(applied)
    }

    /// By what is remembered, if anything is. A refusal then may be of that, and not of the delta:
    /// all is read again before the delta is to blame.
    async fn look_up_and_write(&self, delta: &StudyDelta) -> Result<Applied, Failure> {
        self.check_habits().await?;
        let lookups = delta.lookups(&self.rules);
        let room = Room::new(&self.place);
        let recalled = self.recall(delta, &lookups, &room).await;
        let is_read_anew = recalled.is_empty();
        match self.merge_and_write(delta, &lookups, recalled, &room).await {
            Err(failure) if !is_read_anew && may_be_of_memory(&failure) => {
                debug!(event = "read_again", study = delta.study().uid(), code = %failure.code);
                let nothing = Recalled::default();
                self.merge_and_write(delta, &lookups, nothing, &room).await
            }
            outcome => outcome,
        }
    }

    async fn merge_and_write(
        &self,
        delta: &StudyDelta,
        lookups: &Lookups,
        recalled: Recalled,
        room: &Room,
    ) -> Result<Applied, Failure> {
        let written = async {
            let looked_up = self.look_up(delta, lookups, recalled, room).await?;
            let Some(delta) = self.reread(delta, &looked_up.found).await? else {
                return self.merge_with(delta, looked_up).await;
            };
            let (lookups, nothing) = (delta.lookups(&self.rules), Recalled::default());
            let looked_up = self.look_up(&delta, &lookups, nothing, room).await?;
            self.merge_with(&delta, looked_up).await
        };
        let written = written.await;
        if written.is_err() {
            // The Endpoint may be the one that has gone.
            self.searching.endpoints().forget(delta.study().partition());
        }
        written
    }
}

impl FhirTarget {
    async fn merge_with(
        &self,
        delta: &StudyDelta,
        looked_up: LookedUp,
    ) -> Result<Applied, Failure> {
        let merged = merge(delta, &looked_up.found, &self.rules)?;
        for disagreement in &merged.disagreements {
            warn!(
                event = "instances_disagree",
                study = delta.study().uid(),
                "{disagreement}"
            );
        }
        for notice in &merged.notices {
            self.tell(delta.study(), notice);
        }
        let mut applied = self.write(delta, looked_up, merged.writes).await?;
        applied.omitted = merged.omitted;
        Ok(applied)
    }

    /// Logs a notice; once, if it is the same for every study.
    fn tell(&self, study: &StudyKey, notice: &Notice) {
        if notice.is_of_service() {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if !told.insert(notice.to_string()) {
                return;
            }
        }
        warn!(event = notice.event(), study = study.uid(), "{notice}");
    }
}

const fn may_be_of_memory(failure: &Failure) -> bool {
    matches!(failure.class(), Class::Conflict | Class::Fhir)
}

impl Target for FhirTarget {
    type Data = Dataset;
    type Change = Change;
    type Delta = StudyDelta;
    type Unit = StudyKey;
    type Shared = PatientKey;

    async fn learn(
        &self,
        entries: &[&Entry],
        store: &dyn Store,
    ) -> Result<Option<Failure>, Failure> {
        self.learn_home(entries, store).await
    }

    fn read(&self, entry: &Entry) -> Reading<Change> {
        let action = match (entry.action, entry.state) {
            (Action::Create | Action::Update, State::Deleted) => {
                return Reading::Skip("the instance was deleted before its entry was read");
            }
            (Action::Create | Action::Update, State::Replaced) if entry.data.is_none() => {
                return Reading::Skip("a newer entry of the instance follows");
            }
            // The newer entry may have come first, when this one was committed late.
            (Action::Delete, State::Replaced) => {
                return Reading::Skip("the instance was stored again; its newer entry says all");
            }
            (Action::Create, _) => cast::Action::Create,
            (Action::Update, _) => cast::Action::Update,
            (Action::Delete, _) => cast::Action::Delete,
        };
        let dataset = entry.data.as_ref();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        match recent.read(entry.sequence, entry.key.clone(), action, dataset) {
            Ok(change) => {
                self.tell_of_unknown_issuer(&change);
                let warnings = change.warnings().iter().map(omitted).collect();
                Reading::Change { change, warnings }
            }
            Err(failure) => Reading::Refuse(failure),
        }
    }

    fn unit(&self, change: &Change) -> StudyKey {
        change.study()
    }

    fn unit_of(&self, instance: &InstanceKey) -> StudyKey {
        StudyKey::of(instance)
    }

    fn late(&self, change: Change) -> Change {
        change.into_late()
    }

    fn shared(&self, change: &Change) -> Option<PatientKey> {
        change.patient().cloned()
    }

    fn commute(&self, one: &Change, other: &Change) -> bool {
        one.patient_facts() == other.patient_facts()
    }

    fn fold(&self, changes: &[Change]) -> Option<StudyDelta> {
        StudyDelta::fold(changes.iter().cloned())
    }

    async fn look_ahead(&self, changes: Vec<Change>) {
        self.find_ahead(changes).await;
    }

    async fn apply(&self, delta: &StudyDelta) -> Result<Applied, Failure> {
        let applied = self.apply_in_parts(delta).await;
        if !self.client.shows_text() {
            return applied;
        }
        // The server's own words may quote what was sent.
        applied.map_err(|failure| Failure {
            message: delta.redact(&failure.message),
            ..failure
        })
    }

    /// Tries what the work does, without changing anything: a search and a transaction. A capability
    /// statement alone is no sign of life: servers keep it when their database is down.
    async fn probe(&self) -> Result<(), Failure> {
        let (capability, found, taken) = tokio::join!(
            self.client.capability(),
            self.client.search("ImagingStudy", OF_NO_STUDY),
            self.client.test_transaction(),
        );
        let capability = capability?;
        capability.check_writes(self.options.require_versions)?;
        found?;
        taken?;
        self.check_habits().await?;
        debug!(
            event = "fhir_server",
            fhir_version = capability.fhir_version
        );
        Ok(())
    }
}
