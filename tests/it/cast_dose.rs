//! Radiation dose reports as Observations.

mod elements;
pub(crate) mod generated;
mod healing;
mod lifetime;
mod mutated;
pub(crate) mod report;
mod searches;
mod unusual;
