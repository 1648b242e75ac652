//! A FHIR server in memory that may search loosely and answer wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use percent_encoding::percent_decode_str;
use radcast_http::{Answer, Exchange, Outgoing, Prefer, TransportError};
use serde_json::{Value, json};

use crate::cast_world::{items, text};

/// Compares an identifier that is searched for with a stored one: (system, value) each.
pub type Same = fn((&str, &str), (&str, &str)) -> bool;

/// Changes the answer to a transaction.
pub type Lie = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// Compares identifiers exactly.
pub fn exact(wanted: (&str, &str), stored: (&str, &str)) -> bool {
    wanted == stored
}

/// Takes away from a resource.
pub type Strip = fn(&mut Value);

/// What the server does, and what it holds.
#[derive(Clone)]
pub struct State {
    /// By `Type/id`.
    pub resources: BTreeMap<String, Value>,
    /// The types that are searched by `same`; others exactly.
    pub loose: BTreeSet<&'static str>,
    pub same: Same,
    /// Whether searches, unlike conditions, find nothing.
    pub blind: BTreeSet<&'static str>,
    /// Whether answers hold what was written, where that is wanted.
    pub gives_representation: bool,
    pub heeds_if_match: bool,
    /// The types of which nothing is deleted, because others refer to it.
    pub keeps: BTreeSet<&'static str>,
    pub counts_versions: bool,
    /// Takes away from what is sent before it is stored.
    pub strips: Option<Strip>,
    pub lie: Option<Lie>,
    pub max_entries: usize,
    /// The number of entries of each transaction.
    pub transactions: Vec<usize>,
    next_id: u32,
}

/// The server.
#[derive(Clone)]
pub struct LyingFhir(Arc<Mutex<State>>);

impl std::fmt::Debug for LyingFhir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LyingFhir")
    }
}

impl LyingFhir {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            resources: BTreeMap::new(),
            loose: BTreeSet::new(),
            same: exact,
            blind: BTreeSet::new(),
            gives_representation: true,
            heeds_if_match: true,
            keeps: BTreeSet::new(),
            counts_versions: true,
            strips: None,
            lie: None,
            max_entries: usize::MAX,
            transactions: Vec::new(),
            next_id: 100,
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl Exchange for LyingFhir {
    async fn exchange(&self, request: Outgoing) -> Result<Answer, TransportError> {
        let mut state = self.lock();
        let (status, body) = match &request.body {
            Some(body) => {
                let bundle = serde_json::from_slice(body).unwrap();
                state.transaction(&bundle, request.prefer)
            }
            None => state.read(request.url.strip_prefix("http://fhir.example/").unwrap()),
        };
        Ok(Answer {
            status,
            retry_after: None,
            location: None,
            body: body.to_string().into(),
        })
    }
}

impl State {
    /// The resources of a type.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        let prefix = format!("{kind}/");
        let all = self.resources.iter();
        all.filter(|(name, _)| name.starts_with(&prefix))
            .map(|(_, resource)| resource)
            .collect()
    }

    /// Stores a resource under its id.
    pub fn put(&mut self, mut resource: Value) -> String {
        let name = format!(
            "{}/{}",
            text(&resource["resourceType"]),
            text(&resource["id"])
        );
        let before = self
            .resources
            .get(&name)
            .map(|it| text(&it["meta"]["versionId"]));
        let before: u32 = before.map_or(0, |it| it.parse().unwrap());
        let version = if self.counts_versions { before + 1 } else { 1 };
        resource["meta"]["versionId"] = json!(version.to_string());
        self.resources.insert(name.clone(), resource);
        name
    }

    fn read(&self, path: &str) -> (u16, Value) {
        if path == "metadata" {
            let rest = json!([{ "interaction": [{ "code": "transaction" }] }]);
            let kind = "CapabilityStatement";
            let statement = json!({ "resourceType": kind, "fhirVersion": "4.0.1", "rest": rest });
            return (200, statement);
        }
        let Some((kind, query)) = path.split_once('?') else {
            let found = self.resources.get(path);
            return found.map_or_else(|| outcome(404), |it| (200, it.clone()));
        };
        let found = match self.blind.contains(kind) {
            true => Vec::new(),
            false => self.search(kind, query),
        };
        let entries: Vec<_> = found
            .iter()
            .map(|name| json!({ "resource": self.resources[name] }))
            .collect();
        let kind = "Bundle";
        (
            200,
            json!({ "resourceType": kind, "type": "searchset", "entry": entries }),
        )
    }

