//! `ImagingStudy`: finding it, bringing it in step, removing from it.
//!
//! | element | where it comes from |
//! |---|---|
//! | `identifier` (study), `series.uid`, `instance.uid` | the entry's UIDs: `identity.rs`, `series.rs` |
//! | attributes of study, series and instance | the tables in `attributes.rs` |
//! | `modality`, `numberOfSeries`, `numberOfInstances` | computed: `computed.rs` |
//! | `subject`, `endpoint`, `series.endpoint` | references to what was found or made: `links.rs` |
//! | `series.instance` | the list, or of a study with many instances a digest each: `instances.rs` |
//! | `reference` of `basedOn`, `encounter`, `referrer` | searched for, if so set: `resolution.rs` |
//! | `status`, `meta.source` | here |
//!
//! What dicom-cast wrote differently is mended by `healing.rs`.

mod accession;
mod additions;
pub(super) mod anatomy;
pub(super) mod attributes;
mod computed;
mod contested;
mod digests;
mod healing;
mod holdings;
mod identifying;
mod identity;
mod instance;
mod instances;
mod items;
pub(super) mod links;
mod mapping;
mod orders;
mod outline;
mod performer;
mod physicians;
mod procedure;
mod reports;
mod resolution;
mod series;
mod services;
mod specimen;
mod status;
mod subject;
mod title;
mod visit;

use std::collections::HashSet;

use indexmap::IndexMap;

use radcast_engine::failure::Failure;

use super::change::Attributes;
use super::delta::InstanceUids;
use super::disagreement::{Disagreement, Statement, resolve};
use super::edit::EditError;
use super::element;
use super::object::Object;
use super::patient::subject::Whose;
use super::row::fill_all;
use super::stored::Stored;
use super::write::full_url;
use super::{
    Change, Found, Merged, Notice, Resource, ResourceName, Rules, StudyDelta, StudyKey, Write,
    stored_values,
};
pub(super) use anatomy::FRAMES;
pub(super) use identifying::identifying;
use identity::Identity;
pub(super) use identity::query;
pub(super) use links::{Links, StoredSubject};
pub(super) use mapping::mapping;
pub(super) use reports::{former_reports, series_with};
pub(super) use resolution::queries as reference_queries;
use series::{Removal, SeriesList};
use services::Services;
pub(super) use subject::{is_unclaimed, stored_subject};

const TYPE: &str = "ImagingStudy";

/// Brings the study in step with a delta. `links` is none when the delta only removes.
pub(super) fn merge(
    delta: &StudyDelta,
    links: Option<&Links>,
    found: &Found,
    rules: &Rules,
    merged: &mut Merged,
) -> Result<Option<Write>, Failure> {
    let identity = Identity::new(delta.study(), rules);
    let (stored, has_twins) = identity.find(&found.study)?;
    match (stored, links) {
        (None, None) => Ok(None),
        (Some(stored), None) => shrink(delta, stored, found, rules, &mut merged.notices),
        (None, Some(links)) => {
            let mut object = Object::default();
            let query = identity.create_query(has_twins);
            let notices = create(&mut object, &identity, has_twins, rules)
                .and_then(|()| grow(delta, links, &mut object, None, rules, merged))
                .and_then(|()| resolution::put(&mut object, delta, &found.references, rules))
                .map_err(|error| error.into_failure(TYPE))?;
            merged.notices.extend(notices);
            Ok(Some(Write::create(&query, object)))
        }
        (Some(mut stored), Some(links)) => {
            let name = stored.reference();
            status::check(&stored, delta.study())?;
            let services = Services::of(delta.study(), &stored.object, found, rules)?;
            let study = &mut stored.object;
            let notices = identity
                .ensure(study)
                .and_then(|()| {
                    let stored = Some((name.as_str(), &services));
                    grow(delta, links, study, stored, rules, merged)
                })
                .and_then(|()| resolution::put(study, delta, &found.references, rules))
                .map_err(|error| error.into_failure(&name))?;
            merged.notices.extend(notices);
            merged.notices.extend(out_of_use(&stored, delta.study())?);
            Ok(stored.update())
        }
    }
}

