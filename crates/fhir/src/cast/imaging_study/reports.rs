//! Which instances of a stored study may have been structured reports.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use memchr::memmem;
use serde::Deserialize;

use super::super::delta::InstanceUids;
use super::super::object::Object;
use super::super::observation::dose::{REPORT_CLASSES, is_report_class};
use super::super::{Resource, Rules, StudyDelta, StudyKey};
use super::digests::{Digests, UNLISTED};
use super::identity::Identity;
use super::outline;

#[derive(Deserialize)]
struct SeriesHead<'a> {
    #[serde(borrow)]
    uid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    modality: Option<Coded<'a>>,
    #[serde(default, borrow)]
    instance: Vec<InstanceHead<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceHead<'a> {
    #[serde(borrow)]
    uid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sop_class: Option<Coded<'a>>,
}

#[derive(Deserialize)]
struct Coded<'a> {
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

/// The instances (SOP Instance UIDs) that are removed, or stated to be something else than a dose
/// report, and that were reports as far as the stored study tells. Of what it lists as something
/// else nothing has to be looked up, however many they are.
pub(in crate::cast) fn former_reports(
    delta: &StudyDelta,
    found: &[Resource],
    rules: &Rules,
) -> Vec<String> {
    let stated = delta.statements();
    let stated = stated.filter(|(_, said)| said.observations.is_empty());
    let stated: HashSet<_> = stated.map(|(change, _)| InstanceUids::of(change)).collect();
    let removes = !delta.removed().is_empty();
    let lists_none = !found.iter().any(may_list_reports);
    if !removes && (stated.is_empty() || lists_none) {
        return Vec::new();
    }
    let Ok((Some(stored), _)) = Identity::new(delta.study(), rules).find(found) else {
        return Vec::new();
    };
    let untold = lists_none.then(|| untold(delta, &stored.object)).flatten();
    untold.unwrap_or_else(|| listed_reports(delta, &stated, &stored.object))
}

/// The removed instances of which a study that lists no reports tells nothing: those of series that
/// it does not have. `None` where that needs a closer look.
fn untold(delta: &StudyDelta, study: &Object) -> Option<Vec<String>> {
    let (items, outlines) = outline::series(study.get("series")?.get())?;
    let mut untold = Vec::new();
    for uids in delta.removed() {
        // Of several with one uid the last counts.
        let at = items.iter().rposition(|it| it.uid() == Some(&uids.series));
        match at.and_then(|at| outlines.get(at)) {
            Some(series) => series.modality()??.code.map(drop)?,
            None => untold.push(uids.instance.clone()),
        }
    }
    Some(untold)
}

/// As [`former_reports`], by all that the stored study lists.
fn listed_reports(
    delta: &StudyDelta,
    stated: &HashSet<InstanceUids>,
    study: &Object,
) -> Vec<String> {
    // What cannot be read is told of when the study is merged.
    let Ok(Some(series)) = study.decode::<Vec<SeriesHead<'_>>>("series") else {
        return Vec::new();
    };
    let series: HashMap<_, _> = series
        .iter()
        .filter_map(|series| Some((series.uid.as_deref()?, Listed::of(series))))
        .collect();
    let listed = |uids: &InstanceUids| series.get(uids.series.as_str());
    let removed = delta.removed().iter().filter(|uids| {
        let told = listed(uids).and_then(|series| series.may_be_report(&uids.instance));
        told.unwrap_or(true)
    });
    let stated = stated.iter().filter(|uids| {
        // What is new was nothing before.
        let known = listed(uids).filter(|series| series.knows(&uids.instance));
        known.and_then(|series| series.may_be_report(&uids.instance)) == Some(true)
    });
    removed
        .chain(stated)
        .map(|uids| uids.instance.clone())
        .collect()
}

/// Returns the series of a stored study that hold an instance of this SOP Instance UID.
pub(in crate::cast) fn series_with(
    study: &StudyKey,
    instance: &str,
    found: &[Resource],
    rules: &Rules,
) -> Vec<String> {
    // What cannot be read is told of when the study is merged.
    let Ok((Some(stored), _)) = Identity::new(study, rules).find(found) else {
        return Vec::new();
    };
    let series = stored.object.objects("series").unwrap_or_default();
    let holding = series.iter().filter(|series| holds(series, instance));
    let uids = holding.filter_map(|series| series.text("uid").ok().flatten());
    uids.collect()
}

/// Whether a stored series holds an instance, in its list or beside it.
fn holds(series: &Object, instance: &str) -> bool {
    let listed = series.objects("instance").unwrap_or_default();
    let is_it = |it: &Object| it.text("uid").ok().flatten().as_deref() == Some(instance);
    let is_unlisted = || Digests::read(series, UNLISTED).is_ok_and(|it| it.contains(instance));
    listed.iter().any(is_it) || is_unlisted()
}

