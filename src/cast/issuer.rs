//! The systems of identifiers, by who issued them.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::reading::Reading;
use crate::dicom::{Dataset, InvalidValue, Reason, is_uid, keyword};
use crate::settings::Issuers;

/// Who issues identifiers (Hierarchic Designator Macro, PS3.3 10.14).
#[derive(Default)]
pub(super) struct Designator {
    pub(super) local: Option<String>,
    pub(super) universal: Option<String>,
    pub(super) universal_type: Option<String>,
}

impl Designator {
    /// The system that it stands for: the configured one, else what its universal id says; none
    /// for a local name that is not configured.
    pub(super) fn system(&self, issuers: &Issuers) -> Option<String> {
        let configured = self.configured(issuers);
        configured
            .map(str::to_owned)
            .or_else(|| self.universal_system())
    }

    /// The configured system of one of its names.
    pub(super) fn configured<'a>(&self, issuers: &'a Issuers) -> Option<&'a str> {
        let mut names = [&self.local, &self.universal].into_iter().flatten();
        names.find_map(|name| issuers.system(name))
    }

    fn universal_system(&self) -> Option<String> {
        let id = self.universal.as_deref()?;
        match self.universal_type.as_deref()? {
            "ISO" if is_uid(id) => Some(format!("urn:oid:{id}")),
            "UUID" => uuid::Uuid::parse_str(id)
                .ok()
                .map(|id| id.urn().to_string()),
            "URI" => is_absolute_uri(id).then(|| id.to_owned()),
            _ => None,
        }
    }
}

/// R4 `Identifier.system` is absolute, and a URI has no blanks.
fn is_absolute_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        let rest = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(rest)
    };
    scheme.is_some_and(is_scheme) && text.chars().all(|c| c.is_ascii_graphic())
}

impl Reading<'_> {
    /// The system that an issuer sequence of this dataset, or of an item in it, stands for.
    pub(super) fn issuer(&mut self, dataset: &Dataset, sequence: Tag) -> Option<String> {
        let item = dataset.items(sequence).into_iter().next()?;
        let designator = self.accept(designator(&item, sequence).map(Some))?;
        designator.system(&self.rules.issuers)
    }
}

/// The designator in an item of a sequence.
pub(super) fn designator(item: &Dataset, sequence: Tag) -> Result<Designator, InvalidValue> {
    let text = |tag| {
        let text = item.text(tag);
        text.map_err(|_| InvalidValue::new(sequence, Reason::Item(keyword(tag))))
    };
    Ok(Designator {
        local: text(tags::LOCAL_NAMESPACE_ENTITY_ID)?,
        universal: text(tags::UNIVERSAL_ENTITY_ID)?,
        universal_type: text(tags::UNIVERSAL_ENTITY_ID_TYPE)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(local: &str, universal: &str, kind: &str) -> Option<String> {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let designator = Designator {
            local: filled(local),
            universal: filled(universal),
            universal_type: filled(kind),
        };
        let issuers = Issuers::default().with("RIS-A", "urn:ris-a");
        designator.system(&issuers)
    }

    #[test]
    fn what_is_configured_comes_first_whatever_its_case() {
        assert_eq!(system("ris-a", "1.2.3", "ISO").unwrap(), "urn:ris-a");
        assert_eq!(system("x", "RIS-A", "DNS").unwrap(), "urn:ris-a");
    }

    #[test]
    fn universal_ids_are_systems_and_local_names_are_not() {
        assert_eq!(system("x", "1.2.3", "ISO").unwrap(), "urn:oid:1.2.3");
        let uuid = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6";
        assert_eq!(
            system("", uuid, "UUID").unwrap(),
            format!("urn:uuid:{}", uuid.to_lowercase())
        );
        assert_eq!(system("", "http://a/b", "URI").unwrap(), "http://a/b");
        for (local, universal, kind) in [("x", "", ""), ("", "a.example", "DNS"), ("", "x", "ISO")]
        {
            assert_eq!(system(local, universal, kind), None);
        }
    }
}