/// The reference to the study, which is stored or about to be.
pub(super) fn reference(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<String, Failure> {
    let identity = Identity::new(study, rules);
    let (stored, has_twins) = identity.find(found)?;
    Ok(stored.map_or_else(
        || full_url(&identity.create_query(has_twins)),
        |stored| stored.reference(),
    ))
}

/// The reference to the study, if it is stored.
pub(super) fn stored_reference(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<Option<String>, Failure> {
    let (stored, _) = Identity::new(study, rules).find(found)?;
    Ok(stored.map(|stored| stored.reference()))
}

/// The patient that the stored study refers to, if it is there and does.
pub(super) fn subject(
    study: &StudyKey,
    found: &[Resource],
    rules: &Rules,
) -> Result<Option<String>, Failure> {
    let (stored, _) = Identity::new(study, rules).find(found)?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    links::subject(&stored.object).map_err(|error| error.into_failure(&stored.reference()))
}

/// The notice that a study was changed that is not in use.
fn out_of_use(study: &Stored, key: &StudyKey) -> Result<Option<Notice>, Failure> {
    if !study.object.changed() {
        return Ok(None);
    }
    let notice = status::notice(study, key);
    notice.map_err(|error| error.into_failure(&study.reference()))
}

/// Whether the stored study has a series that a delta says nothing of. The instances of one series
/// say mostly the same; what those of another one say nobody knows.
pub(super) fn has_other_series(
    delta: &StudyDelta,
    found: &[Resource],
    rules: &Rules,
) -> Result<bool, Failure> {
    let (stored, _) = Identity::new(delta.study(), rules).find(found)?;
    let Some(stored) = stored else {
        return Ok(false);
    };
    let said = delta.statements();
    let said: HashSet<_> = said
        .map(|(change, _)| change.key().series.as_str())
        .collect();
    let listed = stored.object.shared("series");
    let series = SeriesList::open(listed.as_ref());
    let series = series.map_err(|error| error.into_failure(&stored.reference()))?;
    Ok(series.uids().any(|uid| !said.contains(uid)))
}

/// The start of a new study.
fn create(
    study: &mut Object,
    identity: &Identity<'_>,
    has_twins: bool,
    rules: &Rules,
) -> Result<(), EditError> {
    study.set("resourceType", TYPE)?;
    study.set("meta", &element::meta(&rules.source())?)?;
    identity.ensure(study)?;
    if has_twins {
        identity.ensure_scoped(study)?;
    }
    Ok(())
}

/// Says what entries say, then removes what is to be gone and is not said again. In this order a
/// series stays that loses one instance and wins another. `stored` is the name of the study and who
/// serves it, where it is stored already.
fn grow(
    delta: &StudyDelta,
    links: &Links,
    study: &mut Object,
    stored: Option<(&str, &Services<'_>)>,
    rules: &Rules,
    merged: &mut Merged,
) -> Result<(), EditError> {
    let statements: Vec<_> = delta.statements().collect();
    let listed = study.shared("series");
    let mut series = SeriesList::open(listed.as_ref())?;
    let mut growing = Growing {
        delta,
        links,
        disagreements: &mut merged.disagreements,
        values: stored_values::Stored {
            delta,
            name: stored.map(|(name, _)| name),
            notices: &mut merged.notices,
            counting: &mut merged.counting,
            // An instance of another patient changes nothing of the series that it is in.
            put: match links.subject.whose {
                Whose::Other => fill_all,
                Whose::Named | Whose::Moved => delta.way_of_facts(),
            },
        },
    };
    growing.put_study(&statements, study)?;
    growing.put_series(&statements, &mut series)?;
    series.put_holdings()?;
    let mut listing = Vec::new();
    if let Some((name, services)) = stored {
        let removals = remove_gone(delta, &statements, &mut series, services)?;
        let notice = of_others(delta, &removals, name, services);
        merged.notices.extend(notice);
        listing = listed_still(&removals);
    }
    subject::note(delta, Some(links.subject.whose), &listing, study)?;
    finish(study, series, rules)?;
    let disagreeing = merged.disagreements.iter().map(|it| it.kept.as_str());
    let counting = merged.counting.iter().map(String::as_str);
    contested::note(delta, counting.chain(disagreeing), &listing, study)
}

/// A study that becomes more.
struct Growing<'a> {
    delta: &'a StudyDelta,
    links: &'a Links,
    disagreements: &'a mut Vec<Disagreement>,
    values: stored_values::Stored<'a>,
}

impl Growing<'_> {
    /// What is said of the study, but by those who name another patient than it has.
    fn put_study(
        &mut self,
        statements: &[(&Change, &Attributes)],
        study: &mut Object,
    ) -> Result<(), EditError> {
        status::put_available(study)?;
        self.links.put(study, self.delta.is_late())?;
        let is_of_other = self.links.subject.whose == Whose::Other;
        let is_heard = |said: &Attributes| !is_of_other || said.patient.key().of_study;
        let heard = statements.iter().filter(|(_, said)| is_heard(said));
        let said: Vec<Statement<'_>> = heard.map(|(c, said)| (c.key(), &said.study)).collect();
        let facts = resolve(attributes::STUDY, &said, self.disagreements);
        self.values.put(attributes::STUDY, &facts, &said, study)?;
        if self.delta.is_late() {
            return Ok(());
        }
        healing::drop_description_notes(study, &said)
    }

    /// Every series and instance that entries speak of. One that was deleted and stored again keeps
    /// its place, and nothing of what was said about it before.
    fn put_series<'b>(
        &mut self,
        statements: &[(&'b Change, &'b Attributes)],
        list: &mut SeriesList<'b>,
    ) -> Result<(), EditError> {
        if self.links.subject.whose != Whose::Other {
            self.values.put = self.delta.way_of_series_facts();
        }
        let mut by_series: IndexMap<&str, Vec<Statement<'_>>> = IndexMap::new();
        let mut by_instance: IndexMap<(usize, &str), instance::Facts<'_>> =
            IndexMap::with_capacity(statements.len());
        for (change, said) in statements {
            let key = change.key();
            let series = by_series.entry(&key.series);
            let uids = (series.index(), key.instance.as_str());
            series.or_default().push((key, &said.series));
            let facts = by_instance.entry(uids).or_default();
            instance::say(facts, &said.instance);
        }
        let mut series = Vec::with_capacity(by_series.len());
        for (uid, said) in by_series {
            let facts = resolve(attributes::SERIES, &said, self.disagreements);
            let put =
                |series: &mut Object| self.values.put(attributes::SERIES, &facts, &said, series);
            let place = list.put(uid, put, self.links)?;
            series.push((uid, place));
        }
        for ((of, uid), facts) in by_instance {
            if let Some((series, place)) = series.get(of) {
                let afresh = self.delta.removes(series, uid);
                list.put_instance(*place, uid, &facts, afresh)?;
            }
        }
        Ok(())
    }
}

