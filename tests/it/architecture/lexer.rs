//! The words and marks of a Rust source, without what is in comments and literals.

/// The tokens of a source: words (without the `r#` of raw identifiers), `::`, and single marks.
/// Comments, strings, characters and lifetimes are left out.
pub(super) fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest);
        if skipped > 0 {
            rest = &rest[skipped..];
            continue;
        }
        let length = match first {
            ':' if rest.starts_with("::") => 2,
            _ if is_word(first) => word(rest),
            _ => first.len_utf8(),
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

/// The length of what is left out at the start: white space, a comment or a literal.
fn skipped(rest: &str) -> usize {
    let blank = rest.len() - rest.trim_start().len();
    if blank > 0 {
        blank
    } else if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment(rest)
    } else if rest.starts_with('"') {
        quoted(rest, '"')
    } else if rest.starts_with('\'') {
        character_or_lifetime(rest)
    } else {
        prefixed(rest)
    }
}

/// A comment that may hold others.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        let bytes = &rest.as_bytes()[at..];
        if bytes.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// A literal that ends with an unescaped mark.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, next) in rest.char_indices().skip(1) {
        match next {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if next == mark => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn character_or_lifetime(rest: &str) -> usize {
    let mut following = rest.chars().skip(1);
    let (first, second) = (following.next(), following.next());
    if first == Some('\\') || second == Some('\'') {
        quoted(rest, '\'')
    } else {
        1 + word(&rest[1..])
    }
}

/// Literals with a prefix (`b"…"`, `r#"…"#`, `b'…'`), and the mark of a raw identifier.
fn prefixed(rest: &str) -> usize {
    let prefix = ["br", "cr", "b", "c", "r"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix));
    let Some(prefix) = prefix else { return 0 };
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = &after[hashes..];
    if prefix.ends_with('r') && body.starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body[1..]
            .find(&end)
            .map_or(body.len(), |at| 1 + at + end.len());
        prefix.len() + hashes + length
    } else if hashes == 0 && body.starts_with('"') {
        prefix.len() + quoted(body, '"')
    } else if prefix == "b" && body.starts_with('\'') {
        prefix.len() + quoted(body, '\'')
    } else if prefix == "r" && hashes == 1 {
        2
    } else {
        0
    }
}

fn word(rest: &str) -> usize {
    rest.find(|next| !is_word(next)).unwrap_or(rest.len())
}

fn is_word(next: char) -> bool {
    next.is_alphanumeric() || next == '_'
}

#[test]
fn words_and_marks_are_told_from_comments_and_literals() {
    for (source, expected) in [
        ("use crate::a_1;", "use crate :: a_1 ;"),
        ("a // b\nc /* d /* e */ f */ g /*/ h */ i", "a c g i"),
        (r#"f("a\"b", 'c', '\'', "d") "#, "f ( , , , )"),
        ("&'a T<'static>", "& T < >"),
        (r##"r"a" r#"b " c"# br"d" b"\"" b'"' c"e" x"##, "x"),
        ("r#mod bar crate cr", "mod bar crate cr"),
        ("'\u{e9}' é \"ü", "é"),
    ] {
        assert_eq!(tokens(source).join(" "), expected, "{source}");
    }
}
