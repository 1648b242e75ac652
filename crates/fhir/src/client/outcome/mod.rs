//! What a server says in an `OperationOutcome`. Its text is a stranger's and may quote anybody: what
//! leaves the process is written anew from what FHIR knows, unless the settings say otherwise.

mod known;
mod path;

use std::fmt::Write;

use bytes::Bytes;
use serde::Deserialize;

use radcast_engine::failure::Redacted;

/// The longest text of one answer that is shown, in characters.
const LONGEST: usize = 1_000;

/// The longest answer kept for the archive, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The most issues, and of each the most paths and codes, that are told of.
const MOST_ISSUES: usize = 5;

/// R4 `issue-severity`.
const SEVERITIES: &[&str] = &["fatal", "error", "warning", "information"];

/// R4 `issue-type`.
const TYPES: &str = "business-rule code-invalid conflict deleted duplicate exception expired extension forbidden \
    incomplete informational invalid invariant lock-error login multiple-matches no-store \
    not-found not-supported processing required security structure suppressed throttled timeout \
    too-costly too-long transient unknown value";

/// Code systems whose codes are messages of servers.
const MESSAGES: &[&str] = &[
    "http://hl7.org/fhir/java-core-messageId",
    "http://terminology.hl7.org/CodeSystem/operation-outcome",
];

/// The longest code of a message.
const LONGEST_CODE: usize = 64;

#[derive(Debug, Default, Deserialize)]
struct OperationOutcome {
    #[serde(default)]
    issue: Vec<Issue>,
}

#[derive(Debug, Default, Deserialize)]
struct Issue {
    #[serde(default)]
    severity: String,
    #[serde(default)]
    code: String,
    diagnostics: Option<String>,
    details: Option<Details>,
    #[serde(default)]
    expression: Vec<String>,
    #[serde(default)]
    location: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    text: Option<String>,
    #[serde(default)]
    coding: Vec<Coding>,
}

#[derive(Debug, Default, Deserialize)]
struct Coding {
    #[serde(default)]
    system: String,
    #[serde(default)]
    code: String,
}

/// The words of a refusal.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    issues: Vec<Issue>,
}

impl Refusal {
    /// Reads the body of a refusal; a body that is no `OperationOutcome` says nothing.
    pub(super) fn read(body: &[u8]) -> Self {
        let outcome: OperationOutcome = serde_json::from_slice(body).unwrap_or_default();
        Self {
            issues: outcome.issue,
        }
    }

    /// The outcome as the server wrote it, for the archive; `body` is what was read.
    pub(super) fn answer(&self, body: &Bytes) -> Option<Redacted> {
        let outcome = Some(body).filter(|_| !self.issues.is_empty());
        outcome.map(|body| Redacted::new(cut(body)))
    }

    /// Whether the text says that a version did not match. Some servers answer 400 to a stale
    /// `ifMatch` inside a transaction and tell the true status in the text alone.
    pub(super) fn tells_of_precondition(&self) -> bool {
        self.issues.iter().any(|issue| {
            matches!(issue.code.as_str(), "conflict" | "duplicate" | "lock-error")
                || issue.texts().any(names_412)
        })
    }

    /// What is known of the issues, in one line: severity, type, where, and what messages are known
    /// to mean.
    pub(super) fn known(&self) -> String {
        let issues = self.issues.iter().take(MOST_ISSUES);
        let lines: Vec<String> = issues.map(Issue::known).collect();
        let mut text = lines.join("; ");
        let left = self.issues.len().saturating_sub(MOST_ISSUES);
        if left > 0 {
            // Writing to a text cannot fail.
            let _ = write!(text, "; {left} more");
        }
        text
    }

    /// The issues in the server's own words, at most 1,000 characters.
    pub(super) fn text(&self) -> String {
        let issues: Vec<String> = self.issues.iter().map(Issue::line).collect();
        let text = issues.join("; ");
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", whole_words(text.get(..end).unwrap_or_default())),
            None => text,
        }
    }
}

/// Whether a text gives the status 412 by number or name. The bare number says nothing: UIDs and
/// ids that servers quote hold it too.
fn names_412(text: &str) -> bool {
    ["status 412", "HTTP 412", "Precondition"]
        .iter()
        .any(|name| text.contains(name))
}

/// The start of a text, as far as it is kept, up to the end of a character.
fn cut(text: &Bytes) -> Bytes {
    let is_inside = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let mut end = text.len().min(LONGEST_ANSWER);
    while text.get(end).is_some_and(is_inside) {
        end = end.saturating_sub(1);
    }
    // A copy: a slice would keep all of it in memory.
    Bytes::copy_from_slice(text.get(..end).unwrap_or_default())
}

/// A text that was cut, without the part of a word at its end: half a name would not be known for
/// one, and so not be taken out.
fn whole_words(text: &str) -> &str {
    text.trim_end_matches(char::is_alphanumeric)
}

