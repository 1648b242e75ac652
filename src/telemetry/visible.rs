//! Text of others, made fit for terminals, logs and spreadsheets. Pure.
//!
//! A message may quote what a server or an instance says. Unescaped, its control characters could
//! move the cursor, recolour, retitle or fake lines, and bidirectional marks could make text read as
//! what it is not.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// The text with everything that is not to be seen, or that breaks the line, written as Rust writes
/// it: `\n`, `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The same of a text of several lines, which stay.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n")
}

/// Returns JSON text with every hidden character as `\uXXXX`: the same values to a parser. The
/// control characters below U+0020 stay: inside of strings the writer of JSON has escaped them, and
/// outside they lay out the text.
#[must_use]
pub fn visible_json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_unescaped) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_unescaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The text as a cell that no spreadsheet takes for a formula.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if shown.trim_start().starts_with(FORMULA) {
        return Cow::Owned(format!("'{shown}"));
    }
    shown
}

/// Returns whether a writer of JSON leaves a hidden character as it is.
fn is_unescaped(c: char) -> bool {
    c >= ' ' && is_hidden(c)
}

/// Control characters of either set, line and paragraph separators, and format characters: marks of
/// direction, and what has no width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_to_be_seen_is_written_out_and_the_rest_stays() {
        for (text, shown) in [
            ("Müller^José 検査", "Müller^José 検査"),
            ("C:\\data", "C:\\data"),
            ("red \u{1b}[31m", "red \\u{1b}[31m"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("a\r\nb\tc\u{85}\u{2028}", "a\\r\\nb\\tc\\u{85}\\u{2028}"),
            (
                "\u{202e}gpj.exe\u{2066}\u{200f}",
                "\\u{202e}gpj.exe\\u{2066}\\u{200f}",
            ),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_lines("a\u{1b}\nb\r\n"), "a\\u{1b}\nb\\r\n");
    }

    #[test]
    fn json_shows_what_is_hidden_and_keeps_its_layout() {
        let value = serde_json::json!({ "text": "a\u{1b}\u{9b}\u{7f}\u{202e}\u{e0041}é\n" });
        let text = format!("{value:#}");
        assert_eq!(
            visible_json(&text),
            "{\n  \"text\": \"a\\u001b\\u009b\\u007f\\u202e\\udb40\\udc41é\\n\"\n}"
        );
    }

    #[test]
    fn no_cell_begins_as_a_formula() {
        for (text, shown) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            (" =1", "' =1"),
            ("\t=1", "\\t=1"),
            ("1=1", "1=1"),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }

    /// Returns any text; many of its characters are hidden. `any::<String>()` has none of these.
    fn text() -> impl Strategy<Value = String> {
        let special = [
            '\u{1b}',
            '\n',
            '\u{7f}',
            '\u{9b}',
            '\u{202e}',
            '\u{e0041}',
            '"',
            '\\',
            '=',
        ];
        let character = prop_oneof![any::<char>(), proptest::sample::select(special.to_vec())];
        proptest::collection::vec(character, 0..40).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn json_stays_the_same_to_a_parser_and_hides_nothing(text in text()) {
            let json = serde_json::to_string(&text).unwrap();
            let shown = visible_json(&json);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }

        #[test]
        fn whatever_comes_nothing_hidden_is_left(text in text()) {
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!cell(&text).starts_with(FORMULA));
            prop_assert!(!visible_lines(&text).replace('\n', "").contains(is_hidden));
        }
    }
}
