//! The integration tests: a mod per capability.

mod simulation;