/// What became of each instance that was to be removed.
type Removals<'a> = Vec<(&'a InstanceUids, Removal)>;

/// The instances that stay listed, because other services may have them.
fn listed_still<'a>(removals: &Removals<'a>) -> Vec<&'a str> {
    let stays = |removal| matches!(removal, Removal::Kept | Removal::OfOthers);
    let staying = removals.iter().filter(|(_, removal)| stays(*removal));
    staying.map(|(uids, _)| uids.instance.as_str()).collect()
}

/// Removes what is to be gone and is not said again.
fn remove_gone<'a>(
    delta: &'a StudyDelta,
    statements: &[(&Change, &Attributes)],
    list: &mut SeriesList<'_>,
    services: &Services<'_>,
) -> Result<Removals<'a>, EditError> {
    if delta.removed().is_empty() {
        return Ok(Vec::new());
    }
    let said = statements
        .iter()
        .map(|(change, _)| InstanceUids::of(change));
    let said: HashSet<_> = said.collect();
    let gone = delta.removed().iter().filter(|gone| !said.contains(gone));
    gone.map(|gone| Ok((gone, list.remove(gone, services)?)))
        .collect()
}

/// The notice that instances stay listed because only Endpoints of others serve them.
fn of_others(
    delta: &StudyDelta,
    removals: &Removals<'_>,
    name: &str,
    services: &Services<'_>,
) -> Option<Notice> {
    removals
        .iter()
        .any(|(_, it)| *it == Removal::OfOthers)
        .then(|| Notice::ListedByOthers {
            study: delta.study().clone(),
            resource: name.to_owned(),
            endpoints: services.others_of_study(),
        })
}

