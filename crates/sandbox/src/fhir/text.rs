//! JSON as text: layout and references are changed here without reading a number, so that `1.00`
//! stays `1.00`. The text is well-formed: a parser has read it before.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

/// The string tokens in order, each with its quotation marks.
fn strings(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + memchr(b'"', bytes.get(at..)?)?;
        let mut end = start + 1;
        loop {
            end += memchr2(b'"', b'\\', bytes.get(end..)?)?;
            if bytes.get(end) == Some(&b'"') {
                break;
            }
            end += 2;
        }
        at = end + 1;
        Some(start..at)
    })
}

/// Whether the string that ends at `end` is the name of a member.
fn is_name(text: &str, end: usize) -> bool {
    text.as_bytes()
        .iter()
        .skip(end)
        .find(|byte| !byte.is_ascii_whitespace())
        == Some(&b':')
}

/// How many members the objects of the text have in all, repeated names included.
pub(super) fn member_count(text: &str) -> usize {
    strings(text)
        .filter(|string| is_name(text, string.end))
        .count()
}

/// The text without white space between its tokens.
pub(super) fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // The ranges begin and end at quotation marks, hence at character boundaries.
    for string in strings(text) {
        out.extend(text[at..string.start].split_ascii_whitespace());
        out.push_str(&text[string.clone()]);
        at = string.end;
    }
    out.extend(text[at..].split_ascii_whitespace());
    out
}

/// The text with one member or element a line, indented by two spaces.
pub(super) fn pretty(text: &str) -> String {
    let mut layout = Layout::default();
    let mut at = 0;
    for string in strings(text) {
        layout.push_between(&text[at..string.start]);
        layout.out.push_str(&text[string.clone()]);
        at = string.end;
    }
    layout.push_between(&text[at..]);
    layout.out.push('\n');
    layout.out
}

#[derive(Default)]
struct Layout {
    out: String,
    depth: usize,
}

impl Layout {
    /// Lays out what stands between two strings: punctuation, numbers, literals.
    fn push_between(&mut self, tokens: &str) {
        for token in tokens.chars().filter(|token| !token.is_ascii_whitespace()) {
            match token {
                '{' | '[' => {
                    self.out.push(token);
                    self.depth += 1;
                    self.start_line();
                }
                '}' | ']' => self.close(token),
                ',' => {
                    self.out.push(token);
                    self.start_line();
                }
                ':' => self.out.push_str(": "),
                _ => self.out.push(token),
            }
        }
    }

    fn close(&mut self, token: char) {
        self.depth = self.depth.saturating_sub(1);
        let content = self.out.trim_end();
        if content.ends_with(['{', '[']) {
            self.out.truncate(content.len());
        } else {
            self.start_line();
        }
        self.out.push(token);
    }

    fn start_line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }
}

/// Compact text with the value of every string member `reference` replaced where `replacement`
/// has one for it. Borrowed when nothing was replaced.
pub(super) fn replace_references<'t>(
    text: &'t str,
    replacement: impl Fn(&str) -> Option<String>,
) -> Cow<'t, str> {
    let mut out = String::new();
    let mut at = 0;
    for value in reference_values(text) {
        let Some(new) = reference_in(&text[value.clone()]).and_then(|old| replacement(&old)) else {
            continue;
        };
        out.push_str(&text[at..value.start]);
        out.push_str(&serde_json::Value::String(new).to_string());
        at = value.end;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

fn reference_in(token: &str) -> Option<String> {
    serde_json::from_str(token).ok()
}

/// The string values of members named `reference`.
fn reference_values(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut after_name = None;
    strings(text).filter(move |string| {
        let is_value = after_name == Some(string.start);
        let is_reference = &text[string.clone()] == "\"reference\"" && is_name(text, string.end);
        // In compact text the value stands behind the colon.
        after_name = is_reference.then_some(string.end + 1);
        is_value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compacting_keeps_strings_and_numbers_as_they_are() {
        let text = "{ \"a b\" : [ 1.00 , -0.10e+3,\n\ttrue ], \"c\\\" \\\\\": \" { \" }";
        assert_eq!(
            compact(text),
            r#"{"a b":[1.00,-0.10e+3,true],"c\" \\":" { "}"#
        );
    }

    #[test]
    fn pretty_text_is_one_member_a_line_and_the_same_json() {
        let text = r#"{"a":[1.00,{"b":"x, y"}],"c":{},"d":[]}"#;
        let laid_out = pretty(text);
        assert_eq!(
            laid_out,
            "{\n  \"a\": [\n    1.00,\n    {\n      \"b\": \"x, y\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n"
        );
        assert_eq!(compact(&laid_out), text);
    }

    #[test]
    fn references_are_replaced_at_every_depth_and_nothing_else_is() {
        let text = r#"{"reference":"u","a":[{"reference":"u"}],"b":"u","display":"reference","c":{"reference":"v"}}"#;
        let replaced = replace_references(text, |old| (old == "u").then(|| "P/1".to_owned()));
        assert_eq!(
            replaced,
            r#"{"reference":"P/1","a":[{"reference":"P/1"}],"b":"u","display":"reference","c":{"reference":"v"}}"#
        );
    }

    #[test]
    fn an_escaped_reference_is_read_before_it_is_compared() {
        let replaced = replace_references(r#"{"reference":"\u0075"}"#, |old| {
            (old == "u").then(|| "P/1".to_owned())
        });
        assert_eq!(replaced, r#"{"reference":"P/1"}"#);
    }

    #[test]
    fn a_repeated_member_is_counted_twice() {
        assert_eq!(member_count(r#"{"a":"a","a" : {"b":["a"]}}"#), 3);
    }
}
