//! What a server's own words about a refusal are known to mean. The words themselves stay here: they
//! may quote anybody.

/// How much of a text is looked at, in bytes.
const LOOKED_AT: usize = 16 * 1024;

/// The most that is told of one text.
const MOST_TOLD: usize = 8;

/// Words and phrases of refusals. What is told of a text is this, and not the text.
const PHRASES: &str = "already exists, cardinality, code system, conditional, conflict, connection, constraint, \
    database, deadlock, deleted, does not exist, does not match, duplicate, exceeds, failed to \
    parse, foreign key, format, if-match, if-none-exist, ifnoneexist, internal error, invalid, \
    invariant, locked, maximum, minimum, missing, multiple matches, must be, must have, must not, \
    no such, not allowed, not enabled, not found, not permitted, not supported, not valid, null, \
    out of memory, permission, precondition, profile, quota, read-only, referential integrity, \
    regex, required, search parameter, terminology, throttled, throttling, timed out, timeout, too \
    large, too long, too many, transaction, unable to delete, unable to resolve, unique, unknown, \
    unrecognized, unresolved, unsupported, value set, version";

/// Prefixes of the keys of FHIR's own constraints, such as `dom-6`.
const CONSTRAINTS: &str = "att bdl cod cpt dom ele ext img obs org pat per qty rat ref rng tim txt";

/// What is known of a text: numbers of messages and constraints, a status, phrases.
pub(super) fn known_of(text: &str) -> Vec<String> {
    let end = text.floor_char_boundary(LOOKED_AT);
    let text = text.get(..end).unwrap_or_default();
    let lower = text.to_ascii_lowercase();
    let mut known = Vec::new();
    let is_of_word = |c: char| c.is_alphanumeric() || c == '-';
    let words: Vec<&str> = lower.split(|c: char| !is_of_word(c)).collect();
    let words = || words.iter().filter(|word| !word.is_empty());
    let numbered = words().filter_map(|word| message_number(word).or_else(|| constraint(word)));
    let pairs = words().zip(words().skip(1));
    let statuses = pairs.filter_map(|(word, next)| status(word, next));
    let phrases = PHRASES.split(", ").filter(|phrase| lower.contains(phrase));
    let all = numbered
        .chain(statuses)
        .chain(phrases.map(|it| (*it).to_owned()));
    for it in all {
        if known.len() < MOST_TOLD && !known.contains(&it) {
            known.push(it);
        }
    }
    known
}

/// The number of a message of HAPI's: `HAPI-0389`.
fn message_number(word: &str) -> Option<String> {
    let number = word.strip_prefix("hapi-")?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("HAPI-{number}"))
}

/// The key of a constraint of FHIR's.
fn constraint(word: &str) -> Option<String> {
    let (prefix, number) = word.split_once('-')?;
    let is_number = number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = CONSTRAINTS.split(' ').find(|known| *known == prefix)?;
    (is_number && !number.is_empty()).then(|| format!("{prefix}-{number}"))
}

/// An HTTP status by its number: `status 412`, `HTTP 412`.
fn status(word: &str, next: &str) -> Option<String> {
    let number: u16 = next.parse().ok().filter(|_| next.len() == 3)?;
    let is_status = matches!(word, "status" | "http") && (400..600).contains(&number);
    is_status.then(|| format!("status {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_phrases_are_told_and_nothing_else() {
        for (text, expected) in [
            ("HAPI-0389: Canary (4711)", &["HAPI-0389"][..]),
            ("Rule dom-6: 'Canary' has no narrative", &["dom-6"]),
            ("Entry failed with status 412", &["status 412"]),
            ("HTTP 409 Conflict: Canary", &["status 409", "conflict"]),
            (
                "Unknown code 'Canary' in the Value Set",
                &["unknown", "value set"],
            ),
            (
                "HAPI-Canary hapi-47110 dom-Canary dom-123 status 200 status 4711",
                &[],
            ),
            ("Canary 1966-06-07", &[]),
        ] {
            assert_eq!(known_of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_looked_at_up_to_a_bound() {
        let far = format!("{}\u{4e09} duplicate", "x".repeat(LOOKED_AT - 1));
        assert_eq!(known_of(&far), [""; 0]);
        assert_eq!(known_of(PHRASES).len(), MOST_TOLD);
    }
}
