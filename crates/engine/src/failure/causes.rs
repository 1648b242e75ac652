//! What [`classify`] decides, as a table for people.

use super::{Code, Dependency, Operation, Symptom, classify};

/// The statuses that a server refuses a request with.
const STATUSES: std::ops::RangeInclusive<u16> = 300..=599;

/// The symptoms of one dependency and operation that come to the same code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Whose answer it was.
    pub dependency: Dependency,
    /// What was asked of it.
    pub operation: Operation,
    /// What came back, in words.
    pub symptoms: String,
    /// What it comes to.
    pub code: Code,
}

/// What each symptom comes to, by dependency and operation, in the order of the codes.
#[must_use]
pub fn causes() -> Vec<Cause> {
    let asked = [
        (Dependency::Fhir, Operation::Read),
        (Dependency::Fhir, Operation::Transaction),
        (Dependency::Dicom, Operation::Read),
        (Dependency::Tables, Operation::Read),
        (Dependency::Tables, Operation::Write),
        (Dependency::Blobs, Operation::Write),
        (Dependency::Identity, Operation::Read),
    ];
    asked
        .into_iter()
        .flat_map(|(dependency, operation)| of(dependency, operation))
        .collect()
}

fn of(dependency: Dependency, operation: Operation) -> Vec<Cause> {
    let cause = |code: &Code| {
        let comes_to = |symptom| classify(dependency, operation, symptom) == *code;
        let symptoms = symptoms(dependency, comes_to);
        (!symptoms.is_empty()).then(|| Cause {
            dependency,
            operation,
            symptoms: symptoms.join("; "),
            code: *code,
        })
    };
    Code::ALL.iter().filter_map(cause).collect()
}

fn symptoms(dependency: Dependency, comes_to: impl Fn(Symptom) -> bool) -> Vec<String> {
    let malformed = match dependency {
        Dependency::Fhir => "an answer that is no FHIR, or does not answer the request",
        Dependency::Dicom => "an answer that is no change feed",
        Dependency::Tables | Dependency::Blobs => "an answer that storage does not give",
        Dependency::Identity => "an answer without a token",
    };
    let mut symptoms = Vec::new();
    let words = [
        (
            Symptom::NoConnection,
            "no connection: refused, reset, DNS, TLS, a body that broke off",
        ),
        (Symptom::Timeout, "no answer in time"),
        (Symptom::Malformed, malformed),
    ];
    let told = words.into_iter().filter(|(symptom, _)| comes_to(*symptom));
    symptoms.extend(told.map(|(_, words)| words.to_owned()));
    symptoms.extend(statuses(&comes_to));
    if dependency == Dependency::Fhir && comes_to(Symptom::PreconditionInText) {
        symptoms.push("400 or 422 whose text tells of a precondition".to_owned());
    }
    if !matches!(dependency, Dependency::Fhir | Dependency::Dicom) {
        let in_text = [
            (
                Symptom::CredentialsInText,
                "an error code that tells of the credentials",
            ),
            (
                Symptom::BusyInText,
                "an error code that tells of load or of something passing",
            ),
        ];
        let told = in_text
            .into_iter()
            .filter(|(symptom, _)| comes_to(*symptom));
        symptoms.extend(told.map(|(_, words)| words.to_owned()));
    }
    symptoms
}

/// The statuses as ranges: `401, 500-599`.
fn statuses(comes_to: impl Fn(Symptom) -> bool) -> Option<String> {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for status in STATUSES.filter(|status| comes_to(Symptom::Status(*status))) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == status => *last = status,
            _ => ranges.push((status, status)),
        }
    }
    let spelled = ranges.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    });
    let spelled: Vec<String> = spelled.collect();
    (!spelled.is_empty()).then(|| spelled.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(operation: Operation, code: Code) -> Option<String> {
        let mut rows = causes()
            .into_iter()
            .filter(|cause| cause.operation == operation && cause.code == code);
        let symptoms = rows.next()?.symptoms;
        assert_eq!(rows.next(), None, "{code} has two rows");
        Some(symptoms)
    }

    #[test]
    fn the_table_says_what_classify_decides() {
        let spelled = row(Operation::Read, Code::FhirServerError);
        assert_eq!(spelled.as_deref(), Some("500-599"));
        let spelled = row(Operation::Transaction, Code::FhirNoTransactions);
        assert_eq!(spelled.as_deref(), Some("405, 501"));
        let spelled = row(Operation::Transaction, Code::FhirConflict);
        assert_eq!(
            spelled.as_deref(),
            Some("404, 409-410, 412; 400 or 422 whose text tells of a precondition")
        );
        assert_eq!(row(Operation::Read, Code::InternalPanic), None);
    }

    fn covered(symptoms: &str) -> Vec<u16> {
        let parts = symptoms.split("; ").flat_map(|part| part.split(", "));
        let range = |part: &str| -> Option<Vec<u16>> {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((first.parse().ok()?..=last.parse().ok()?).collect())
        };
        parts.filter_map(range).flatten().collect()
    }

    #[test]
    fn every_status_stands_in_one_row_of_each_operation() {
        let of_fhir_reads = causes().into_iter().filter(|cause| {
            (cause.dependency, cause.operation) == (Dependency::Fhir, Operation::Read)
        });
        let mut statuses: Vec<u16> = of_fhir_reads
            .flat_map(|cause| covered(&cause.symptoms))
            .collect();
        statuses.sort_unstable();
        assert_eq!(statuses, STATUSES.collect::<Vec<_>>());
    }
}
