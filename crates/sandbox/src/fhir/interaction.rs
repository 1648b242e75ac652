//! The interactions on one resource (R4 HTTP 3.1.0): planned first, then carried out, alone or as
//! entries of a transaction.

use axum::http::StatusCode;
use rusqlite::Transaction;

use super::address::Address;
use super::answer::Answer;
use super::bundle;
use super::document::Document;
use super::outcome::Refusal;
use super::parameter::ResourceType;
use super::precondition::Precondition;
use super::query::Query;
use super::versions::Version;
use super::{search, versions};

/// An interaction whose request was read and found good.
#[derive(Debug)]
pub(super) enum Interaction {
    /// Deletes, if there is something to delete.
    Delete(Address, Precondition),
    /// Creates, unless a resource fulfils the condition.
    Create {
        /// The type to create.
        kind: &'static ResourceType,
        /// The resource.
        document: Document,
        /// `If-None-Exist`.
        condition: Option<Query>,
    },
    /// Replaces, or creates under the id that the client chose.
    Update(Address, Document, Precondition),
    /// Reads the current version.
    Read(Address),
    /// Searches.
    Search(Query),
}

/// Which resource a writing interaction is about.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: Address,
    /// Whether a conditional create found it.
    found: bool,
}

impl Interaction {
    /// The update of a resource, whose id must be that of the URL.
    ///
    /// # Errors
    /// The id differs or is absent.
    pub(super) fn update(
        address: Address,
        document: Document,
        precondition: Precondition,
    ) -> Result<Self, Refusal> {
        if document.id() != Some(address.id.as_str()) {
            return Err(Refusal::invalid(format!(
                "the id in the resource must be that of the URL, {}",
                address.id
            )));
        }
        Ok(Self::Update(address, document, precondition))
    }

    /// The place in a transaction: deletes, creates, updates, reads (R4 HTTP 3.1.0.11.2).
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Delete(..) => 0,
            Self::Create { .. } => 1,
            Self::Update(..) => 2,
            Self::Read(_) | Self::Search(_) => 3,
        }
    }

    /// The resource that is sent, if one is.
    pub(super) const fn document(&self) -> Option<&Document> {
        match self {
            Self::Create { document, .. } | Self::Update(_, document, _) => Some(document),
            Self::Delete(..) | Self::Read(_) | Self::Search(_) => None,
        }
    }

    /// The resource that is sent, to resolve its references.
    pub(super) const fn document_mut(&mut self) -> Option<&mut Document> {
        match self {
            Self::Create { document, .. } | Self::Update(_, document, _) => Some(document),
            Self::Delete(..) | Self::Read(_) | Self::Search(_) => None,
        }
    }

    /// Finds out which resource is written; `None` for reads.
    ///
    /// # Errors
    /// 412 when several resources fulfil the condition of a create.
    pub(super) fn target(&self, tx: &Transaction<'_>) -> Result<Option<Target>, Refusal> {
        match self {
            Self::Delete(address, _) | Self::Update(address, ..) => Ok(Some(Target {
                address: address.clone(),
                found: false,
            })),
            Self::Create {
                kind, condition, ..
            } => create_target(tx, kind, condition.as_ref()).map(Some),
            Self::Read(_) | Self::Search(_) => Ok(None),
        }
    }

    /// Carries the interaction out on the target it was given.
    ///
    /// # Errors
    /// The precondition fails, there is nothing to read, or the database failed.
    pub(super) fn carry_out(
        &self,
        tx: &Transaction<'_>,
        base: &str,
        target: Option<&Target>,
    ) -> Result<Answer, Refusal> {
        match self {
            Self::Delete(address, precondition) => delete(tx, address, *precondition),
            Self::Create { document, .. } => create(tx, base, target, document),
            Self::Update(address, document, precondition) => {
                update(tx, base, address, document, *precondition)
            }
            Self::Read(address) => read(tx, address),
            Self::Search(query) => Ok(Answer {
                status: StatusCode::OK,
                version: None,
                fetched: Some(bundle::searchset(base, query, &search::run(tx, query)?)?),
            }),
        }
    }
}

impl Answer {
    fn of(status: StatusCode, address: &Address, version: Version) -> Self {
        Self {
            status,
            version: Some((address.clone(), version)),
            fetched: None,
        }
    }

    const fn deleted() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            version: None,
            fetched: None,
        }
    }

    /// What was asked for or, after a write, the resource as it is now.
    pub(super) fn body(self) -> Option<String> {
        self.fetched
            .or(self.version.and_then(|(_, version)| version.json))
    }
}

fn create_target(
    tx: &Transaction<'_>,
    kind: &'static ResourceType,
    condition: Option<&Query>,
) -> Result<Target, Refusal> {
    let found = match condition {
        Some(condition) => search::first_two(tx, condition)?,
        None => Vec::new(),
    };
    match found.as_slice() {
        [] => Ok(Target {
            address: versions::assign(tx, kind)?,
            found: false,
        }),
        [address] => Ok(Target {
            address: address.clone(),
            found: true,
        }),
        _ => Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "multiple-matches",
            format!(
                "several resources of type {} fulfil If-None-Exist: merge them, or ask for one",
                kind.name
            ),
        )),
    }
}

fn create(
    tx: &Transaction<'_>,
    base: &str,
    target: Option<&Target>,
    document: &Document,
) -> Result<Answer, Refusal> {
    let Some(Target { address, found }) = target else {
        return Err(internal("a create has no target"));
    };
    if !found {
        let version = versions::write(tx, base, address, None, document)?;
        return Ok(Answer::of(StatusCode::CREATED, address, version));
    }
    let version = versions::current(tx, address)?
        .ok_or_else(|| internal("what a conditional create found is gone"))?;
    Ok(Answer::of(StatusCode::OK, address, version))
}

fn update(
    tx: &Transaction<'_>,
    base: &str,
    address: &Address,
    document: &Document,
    precondition: Precondition,
) -> Result<Answer, Refusal> {
    let current = versions::current(tx, address)?;
    precondition.check(address, current.as_ref())?;
    let replaces = current
        .as_ref()
        .is_some_and(|version| version.json.is_some());
    let status = if replaces {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let version = versions::write(tx, base, address, current.as_ref(), document)?;
    Ok(Answer::of(status, address, version))
}

fn delete(
    tx: &Transaction<'_>,
    address: &Address,
    precondition: Precondition,
) -> Result<Answer, Refusal> {
    let current = versions::current(tx, address)?;
    precondition.check(address, current.as_ref())?;
    if let Some(live) = current.filter(|version| version.json.is_some()) {
        versions::delete(tx, address, &live)?;
    }
    Ok(Answer::deleted())
}

fn read(tx: &Transaction<'_>, address: &Address) -> Result<Answer, Refusal> {
    match versions::current(tx, address)? {
        Some(version) if version.json.is_some() => Ok(Answer {
            fetched: version.json.clone(),
            ..Answer::of(StatusCode::OK, address, version)
        }),
        Some(_) => Err(Refusal::new(
            StatusCode::GONE,
            "deleted",
            format!("{address} was deleted"),
        )),
        None => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "not-found",
            format!("there is no {address}"),
        )),
    }
}

fn internal(diagnostics: &str) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "exception", diagnostics)
}
