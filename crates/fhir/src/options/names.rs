//! Names that are compared without regard to case and to blanks around them.

use std::collections::BTreeSet;

/// A set of names, compared without regard to case and to blanks around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// With one name more.
    #[must_use]
    pub fn with(mut self, name: &str) -> Self {
        self.extend([name]);
        self
    }

    /// Whether it is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(&folded(name))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: AsRef<str>> Extend<S> for Names {
    fn extend<T: IntoIterator<Item = S>>(&mut self, names: T) {
        let names = names.into_iter().map(|name| folded(name.as_ref()));
        self.0.extend(names.filter(|name| !name.is_empty()));
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    fn from_iter<T: IntoIterator<Item = S>>(names: T) -> Self {
        let mut all = Self::default();
        all.extend(names);
        all
    }
}

/// The form of a name in which it is compared: without blanks around it, in small letters.
#[must_use]
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_without_blanks_around_them() {
        let names: Names = ["Hosp A", " ", "b"].into_iter().collect();
        for same in ["hosp a", " HOSP A ", "\u{a0}Hosp A", "B"] {
            assert!(names.contains(same), "{same}");
        }
        for other in ["Hosp  A", "HospA", "", " "] {
            assert!(!names.contains(other), "{other}");
        }
        assert!(Names::default().is_empty() && Names::default().with(" ").is_empty());
    }
}
