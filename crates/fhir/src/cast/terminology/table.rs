//! A table that is checked in as tab-separated text: one row a line, sorted by its first column.

/// A table by its first column, which is in upper case.
pub(super) struct Table(Vec<(&'static str, &'static str)>);

impl Table {
    /// Lines without a tab are left out; that there are none, and that the rest is sorted, is
    /// tested of each table.
    pub(super) fn parse(text: &'static str) -> Self {
        Self(
            text.lines()
                .filter_map(|row| row.split_once('\t'))
                .collect(),
        )
    }

    /// The other columns of a row. Case and surrounding blanks do not matter.
    pub(super) fn get(&self, key: &str) -> Option<&'static str> {
        let key = key.trim().to_ascii_uppercase();
        let at = self.0.binary_search_by_key(&key.as_str(), |row| row.0);
        self.0.get(at.ok()?).map(|row| row.1)
    }

    /// All rows: the first column, the others.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().copied()
    }

    /// That every line is a row, and that the keys are sorted, unique, in upper case and not
    /// empty.
    #[cfg(test)]
    pub(super) fn assert_sorted(&self, text: &str) {
        assert_eq!(text.lines().count(), self.0.len());
        assert!(self.0.is_sorted_by(|a, b| a.0 < b.0));
        for (key, _) in self.rows() {
            assert!(!key.is_empty() && key == key.to_ascii_uppercase(), "{key}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_surrounding_blanks_do_not_matter() {
        let table = Table::parse("A\t1\nB C\t2\t3\n");
        assert_eq!(table.get(" b c "), Some("2\t3"));
        assert_eq!(table.get("a"), Some("1"));
        assert_eq!(table.get("B"), None);
        assert_eq!(table.get(""), None);
    }
}
