//! Who made the report: `device` and `performer`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde_json::{Value, json};

use radcast_dicom::ContentItem;

use super::super::super::element::system;
use super::super::super::fact::Fact;
use super::super::super::person;
use super::super::super::reading::Reading;
use super::super::concept::Concept;
use super::tables;

/// What is known of a device.
#[derive(Default)]
struct Device {
    uid: Option<String>,
    name: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    serial: Option<String>,
}

/// A logical reference to the device observer, or to the equipment that made the instance when
/// the report names none.
pub(super) fn device(reading: &mut Reading<'_>, root: &ContentItem) -> Option<Fact> {
    let observer = observer(reading, root);
    let device = observer
        .reference()
        .or_else(|| equipment(reading).reference());
    Fact::json(&device?)
}

fn observer(reading: &mut Reading<'_>, root: &ContentItem) -> Device {
    let mut device = Device::default();
    for item in root.children() {
        let Some(name) = item.name() else {
            continue;
        };
        let texts: [(&Concept, &mut Option<String>); 4] = [
            (&tables::DEVICE_NAME, &mut device.name),
            (&tables::DEVICE_MANUFACTURER, &mut device.manufacturer),
            (&tables::DEVICE_MODEL, &mut device.model),
            (&tables::DEVICE_SERIAL, &mut device.serial),
        ];
        for (concept, place) in texts {
            if concept.is(&name) {
                let text = reading.accept(item.text());
                *place = text.map(|text| text.trim().to_owned());
            }
        }
        if tables::DEVICE_UID.is(&name) {
            device.uid = reading.accept(item.uid());
        }
    }
    device
}

fn equipment(reading: &mut Reading<'_>) -> Device {
    // What is wrong here is the concern of the rows of the series.
    let text = |tag: Tag| reading.dataset.text(tag).ok().flatten();
    Device {
        uid: reading.dataset.uid(tags::DEVICE_UID).ok().flatten(),
        name: text(tags::STATION_NAME),
        manufacturer: text(tags::MANUFACTURER),
        model: text(tags::MANUFACTURER_MODEL_NAME),
        serial: text(tags::DEVICE_SERIAL_NUMBER),
    }
}

impl Device {
    fn reference(&self) -> Option<Value> {
        let uid = self
            .uid
            .as_ref()
            .map(|uid| json!({ "system": system::DICOM_UID, "value": format!("urn:oid:{uid}") }));
        let serial = || {
            let kind = json!({ "coding": [{ "system": system::IDENTIFIER_TYPE, "code": "SNO" }] });
            let serial = self.serial.as_ref()?;
            Some(json!({ "type": kind, "value": serial }))
        };
        let mut reference = json!({ "type": "Device" });
        let identifier = uid.or_else(serial);
        let words = [&self.manufacturer, &self.model, &self.name, &self.serial];
        let words: Vec<_> = words.into_iter().flatten().map(String::as_str).collect();
        if words.is_empty() && identifier.is_none() {
            return None;
        }
        let members = reference.as_object_mut()?;
        if let Some(identifier) = identifier {
            members.insert("identifier".to_owned(), identifier);
        }
        if !words.is_empty() {
            members.insert("display".to_owned(), Value::String(words.join(" ")));
        }
        Some(reference)
    }
}

/// The person observers, by name.
pub(super) fn persons(reading: &mut Reading<'_>, root: &ContentItem) -> Option<Fact> {
    let children = root.children();
    let named = children
        .iter()
        .filter(|item| item.name().is_some_and(|name| tables::PERSON.is(&name)));
    let names = named.filter_map(|item| {
        let name = reading.accept(item.person_name())?;
        let display = person::display(&name)?;
        Some(json!({ "type": "Practitioner", "display": display }))
    });
    Fact::list(&names.collect::<Vec<_>>())
}
