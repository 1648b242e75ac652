//! Which services hold which instances of a series that several services serve.
//!
//! A series lists an instance as long as one of its Endpoints may have it. What one has not is kept
//! in an extension of the series, one for each Endpoint of which that is known:
//!
//! - A service that joins others has none of the instances that are listed but those that it speaks
//!   of.
//! - A service has not what it deleted, and not what another one adds, until it speaks of it.
//! - Of an Endpoint without extension, which no radcast keeps, nothing is known: it may have all.
//!
//! A series with one Endpoint has no such extension.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::edit::EditError;
use super::super::object::{Object, raw};
use super::super::reference;
use super::digests::{decode, digest, encode};

/// The extension, see `digests.rs`.
pub(super) const URL: &str = "https://radcast.invalid/fhir/StructureDefinition/absent-instances";

const ELEMENT: &str = "extension";

/// What the services of one series have not.
pub(super) struct Holdings {
    known: Vec<Absent>,
    changed: bool,
}

/// What one service has not.
struct Absent {
    endpoint: String,
    instances: BTreeSet<u64>,
}

impl Holdings {
    /// Reads what is known of the services of a series.
    pub(super) fn read(series: &Object) -> Result<Self, EditError> {
        let mut known = Vec::new();
        for item in series.list(ELEMENT)? {
            let item = parse(&item);
            if item.get("url").and_then(Value::as_str) == Some(URL) {
                let absent = Absent::read(&item);
                known.push(absent.ok_or_else(|| EditError::shape(ELEMENT))?);
            }
        }
        Ok(Self {
            known,
            changed: false,
        })
    }

    /// Whether a service is known not to have an instance.
    pub(super) fn is_absent(&self, endpoint: &str, uid: &str) -> bool {
        let known = self.of(endpoint);
        known.is_some_and(|it| it.instances.contains(&digest(uid)))
    }

    /// Whether a service is known to have none of these.
    pub(super) fn has_none(&self, endpoint: &str, instances: &[Option<u64>]) -> bool {
        let absent = |digest: &Option<u64>, it: &Absent| {
            digest.is_some_and(|digest| it.instances.contains(&digest))
        };
        let known = self.of(endpoint);
        known.is_some_and(|it| instances.iter().all(|digest| absent(digest, it)))
    }

    /// Begins to know of a service, that it has none of these.
    pub(super) fn know(&mut self, endpoint: &str, absent: impl Iterator<Item = u64>) {
        if self.of(endpoint).is_none() {
            self.changed = true;
            self.known.push(Absent {
                endpoint: endpoint.to_owned(),
                instances: absent.collect(),
            });
        }
    }

    /// Notes that a service has an instance that is listed already, or that it adds one.
    pub(super) fn put(&mut self, endpoint: &str, uid: &str, is_new: bool) {
        let digest = digest(uid);
        for absent in &mut self.known {
            self.changed |= match reference::same(&absent.endpoint, endpoint) {
                true => absent.instances.remove(&digest),
                false => is_new && absent.instances.insert(digest),
            };
        }
    }

    /// Notes that a service has not an instance any more.
    pub(super) fn remove(&mut self, endpoint: &str, uid: &str) {
        self.know(endpoint, std::iter::empty());
        let of_endpoint = |it: &&mut Absent| reference::same(&it.endpoint, endpoint);
        if let Some(absent) = self.known.iter_mut().find(of_endpoint) {
            self.changed |= absent.instances.insert(digest(uid));
        }
    }

    /// Forgets an instance that nobody has.
    pub(super) fn forget(&mut self, uid: &str) {
        let digest = digest(uid);
        for absent in &mut self.known {
            self.changed |= absent.instances.remove(&digest);
        }
    }

    /// Forgets a service that serves the series no more.
    pub(super) fn leave(&mut self, endpoint: &str) {
        let before = self.known.len();
        self.known
            .retain(|it| !reference::same(&it.endpoint, endpoint));
        self.changed |= self.known.len() < before;
    }

    /// Writes the extensions back, if anything was changed. Others stay as they are.
    pub(super) fn write(&self, series: &mut Object) -> Result<(), EditError> {
        if !self.changed {
            return Ok(());
        }
        let mut items = series.list(ELEMENT)?;
        items.retain(|item| parse(item).get("url").and_then(Value::as_str) != Some(URL));
        for absent in &self.known {
            items.push(raw(ELEMENT, &absent.extension()?)?);
        }
        series.set_list(ELEMENT, &items)
    }

