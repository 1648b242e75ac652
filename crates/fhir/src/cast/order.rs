//! The numbers of the orders that a study is based on.

use std::rc::Rc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use fhir_model::r4b::types::{Identifier, Reference};

use super::edit::EditError;
use super::element;
use super::fact::MOST_ITEMS;
use super::reading::Reading;
use radcast_dicom::Dataset;

/// A number of an order: attribute, issuer, and type from v2-0203.
struct Kind {
    number: Tag,
    issuer: Tag,
    code: &'static str,
}

const ACCESSION: Kind = Kind {
    number: tags::ACCESSION_NUMBER,
    issuer: tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
    code: "ACSN",
};
const PLACER: Kind = Kind {
    number: tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    issuer: tags::ORDER_PLACER_IDENTIFIER_SEQUENCE,
    code: "PLAC",
};
const FILLER: Kind = Kind {
    number: tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    issuer: tags::ORDER_FILLER_IDENTIFIER_SEQUENCE,
    code: "FILL",
};

/// A number under which an order is known.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OrderNumber {
    code: &'static str,
    system: Option<String>,
    value: String,
}

impl OrderNumber {
    /// `Identifier`
    pub(super) fn identifier(&self) -> Result<Identifier, EditError> {
        element::identifier(Some(self.code), self.system.as_deref(), &self.value)
    }

    /// Reference to the `ServiceRequest` that has this number.
    pub(super) fn reference(&self) -> Result<Reference, EditError> {
        element::logical_reference("ServiceRequest", Some(self.identifier()?), None)
    }

    /// Whether it says all that another one says.
    fn says(&self, other: &Self) -> bool {
        let of_same_system = other.system.is_none() || other.system == self.system;
        self.code == other.code && self.value == other.value && of_same_system
    }
}

/// The numbers of a dataset's orders.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) accession: Option<OrderNumber>,
    pub(super) placer: Option<OrderNumber>,
    pub(super) filler: Option<OrderNumber>,
    /// Those of Request Attributes Sequence (0040,0275) that are none of the above.
    pub(super) requested: Vec<OrderNumber>,
}

impl Reading<'_> {
    /// The numbers of the dataset's orders, read once.
    pub(super) fn orders(&mut self) -> Rc<Orders> {
        if let Some(orders) = &self.orders {
            return Rc::clone(orders);
        }
        let dataset = self.dataset;
        let mut orders = Orders {
            accession: self.order_number(dataset, &ACCESSION, None),
            placer: self.order_number(dataset, &PLACER, None),
            filler: self.order_number(dataset, &FILLER, None),
            requested: Vec::new(),
        };
        for request in self.requests().iter() {
            // One more than there may be tells that there are too many.
            if orders.requested.len() > MOST_ITEMS {
                break;
            }
            for kind in [&ACCESSION, &PLACER, &FILLER] {
                let sequence = Some(tags::REQUEST_ATTRIBUTES_SEQUENCE);
                let number = self.order_number(request, kind, sequence);
                let number = number.filter(|number| !orders.say(number));
                orders.requested.extend(number);
            }
        }
        let orders = Rc::new(orders);
        self.orders = Some(Rc::clone(&orders));
        orders
    }

    /// A number that a dataset, or an item of a sequence of it, gives.
    fn order_number(
        &mut self,
        dataset: &Dataset,
        kind: &Kind,
        sequence: Option<Tag>,
    ) -> Option<OrderNumber> {
        let value = dataset.text(kind.number).map_err(|flawed| match sequence {
            Some(sequence) => flawed.within(sequence),
            None => flawed,
        });
        let value = self.accept(value)?;
        let default = self.rules.accession_system.as_ref();
        let default = default.filter(|_| kind.code == ACCESSION.code);
        let system = self.issuer(dataset, kind.issuer);
        Some(OrderNumber {
            code: kind.code,
            system: system.or_else(|| default.cloned()),
            value,
        })
    }
}

impl Orders {
    fn say(&self, number: &OrderNumber) -> bool {
        let own = [&self.accession, &self.placer, &self.filler];
        let mut all = own.into_iter().flatten().chain(&self.requested);
        all.any(|known| known.says(number))
    }
}
