//! The mapping of `Patient`.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::fact::Fact;
use super::super::marked::{self, has_items, put_list};
use super::super::put;
use super::super::reading::{self, Reading};
use super::super::row::Row;
use super::{address, animal, contact, ethnicity, identity, name, other_ids, other_names, telecom};

pub(super) const ID: &[Tag] = &[
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE,
];
/// Other Patient IDs, retired.
pub(super) const OTHER_IDS: Tag = Tag(0x0010, 0x1000);
/// Ethnic Group, retired.
const ETHNIC_GROUP: Tag = Tag(0x0010, 0x2160);
const NAME: &[Tag] = &[tags::PATIENT_NAME];
const BIRTH_NAME: &[Tag] = &[tags::PATIENT_BIRTH_NAME];
const OTHER_NAMES: &[Tag] = &[tags::OTHER_PATIENT_NAMES];
const SPECIES: &[Tag] = &[
    tags::PATIENT_SPECIES_DESCRIPTION,
    tags::PATIENT_SPECIES_CODE_SEQUENCE,
];
const BREED: &[Tag] = &[
    tags::PATIENT_BREED_DESCRIPTION,
    tags::PATIENT_BREED_CODE_SEQUENCE,
];

/// The mapping. The first row is the patient's identity.
pub(in crate::cast) const ROWS: &[Row] = &[
    Row::required(ID, "identifier", identity::read, identity::put)
        .part("type MR")
        .rule(
            "value: Patient ID without blanks around it, whatever its type (TEXT, RFID, BARCODE). \
             system: where no issuer is stated, or one of `Patient:HomeIssuers`, \
             `Patient:PatientSystemId`; else the issuer's in `Issuers`, else the URI of its universal \
             id (ISO, UUID, URI, DNS), else one of its own by `Patient:OnUnknownIssuer`, see below. \
             With `Patient:IsIssuerIdUsed` nobody is home, and the name of an issuer without a \
             universal id is the system. Without Patient ID see `Patient:MissingId`, as with one of \
             `Patient:PlaceholderIds`.",
        ),
    Row::optional(
        &[tags::OTHER_PATIENT_I_DS_SEQUENCE],
        "identifier",
        other_ids::read_sequence,
        put_list,
    )
    .removed_by(marked::remove)
    .part("others")
    .rule(
        "One for each item, with the system of its own issuer by the same rule. One without an issuer \
         has no system, and is written only where Patient ID has one: it would be taken for a Patient \
         ID. None of `Patient:PlaceholderIds`.",
    )
    .present_if(has_items),
    Row::optional(
        &[OTHER_IDS],
        "identifier",
        other_ids::read_retired,
        put_list,
    )
    .removed_by(marked::remove)
    .part("others, retired form")
    .rule("One for each value, without a system; only where Patient ID has a system.")
    .present_if(has_items),
    Row::optional(NAME, "name", name::read_alphabetic, name::put_alphabetic)
        .removed_by(name::remove_alphabetic)
        .part("usual, alphabetic")
        .rule("Five components; blanks part the words of given names, prefix and suffix.")
        .present_if(name::has_alphabetic),
    Row::optional(NAME, "name", name::read_ideographic, name::put_ideographic)
        .removed_by(name::remove_ideographic)
        .part("usual, ideographic")
        .rule("A name of its own, with the extension iso21090-EN-representation IDE.")
        .present_if(name::has_ideographic),
    Row::optional(NAME, "name", name::read_phonetic, name::put_phonetic)
        .removed_by(name::remove_phonetic)
        .part("usual, phonetic")
        .rule("A name of its own, with the extension iso21090-EN-representation SYL.")
        .present_if(name::has_phonetic),
    Row::optional(
        BIRTH_NAME,
        "name",
        other_names::maiden_alphabetic,
        other_names::put_alphabetic,
    )
    .removed_by(other_names::remove_alphabetic)
    .part("maiden, alphabetic")
    .rule("As the usual name, with use maiden.")
    .present_if(other_names::has_alphabetic),
    Row::optional(
        BIRTH_NAME,
        "name",
        other_names::maiden_ideographic,
        other_names::put_ideographic,
    )
    .removed_by(other_names::remove_ideographic)
    .part("maiden, ideographic")
    .rule("As the usual name, with use maiden.")
    .present_if(other_names::has_ideographic),
    Row::optional(
        BIRTH_NAME,
        "name",
        other_names::maiden_phonetic,
        other_names::put_phonetic,
    )
    .removed_by(other_names::remove_phonetic)
    .part("maiden, phonetic")
    .rule("As the usual name, with use maiden.")
    .present_if(other_names::has_phonetic),
    Row::optional(
        OTHER_NAMES,
        "name",
        other_names::old_alphabetic,
        other_names::put_alphabetic,
    )
    .removed_by(other_names::remove_alphabetic)
    .part("old, alphabetic")
    .rule("One for each value, with use old.")
    .present_if(other_names::has_alphabetic),
    Row::optional(
        OTHER_NAMES,
        "name",
        other_names::old_ideographic,
        other_names::put_ideographic,
    )
    .removed_by(other_names::remove_ideographic)
    .part("old, ideographic")
    .rule("One for each value, with use old.")
    .present_if(other_names::has_ideographic),
    Row::optional(
        OTHER_NAMES,
        "name",
        other_names::old_phonetic,
        other_names::put_phonetic,
    )
    .removed_by(other_names::remove_phonetic)
    .part("old, phonetic")
    .rule("One for each value, with use old.")
    .present_if(other_names::has_phonetic),
    Row::optional(&[tags::PATIENT_SEX], "gender", gender, put::text)
        .rule("M male, F female, O other; anything else is reported and not written."),
    Row::optional(
        &[tags::PATIENT_BIRTH_DATE],
        "birthDate",
        reading::date,
        put::date_time,
    )
    .finer_by(put::is_finer)
    .rule("As precise as it is: a year, a month or a day; takes no finer date away."),
    Row::optional(
        &[tags::PATIENT_TELEPHONE_NUMBERS],
        "telecom",
        telecom::read_numbers,
        put_list,
    )
    .removed_by(marked::remove)
    .part("telephone numbers")
    .rule("One for each value: email where it has an @, else phone.")
    .present_if(has_items),
    Row::optional(
        &[tags::PATIENT_TELECOM_INFORMATION],
        "telecom",
        telecom::read_information,
        put_list,
    )
    .removed_by(marked::remove)
    .part("telecom information")
    .rule(
        "One for each line, or repetition of HL7 v2 XTN, whose use and equipment become use and \
         system; else as telephone numbers.",
    )
    .present_if(has_items),
    Row::optional(
        &[tags::PATIENT_ADDRESS],
        "address",
        address::read_text,
        address::put_text,
    )
    .removed_by(address::remove_text)
    .part("text")
    .rule("Use home; the components of an HL7 v2 address, between carets, are joined by commas.")
    .present_if(address::has_text),
    Row::optional(
        &[tags::COUNTRY_OF_RESIDENCE],
        "address",
        reading::text,
        address::put_country,
    )
    .removed_by(address::remove_country)
    .part("country")
    .rule("In the same address.")
    .present_if(address::has_country),
    Row::optional(
        &[tags::REGION_OF_RESIDENCE],
        "address",
        reading::text,
        address::put_state,
    )
    .removed_by(address::remove_state)
    .part("state")
    .rule("In the same address.")
    .present_if(address::has_state),
    Row::optional(
        &[tags::RESPONSIBLE_PERSON],
        "contact",
        contact::read_name,
        contact::put_name,
    )
    .removed_by(contact::remove_name)
    .part("name")
    .rule("In the first writing that the name has.")
    .present_if(contact::has_name),
    Row::optional(
        &[tags::RESPONSIBLE_ORGANIZATION],
        "contact",
        contact::read_organization,
        contact::put_organization,
    )
    .removed_by(contact::remove_organization)
    .part("organization")
    .rule("The name of the organization as display, in the same contact.")
    .present_if(contact::has_organization),
    Row::optional(
        &[tags::RESPONSIBLE_PERSON_ROLE],
        "contact",
        contact::read_role,
        contact::put_role,
    )
    .removed_by(contact::remove_role)
    .part("relationship")
    .rule("The term as text, and its code of HL7 v2 table 0063 where there is one; only beside a name or an organization.")
    .present_if(contact::has_role),
    Row::optional(
        &[ETHNIC_GROUP, tags::ETHNIC_GROUPS],
        "extension",
        ethnicity::read,
        ethnicity::put,
    )
    .removed_by(ethnicity::remove)
    .part("us-core-ethnicity")
    .rule("Its text, which is all that a plain string can fill; one that somebody else wrote stays.")
    .present_if(ethnicity::is_present),
    Row::optional(SPECIES, "extension", animal::read_species, animal::put_species)
        .removed_by(animal::remove_species)
        .part("patient-animal species")
        .rule("Text and codes; an extension that somebody else wrote stays.")
        .present_if(animal::has_species),
    Row::optional(BREED, "extension", animal::read_breed, animal::put_other)
        .removed_by(animal::remove_breed)
        .part("patient-animal breed")
        .rule("Text and codes; only beside a species.")
        .present_if(animal::has_breed),
    Row::optional(
        &[tags::PATIENT_SEX_NEUTERED],
        "extension",
        animal::read_neutered,
        animal::put_other,
    )
    .removed_by(animal::remove_neutered)
    .part("patient-animal genderStatus")
    .rule("ALTERED neutered, UNALTERED intact; only beside a species.")
    .present_if(animal::has_neutered),
];

fn gender(reading: &mut Reading<'_>, tags: &'static [Tag]) -> Option<Fact> {
    reading::term(reading, *tags.first()?, "M, F, O", |term| match term {
        "M" => Some("male"),
        "F" => Some("female"),
        "O" => Some("other"),
        _ => None,
    })
}
