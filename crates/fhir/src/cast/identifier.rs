//! `identifier`: whether a resource carries one, and adding it.

use super::edit::EditError;
use super::element;
use super::object::Object;

/// An identifier by what it says, trimmed; what is empty is none.
pub(super) struct Token {
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
}

/// Whether `identifier` holds this system and value.
///
/// An empty system, which dicom-cast wrote, is no system; blanks around a value, which servers
/// trim, make no difference.
pub(super) fn carries(
    resource: &Object,
    system: Option<&str>,
    value: &str,
) -> Result<bool, EditError> {
    Ok(tokens(resource)?
        .iter()
        .any(|token| token.is(system, value)))
}

/// As [`carries`], of one identifier.
pub(super) fn is(
    identifier: &Object,
    system: Option<&str>,
    value: &str,
) -> Result<bool, EditError> {
    Ok(token(identifier)?.is(system, value))
}

impl Token {
    /// As [`carries`], of one of them.
    pub(super) fn is(&self, system: Option<&str>, value: &str) -> bool {
        let system = system.filter(|system| !system.is_empty());
        self.system.as_deref() == system && self.value.as_deref() == Some(value.trim())
    }
}

/// The identifiers of a resource.
pub(super) fn tokens(resource: &Object) -> Result<Vec<Token>, EditError> {
    let identifiers = resource.objects("identifier")?;
    let tokens = identifiers.iter().map(token).collect::<Result<_, _>>();
    tokens.map_err(|error: EditError| error.within("identifier"))
}

/// An identifier by what it says.
pub(super) fn token(identifier: &Object) -> Result<Token, EditError> {
    let filled = |text: Option<String>| {
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    Ok(Token {
        system: filled(identifier.text("system")?),
        value: filled(identifier.text("value")?),
    })
}

/// Adds an identifier of a type from v2-0203 unless it is there.
pub(super) fn ensure(
    resource: &mut Object,
    kind: Option<&str>,
    system: Option<&str>,
    value: &str,
) -> Result<(), EditError> {
    if carries(resource, system, value)? {
        return Ok(());
    }
    let identifier = element::identifier(kind, system, value)?;
    resource.push("identifier", &identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_matches_by_system_and_value() {
        let resource = r#"{"identifier":[{"system":"s","value":"1 "},{"system":"","value":"2"}]}"#;
        let resource = Object::parse(resource).unwrap();
        assert_eq!(carries(&resource, Some("s"), "1"), Ok(true));
        assert_eq!(carries(&resource, None, "2"), Ok(true));
        assert_eq!(carries(&resource, Some("s"), "2"), Ok(false));
        assert_eq!(carries(&resource, Some("S"), "1"), Ok(false));
    }

    #[test]
    fn a_missing_identifier_is_appended_once() {
        let mut resource = Object::parse(r#"{"identifier":[{"value":"0"}]}"#).unwrap();
        for _ in 0..2 {
            ensure(&mut resource, Some("MR"), Some("s"), "1").unwrap();
        }
        assert_eq!(
            serde_json::to_string(&resource).unwrap(),
            concat!(
                r#"{"identifier":[{"value":"0"},{"type":{"coding":[{"system":"#,
                r#""http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"s","value":"1"}]}"#
            )
        );
    }
}
