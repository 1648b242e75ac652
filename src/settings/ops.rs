//! `Ops`: the HTTP server for probes, metrics and people.

use std::net::SocketAddr;
use std::time::Duration;

use super::Secret;
use super::table;
use super::values::Values;

/// The fewest characters of a key: 128 random bits written in hexadecimal digits.
const SHORTEST_KEY: usize = 32;

/// The HTTP server for probes, metrics and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ops {
    /// Where it listens; `None`: there is none.
    pub listen: Option<SocketAddr>,
    /// The key that requests for failures have to bring along; `None`: nobody is let in.
    pub api_key: Option<Secret>,
    /// How long each part of a request may take: head, body, the making of the answer, its reading.
    pub request_timeout: Duration,
    /// The most connections at the same time, at least 4.
    pub max_connections: usize,
}

impl Ops {
    pub(super) fn read(values: &mut Values) -> Option<Self> {
        let listen = values.address(&table::OPS_LISTEN);
        let api_key = values.checked(&table::OPS_API_KEY, key);
        let request_timeout = values.duration(&table::OPS_REQUEST_TIMEOUT);
        let max_connections = values.integer(&table::OPS_MAX_CONNECTIONS);
        Some(Self {
            listen: listen?,
            api_key: api_key?,
            request_timeout: request_timeout?,
            max_connections: max_connections??,
        })
    }
}

fn key(text: &str) -> Result<Secret, &'static str> {
    // What a header cannot carry would never match.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("has to be of visible ASCII characters, without blanks");
    }
    if text.len() < SHORTEST_KEY {
        return Err(
            "has to be 32 characters long at least, so that nobody guesses it: make one, e.g. with \
             `openssl rand -hex 32`, or leave it empty to let nobody in",
        );
    }
    Ok(Secret::new(text.to_owned()))
}
