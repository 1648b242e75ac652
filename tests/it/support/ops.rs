//! What the daemon answers over HTTP.

use reqwest::StatusCode;
use serde_json::Value;

use super::daemon::{Daemon, until};
use super::hfs::http_client;

/// The HTTP server of a running daemon.
pub struct Ops {
    http: reqwest::Client,
    /// Where it listens.
    pub address: String,
}

impl Ops {
    /// The server of a daemon that was started once, and told to take any port.
    pub async fn of(daemon: &Daemon) -> Self {
        until("the start", async || !daemon.events("starting").is_empty()).await;
        let address = daemon.events("starting")[0]["ops"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            http: http_client(),
            address,
        }
    }

    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let url = format!("http://{}{path}", self.address);
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub async fn json(&self, path: &str) -> (StatusCode, Value) {
        let (status, text) = self.get(path).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    pub async fn json_with_key(&self, path: &str, key: &str) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.address);
        let answer = self.http.get(url).bearer_auth(key).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The value of a sample at `/metrics`, named with its labels.
    pub async fn sample(&self, name: &str) -> Option<f64> {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, StatusCode::OK);
        let line = text.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(' ')?;
            Some(value.to_owned())
        });
        line.map(|value| value.parse().unwrap())
    }

    /// Waits until a sample has this value.
    pub async fn until_sample(&self, name: &str, value: f64) {
        until(name, async || self.sample(name).await == Some(value)).await;
    }
}
