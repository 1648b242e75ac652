//! Elements that follow from what the resource holds.

use std::borrow::Cow;

use super::super::edit::EditError;
use super::super::element::{coding, system};
use super::super::mapping::{Derived, Origin};
use super::super::object::{Object, raw};
use super::super::put::set_number;
use super::healing::canonical_system;
use super::outline::Series;
use super::series::SeriesList;

/// What is computed of the study, as rows of the mapping.
pub(super) const DERIVED: &[Derived] = &[
    Derived::new(
        "modality",
        Origin::Resource,
        "the modalities of the series, each once; codings of other systems stay",
    ),
    Derived::new(
        "numberOfSeries",
        Origin::Resource,
        "how many series the resource lists",
    ),
    Derived::new(
        "numberOfInstances",
        Origin::Resource,
        "the sum over the series",
    ),
];

/// What is computed of a series, as rows of the mapping.
pub(super) const DERIVED_OF_SERIES: &[Derived] = &[Derived::new(
    "series.numberOfInstances",
    Origin::Resource,
    "how many instances the series has",
)];

/// A coding by what it means.
type Code = (Option<String>, Option<String>);

/// `numberOfSeries`, `numberOfInstances` (of the study and of each series that tells its
/// instances, by list or by digest) and `modality`.
pub(super) fn put(study: &mut Object, list: &mut SeriesList<'_>) -> Result<(), EditError> {
    let mut total = 0_u32;
    let mut modalities = Vec::new();
    list.visit(|list, place| {
        let told = list.instances_at(place).map(|told| count(told.len()));
        let seen = list.seen_at(place);
        let (number, modality) = match seen.and_then(|seen| seen_in_step(seen, told)) {
            Some(seen) => seen,
            None => list
                .series_at(place)
                .map_or(Ok((0, None)), |series| put_series(series, told))?,
        };
        total = total.saturating_add(number);
        if let Some(code) = modality.filter(|code| !modalities.contains(code)) {
            modalities.push(code);
        }
        Ok(())
    })?;
    put_modalities(study, modalities)?;
    set_number(study, "numberOfSeries", count(list.len()))?;
    set_number(study, "numberOfInstances", total)
}

/// The number of instances of a series, which tells that many, and its modality.
fn put_series(series: &mut Object, told: Option<u32>) -> Result<(u32, Option<Code>), EditError> {
    if let Some(told) = told {
        set_number(series, "numberOfInstances", told)?;
    }
    let stated: f64 = series.decode("numberOfInstances")?.unwrap_or_default();
    let modality = series.object("modality")?;
    let modality = modality.as_ref().map(code).transpose();
    let modality = modality.map_err(|error| error.within("modality"))?;
    Ok((whole(stated), modality))
}

/// As [`put_series`], of a series in which there is nothing to be set.
fn seen_in_step(seen: &Series<'_>, told: Option<u32>) -> Option<(u32, Option<Code>)> {
    let stated = seen.number_of_instances()?;
    if told.is_some() && stated != told.map(f64::from) {
        return None;
    }
    let modality = seen.modality()?.map(|it| {
        let system = it.system.map(|system| canonical_system(&system).to_owned());
        (system, it.code.map(Cow::into_owned))
    });
    Some((whole(stated.unwrap_or_default()), modality))
}

/// A count as a server may write it. The cast saturates, and takes what is below zero as zero.
const fn whole(stated: f64) -> u32 {
    stated as u32
}

/// The union of the series' modalities. Codings of other systems are somebody else's and stay;
/// those of DICOM stay as long as a series has them.
fn put_modalities(study: &mut Object, mut missing: Vec<Code>) -> Result<(), EditError> {
    let union = missing.clone();
    let stored = study.objects("modality")?;
    let (mut kept, mut changed) = (Vec::with_capacity(stored.len()), false);
    for (mut modality, unread) in stored.into_iter().zip(study.list("modality")?) {
        let within = |error: EditError| error.within("modality");
        let code = code(&modality).map_err(within)?;
        let of_dicom = code.0.as_deref() == Some(system::DCM);
        let legacy = of_dicom && modality.text("system").map_err(within)? != code.0;
        let surplus = legacy && !missing.contains(&code);
        if of_dicom && (surplus || !union.contains(&code)) {
            changed = true;
            continue;
        }
        missing.retain(|other| *other != code);
        if legacy {
            modality.set_text("system", system::DCM)?;
            changed = true;
            kept.push(raw("modality", &modality)?);
        } else {
            kept.push(unread);
        }
    }
    for (system, code) in &missing {
        let coding = coding(
            system.as_deref().unwrap_or_default(),
            code.as_deref().unwrap_or_default(),
        );
        kept.push(raw("modality", &coding?)?);
        changed = true;
    }
    if changed {
        study.set_list("modality", &kept)?;
    }
    Ok(())
}

/// System, in its canonical form, and code.
fn code(coding: &Object) -> Result<Code, EditError> {
    let system = coding.text("system")?;
    let system = system.map(|system| canonical_system(&system).to_owned());
    Ok((system, coding.text("code")?))
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
