//! Values that are not as they should be, and can be used all the same.

use std::fmt;

use dicom_core::Tag;

use super::{InvalidValue, Reason, keyword};

/// What an attribute says: a value, none, or what is wrong with it.
pub type Read<T> = Result<Option<T>, Flawed<T>>;

/// The verdict on an attribute, and its value where only DICOM has a rule against it.
#[derive(Clone, PartialEq, Eq)]
pub struct Flawed<T> {
    /// Which rule is broken.
    pub invalid: InvalidValue,
    /// The value, if it is fit for use.
    pub kept: Option<T>,
}

impl<T> Flawed<T> {
    /// The verdict on an attribute, from one on its value.
    pub(super) fn new(tag: Tag, flaw: Flaw<T>) -> Self {
        let invalid = InvalidValue {
            is_kept: flaw.kept.is_some(),
            ..InvalidValue::new(tag, flaw.reason)
        };
        Self {
            invalid,
            kept: flaw.kept,
        }
    }

    /// The same verdict on the sequence that has the attribute in an item of it.
    #[must_use]
    pub fn within(self, sequence: Tag) -> Self {
        let reason = Reason::Item(keyword(self.invalid.tag));
        Self::new(
            sequence,
            Flaw {
                reason,
                kept: self.kept,
            },
        )
    }

    /// The verdict, of a value that is not used after all.
    #[must_use]
    pub fn dropped(self) -> InvalidValue {
        InvalidValue {
            is_kept: false,
            ..self.invalid
        }
    }

    /// A value with the verdict on it.
    ///
    /// # Errors
    /// There is a verdict.
    pub fn judged(value: T, flaw: Option<InvalidValue>) -> Result<T, Self> {
        match flaw {
            None => Ok(value),
            Some(invalid) => Err(Self {
                invalid,
                kept: Some(value),
            }),
        }
    }

    /// The verdict, with what is made of the value.
    #[must_use]
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Flawed<U> {
        Flawed {
            invalid: self.invalid,
            kept: self.kept.map(map),
        }
    }
}

/// A value that is fit for use, and what is wrong with it.
///
/// # Errors
/// It is not fit for use.
pub fn usable<T>(read: Result<T, Flawed<T>>) -> Result<(T, Option<InvalidValue>), InvalidValue> {
    match read {
        Ok(value) => Ok((value, None)),
        Err(Flawed { invalid, kept }) => match kept {
            Some(value) => Ok((value, Some(invalid))),
            None => Err(invalid),
        },
    }
}

/// As [`usable`], of a value that may be missing.
///
/// # Errors
/// It is there and not fit for use.
pub fn usable_if_any<T>(read: Read<T>) -> Result<(Option<T>, Option<InvalidValue>), InvalidValue> {
    usable(read.map_err(|flawed| Flawed {
        invalid: flawed.invalid,
        kept: flawed.kept.map(Some),
    }))
}

impl<T> fmt::Debug for Flawed<T> {
    /// Tells the verdict and not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.invalid.fmt(f)
    }
}

impl<T> fmt::Display for Flawed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.invalid.fmt(f)
    }
}

impl<T> From<InvalidValue> for Flawed<T> {
    fn from(invalid: InvalidValue) -> Self {
        let kept = None;
        Self { invalid, kept }
    }
}

impl<T> From<Flawed<T>> for InvalidValue {
    fn from(flawed: Flawed<T>) -> Self {
        flawed.dropped()
    }
}

/// The verdict on one value, before it is known whose it is.
pub(super) struct Flaw<T> {
    pub(super) reason: Reason,
    pub(super) kept: Option<T>,
}

impl<T> Flaw<T> {
    /// Of a value that is used in spite of it.
    pub(super) const fn kept(reason: Reason, value: T) -> Self {
        let kept = Some(value);
        Self { reason, kept }
    }
}

impl<T> From<Reason> for Flaw<T> {
    fn from(reason: Reason) -> Self {
        let kept = None;
        Self { reason, kept }
    }
}
