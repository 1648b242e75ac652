//! Interactions carried out together (R4 HTTP 3.1.0.11): one on its own is a transaction of one.

use std::collections::{HashMap, HashSet};

use axum::http::StatusCode;
use rusqlite::Transaction;

use super::address::Referent;
use super::answer::Answer;
use super::bundle::Entry;
use super::interaction::{Interaction, Target};
use super::outcome::Refusal;
use super::{entry, versions};

/// An interaction on its way through a transaction.
#[derive(Debug)]
struct Step {
    index: usize,
    full_url: Option<String>,
    interaction: Interaction,
    target: Option<Target>,
    answer: Option<Answer>,
}

/// Carries out one interaction.
///
/// # Errors
/// It is refused; nothing that it wrote is to be kept.
pub(super) fn single(
    tx: &Transaction<'_>,
    base: &str,
    interaction: Interaction,
) -> Result<Answer, Refusal> {
    let mut step = Step::new(0, None, interaction);
    step.identify(tx)?;
    step.carry_out(tx, base)?;
    step.check_references(tx, base)?;
    step.answer.ok_or_else(unanswered)
}

/// Carries out one entry of a batch.
///
/// # Errors
/// It is refused; nothing that it wrote is to be kept.
pub(super) fn batch_entry(
    tx: &Transaction<'_>,
    base: &str,
    index: usize,
    entry: &Entry,
) -> Result<Answer, Refusal> {
    entry::interaction(base, entry)
        .and_then(|interaction| single(tx, base, interaction))
        .map_err(|refusal| refusal.in_entry(index))
}

/// Carries out all entries in the order of the standard and answers in theirs.
///
/// # Errors
/// An entry is refused, which the refusal names; nothing that was written is to be kept.
pub(super) fn all(
    tx: &Transaction<'_>,
    base: &str,
    entries: &[Entry],
) -> Result<Vec<Result<Answer, Refusal>>, Refusal> {
    let mut steps = plan(base, entries)?;
    check_full_urls(&steps)?;
    steps.sort_by_key(|step| step.interaction.rank());
    let deletes = steps.partition_point(|step| step.interaction.rank() == 0);
    let (deletes, others) = steps.split_at_mut(deletes);
    // What is deleted is no longer found by the conditions of the creates.
    each(deletes, |step| {
        step.identify(tx)?;
        step.carry_out(tx, base)
    })?;
    check_conditions(others)?;
    each(others, |step| step.identify(tx))?;
    check_targets(&steps)?;
    resolve(&mut steps)?;
    each(&mut steps, |step| step.carry_out(tx, base))?;
    each(&mut steps, |step| step.check_references(tx, base))?;
    steps.sort_by_key(|step| step.index);
    Ok(steps
        .into_iter()
        .map(|step| step.answer.ok_or_else(unanswered))
        .collect())
}

fn plan(base: &str, entries: &[Entry]) -> Result<Vec<Step>, Refusal> {
    entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let interaction =
                entry::interaction(base, entry).map_err(|refusal| refusal.in_entry(index))?;
            Ok(Step::new(index, entry.full_url.clone(), interaction))
        })
        .collect()
}

fn each(
    steps: &mut [Step],
    mut work: impl FnMut(&mut Step) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    steps
        .iter_mut()
        .try_for_each(|step| work(step).map_err(|refusal| refusal.in_entry(step.index)))
}

fn check_full_urls(steps: &[Step]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    for step in steps {
        if let Some(full_url) = &step.full_url
            && !seen.insert(full_url)
        {
            let refusal = duplicate(format!("fullUrl {full_url} stands on an entry before"));
            return Err(refusal.in_entry(step.index));
        }
    }
    Ok(())
}

/// Two creates under one condition would make what the second should have found.
fn check_conditions(steps: &[Step]) -> Result<(), Refusal> {
    let mut seen = Vec::new();
    for step in steps {
        if let Interaction::Create {
            kind,
            condition: Some(condition),
            ..
        } = &step.interaction
        {
            let condition = (kind.name, &condition.criteria);
            if seen.contains(&condition) {
                let refusal = duplicate("an entry before has the same ifNoneExist".to_owned());
                return Err(refusal.in_entry(step.index));
            }
            seen.push(condition);
        }
    }
    Ok(())
}

fn check_targets(steps: &[Step]) -> Result<(), Refusal> {
    let mut seen = HashMap::new();
    for step in steps {
        let Some(target) = &step.target else {
            continue;
        };
        let address = target.address.to_string();
        if let Some(other) = seen.insert(address.clone(), step.index) {
            let refusal = duplicate(format!("Bundle.entry[{other}] is about {address} as well"));
            return Err(refusal.in_entry(step.index));
        }
    }
    Ok(())
}

/// Replaces the references to full URLs of entries, in all of them.
fn resolve(steps: &mut [Step]) -> Result<(), Refusal> {
    let addresses: HashMap<String, String> = steps
        .iter()
        .filter_map(|step| {
            let full_url = step.full_url.clone()?;
            Some((full_url, step.target.as_ref()?.address.to_string()))
        })
        .collect();
    each(steps, |step| match step.interaction.document_mut() {
        Some(document) => document.resolve(&addresses),
        None => Ok(()),
    })
}

impl Step {
    const fn new(index: usize, full_url: Option<String>, interaction: Interaction) -> Self {
        Self {
            index,
            full_url,
            interaction,
            target: None,
            answer: None,
        }
    }

    fn identify(&mut self, tx: &Transaction<'_>) -> Result<(), Refusal> {
        self.target = self.interaction.target(tx)?;
        Ok(())
    }

    /// Carries the interaction out, once.
    fn carry_out(&mut self, tx: &Transaction<'_>, base: &str) -> Result<(), Refusal> {
        if self.answer.is_none() {
            let answer = self.interaction.carry_out(tx, base, self.target.as_ref())?;
            self.answer = Some(answer);
        }
        Ok(())
    }

    /// Refuses references to resources that are not there once everything is written.
    fn check_references(&self, tx: &Transaction<'_>, base: &str) -> Result<(), Refusal> {
        let Some(document) = self.interaction.document() else {
            return Ok(());
        };
        for reference in document.references() {
            let Referent::Here(address) = Referent::read(base, reference)? else {
                continue;
            };
            let live = versions::current(tx, &address)?.is_some_and(|v| v.json.is_some());
            if !live {
                return Err(Refusal::invalid(format!(
                    "there is no {address}, to which the resource refers"
                )));
            }
        }
        Ok(())
    }
}

fn duplicate(diagnostics: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "duplicate", diagnostics)
}

fn unanswered() -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "exception",
        "an interaction was not carried out",
    )
}
