//! The integration tests: a mod per capability.

#![allow(unreachable_pub, reason = "the modules of a test binary have no outside")]

mod architecture;
mod casting;
mod change_feed;
mod crash;
mod house_style;
mod simulation;
mod support;