/// Removes instances. The last one takes a study with it that we created and nobody added to.
fn shrink(
    delta: &StudyDelta,
    mut stored: Stored,
    found: &Found,
    rules: &Rules,
    notices: &mut Vec<Notice>,
) -> Result<Option<Write>, Failure> {
    let name = stored.reference();
    let fail = |error: EditError| error.into_failure(&name);
    let services = Services::of(delta.study(), &stored.object, found, rules)?;
    let listed = stored.object.shared("series");
    let mut series = SeriesList::open(listed.as_ref()).map_err(fail)?;
    let mut removals = Removals::new();
    for gone in delta.removed() {
        removals.push((gone, series.remove(gone, &services).map_err(fail)?));
    }
    notices.extend(of_others(delta, &removals, &name, &services));
    let is_unchanged = |it| matches!(it, Removal::Unknown | Removal::OfOthers);
    if removals.iter().all(|(_, removal)| is_unchanged(*removal)) {
        return Ok(None);
    }
    let key = delta.study().clone();
    let listing = listed_still(&removals);
    if removals.iter().any(|(_, it)| *it == Removal::Kept) {
        let id = stored.id.clone();
        notices.push(Notice::HeldByOthers { study: key, id });
    } else if series.is_empty() {
        let is_ours = is_ours(&stored.object, rules).map_err(fail)?;
        let is_annotated =
            series.uids().next().is_some() || additions::are_in_study(&stored.object, &services);
        if is_ours && !is_annotated && !found.undeletable {
            return Ok(Some(stored.delete()));
        }
        let id = stored.id.clone();
        notices.push(match (is_ours, is_annotated) {
            (false, _) => Notice::ForeignStudyEmptied { study: key, id },
            (true, true) => Notice::AnnotatedStudyEmptied { study: key, id },
            (true, false) => Notice::ReferencedStudyEmptied { study: key, id },
        });
        status::put_emptied(&mut stored.object).map_err(fail)?;
    }
    if !series.is_served_by(&services).map_err(fail)? {
        services.leave(&mut stored.object).map_err(fail)?;
    }
    subject::note(delta, None, &listing, &mut stored.object).map_err(fail)?;
    finish(&mut stored.object, series, rules).map_err(fail)?;
    let nobody = std::iter::empty();
    contested::note(delta, nobody, &listing, &mut stored.object).map_err(fail)?;
    notices.extend(out_of_use(&stored, delta.study())?);
    Ok(stored.update())
}

/// The Endpoints of the stored study that have to be read before instances are removed from it.
pub(super) fn follow_ups(delta: &StudyDelta, found: &Found, rules: &Rules) -> Vec<ResourceName> {
    if delta.removed().is_empty() {
        return Vec::new();
    }
    let stored = Identity::new(delta.study(), rules).find(&found.study);
    let Ok((Some(stored), _)) = stored else {
        return Vec::new();
    };
    let services = Services::of(delta.study(), &stored.object, found, rules);
    let series = stored.object.objects("series");
    let names = services.map(|services| services.to_read(&series.unwrap_or_default()));
    names.unwrap_or_default()
}

/// What follows from the series once they stand.
fn finish(study: &mut Object, mut series: SeriesList<'_>, rules: &Rules) -> Result<(), EditError> {
    series.limit(rules.list_instances_up_to);
    healing::heal_series(&mut series)?;
    computed::put(study, &mut series)?;
    series.close(study)
}

/// Whether we created it: its source is our service.
pub(super) fn is_ours(study: &Object, rules: &Rules) -> Result<bool, EditError> {
    let Some(meta) = study.object("meta")? else {
        return Ok(false);
    };
    let source = meta.text("source").map_err(|error| error.within("meta"))?;
    Ok(source.is_some_and(|source| rules.is_source(&source)))
}
