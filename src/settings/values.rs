//! The given values read as what the table says they have to be. Problems are gathered, so that
//! all of them are known before anything ends.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use reqwest::Url;

use super::layers::Given;
use super::problem::{Findings, Problem, Warning};
use super::setting::{Kind, Setting};
use super::{spelling, table, timespan};
use radcast_http::Secret;

/// The given values by path in lower case, and what was found to be wrong with them.
#[derive(Debug)]
pub(super) struct Values {
    given: HashMap<String, Given>,
    variables: HashMap<String, String>,
    /// What was found to be wrong.
    pub(super) findings: Findings,
}

/// A value that is given below a row with a `*`.
#[derive(Debug, Clone)]
pub(super) struct Below {
    /// What stands for the `*`, in lower case.
    pub(super) path: String,
    /// The value, which is not empty.
    pub(super) text: String,
    given: Given,
}

/// Options that are built from the values of settings.
pub(super) trait FromValues: Sized {
    /// Reads the options; `None` when a value cannot be used, which is noted.
    fn read(values: &mut Values) -> Option<Self>;
}

impl Values {
    /// Takes the given values and warns of those that are no known setting.
    /// `variables` are those of the platform.
    pub(super) fn new(
        given: HashMap<String, Given>,
        variables: HashMap<String, String>,
        mut findings: Findings,
    ) -> Self {
        let mut unknown: Vec<_> = given
            .iter()
            .filter(|(path, _)| table::find(path).is_none())
            .map(|(_, given)| unknown_key(given))
            .collect();
        unknown.sort_by(|a, b| a.key.cmp(&b.key));
        findings.warnings.extend(unknown);
        Self {
            given,
            variables,
            findings,
        }
    }

