//! Storing files by STOW-RS (PS3.18 10.5), and what became of each.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::files::Source;
use super::services::Services;
use super::{Failed, progress, while_doing};
use radcast_sandbox::part10::{self, Instance};

const BOUNDARY: &str = "radcast-demo-part";

/// What became of the files.
#[derive(Debug, Default)]
pub(super) struct Upload {
    stored: HashMap<PathBuf, Address>,
    /// The files not stored, by reason.
    pub(super) refused: BTreeMap<String, Vec<PathBuf>>,
}

/// Where an instance is, below the version.
#[derive(Debug)]
struct Address(String);

impl Upload {
    /// Stores the files one by one.
    pub(super) async fn of(services: &Services, source: &Source) -> Result<Self, Failed> {
        let http = client();
        let address = format!("{}/v1/studies", services.dicom_address());
        let bar = progress(source.files().len() as u64, "storing");
        let mut upload = Self::default();
        for (path, reason) in source.unreadable() {
            upload.refuse(path, reason.clone());
        }
        for path in source.files() {
            match store(&http, &address, path).await? {
                Ok(stored) => {
                    upload.stored.insert(path.to_owned(), stored);
                }
                Err(reason) => upload.refuse(path, reason),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(upload)
    }

    fn refuse(&mut self, path: &Path, reason: String) {
        self.refused
            .entry(reason)
            .or_default()
            .push(path.to_owned());
    }

    /// How many files were stored.
    pub(super) fn stored(&self) -> usize {
        self.stored.len()
    }

    /// Deletes the instance that was stored from this file.
    pub(super) async fn delete(&self, services: &Services, path: &Path) -> Result<(), Failed> {
        let Some(Address(address)) = self.stored.get(path) else {
            return Ok(());
        };
        let url = format!("{}/v1/{address}", services.dicom_address());
        let answer = client().delete(url).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        answer.map(drop).map_err(while_doing("deleting a sample"))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a demo on loopback waits for its own service"
)]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

/// Stores one file; the inner error is the reason why it was not.
async fn store(
    http: &reqwest::Client,
    address: &str,
    path: &Path,
) -> Result<Result<Address, String>, Failed> {
    let instance = match part10::read(path) {
        Ok(instance) => instance,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let file = match tokio::fs::read(path).await {
        Ok(file) => file,
        Err(error) => return Ok(Err(format!("cannot read the file: {error}"))),
    };
    let content = format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}");
    let sent = http
        .post(address)
        .header(CONTENT_TYPE, content)
        .body(multipart(&file))
        .send();
    let answer = sent.await.map_err(while_doing("storing a file"))?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    Ok(match status {
        StatusCode::OK => Ok(place(&instance)),
        _ => Err(reason(status, &body)),
    })
}

fn multipart(file: &[u8]) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n");
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    [head.as_bytes(), file, tail.as_bytes()].concat()
}

fn place(instance: &Instance) -> Address {
    let Instance {
        study,
        series,
        instance,
        ..
    } = instance;
    Address(format!(
        "studies/{study}/series/{series}/instances/{instance}"
    ))
}

/// Failure Reason (0008,1197) of the answer, in words.
fn reason(status: StatusCode, body: &Value) -> String {
    let code = body
        .pointer("/00081198/Value/0/00081197/Value/0")
        .and_then(Value::as_u64);
    match code {
        Some(45070) => "the same instance was stored from another file".to_owned(),
        Some(43264) => "the DICOMweb service takes it for no valid instance".to_owned(),
        Some(code) => format!("the DICOMweb service refused it with failure reason {code}"),
        None => format!("the DICOMweb service answered {status}"),
    }
}
