//! What tells values of one name apart: plane, breast.

use radcast_dicom::ContentItem;

use super::super::super::concept::code as concept_code;
use super::super::super::terminology::Code;
use super::super::concept::Concept;
use super::tables::{LATERALITY, PLANE, SINGLE_PLANE};

/// The first child of this name.
pub(super) fn child(item: &ContentItem, concept: &Concept) -> Option<ContentItem> {
    let named = |child: &ContentItem| child.name().is_some_and(|name| concept.is(&name));
    item.children().into_iter().find(named)
}

/// The side of what an item is about.
pub(super) fn side(item: &ContentItem) -> Option<String> {
    words(&child(item, &LATERALITY)?)
}

/// The plane that a container is about, unless there is but one.
pub(super) fn plane(container: &ContentItem) -> Option<String> {
    let plane = child(container, &PLANE)?;
    let is_single = plane.code().is_some_and(|code| SINGLE_PLANE.is(&code));
    words(&plane).filter(|_| !is_single)
}

/// A coded value in words, or its code.
fn words(item: &ContentItem) -> Option<String> {
    let Code { code, display, .. } = concept_code(&item.code()?)?;
    Some(display.unwrap_or(code).into_owned())
}
