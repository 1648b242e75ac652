//! `Ops`: the HTTP server for probes, metrics and people.

use std::net::SocketAddr;

use super::Secret;
use super::table;
use super::values::Values;

/// The HTTP server for probes, metrics and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ops {
    /// Where it listens; `None`: there is none.
    pub listen: Option<SocketAddr>,
    /// The key that requests for failures have to bring along; `None`: nobody is let in.
    pub api_key: Option<Secret>,
}

impl Ops {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let listen = values.address(&table::OPS_LISTEN);
        let api_key = values.text(&table::OPS_API_KEY);
        // What a header cannot carry would never match.
        if api_key
            .as_ref()
            .is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            let cure = "has to be of visible ASCII characters, without blanks";
            values.problem(&table::OPS_API_KEY, cure);
            return None;
        }
        Some(Self {
            listen: listen?,
            api_key: api_key.map(Secret::new),
        })
    }
}
