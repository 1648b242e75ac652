//! `RetryConfiguration:Policies`: what becomes of recorded entries, by the code they failed with.

use std::collections::BTreeMap;
use std::time::Duration;

use super::values::{Below, FromValues, Values};
use super::{table, timespan};

use radcast_engine::failure::{Code, Disposition};
pub use radcast_engine::options::{Policies, Policy};

/// How often it is, unless that is given.
const COUNT: u32 = 3;

/// The most that can be given.
const MOST: u32 = 1_000;

impl FromValues for Policies {
    fn read(values: &mut Values) -> Option<Self> {
        let mut given: BTreeMap<Code, Given> = BTreeMap::new();
        let mut sound = true;
        for below in values.below(&table::RETRY_POLICIES) {
            let read = code(&below)
                .and_then(|(code, name)| given.entry(code).or_default().read(code, name, &below));
            if let Err(cure) = read {
                values.problem_below(&below, cure);
                sound = false;
            }
        }
        let mut policies = Self::default();
        for (code, given) in given {
            match given.policy(code) {
                Ok(policy) => policies = policies.with(code, policy),
                Err((below, cure)) => {
                    values.problem_below(&below, cure);
                    sound = false;
                }
            }
        }
        sound.then_some(policies)
    }
}

/// What is given for one code.
#[derive(Default)]
struct Given {
    retry: Option<Disposition>,
    interval: Option<(Duration, Below)>,
    count: Option<(u32, Below)>,
}

impl Given {
    /// Takes one value of the code.
    fn read(&mut self, code: Code, name: &str, below: &Below) -> Result<(), String> {
        let text = below.text.as_str();
        match name {
            "retry" => self.retry = Some(disposition(code, text)?),
            "interval" => self.interval = Some((interval(text)?, below.clone())),
            "count" => self.count = Some((count(text)?, below.clone())),
            _ => {
                return Err(format!(
                    "is no part of a policy: below {code} there are Retry, Interval and Count"
                ));
            }
        }
        Ok(())
    }

    /// The policy that they make, or the value that makes no sense beside the others.
    fn policy(self, code: Code) -> Result<Policy, (Below, String)> {
        let disposition = self.retry.unwrap_or_else(|| code.disposition());
        let (interval, count) = (
            self.interval.as_ref().map(|(interval, _)| *interval),
            self.count.as_ref().map(|(count, _)| *count),
        );
        let idle = self
            .interval
            .map(|(_, below)| below)
            .or(self.count.map(|(_, below)| below));
        match idle.filter(|_| disposition != Disposition::Auto) {
            Some(below) => Err((
                below,
                format!(
                    "has no effect, as {code} is not retried by itself: set \
                     RetryConfiguration:Policies:{code}:Retry to automatic, or leave this out"
                ),
            )),
            None => Ok(Policy {
                disposition,
                interval: interval.unwrap_or(Policies::INTERVAL),
                count: count.unwrap_or(COUNT),
            }),
        }
    }
}

/// The code that a value is for, and which of its values it is.
fn code(below: &Below) -> Result<(Code, &str), String> {
    let path = below.path.as_str();
    let (name, key) = path.split_once(':').unwrap_or((path, ""));
    match Code::named(name) {
        Some(code) => Ok((code, key)),
        None => {
            let known: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
            Err(format!("names no code; the codes are {}", known.join(", ")))
        }
    }
}

fn disposition(code: Code, text: &str) -> Result<Disposition, String> {
    match text.to_lowercase().as_str() {
        "never" => Ok(Disposition::Never),
        "on-signal" => Ok(Disposition::OnSignal),
        "automatic" if code.disposition() == Disposition::Never => Err(format!(
            "makes no sense: no retry helps an entry with {code}, its instance has to be stored \
             anew; use never or on-signal"
        )),
        "automatic" => Ok(Disposition::Auto),
        _ => Err("has to be one of never, on-signal, automatic".to_owned()),
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = timespan::parse(text).filter(|interval| !interval.is_zero());
    interval.ok_or_else(|| {
        "has to be a duration [d.]hh:mm:ss[.fffffff] above zero, such as 00:05:00".to_owned()
    })
}

fn count(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| format!("has to be a whole number from 1 to {MOST}, such as {COUNT}"))
}
