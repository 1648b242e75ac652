//! What a change is.

/// What happened to an instance. The numbers are those of the service this one is modelled on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create = 0,
    Delete = 1,
    Update = 2,
}
