//! Ages: AS (PS3.5 6.2).

use std::fmt;

use dicom_core::Tag;

use super::{Dataset, Read, Reason};

/// An age, such as 18 months.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// How many units; 0 to 999.
    pub number: u16,
    /// Of what.
    pub unit: AgeUnit,
}

/// What an age is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeUnit {
    /// `D`
    Days,
    /// `W`
    Weeks,
    /// `M`
    Months,
    /// `Y`
    Years,
}

impl fmt::Debug for Age {
    /// Tells the unit and not the age: with a study's date it gives away the birth date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Age(.. {:?})", self.unit)
    }
}

impl Dataset {
    /// The age of an attribute: three digits and `D`, `W`, `M` or `Y`.
    ///
    /// # Errors
    /// When it has several values or is in another form.
    pub fn age(&self, tag: Tag) -> Read<Age> {
        self.read_text(tag, parse)
    }
}

fn parse(text: &str) -> Result<Age, Reason> {
    let form = Reason::Form("AS (nnnD, nnnW, nnnM, nnnY)");
    let (digits, unit) = text.split_at_checked(3).ok_or(form)?;
    let unit = match unit {
        "D" => AgeUnit::Days,
        "W" => AgeUnit::Weeks,
        "M" => AgeUnit::Months,
        "Y" => AgeUnit::Years,
        _ => return Err(form),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(form);
    }
    let number = digits.parse().map_err(|_| form)?;
    Ok(Age { number, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_three_digits_and_a_unit() {
        let age = |number, unit| Ok(Age { number, unit });
        assert_eq!(parse("018M"), age(18, AgeUnit::Months));
        assert_eq!(parse("000D"), age(0, AgeUnit::Days));
        assert_eq!(parse("003W"), age(3, AgeUnit::Weeks));
        assert_eq!(parse("999Y"), age(999, AgeUnit::Years));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "", "45", "45Y", "045", "045y", "0045Y", "+45Y", "４5Y", "04Y ",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_output_hides_the_age() {
        assert_eq!(format!("{:?}", parse("045Y")), "Ok(Age(.. Years))");
    }
}
