//! The order in which a delta's writes are sent.
//!
//! 1. Patient and Endpoint, where they are created: nothing refers to them before they were read.
//! 2. The study, where it is created, before its Observations.
//! 3. All the rest in one transaction, or in parts where there are more entries than the server
//!    takes: Observations that others refer to first.
//! 4. Deletes: there are servers that fail where one transaction takes a reference away and deletes
//!    what that referred to.

use std::collections::BTreeSet;

use crate::cast::Write;

/// Writes to send now.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) now: Vec<Write>,
    /// Whether more follow, once these are stored and the delta is merged again.
    pub(super) more: bool,
}

/// Returns the first step of these writes, of at most `max_entries` where that can be chosen.
pub(super) fn next(writes: &[Write], max_entries: usize) -> Step {
    let staying: Vec<_> = writes.iter().filter(|it| !is_delete(it)).cloned().collect();
    if !staying.is_empty() && staying.len() < writes.len() {
        return Step {
            more: true,
            ..next(&staying, max_entries)
        };
    }
    let step = |is_now: &dyn Fn(&Write) -> bool| {
        let now: Vec<_> = writes.iter().filter(|it| is_now(it)).cloned().collect();
        let more = now.len() < writes.len();
        Step { now, more }
    };
    let kinds: Vec<_> = writes.iter().map(Write::resource_type).collect();
    if kinds_of(writes, &kinds).any(|(write, kind)| is_referenced(write, kind)) {
        return step(&|write| is_referenced(write, &write.resource_type()));
    }
    let observations = kinds.iter().filter(|kind| *kind == OBSERVATION).count();
    if observations == 0 {
        return step(&|_| true);
    }
    let of_study = kinds_of(writes, &kinds).find(|(_, kind)| *kind == STUDY);
    let is_created = matches!(of_study, Some((Write::Create { .. }, _)));
    let is_deleted = matches!(of_study, Some((Write::Delete { .. }, _)));
    if writes.len() <= max_entries && !is_created {
        step(&|_| true)
    } else if observations < writes.len() && !is_deleted {
        step(&|write| write.resource_type() != OBSERVATION)
    } else {
        // A study that goes does so after the Observations that refer to it.
        Step {
            now: part(writes, max_entries),
            more: true,
        }
    }
}

/// The full URLs of the creates of a step that only creates what others are going to refer to; none
/// of any other step.
pub(super) fn created_references(now: &[Write]) -> Vec<String> {
    let urls = now.iter().map(|write| {
        let is_referenced = is_referenced(write, &write.resource_type());
        full_url(write).filter(|_| is_referenced).map(str::to_owned)
    });
    urls.collect::<Option<_>>().unwrap_or_default()
}

/// The writes that are left after the creates of these full URLs, under the names that the created
/// resources have now. `None` where one has no name, so that all has to be merged again.
pub(super) fn renamed(
    writes: &[Write],
    urls: &[String],
    names: &[Option<String>],
) -> Option<Vec<Write>> {
    if urls.is_empty() || urls.len() != names.len() {
        return None;
    }
    let names = urls.iter().zip(names);
    let names = names.map(|(url, name)| Some((url.as_str(), name.as_deref()?)));
    let names: Vec<_> = names.collect::<Option<_>>()?;
    let is_left =
        |write: &&Write| !full_url(write).is_some_and(|it| urls.iter().any(|url| url == it));
    let left = writes.iter().filter(is_left);
    left.map(|write| write.clone().renamed(&names)).collect()
}

/// A resource that a step deletes.
pub(super) struct Deleted {
    pub(super) resource_type: &'static str,
    pub(super) id: String,
    pub(super) version: String,
}

impl Deleted {
    /// Whether it is a study.
    pub(super) fn is_study(&self) -> bool {
        self.resource_type == STUDY
    }
}

/// What a step deletes.
pub(super) fn deleted(now: &[Write]) -> Vec<Deleted> {
    let deleted = now.iter().filter_map(|write| match write {
        Write::Delete {
            resource_type,
            id,
            version,
        } => Some(Deleted {
            resource_type,
            id: id.clone(),
            version: version.clone(),
        }),
        _ => None,
    });
    deleted.collect()
}

/// Whether a step may be sent in smaller parts.
pub(super) fn is_divisible(now: &[Write]) -> bool {
    let mut kinds = now.iter().map(Write::resource_type);
    now.len() > 1 && kinds.any(|kind| kind == OBSERVATION)
}

const OBSERVATION: &str = "Observation";
const STUDY: &str = "ImagingStudy";

fn kinds_of<'a>(
    writes: &'a [Write],
    kinds: &'a [String],
) -> impl Iterator<Item = (&'a Write, &'a str)> {
    writes.iter().zip(kinds.iter().map(String::as_str))
}

const fn is_delete(write: &Write) -> bool {
    matches!(write, Write::Delete { .. })
}

/// Whether it creates a resource that others are going to refer to.
fn is_referenced(write: &Write, kind: &str) -> bool {
    matches!(write, Write::Create { .. }) && matches!(kind, "Patient" | "Endpoint")
}

