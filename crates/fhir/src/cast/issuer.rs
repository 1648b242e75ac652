//! The systems of identifiers, by who issued them.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use uuid::Uuid;

use super::reading::Reading;
use crate::options::{Issuers, Names, folded};
use radcast_dicom::{Dataset, Flawed, InvalidValue, is_uid, usable_if_any};

/// The namespace of the systems of issuers that have none.
const NAMESPACE: Uuid = Uuid::from_u128(0x5b3c_8a44_0b61_4c53_9f0e_7d1a_92c6_e8f5);

/// An issuer of patient ids, as an entry states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuer {
    /// Issuer of Patient ID (0010,0021).
    pub name: Option<String>,
    /// Universal Entity ID (0040,0032) of the qualifiers.
    pub universal_id: Option<String>,
}

/// Who issues identifiers (Hierarchic Designator Macro, PS3.3 10.14).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Designator {
    pub(super) local: Option<String>,
    pub(super) universal: Option<String>,
    pub(super) universal_type: Option<String>,
}

/// Whose identifiers they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    /// Nobody is named.
    Unstated,
    /// Those of one of the home issuers.
    Home,
    /// Those of an identifier system.
    System(String),
    /// Those of an issuer without a known system.
    Unknown,
}

/// The issuers that are known.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) issuers: &'a Issuers,
    pub(super) home: &'a Names,
    /// The system of the home issuers.
    pub(super) home_system: Option<&'a str>,
}

impl Designator {
    /// Whose identifiers it stands for.
    ///
    /// A local name means something only where it is used, a universal id everywhere. So the
    /// universal id decides where there is one, and one that is not known is somebody else's,
    /// whatever the local name beside it. Where both are known, and differently, neither is
    /// believed.
    pub(super) fn whose(&self, known: Known<'_>) -> Whose {
        let by_name = self.local.as_deref().and_then(|name| known.system(name));
        let Some(id) = self.universal.as_deref() else {
            return self.by_name(by_name, known);
        };
        let own = self.universal_system();
        let by_id = known.system(id).map(str::to_owned);
        let by_id = by_id.or_else(|| own.clone().filter(|own| known.is_known(own)));
        match (by_id, by_name) {
            (Some(system), Some(other)) if system != other => Whose::Unknown,
            (Some(system), _) => Whose::System(system),
            (None, None) if known.home.contains(id) => Whose::Home,
            (None, _) => own.map_or(Whose::Unknown, Whose::System),
        }
    }

    fn by_name(&self, configured: Option<&str>, known: Known<'_>) -> Whose {
        match (&self.local, configured) {
            (None, _) => Whose::Unstated,
            (_, Some(system)) => Whose::System(system.to_owned()),
            (Some(name), _) if known.home.contains(name) => Whose::Home,
            (Some(_), _) => Whose::Unknown,
        }
    }

    /// The system that it stands for, where that is known.
    pub(super) fn system(&self, issuers: &Issuers) -> Option<String> {
        let known = Known {
            issuers,
            home: &Names::default(),
            home_system: None,
        };
        match self.whose(known) {
            Whose::System(system) => Some(system),
            Whose::Unstated | Whose::Home | Whose::Unknown => None,
        }
    }

    /// Whether an issuer of this name or universal id is configured.
    pub(super) fn is_configured(&self, known: Known<'_>) -> bool {
        let mut names = [&self.local, &self.universal].into_iter().flatten();
        let own = self.universal_system();
        names.any(|name| known.system(name).is_some())
            || own.is_some_and(|own| known.is_known(&own))
    }

    /// The system that stands for this issuer alone: a URN that follows from all that is said of it.
    pub(super) fn own_system(&self) -> String {
        let kind = self.universal_type.as_ref();
        let kind = kind.filter(|_| self.universal.is_some());
        let parts = [self.local.as_ref(), self.universal.as_ref(), kind];
        let parts = parts.map(|part| part.map(|part| folded(part)).unwrap_or_default());
        let id = Uuid::new_v5(&NAMESPACE, parts.join("\0").as_bytes());
        id.urn().to_string()
    }

    /// The issuer as people know it.
    pub(super) fn name(&self) -> Option<&str> {
        self.local.as_deref().or(self.universal.as_deref())
    }

    /// The URI of the universal id.
    fn universal_system(&self) -> Option<String> {
        let id = self.universal.as_deref()?;
        match folded(self.universal_type.as_deref()?).as_str() {
            "iso" if is_uid(id) => Some(format!("urn:oid:{id}")),
            "uuid" => Uuid::parse_str(id).ok().map(|id| id.urn().to_string()),
            "uri" => is_absolute_uri(id).then(|| id.to_owned()),
            "dns" => domain(id).map(|name| format!("dns:{name}")),
            _ => None,
        }
    }
}

