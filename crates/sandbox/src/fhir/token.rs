//! The values of search parameters: alternatives, tokens and their escapes (R4 Search 3.1.1.3.1).

use super::outcome::Refusal;

/// The text cut at each separator that is not escaped; the escapes are left in.
pub(super) fn cut(text: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(|character| {
        let cuts = character == separator && !escaped;
        escaped = character == '\\' && !escaped;
        cuts
    })
    .collect()
}

/// The text that the escapes stand for.
///
/// # Errors
/// A backslash stands before anything but `,`, `|`, `$` or a backslash.
pub(super) fn unescape(text: &str) -> Result<String, Refusal> {
    let mut characters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => escaped(characters.next())?,
            _ => character,
        });
    }
    Ok(plain)
}

fn escaped(character: Option<char>) -> Result<char, Refusal> {
    match character {
        Some(kept @ (',' | '|' | '$' | '\\')) => Ok(kept),
        _ => Err(Refusal::invalid(
            "a backslash in a search value must stand before one of , | $ \\",
        )),
    }
}

/// A token as it is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `value`: whatever the system.
    Value(String),
    /// `system|value`, or `|value` with an empty system for none.
    InSystem {
        /// The system.
        system: String,
        /// The value.
        value: String,
    },
    /// `system|`: any value.
    System(String),
}

impl Token {
    /// Reads one alternative.
    ///
    /// # Errors
    /// A bad escape, a second bar or nothing at all.
    pub(super) fn parse(alternative: &str) -> Result<Self, Refusal> {
        match *cut(alternative, '|') {
            [value] if !value.is_empty() => Ok(Self::Value(unescape(value)?)),
            [system, value] if !value.is_empty() => Ok(Self::InSystem {
                system: unescape(system)?,
                value: unescape(value)?,
            }),
            [system, _] if !system.is_empty() => Ok(Self::System(unescape(system)?)),
            _ => Err(Refusal::invalid(
                "a token must be value, system|value, |value or system|; write \\| for a bar in it",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_four_forms_of_a_token_are_told_apart() {
        let in_system = |system: &str, value: &str| Token::InSystem {
            system: system.to_owned(),
            value: value.to_owned(),
        };
        assert_eq!(Token::parse("v"), Ok(Token::Value("v".to_owned())));
        assert_eq!(Token::parse("s|v"), Ok(in_system("s", "v")));
        assert_eq!(Token::parse("|v"), Ok(in_system("", "v")));
        assert_eq!(Token::parse("s|"), Ok(Token::System("s".to_owned())));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for alternative in ["", "|", "a|b|c", "a\\b", "a\\"] {
            assert!(Token::parse(alternative).is_err(), "{alternative}");
        }
    }

    #[test]
    fn an_escaped_comma_parts_nothing() {
        assert_eq!(cut(r"a\,b,c\\,d", ','), [r"a\,b", r"c\\", "d"]);
    }

    proptest! {
        #[test]
        fn an_escaped_value_comes_back_as_it_was(value in ".+") {
            let escaped: String = value
                .chars()
                .flat_map(|c| matches!(c, ',' | '|' | '$' | '\\').then_some('\\').into_iter().chain([c]))
                .collect();
            prop_assert_eq!(cut(&escaped, ','), [escaped.as_str()]);
            prop_assert_eq!(Token::parse(&escaped), Ok(Token::Value(value)));
        }
    }
}