impl Issue {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let details = self
            .details
            .as_ref()
            .and_then(|details| details.text.as_deref());
        self.diagnostics.as_deref().into_iter().chain(details)
    }

    fn known(&self) -> String {
        let kind = TYPES.split(' ').find(|known| *known == self.code);
        let mut line = kind.unwrap_or("unknown").to_owned();
        if SEVERITIES.contains(&self.severity.as_str()) {
            line = format!("{} {line}", self.severity);
        }
        let paths = self
            .expression
            .iter()
            .chain(&self.location)
            .take(MOST_ISSUES);
        let mut places: Vec<String> = paths.filter_map(|text| path::known_path(text)).collect();
        places.dedup();
        if !places.is_empty() {
            line = format!("{line} at {}", places.join(", "));
        }
        let coding = self.details.iter().flat_map(|details| &details.coding);
        let codes = coding.take(MOST_ISSUES).filter_map(Coding::message);
        let mut said: Vec<String> = codes.map(str::to_owned).collect();
        said.extend(self.texts().flat_map(known::known_of));
        said.dedup();
        match said.is_empty() {
            true => line,
            false => format!("{line} ({})", said.join(", ")),
        }
    }

    fn line(&self) -> String {
        let mut line = format!("{} {}", self.severity, self.code);
        if !self.expression.is_empty() {
            line = format!("{line} at {}", self.expression.join(", "));
        }
        self.texts()
            .fold(line, |line, text| format!("{line}: {text}"))
    }
}

impl Coding {
    /// The code of a message of a server that many sites run.
    fn message(&self) -> Option<&str> {
        let is_known = MESSAGES.contains(&self.system.as_str());
        let is_of_code = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let is_code = self.code.len() <= LONGEST_CODE && self.code.bytes().all(is_of_code);
        (is_known && is_code && self.code.contains('_')).then_some(&self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_issues_is_told_what_fhir_knows_and_no_word_of_the_server() {
        let known = |json: &str| Refusal::read(json.as_bytes()).known();
        let outcome = r#"{"issue":[{"severity":"error","code":"value","diagnostics":"HAPI-0450: Canary is unknown",
            "details":{"coding":[{"system":"http://hl7.org/fhir/java-core-messageId","code":"Type_Checks"},
                                 {"system":"urn:x","code":"Canary_A"},{"code":"4711"}],"text":"Canary"},
            "location":["Patient.birthDate","Line[1] Col[2]","Canary"],"expression":["Patient.birthDate"]},
            {"severity":"Canary","code":"Canary","diagnostics":"Canary"}]}"#;
        assert_eq!(
            known(outcome),
            "error value at Patient.birthDate, line 1, column 2 (Type_Checks, HAPI-0450, unknown); unknown"
        );
        let many = format!(r#"{{"issue":[{}]}}"#, [r#"{"code":"value"}"#; 8].join(","));
        assert_eq!(known(&many), "value; value; value; value; value; 3 more");
    }

    #[test]
    fn issues_are_told_in_one_line() {
        let refusal = Refusal::read(
            br#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value",
                "diagnostics":"unknown code","expression":["ImagingStudy.status"]}]}"#,
        );
        assert_eq!(
            refusal.text(),
            "error value at ImagingStudy.status: unknown code"
        );
        assert!(!refusal.tells_of_precondition());
    }

    #[test]
    fn a_conflict_is_heard_in_the_text_of_a_400() {
        let refusal = Refusal::read(
            br#"{"issue":[{"severity":"error","code":"processing","details":{"text":
                "Transaction failed at entry 0: Entry failed with status 412"}}]}"#,
        );
        assert!(refusal.tells_of_precondition());
    }

    #[test]
    fn the_digits_of_a_conflict_in_a_quoted_value_are_none() {
        for quoted in ["urn:oid:1.2.412.7", "4120", "a row of 412 columns"] {
            let body = format!(r#"{{"issue":[{{"code":"value","diagnostics":"bad: {quoted}"}}]}}"#);
            let refusal = Refusal::read(body.as_bytes());
            assert!(!refusal.tells_of_precondition(), "{quoted}");
        }
    }

    #[test]
    fn a_body_that_is_no_outcome_says_nothing() {
        let body = Bytes::from_static(b"<html>Bad gateway</html>");
        let refusal = Refusal::read(&body);
        assert_eq!(refusal.text(), "");
        assert_eq!(refusal.answer(&body), None);
    }

    #[test]
    fn an_outcome_is_kept_as_it_is_and_a_long_one_up_to_the_end_of_a_character() {
        let short = Bytes::from_static(br#"{ "issue": [{}] }"#);
        let kept = Refusal::read(&short).answer(&short).unwrap();
        assert_eq!(kept.reveal(), &short);
        for shift in 0..3 {
            let quoted = format!("{}{}", "x".repeat(shift), "\u{4e09}".repeat(30_000));
            let long = Bytes::from(format!(r#"{{"issue":[{{"diagnostics":"{quoted}"}}]}}"#));
            let kept = Refusal::read(&long).answer(&long).unwrap();
            let text = std::str::from_utf8(kept.reveal()).unwrap();
            assert!(text.len() > LONGEST_ANSWER - 3 && text.len() <= LONGEST_ANSWER);
            assert!(long.starts_with(text.as_bytes()));
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let body = format!(
            r#"{{"issue":[{{"diagnostics":"{}"}}]}}"#,
            "Jürgen ".repeat(500)
        );
        let text = Refusal::read(body.as_bytes()).text();
        assert!(text.ends_with("Jürgen …"), "{text}");
        let length = text.chars().count();
        assert!((LONGEST - 10..=LONGEST + 1).contains(&length), "{length}");
    }
}