    fn of(&self, endpoint: &str) -> Option<&Absent> {
        let mut known = self.known.iter();
        known.find(|it| reference::same(&it.endpoint, endpoint))
    }
}

impl Absent {
    fn read(extension: &Value) -> Option<Self> {
        let parts = extension.get(ELEMENT)?.as_array()?;
        let part = |url: &str| {
            let mut parts = parts.iter();
            parts.find(|it| it.get("url").and_then(Value::as_str) == Some(url))
        };
        let endpoint = part("endpoint")?.pointer("/valueReference/reference")?;
        let instances = match part("absent") {
            Some(absent) => decode(&absent.get("valueBase64Binary")?.to_string())?,
            None => BTreeSet::new(),
        };
        Some(Self {
            endpoint: endpoint.as_str()?.to_owned(),
            instances,
        })
    }

    fn extension(&self) -> Result<Value, EditError> {
        let endpoint = json!({
            "url": "endpoint",
            "valueReference": { "reference": self.endpoint },
        });
        let mut parts = vec![endpoint];
        if !self.instances.is_empty() {
            let bytes = serde_json::to_value(encode(&self.instances));
            let bytes = bytes.map_err(|_| EditError::Build(ELEMENT))?;
            parts.push(json!({ "url": "absent", "valueBase64Binary": bytes }));
        }
        Ok(json!({ "url": URL, "extension": parts }))
    }
}

fn parse(item: &RawValue) -> Value {
    serde_json::from_str(item.get()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread(holdings: &Holdings, series: &mut Object) -> (Holdings, String) {
        holdings.write(series).unwrap();
        let text = serde_json::to_string(series).unwrap();
        (Holdings::read(series).unwrap(), text)
    }

    #[test]
    fn what_services_have_not_comes_back_and_other_extensions_keep_their_bytes() {
        let mut series = Object::parse(r#"{"extension":[{"url":"a", "v":1.0}]}"#).unwrap();
        let mut holdings = Holdings::read(&series).unwrap();
        holdings.know("Endpoint/a", [digest("1"), digest("2")].into_iter());
        holdings.know("Endpoint/b", std::iter::empty());
        holdings.put("Endpoint/a", "1", false);
        holdings.put("Endpoint/a", "3", true);
        let (mut again, text) = reread(&holdings, &mut series);
        assert!(
            text.starts_with(r#"{"extension":[{"url":"a", "v":1.0},{"url":"https"#),
            "{text}"
        );
        let absent = |it: &Holdings, endpoint: &str| -> Vec<&str> {
            ["1", "2", "3"]
                .into_iter()
                .filter(|uid| it.is_absent(endpoint, uid))
                .collect()
        };
        assert_eq!(absent(&again, "https://x/Endpoint/a"), ["2"]);
        assert_eq!(absent(&again, "Endpoint/b"), ["3"]);
        assert_eq!(absent(&again, "Endpoint/c"), [""; 0]);
        again.remove("Endpoint/a", "1");
        again.forget("2");
        assert!(again.has_none("Endpoint/a", &[Some(digest("1"))]));
        assert!(!again.has_none("Endpoint/a", &[Some(digest("1")), None]));
        assert!(!again.has_none("Endpoint/c", &[Some(digest("1"))]));
        again.leave("Endpoint/a");
        again.leave("Endpoint/b");
        let (_, text) = reread(&again, &mut series);
        assert_eq!(text, r#"{"extension":[{"url":"a", "v":1.0}]}"#);
    }

    #[test]
    fn what_is_no_holding_is_refused() {
        for parts in [
            "[]",
            r#"[{"url":"endpoint"}]"#,
            r#"[{"url":"endpoint","valueReference":{"reference":"E/1"}},{"url":"absent","valueBase64Binary":"AAAA"}]"#,
        ] {
            let json = format!(r#"{{"extension":[{{"url":"{URL}","extension":{parts}}}]}}"#);
            let error = Holdings::read(&Object::parse(&json).unwrap()).err();
            assert_eq!(error, Some(EditError::shape(ELEMENT)), "{parts}");
        }
    }
}
