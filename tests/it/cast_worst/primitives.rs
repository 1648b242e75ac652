//! The primitive types of FHIR R4 (datatypes.html#primitive), as far as radcast writes them.

use serde_json::Value;

/// What is wrong with the primitives of a resource, a line each with the path.
pub(super) fn faults(resource: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    walk(resource, "", "", &mut faults);
    faults
}

fn walk(value: &Value, name: &str, path: &str, faults: &mut Vec<String>) {
    let fault = match value {
        Value::Null => Some("null"),
        Value::Array(items) if items.is_empty() => Some("an empty array"),
        Value::Object(members) if members.is_empty() => Some("an empty object"),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, name, &format!("{path}[{at}]"), faults);
            }
            None
        }
        Value::Object(members) => {
            for (name, value) in members {
                walk(value, name, &format!("{path}.{name}"), faults);
            }
            None
        }
        Value::String(text) => text_fault(name, path, text),
        Value::Number(number) if is_count(name) => {
            let fits = number.as_u64().is_some_and(|n| i32::try_from(n).is_ok());
            (!fits).then_some("no unsignedInt")
        }
        Value::Number(_) | Value::Bool(_) => None,
    };
    faults.extend(fault.map(|fault| format!("{path}: {fault}: {value}")));
}

fn is_count(name: &str) -> bool {
    name == "number" || name.starts_with("numberOf")
}

fn text_fault(name: &str, path: &str, text: &str) -> Option<&'static str> {
    let wrong = match name {
        "code" | "gender" | "status" | "use" | "payloadMimeType" | "valueCode" => {
            (!is_code(text)).then_some("no code")
        }
        // `Reference.type` and the code system of a coding.
        "system" if !path.contains("telecom") => match (is_absolute(text), is_uri(text)) {
            (true, _) => None,
            (_, true) => Some("no absolute uri"),
            _ => Some("no uri"),
        },
        "system" => (!is_code(text)).then_some("no code"),
        "url" | "source" | "address" | "reference" | "type" | "valueUri" => {
            (!is_uri(text)).then_some("no uri")
        }
        "uid" => (!is_id(text)).then_some("no id"),
        "birthDate" => (!is_date(text)).then_some("no date"),
        "started" | "effectiveDateTime" | "valueDateTime" | "start" | "end" | "issued" => {
            (!is_date_time(text)).then_some("no dateTime")
        }
        "id" => text.contains(char::is_whitespace).then_some("no id"),
        _ => None,
    };
    wrong.or_else(|| string_fault(text))
}

fn string_fault(text: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if text.trim().is_empty() {
        return Some("nothing but blanks");
    }
    if text.len() > 1024 * 1024 {
        return Some("longer than a megabyte");
    }
    if text.contains(forbidden) {
        return Some("a control character");
    }
    (text.trim() != text).then_some("blanks around it")
}

/// `[^\s]+(\s[^\s]+)*`, the one blank a plain one.
fn is_code(text: &str) -> bool {
    let words = text.split(' ');
    words.clone().all(|word| !word.is_empty()) && {
        let mut words = words;
        words.all(|word| !word.contains(char::is_whitespace))
    }
}

fn is_uri(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_absolute(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let letters = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let has_scheme = scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters)
    });
    has_scheme && is_uri(text)
}

fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (1..=64).contains(&text.len()) && text.chars().all(allowed)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        [year] => digits(year, 4) && *year != "0000",
        [year, month] => {
            digits(year, 4) && digits(month, 2) && ("01"..="12").contains(month) && *year != "0000"
        }
        [year, _, _] => {
            *year != "0000" && text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
        }
        _ => false,
    }
}

fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return is_date(text);
    };
    let zone = time.len().checked_sub(6).and_then(|at| time.get(at..));
    let has_zone = time.ends_with('Z') || zone.is_some_and(|zone| zone.starts_with(['+', '-']));
    // Offsets go up to 14 hours.
    let hours = zone.and_then(|zone| zone.get(1..3)?.parse::<u8>().ok());
    let in_range = time.ends_with('Z') || hours.is_some_and(|hours| hours <= 14);
    let seconds = time
        .get(..8)
        .is_some_and(|clock| clock.parse::<jiff::civil::Time>().is_ok());
    is_date(date) && date.len() == 10 && has_zone && in_range && seconds
}

#[test]
fn what_is_no_primitive_of_fhir_is_told() {
    let faulty = serde_json::json!({
        "code": "A  B", "system": "two words", "uid": "1 2", "birthDate": "2024-13",
        "started": "2024-06-01T10:00:00", "text": "\u{a0}", "display": "a\u{7}", "empty": [],
        "none": null, "nothing": {}, "number": -1,
    });
    assert_eq!(faults(&faulty).len(), 11, "{:#?}", faults(&faulty));
    let right = serde_json::json!({
        "code": "A B", "system": "urn:a", "uid": "1.2", "birthDate": "2024-12",
        "started": "2024-06-01T10:00:00.25+02:00", "text": "a\u{a0}b\nc", "number": 7,
    });
    assert_eq!(faults(&right), [""; 0]);
}