    /// The value of a variable of the platform, unless it is empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let text = self.variables.get(name)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The value as given, unless it is empty.
    pub(super) fn given(&self, setting: &Setting) -> Option<&str> {
        let text = self.entry(setting)?.text.as_deref()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The text that holds; `None` when nothing is given and there is no default.
    pub(super) fn text(&self, setting: &Setting) -> Option<String> {
        let text = self.given(setting).unwrap_or_else(|| setting.default());
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// An address that has to be given.
    pub(super) fn required_url(&mut self, setting: &Setting) -> Option<Url> {
        let url = self.url(setting)?;
        if url.is_none() {
            let variable = setting.variable();
            self.findings.problems.push(Problem {
                key: setting.path.to_owned(),
                value: None,
                origin: None,
                cure: format!("is not set; set it, e.g. with {variable}=https://…"),
            });
        }
        url
    }

    /// An address that may be left out.
    pub(super) fn url(&mut self, setting: &Setting) -> Option<Option<Url>> {
        let Some(text) = self.text(setting) else {
            return Some(None);
        };
        match base_address(&text) {
            Ok(url) => Some(Some(url)),
            Err(cure) => {
                self.problem(setting, cure);
                None
            }
        }
    }

    /// An address that is never shown: it may hold a key, in its query for instance.
    pub(super) fn secret_url(&mut self, setting: &Setting) -> Option<Option<Secret<Url>>> {
        let Some(text) = self.text(setting) else {
            return Some(None);
        };
        let url = Url::parse(&text).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            self.problem(setting, format!("has to be {}", Kind::Url));
        }
        url.map(|url| Some(Secret::new(url)))
    }

    /// A text that is never shown, if it is given.
    pub(super) fn secret(&self, setting: &Setting) -> Option<Secret<String>> {
        self.text(setting).map(Secret::new)
    }

    /// Several texts, each without blanks around it: the items of a list, which hold as they are, or
    /// what is between the commas of one text.
    pub(super) fn list(&mut self, setting: &Setting) -> Option<Vec<String>> {
        let items = self.below(setting);
        if items.is_empty() {
            let text = self.text(setting).unwrap_or_default();
            return Some(listed(&text).map(str::to_owned).collect());
        }
        if self.given(setting).is_some() {
            let cure = "is given both as one text and as a list; remove one of the two";
            self.problem(setting, cure);
            return None;
        }
        Some(items.into_iter().map(|item| item.text).collect())
    }

    /// A duration.
    pub(super) fn duration(&mut self, setting: &Setting) -> Option<Duration> {
        let least = match setting.kind {
            Kind::Duration(least) => least,
            _ => Duration::ZERO,
        };
        self.parsed(setting, |text| {
            timespan::parse(text).filter(|duration| *duration >= least)
        })?
    }

    /// A boolean; an empty default is `false`.
    pub(super) fn boolean(&mut self, setting: &Setting) -> Option<bool> {
        self.switch(setting).map(Option::unwrap_or_default)
    }

    /// A boolean; `None` within for an empty default.
    pub(super) fn switch(&mut self, setting: &Setting) -> Option<Option<bool>> {
        self.choice(setting, |word| match word {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    }

    /// A text that `read` makes something of, or says what is wrong with it; `None` within when
    /// there is none.
    pub(super) fn checked<T>(
        &mut self,
        setting: &Setting,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<Option<T>> {
        let Some(text) = self.text(setting) else {
            return Some(None);
        };
        match read(&text) {
            Ok(value) => Some(Some(value)),
            Err(wrong) => {
                self.problem(setting, wrong);
                None
            }
        }
    }

    /// A whole number within the bounds of its row; `None` within for an empty default.
    pub(super) fn integer<N: TryFrom<u32>>(&mut self, setting: &Setting) -> Option<Option<N>> {
        let (least, most) = match setting.kind {
            Kind::Integer(least, most) => (least, most),
            _ => (0, u32::MAX),
        };
        self.parsed(setting, |text| {
            let number: u32 = text.parse().ok()?;
            let within = (least..=most).contains(&number);
            within.then(|| N::try_from(number).ok())?
        })
    }

    /// One of several words, handed to `read` in lower case; `None` within for an empty default.
    pub(super) fn choice<T>(
        &mut self,
        setting: &Setting,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        self.parsed(setting, |text| read(&text.to_lowercase()))
    }

    /// A time zone by its IANA name; `None` within for none.
    pub(super) fn time_zone(&mut self, setting: &Setting) -> Option<Option<TimeZone>> {
        self.parsed(setting, |name| TimeZone::get(name).ok())
    }

    /// An IP address with a port; `None` within for none.
    pub(super) fn address(&mut self, setting: &Setting) -> Option<Option<SocketAddr>> {
        self.parsed(setting, |text| text.parse().ok())
    }

    /// Notes that the value of a setting cannot be used.
    pub(super) fn problem(&mut self, setting: &Setting, cure: impl Into<String>) {
        self.findings.problems.push(Problem {
            key: setting.path.to_owned(),
            value: self
                .given(setting)
                .and_then(|text| presentable(setting.kind, text)),
            origin: self.entry(setting).map(|given| given.origin.clone()),
            cure: cure.into(),
        });
    }

    /// What is given below a row with a `*`, or as items of a list, in the order of the paths.
    pub(super) fn below(&self, setting: &Setting) -> Vec<Below> {
        let prefix = setting.path.trim_end_matches(":*").to_lowercase() + ":";
        let below = |(path, given): (&String, &Given)| {
            let text = given.text.as_deref()?.trim();
            let path = path.strip_prefix(&prefix)?;
            (!text.is_empty()).then(|| Below {
                path: path.to_owned(),
                text: text.to_owned(),
                given: given.clone(),
            })
        };
        let mut all: Vec<_> = self.given.iter().filter_map(below).collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    /// Notes that a value below a row with a `*` cannot be used.
    pub(super) fn problem_below(&mut self, below: &Below, cure: String) {
        self.findings.problems.push(Problem {
            key: below.given.spelling.clone(),
            value: Some(below.text.clone()),
            origin: Some(below.given.origin.clone()),
            cure,
        });
    }

    /// Notes something about a given setting that stops nothing.
    pub(super) fn warning(&mut self, setting: &Setting, message: &str) {
        let Some(given) = self.entry(setting) else {
            return;
        };
        self.findings.warnings.push(Warning {
            key: setting.path.to_owned(),
            origin: given.origin.clone(),
            message: message.to_owned(),
        });
    }

    fn parsed<T>(
        &mut self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let Some(text) = self.text(setting) else {
            return Some(None);
        };
        let value = parse(&text);
        if value.is_none() {
            self.problem(setting, expected(setting));
        }
        value.map(Some)
    }

    fn entry(&self, setting: &Setting) -> Option<&Given> {
        self.given.get(&setting.path.to_lowercase())
    }
}

/// The texts between commas, without blanks around them; none that are empty.
pub(super) fn listed(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(',').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

fn unknown_key(given: &Given) -> Warning {
    let meant = match spelling::nearest_setting(&given.spelling) {
        Some(known) => format!("; did you mean {known}?"),
        None => String::new(),
    };
    Warning {
        key: given.spelling.clone(),
        origin: given.origin.clone(),
        message: format!("is not a known setting and has no effect{meant}"),
    }
}

fn expected(setting: &Setting) -> String {
    match setting.default() {
        "" => format!("has to be {}", setting.kind),
        default => format!("has to be {}, such as {default}", setting.kind),
    }
}

/// An address that paths are appended to, and that goes into resources: so no credentials, query
/// or fragment.
fn base_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| {
        format!(
            "has to be {}, such as https://example.org/v1 ({error})",
            Kind::Url
        )
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("has to be {}", Kind::Url));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "holds a user name or password, which would be written into resources; take it out"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has to be a base address: take out everything from ? or # on".to_owned());
    }
    Ok(url)
}

/// The value as a message may show it.
fn presentable(kind: Kind, text: &str) -> Option<String> {
    match kind {
        Kind::Secret => None,
        Kind::Url if text.contains('@') => None,
        Kind::Url => text.split(['?', '#']).next().map(str::to_owned),
        _ => Some(text.to_owned()),
    }
}
