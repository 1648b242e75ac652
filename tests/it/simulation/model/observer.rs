//! Somebody who writes down what is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use radcast_engine::failure::{Code, Failure, Subject};
use radcast_engine::{Observer, Retried};

/// What an observer was told.
#[derive(Debug, Clone, Default)]
pub struct Told(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    attempts: Vec<Attempt>,
    retried: Vec<(Option<u64>, Retried)>,
    escalated: Vec<(Code, u64)>,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub sequence: Option<u64>,
    pub number: u32,
    pub code: Code,
    pub next: Option<Duration>,
}

impl Told {
    pub fn attempts(&self) -> Vec<Attempt> {
        self.0.lock().unwrap().attempts.clone()
    }

    pub fn retried(&self) -> Vec<(Option<u64>, Retried)> {
        self.0.lock().unwrap().retried.clone()
    }

    pub fn escalated(&self) -> Vec<(Code, u64)> {
        self.0.lock().unwrap().escalated.clone()
    }
}

impl Observer for Told {
    fn attempt_failed(
        &self,
        subject: &Subject,
        number: u32,
        failure: &Failure,
        next: Option<Duration>,
    ) {
        self.0.lock().unwrap().attempts.push(Attempt {
            sequence: subject.sequence,
            number,
            code: failure.code,
            next,
        });
    }

    fn escalated(&self, code: Code, count: u64) {
        self.0.lock().unwrap().escalated.push((code, count));
    }

    fn retried(&self, subject: &Subject, outcome: &Retried) {
        let retried = (subject.sequence, outcome.clone());
        self.0.lock().unwrap().retried.push(retried);
    }
}
