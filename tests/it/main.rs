//! The integration tests: a mod per capability.

#![allow(
    unreachable_pub,
    reason = "the modules of a test binary have no outside"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "that is how tests fail"
)]

mod architecture;
mod asked_to_wait;
mod azure;
mod cast_body;
mod cast_dose;
mod cast_emptied;
mod cast_generators;
mod cast_hostile;
mod cast_issuers;
mod cast_late;
mod cast_limits;
mod cast_mapping;
mod cast_merging;
mod cast_other_patient;
mod cast_out_of_use;
mod cast_partitions;
mod cast_patient_endpoint;
mod cast_patient_identity;
mod cast_patient_rows;
mod cast_properties;
mod cast_reading;
mod cast_round_trip;
mod cast_series_rows;
mod cast_several_services;
mod cast_silence;
mod cast_study_references;
mod cast_study_rows;
mod cast_unlisted;
mod cast_unread;
mod cast_world;
mod cast_worst;
mod casting;
mod change_feed;
mod commands;
mod crash;
mod demo;
mod dicom_json_variants;
mod dicom_properties;
mod failures_api;
mod failures_changes;
mod failures_commands;
mod failures_page;
mod failures_recorded;
mod hostile_text;
mod house_style;
mod interrupting;
mod issuers;
mod large_answers;
mod log_lines;
mod looking_up;
mod lying_fhir;
mod mutated_answers;
mod mutated_pages;
mod notifications;
mod ops;
mod ops_limits;
mod patients;
mod peers;
mod poison_pages;
mod present_state;
mod read_ahead;
mod recorded;
mod requirements;
mod resilience;
mod seeded;
mod simulation;
mod status_and_state;
mod store_contract;
mod store_file;
mod support;
mod telemetry_export;
mod unreliable_feed;
mod validation;
