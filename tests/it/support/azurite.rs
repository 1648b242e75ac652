//! Azure Storage as its emulator has it: Azurite, in a process of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use azure_core::base64;
use hmac::{Hmac, Mac};
use radcast::settings::{BlobStore, Credentials, Lease, Secret, StorageAccount, TableStore};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use sha2::Sha256;

use super::daemon::until;
use super::environment::from_make;
use super::hfs::free_port;

/// How many times ports are tried: one that is free may be taken before the emulator listens.
const TRIES: usize = 5;

/// A running emulator, empty at first; killed when dropped.
pub struct Azurite {
    process: Mutex<Child>,
    /// Nobody else knows it: who lets it in is the process that was started.
    account: String,
    key: String,
    pub table_port: u16,
    pub blob_port: u16,
    http: Client,
    folder: tempfile::TempDir,
}

static SHARED: tokio::sync::Mutex<Weak<Azurite>> = tokio::sync::Mutex::const_new(Weak::new());

impl Azurite {
    /// One that tests which run at the same time share: each takes a prefix of its own.
    pub async fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&started);
        started
    }

    /// One that nobody else uses.
    pub async fn start() -> Self {
        let mut log = String::new();
        for _ in 0..TRIES {
            let azurite = Self::spawn();
            until("azurite", async || {
                azurite.ended() || azurite.answers().await
            })
            .await;
            if !azurite.ended() {
                return azurite;
            }
            log = std::fs::read_to_string(azurite.folder.path().join("log")).unwrap();
        }
        panic!("azurite does not start; the last time it said:\n{log}");
    }

    fn spawn() -> Self {
        let program = from_make("RADCAST_TEST_AZURITE").join("node_modules/.bin/azurite");
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let account = format!("radcast{:016x}", fastrand::u64(..));
        let key = base64::encode(std::array::from_fn::<u8, 64, _>(|_| fastrand::u8(..)));
        let (table_port, blob_port) = (free_port(), free_port());
        let mut command = Command::new(program);
        for (service, port) in [
            ("table", table_port),
            ("blob", blob_port),
            ("queue", free_port()),
        ] {
            command.args([format!("--{service}Host"), "127.0.0.1".to_owned()]);
            command.args([format!("--{service}Port"), port.to_string()]);
        }
        let path = std::env::vars_os().find(|(name, _)| name == "PATH");
        let process = command
            .args(["--silent", "--skipApiVersionCheck", "--disableTelemetry"])
            .arg("--inMemoryPersistence")
            .env_clear()
            .envs(path)
            .env("AZURITE_ACCOUNTS", format!("{account}:{key}"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            process: Mutex::new(process),
            account,
            key,
            table_port,
            blob_port,
            // A connection belongs to the test that opened it.
            http: Client::builder()
                .pool_max_idle_per_host(0)
                .timeout(Duration::from_secs(60))
                .build()
                .unwrap(),
            folder,
        }
    }

    fn ended(&self) -> bool {
        self.process.lock().unwrap().try_wait().unwrap().is_some()
    }

    /// Whether both services are up and let our account in.
    async fn answers(&self) -> bool {
        let tables = self.table(Method::GET, "Tables").send();
        let blobs = self.blob(Method::GET, "?comp=list").send();
        let (tables, blobs) = tokio::join!(tables, blobs);
        [tables, blobs]
            .into_iter()
            .all(|answer| answer.is_ok_and(|answer| answer.status().is_success()))
    }

    /// Base address of the table service through this port.
    pub fn table_address(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}/{}", self.account)
    }

    fn blob_address(&self, port: u16) -> String {
        format!("http://127.0.0.1:{port}/{}", self.account)
    }

    /// A connection string with the key of the account, through these ports.
    pub fn connection_string(&self, table_port: u16, blob_port: u16) -> String {
        format!(
            "DefaultEndpointsProtocol=http;AccountName={};AccountKey={};TableEndpoint={};BlobEndpoint={}",
            self.account,
            self.key,
            self.table_address(table_port),
            self.blob_address(blob_port),
        )
    }

    /// The key of the account.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The tables of a prefix that nobody else uses, with the key of the account.
    pub fn tables(&self) -> TableStore {
        self.tables_through(self.table_port)
    }

    /// The same, through another port.
    pub fn tables_through(&self, port: u16) -> TableStore {
        TableStore {
            account: StorageAccount {
                endpoint: self.table_address(port).parse().unwrap(),
                credentials: self.credentials(),
            },
            table_name_prefix: unique(),
            timeout: Duration::from_secs(30),
        }
    }

    /// A container that nobody else uses, with the key of the account.
    pub fn blobs(&self) -> BlobStore {
        BlobStore {
            account: StorageAccount {
                endpoint: self.blob_address(self.blob_port).parse().unwrap(),
                credentials: self.credentials(),
            },
            container: unique(),
            prefix: String::new(),
            timeout: Duration::from_secs(30),
        }
    }

    /// A lease in such a container.
    pub fn lease() -> Lease {
        Lease {
            duration: Duration::from_secs(15),
            blob_name: "lease".to_owned(),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials::SharedKey {
            account: self.account.clone(),
            key: Secret::new(self.key.clone()),
        }
    }

    /// A signature for everything in the account, until these services end.
    pub fn signature(&self) -> String {
        let (permissions, expiry, version) = ("rwdlacup", "2100-01-01T00:00:00Z", "2018-11-09");
        let account = &self.account;
        let signed =
            format!("{account}\n{permissions}\nbt\nsco\n\n{expiry}\n\nhttps,http\n{version}\n");
        let key = base64::decode(&self.key).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(signed.as_bytes());
        let signature = base64::encode(mac.finalize().into_bytes());
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("sv", version),
                ("ss", "bt"),
                ("srt", "sco"),
                ("sp", permissions),
                ("se", expiry),
                ("spr", "https,http"),
                ("sig", &signature),
            ])
            .finish()
    }

    /// A request to the table service, as any table client would send it.
    pub fn table(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.request(method, &self.table_address(self.table_port), path);
        request
            .header("accept", "application/json;odata=fullmetadata")
            .header("dataserviceversion", "3.0")
    }

    /// A request to the blob service.
    pub fn blob(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, &self.blob_address(self.blob_port), path)
    }

    fn request(&self, method: Method, address: &str, path: &str) -> RequestBuilder {
        let query = if path.contains('?') { '&' } else { '?' };
        let url = format!("{address}/{path}{query}{}", self.signature());
        self.http
            .request(method, url)
            .header("x-ms-version", "2021-12-02")
    }

    /// All rows of a table.
    pub async fn rows(&self, table: &str) -> Vec<Value> {
        let answer = self
            .table(Method::GET, &format!("{table}()"))
            .send()
            .await
            .unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            return Vec::new();
        }
        assert_eq!(answer.status(), StatusCode::OK);
        let mut answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let Value::Array(rows) = answer["value"].take() else {
            panic!("no rows in {answer}");
        };
        rows
    }

    /// The names of the tables that begin so.
    pub async fn table_names(&self, prefix: &str) -> Vec<String> {
        let answer = self.table(Method::GET, "Tables").send().await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let tables = answer["value"].as_array().unwrap().iter();
        let names = tables.map(|table| table["TableName"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    /// The blobs of a container with their content; `None` when there is no container.
    pub async fn blobs_in(&self, container: &str) -> Option<BTreeMap<String, String>> {
        let path = format!("{container}?restype=container&comp=list");
        let answer = self.blob(Method::GET, &path).send().await.unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            return None;
        }
        assert_eq!(answer.status(), StatusCode::OK);
        let list = answer.text().await.unwrap();
        let names = list.split("<Name>").skip(1);
        let mut blobs = BTreeMap::new();
        for name in names.filter_map(|rest| rest.split("</Name>").next()) {
            let blob = self.blob(Method::GET, &format!("{container}/{name}"));
            let content = blob.send().await.unwrap().text().await.unwrap();
            blobs.insert(name.to_owned(), content);
        }
        Some(blobs)
    }

    /// Creates a table, and writes a row into it as it is.
    pub async fn insert(&self, table: &str, row: &Value) {
        let name = serde_json::json!({ "TableName": table });
        self.table(Method::POST, "Tables")
            .json(&name)
            .send()
            .await
            .unwrap();
        let answer = self
            .table(Method::POST, table)
            .json(row)
            .send()
            .await
            .unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::CREATED,
            "{}",
            answer.text().await.unwrap()
        );
    }

    /// Creates a container, and puts a blob into it.
    pub async fn put_blob(&self, container: &str, name: &str, content: &'static str) {
        let create = self.blob(Method::PUT, &format!("{container}?restype=container"));
        create.header("content-length", "0").send().await.unwrap();
        let put = self.blob(Method::PUT, &format!("{container}/{name}"));
        let put = put.header("x-ms-blob-type", "BlockBlob").body(content);
        assert!(put.send().await.unwrap().status().is_success());
    }

    /// Changes columns of a row, whatever its version, as a person would by hand.
    pub async fn merge(&self, table: &str, partition: &str, row: &str, columns: &Value) {
        let path = format!("{table}(PartitionKey='{partition}',RowKey='{row}')");
        let merge = Method::from_bytes(b"MERGE").unwrap();
        let request = self
            .table(merge, &path)
            .header("if-match", "*")
            .json(columns);
        assert_eq!(
            request.send().await.unwrap().status(),
            StatusCode::NO_CONTENT
        );
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        if let Ok(process) = self.process.get_mut() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A name that nobody else uses, good for tables and containers.
pub fn unique() -> String {
    format!("t{:016x}", fastrand::u64(..))
}