    fn search(&self, kind: &str, query: &str) -> Vec<String> {
        let prefix = format!("{kind}/");
        let names = self.resources.iter();
        let names = names.filter(|(name, it)| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            name.starts_with(&prefix)
                && pairs.all(|(name, value)| self.matches(kind, it, name, value))
        });
        names.map(|(name, _)| name.clone()).collect()
    }

    fn matches(&self, kind: &str, resource: &Value, name: &str, value: &str) -> bool {
        let value = percent_decode_str(value).decode_utf8().unwrap();
        let is_loose = self.loose.contains(kind);
        let any = |compare: &dyn Fn(&str, &str) -> bool| {
            let mut tokens = value.split(',').filter_map(|token| token.split_once('|'));
            tokens.any(|(system, code)| compare(system, code))
        };
        match name {
            "identifier" => any(&|system, code| {
                let compare = if is_loose { self.same } else { exact };
                let mut stored = items(&resource["identifier"]);
                stored.any(|it| compare((system, code), (text(&it["system"]), text(&it["value"]))))
            }),
            "code" => any(&|system, code| {
                let mut codings = items(&resource["code"]["coding"]);
                codings.any(|it| text(&it["system"]) == system && text(&it["code"]) == code)
            }),
            "name" => text(&resource["name"]).starts_with(&*value),
            _ => true,
        }
    }

    fn transaction(&mut self, bundle: &Value, prefer: Prefer) -> (u16, Value) {
        let entries: Vec<_> = items(&bundle["entry"]).cloned().collect();
        if entries.len() > self.max_entries {
            return outcome(400);
        }
        self.transactions.push(entries.len());
        let before = self.clone();
        let mut names = BTreeMap::new();
        let mut planned = Vec::new();
        for entry in &entries {
            match self.plan(entry) {
                Ok((name, status)) => {
                    names.insert(text(&entry["fullUrl"]).to_owned(), name.clone());
                    planned.push((name, status));
                }
                Err(status) => {
                    *self = before;
                    return outcome(status);
                }
            }
        }
        let responses: Vec<_> = entries
            .iter()
            .zip(&planned)
            .map(|(entry, (name, status))| self.carry_out(entry, name, *status, &names, prefer))
            .collect();
        let mut answer = json!({ "resourceType": "Bundle", "type": "transaction-response",
                                 "entry": responses });
        if let Some(lie) = self.lie.clone() {
            lie(&mut answer);
        }
        (200, answer)
    }

    /// The resource that an entry is about, and the status of its answer.
    fn plan(&mut self, entry: &Value) -> Result<(String, u16), u16> {
        let request = &entry["request"];
        let (method, url) = (text(&request["method"]), text(&request["url"]));
        let is_kept = |kind: &&&str| url.split('/').next() == Some(**kind);
        if method == "DELETE" && self.keeps.iter().any(|kind| is_kept(&kind)) {
            return Err(409);
        }
        if method != "POST" {
            let stored = self.resources.get(url).ok_or(412_u16)?;
            let version = format!("W/\"{}\"", text(&stored["meta"]["versionId"]));
            let is_present = text(&request["ifMatch"]) == version;
            let status = if method == "DELETE" { 204 } else { 200 };
            return match is_present || !self.heeds_if_match {
                true => Ok((url.to_owned(), status)),
                false => Err(412),
            };
        }
        match self.search(url, text(&request["ifNoneExist"])).as_slice() {
            [] => {
                self.next_id += 1;
                Ok((format!("{url}/{}", self.next_id), 201))
            }
            [name] => Ok((name.clone(), 200)),
            _ => Err(412),
        }
    }

    fn carry_out(
        &mut self,
        entry: &Value,
        name: &str,
        status: u16,
        names: &BTreeMap<String, String>,
        prefer: Prefer,
    ) -> Value {
        let is_found = text(&entry["request"]["method"]) == "POST" && status == 200;
        if status == 204 {
            self.resources.remove(name);
            return json!({ "response": { "status": "204" } });
        }
        if !is_found {
            let mut json = entry["resource"].to_string();
            for (url, name) in names.iter().filter(|(url, _)| !url.is_empty()) {
                json = json.replace(url, name);
            }
            let mut resource: Value = serde_json::from_str(&json).unwrap();
            if let Some(strip) = self.strips {
                strip(&mut resource);
            }
            resource["id"] = json!(name.split_once('/').unwrap().1);
            self.put(resource);
        }
        let stored = &self.resources[name];
        let version = text(&stored["meta"]["versionId"]);
        let response = json!({ "status": status.to_string(), "etag": format!("W/\"{version}\""),
                               "location": format!("{name}/_history/{version}") });
        match prefer == Prefer::Representation && self.gives_representation {
            true => json!({ "response": response, "resource": stored }),
            false => json!({ "response": response }),
        }
    }
}

fn outcome(status: u16) -> (u16, Value) {
    let issue = json!([{ "severity": "error", "code": "processing" }]);
    (
        status,
        json!({ "resourceType": "OperationOutcome", "issue": issue }),
    )
}
