//! The issuer whose patient ids count as the site's own.

/// The issuer whose patient ids count as the site's own, as an entry stated it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeIssuer {
    /// Issuer of Patient ID (0010,0021).
    pub name: Option<String>,
    /// Universal Entity ID (0040,0032) of the qualifiers.
    pub universal_id: Option<String>,
}
