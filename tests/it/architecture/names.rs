//! What a Rust file names: rooms of the crate, and paths of other crates.

use super::lexer;

/// Everything that `source`, a file `depth` modules below the root of the crate, names: `crate::`
/// and the segment below it, `std::` and the segment below it, or a word.
pub(super) fn find(source: &str, depth: usize) -> Vec<String> {
    let tokens = lexer::tokens(source);
    let mut found = Vec::new();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = &tokens[at + 1..];
        let depth = depth + blocks.iter().filter(|is_module| **is_module).count();
        match *token {
            "{" => blocks.push(at >= 2 && tokens[at - 2] == "mod"),
            "}" => drop(blocks.pop()),
            "crate" if rest.first() == Some(&"as") => found.push("crate::as".to_owned()),
            "crate" | "radcast" => below("crate::", rest, &mut found),
            "std" => below("std::", rest, &mut found),
            "super" | "self" => at += relative(&tokens[at..], depth, &mut found),
            word => found.push(word.to_owned()),
        }
        at += 1;
    }
    found
}

/// Follows `self::super::super` up; at the root of the crate, the next segment is a room. Gives the
/// number of tokens it has passed.
fn relative(tokens: &[&str], mut depth: usize, found: &mut Vec<String>) -> usize {
    let mut passed = 0;
    depth = depth.saturating_sub(usize::from(tokens[0] == "super"));
    while let ["::", "super", ..] = tokens[passed + 1..] {
        depth = depth.saturating_sub(1);
        passed += 2;
    }
    if depth == 0 {
        below("crate::", &tokens[passed + 1..], found);
    }
    passed
}

/// Notes the segment after `::`, or the first segment of each branch of a group there.
fn below(root: &str, tokens: &[&str], found: &mut Vec<String>) {
    match tokens {
        ["::", "{", branches @ ..] => {
            let mut nested = 0;
            let mut starts = true;
            for token in branches {
                match *token {
                    "}" if nested == 0 => break,
                    "}" => nested -= 1,
                    "{" => nested += 1,
                    _ if starts => found.push(format!("{root}{token}")),
                    _ => {}
                }
                starts = nested == 0 && *token == ",";
            }
        }
        ["::", segment, ..] => found.push(format!("{root}{segment}")),
        _ => {}
    }
}