/// Part of the Observations: those that refer to no other one that is created too, then those that do.
fn part(writes: &[Write], max_entries: usize) -> Vec<Write> {
    let observations = writes.iter().filter(|it| it.resource_type() == OBSERVATION);
    let created: BTreeSet<&str> = writes.iter().filter_map(full_url).collect();
    let mut ranked: Vec<_> = observations.map(|it| (rank(it, &created), it)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let first = ranked.first().map(|(rank, _)| *rank);
    let of_first = ranked.into_iter().filter(|(rank, _)| Some(*rank) == first);
    let part = of_first.take(max_entries.max(1));
    part.map(|(_, write)| write.clone()).collect()
}

fn full_url(write: &Write) -> Option<&str> {
    match write {
        Write::Create { full_url, .. } => Some(full_url),
        Write::Update { .. } | Write::Delete { .. } => None,
    }
}

fn rank(write: &Write, created: &BTreeSet<&str>) -> u8 {
    let resource = match write {
        Write::Create { resource, .. } | Write::Update { resource, .. } => resource,
        Write::Delete { .. } => return 0,
    };
    let text = serde_json::to_string(resource).unwrap_or_default();
    let refers = created.iter().any(|url| text.contains(*url));
    u8::from(refers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::{Action, Change, Query, Resource, Rules, StudyDelta};
    use radcast_engine::feed::InstanceKey;

    fn query() -> Query {
        let key = InstanceKey {
            partition: None,
            study: "1.2".to_owned(),
            series: "2".to_owned(),
            instance: "3".to_owned(),
        };
        let rules = Rules::new("https://dicom.example");
        let change = Change::read(1, key, Action::Delete, None, &rules).unwrap();
        StudyDelta::of(change).lookups(&rules).study
    }

    fn resource(kind: &str, refers_to: &str) -> Resource {
        let json = format!(r#"{{"resourceType":"{kind}","x":{{"reference":"{refers_to}"}}}}"#);
        Resource::parse(&json).unwrap()
    }

    fn create(kind: &str, name: &str, refers_to: &str) -> Write {
        Write::Create {
            full_url: format!("urn:uuid:{name}"),
            identity: query(),
            resource: resource(kind, refers_to),
        }
    }

    fn update(kind: &str) -> Write {
        Write::Update {
            id: "1".to_owned(),
            version: "1".to_owned(),
            resource: resource(kind, "Patient/1"),
        }
    }

    fn delete(resource_type: &'static str) -> Write {
        Write::Delete {
            resource_type,
            id: "1".to_owned(),
            version: "1".to_owned(),
        }
    }

    /// The writes of the first step, and whether more follow.
    fn first(writes: &[Write], max_entries: usize) -> (Vec<String>, bool) {
        let step = next(writes, max_entries);
        let now = step.now.iter().map(|it| format!("{it:?}"));
        (now.collect(), step.more)
    }

    #[test]
    fn what_others_refer_to_is_created_first_and_the_study_before_its_observations() {
        let writes = [
            create("Patient", "p", ""),
            create("Endpoint", "e", ""),
            create("ImagingStudy", "s", "urn:uuid:p"),
            create("Observation", "o", "urn:uuid:s"),
        ];
        let referenced = ["Create(Patient)", "Create(Endpoint)"].map(str::to_owned);
        assert_eq!(first(&writes, 500), (referenced.to_vec(), true));
        let study = vec!["Create(ImagingStudy)".to_owned()];
        assert_eq!(first(&writes[2..], 500), (study, true));
        assert_eq!(first(&writes[3..], 500).0, ["Create(Observation)"]);
    }

    #[test]
    fn all_goes_together_when_nothing_is_created_that_others_refer_to() {
        let writes = [
            update("Patient"),
            update("ImagingStudy"),
            update("Observation"),
        ];
        let step = first(&writes, 3);
        assert_eq!((step.0.len(), step.1), (3, false));
        // More than the server takes: the study first.
        let step = first(&writes, 2);
        assert_eq!((step.0.len(), step.1), (2, true));
    }

    #[test]
    fn parts_hold_what_is_referred_to_then_what_refers_and_then_deletes() {
        let mut writes = vec![
            delete("Observation"),
            create("Observation", "summary", "urn:uuid:b"),
            create("Observation", "a", ""),
            create("Observation", "b", ""),
            create("Observation", "c", ""),
        ];
        let mut sizes = Vec::new();
        loop {
            let step = next(&writes, 2);
            let is_now = |it: &Write| step.now.iter().any(|now| full_url(now) == full_url(it));
            writes.retain(|it| !is_now(it));
            sizes.push(step.now.len());
            if writes.is_empty() {
                break;
            }
        }
        // The summary waits for the event that it refers to, and deletes wait for both.
        assert_eq!(sizes, [2, 2, 1]);
    }

    #[test]
    fn deletes_go_after_all_else() {
        let writes = [
            update("ImagingStudy"),
            delete("Observation"),
            update("Observation"),
        ];
        let updates = ["ImagingStudy", "Observation"].map(|kind| format!("Update({kind}/1)"));
        assert_eq!(first(&writes, 500), (updates.to_vec(), true));
        let deletes = vec!["Delete(Observation/1)".to_owned()];
        assert_eq!(first(&writes[1..2], 500), (deletes, false));
    }

    #[test]
    fn a_study_goes_after_the_observations_that_refer_to_it() {
        let writes = [
            delete("ImagingStudy"),
            delete("Observation"),
            delete("Observation"),
        ];
        assert_eq!(first(&writes, 3).0.len(), 3);
        let (now, more) = first(&writes, 2);
        assert_eq!(now, ["Delete(Observation/1)", "Delete(Observation/1)"]);
        assert!(more);
    }
}
