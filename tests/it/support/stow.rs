//! Storing DICOM files over DICOMweb (STOW-RS, PS3.18 10.5).

use std::path::Path;

use reqwest::StatusCode;

use super::hfs::http_client;

const BOUNDARY: &str = "a-boundary-that-is-in-no-file";

/// Stores files one after the other, in this order, and says which were refused.
pub async fn store_files<P: AsRef<Path>>(
    dicom_address: &str,
    files: impl IntoIterator<Item = P>,
) -> Vec<String> {
    let (http, mut refused) = (http_client(), Vec::new());
    for file in files {
        let content = format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}");
        let head = format!("--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n");
        let tail = format!("\r\n--{BOUNDARY}--\r\n");
        let bytes = std::fs::read(file.as_ref()).unwrap();
        let answer = http
            .post(format!("{dicom_address}/v1/studies"))
            .header(reqwest::header::CONTENT_TYPE, content)
            .body([head.as_bytes(), &bytes, tail.as_bytes()].concat())
            .send()
            .await
            .unwrap();
        if answer.status() != StatusCode::OK {
            let (status, why) = (answer.status(), answer.text().await.unwrap());
            refused.push(format!("{}: {status} {why}", file.as_ref().display()));
        }
    }
    refused
}