/// Whether a stored study can list reports at all, which few do: it has to have the modality of
/// reports or one of their classes in it, and in letters that are not escaped.
fn may_list_reports(study: &Resource) -> bool {
    let marks: [&[u8]; 3] = [br#""SR""#, REPORT_CLASSES.as_bytes(), br"\u"];
    let series = study.object().get("series");
    series.is_some_and(|series| {
        let text = series.get().as_bytes();
        marks.iter().any(|mark| memmem::find(text, mark).is_some())
    })
}

/// What a stored series tells of its instances.
struct Listed<'a> {
    /// Whether its modality is that of reports; none when it has none.
    of_reports: Option<bool>,
    /// Whether the SOP class is one of reports.
    instances: HashMap<&'a str, bool>,
}

impl<'a> Listed<'a> {
    fn of(series: &'a SeriesHead<'a>) -> Self {
        let code = |coded: &'a Option<Coded<'a>>| coded.as_ref()?.code.as_deref();
        let class = |instance: &'a InstanceHead<'a>| {
            let class = code(&instance.sop_class)?;
            Some(is_report_class(class.trim_start_matches("urn:oid:")))
        };
        let instances = series.instance.iter();
        let instances = instances.filter_map(|it| Some((it.uid.as_deref()?, class(it)?)));
        Self {
            of_reports: code(&series.modality).map(|code| code == "SR"),
            instances: instances.collect(),
        }
    }

    /// Whether the instance is listed, or could be if the series listed any.
    fn knows(&self, instance: &str) -> bool {
        self.instances.is_empty() || self.instances.contains_key(instance)
    }

    /// None when nothing tells.
    fn may_be_report(&self, instance: &str) -> Option<bool> {
        match self.instances.get(instance) {
            Some(of_class) => Some(*of_class || self.of_reports == Some(true)),
            None => self.of_reports,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::cast::{Action, Change};
    use radcast_engine::feed::InstanceKey;

    /// Whether the plain way finds reports among the series.
    fn lists_reports(series: &str) -> bool {
        let series: Vec<SeriesHead<'_>> = serde_json::from_str(series).unwrap();
        series.iter().map(Listed::of).any(|listed| {
            listed.of_reports == Some(true) || listed.instances.values().any(|of_class| *of_class)
        })
    }

    fn study(series: &str) -> Resource {
        Resource::parse(&format!(r#"{{"series":{series}}}"#)).unwrap()
    }

    /// Codes, as they may be written.
    const CODES: &[&str] = &[
        "CT",
        "SR",
        "S\\u0052",
        "SRX",
        "urn:oid:1.2.840.10008.5.1.4.1.1.2",
        "urn:oid:1.2.840.10008.5.1.4.1.1.88.67",
        "1.2.840.10008.5.1.4.1.1.88.67",
        "1.2.840.10008.5.1.4.1.1\\u002e88.67",
        "1.2.840.10008.5.1.4.1.1.88",
    ];

    proptest! {
        #[test]
        fn what_lists_reports_is_looked_at(
            all in prop::collection::vec((select(CODES), select(CODES), select(CODES)), 0..4),
        ) {
            let series = all.iter().map(|(modality, one, other)| format!(
                r#"{{"uid":"1","modality":{{"code":"{modality}"}},"instance":[{{"uid":"1","sopClass":{{"code":"{one}"}}}},{{"uid":"2","sopClass":{{"code":"{other}"}}}}]}}"#
            ));
            let series = format!("[{}]", series.collect::<Vec<_>>().join(","));
            prop_assert!(may_list_reports(&study(&series)) || !lists_reports(&series), "{}", series);
        }
    }

    /// A delta that removes an instance of each of some series.
    fn removal(series: &[u8]) -> StudyDelta {
        let changes = series.iter().map(|series| {
            let key = InstanceKey {
                partition: None,
                study: "1".to_owned(),
                series: series.to_string(),
                instance: "7".to_owned(),
            };
            Change::read(
                1,
                key,
                Action::Delete,
                None,
                &Rules::new("https://dicom.example"),
            )
            .unwrap()
        });
        StudyDelta::fold(changes).unwrap()
    }

    proptest! {
        #[test]
        fn a_study_without_reports_tells_the_same_at_first_sight(
            all in prop::collection::vec((0..4_u8, select(&[r#""modality":{"code":"CT"},"#, r#""modality":{"system":"s"},"#, ""][..])), 0..4),
            removed in prop::collection::vec(0..4_u8, 1..4),
        ) {
            let series = all.iter().map(|(uid, modality)| format!(
                r#"{{"uid":"{uid}",{modality}"instance":[{{"uid":"1"}}]}}"#
            ));
            let study = study(&format!("[{}]", series.collect::<Vec<_>>().join(",")));
            let (delta, nothing) = (removal(&removed), HashSet::new());
            if let Some(seen) = untold(&delta, study.object()) {
                prop_assert_eq!(seen, listed_reports(&delta, &nothing, study.object()));
            }
        }
    }

    #[test]
    fn images_are_not_looked_at() {
        let series = r#"[{"uid":"1","modality":{"code":"CT"},"instance":[{"uid":"2","sopClass":{"code":"urn:oid:1.2.840.10008.5.1.4.1.1.2"},"title":"ORIGINAL\\\\PRIMARY SR"}]}]"#;
        assert!(!may_list_reports(&study(series)));
        assert!(!may_list_reports(&Resource::parse("{}").unwrap()));
    }
}
