//! Radiation dose reports as Observations.

mod arriving;
mod cumulative;
mod earlier;
mod elements;
pub(crate) mod generated;
mod healing;
mod lifetime;
mod mutated;
mod parts;
pub(crate) mod report;
mod searches;
mod twins;
mod unusual;
