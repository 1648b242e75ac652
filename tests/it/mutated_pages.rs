//! Mutated pages.
