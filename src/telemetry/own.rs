//! Tells radcast's own events and spans from those of other crates.

use tracing::Metadata;

/// Whether an event or a span is radcast's own.
pub(super) fn is_own(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target == "radcast" || target.starts_with("radcast::") || target.starts_with("radcast_")
}
