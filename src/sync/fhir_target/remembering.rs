//! What is remembered of a transaction that was carried out.

use super::FhirTarget;
use super::looking_up::{LookedUp, Searched};
use super::memory::{Answer, LARGEST};
use crate::cast::{Resource, Write};
use crate::fhir::Response;

const REMEMBERED: [&str; 2] = ["ImagingStudy", "Patient"];

/// A write, as far as it is to be remembered.
#[derive(Debug)]
pub(super) struct Sent {
    resource_type: String,
    deed: Deed,
}

#[derive(Debug)]
enum Deed {
    Create {
        full_url: String,
        resource: Option<Resource>,
    },
    Update {
        id: String,
        resource: Option<Resource>,
    },
    Delete,
}

impl Sent {
    pub(super) fn of(write: &Write) -> Self {
        let resource_type = write.resource_type();
        let kept = |resource: &Resource| {
            let kept = REMEMBERED.contains(&resource_type.as_str()) && resource.size() <= LARGEST;
            kept.then(|| resource.clone())
        };
        let deed = match write {
            Write::Create {
                full_url, resource, ..
            } => Deed::Create {
                full_url: full_url.clone(),
                resource: kept(resource),
            },
            Write::Update { id, resource, .. } => Deed::Update {
                id: id.clone(),
                resource: kept(resource),
            },
            Write::Delete { .. } => Deed::Delete,
        };
        Self {
            resource_type,
            deed,
        }
    }

    /// Full URL and name of what it created; `None` when the answer does not tell.
    fn name(&self, response: &Response) -> Option<(String, String)> {
        let Deed::Create { full_url, .. } = &self.deed else {
            return None;
        };
        let id = response.id(&self.resource_type)?;
        Some((full_url.clone(), format!("{}/{id}", self.resource_type)))
    }

    /// The resource as it is stored now; `None` when that is not known, or it is not any more.
    fn stored(&self, response: &Response, names: &[(&str, &str)]) -> Option<Resource> {
        let version = response.version()?;
        let told = response.id(&self.resource_type);
        match &self.deed {
            Deed::Create { resource, .. } => resource.as_ref()?.stored_as(told?, version, names),
            Deed::Update { id, resource } if told.is_none_or(|told| told == id) => {
                resource.as_ref()?.stored_as(id, version, names)
            }
            Deed::Update { .. } | Deed::Delete => None,
        }
    }
}

impl FhirTarget {
    /// Remembers what was looked up, with what was written in its place.
    pub(super) fn remember(&self, looked_up: LookedUp, sent: &[Sent], responses: &[Response]) {
        let LookedUp {
            found,
            study,
            patient,
        } = looked_up;
        let answers: Vec<_> = sent.iter().zip(responses).collect();
        let creates = answers.iter().filter(|(sent, _)| sent.creates());
        let names: Option<Vec<_>> = creates.map(|(sent, told)| sent.name(told)).collect();
        // Without the name of what was created nobody knows what the others refer to now.
        let Some(names) = names else { return };
        let names: Vec<_> = names
            .iter()
            .map(|(from, to)| (from.as_str(), to.as_str()))
            .collect();
        let keep = |of_type: &str, found: Vec<Resource>, searched: Searched| {
            let mut found = Some(found);
            for (sent, response) in &answers {
                if sent.resource_type == of_type {
                    let written = sent.stored(response, &names);
                    found = found.zip(written).map(|(found, it)| replaced(found, it));
                }
            }
            if let Some(found) = found {
                let searched_at = searched.at;
                self.memory.put(
                    searched.query,
                    Answer {
                        found,
                        searched: searched_at,
                    },
                );
            }
        };
        keep("ImagingStudy", found.study, study);
        if let Some(patient) = patient {
            keep("Patient", found.patient, patient);
        }
    }
}

impl Sent {
    /// Whether others may refer to it by its full URL. Nothing that is remembered refers to
    /// Observations.
    fn creates(&self) -> bool {
        matches!(self.deed, Deed::Create { .. }) && self.resource_type != "Observation"
    }
}

/// What was found, with one resource as it is now.
fn replaced(mut found: Vec<Resource>, written: Resource) -> Vec<Resource> {
    let id = written.id();
    match found.iter_mut().find(|known| known.id() == id) {
        Some(known) => *known = written,
        None => found.push(written),
    }
    found
}
