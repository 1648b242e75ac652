//! Settings of dicom-cast that this version knows and does not have. What would silently change
//! the behaviour of a migrated site stops the start.

use super::setting::Setting;
use super::table;
use super::values::Values;

const NO_TOKENS: &str = "is not available in this version, which sends requests without a token; \
     set it to false and let the requests through a proxy that adds the token";

const NO_KEY_VAULT: &str = "is not available in this version; remove it and give the secrets as \
     environment variables";

/// Says what cannot be had.
pub(super) fn check(values: &mut Values) {
    for enabled in [
        &table::DICOM_WEB_AUTHENTICATION_ENABLED,
        &table::FHIR_AUTHENTICATION_ENABLED,
    ] {
        if values.boolean(enabled) == Some(true) {
            values.problem(enabled, NO_TOKENS);
        }
    }
    refuse(&table::KEY_VAULT_ENDPOINT, NO_KEY_VAULT, values);
}

fn refuse(setting: &Setting, cure: &str, values: &mut Values) {
    if values.given(setting).is_some() {
        values.problem(setting, cure);
    }
}