impl<'a> Known<'a> {
    fn system(self, name: &str) -> Option<&'a str> {
        self.issuers.system(name)
    }

    /// Whether a system is a configured one.
    fn is_known(self, system: &str) -> bool {
        self.home_system == Some(system) || self.issuers.systems().any(|known| known == system)
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

/// A domain name in the form in which it is compared, as in a `dns:` URI (RFC 4501).
fn domain(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_label = |label: &str| !label.is_empty() && label.chars().all(allowed);
    name.split('.')
        .all(is_label)
        .then(|| name.to_ascii_lowercase())
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
pub(super) fn designator(item: &Dataset, sequence: Tag) -> Result<Designator, Flawed<Designator>> {
    let mut flaw = None;
    let mut text = |tag| {
        let read = item.text(tag).map_err(|flawed| flawed.within(sequence));
        let (text, of_text) = usable_if_any(read)?;
        flaw = flaw.or(of_text);
        Ok::<_, InvalidValue>(text.and_then(stated))
    };
    let designator = Designator {
        local: text(tags::LOCAL_NAMESPACE_ENTITY_ID)?,
        universal: text(tags::UNIVERSAL_ENTITY_ID)?,
        universal_type: text(tags::UNIVERSAL_ENTITY_ID_TYPE)?,
    };
    Flawed::judged(designator, flaw)
}

/// A text without blanks of any kind around it; none that is empty.
pub(super) fn stated(text: String) -> Option<String> {
    let trimmed = text.trim();
    if trimmed.len() == text.len() {
        return (!text.is_empty()).then_some(text);
    }
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(local: &str, universal: &str, kind: &str) -> Designator {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Designator {
            local: filled(local),
            universal: filled(universal),
            universal_type: filled(kind),
        }
    }

    fn system(local: &str, universal: &str, kind: &str) -> Option<String> {
        let issuers = Issuers::default().with("RIS-A", "urn:oid:1.2.3");
        let issuers = issuers.with("1.9", "urn:nine");
        of(local, universal, kind).system(&issuers)
    }

    #[test]
    fn what_is_configured_is_found_whatever_its_case() {
        assert_eq!(system(" ris-a", "", "").unwrap(), "urn:oid:1.2.3");
        assert_eq!(system("x", "RIS-A", "DNS").unwrap(), "urn:oid:1.2.3");
        assert_eq!(system("ris-a", "1.2.3", "ISO").unwrap(), "urn:oid:1.2.3");
        assert_eq!(system("x", "1.9", "ISO").unwrap(), "urn:nine");
    }

    #[test]
    fn a_universal_id_goes_before_a_local_name_and_of_two_that_contradict_neither_is_believed() {
        assert_eq!(system("ris-a", "1.2.4", "ISO").unwrap(), "urn:oid:1.2.4");
        assert_eq!(system("ris-a", "unheard of", "X"), None);
        assert_eq!(system("ris-a", "1.9", "ISO"), None);
    }

    #[test]
    fn universal_ids_are_systems_and_local_names_are_not() {
        let uuid = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6";
        let urn = format!("urn:uuid:{}", uuid.to_lowercase());
        let systems = [
            ("x", "1.2.3", "ISO", "urn:oid:1.2.3"),
            ("", uuid, "uuid", urn.as_str()),
            ("", "http://a/b", "URI", "http://a/b"),
            ("x", "PACS.Example.", "DNS", "dns:pacs.example"),
        ];
        for (local, universal, kind, expected) in systems {
            assert_eq!(system(local, universal, kind).as_deref(), Some(expected));
        }
        for (universal, kind) in [
            ("", ""),
            ("x", "ISO"),
            ("x y", "URI"),
            ("a..b", "DNS"),
            ("a b", "DNS"),
            ("1.2", ""),
            ("1.2", "X500"),
        ] {
            assert_eq!(system("x", universal, kind), None, "{universal}");
        }
    }

    #[test]
    fn each_issuer_has_an_own_system_that_is_a_urn_and_never_another() {
        let own = |local, universal, kind| of(local, universal, kind).own_system();
        assert_eq!(
            own("HOSP-B", "", ""),
            "urn:uuid:0f0f10ca-ffbf-5193-8ec7-b21e8dae843c"
        );
        assert_eq!(own("HOSP-B", "", ""), own(" hosp-b ", "", "ISO"));
        let all = [
            own("HOSP-B", "", ""),
            own("HOSP B", "", ""),
            own("", "HOSP-B", ""),
            own("HOSP-B", "1", "X500"),
            own("HOSP-B", "2", "X500"),
            own("HOSP-B", "1", ""),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
