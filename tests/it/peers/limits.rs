//! HAPI as it may be configured.

use super::{Site, doses};
use crate::support::hapi::start_with;

/// A site before a server with these options.
async fn limited(options: &[&str]) -> Site {
    Site::before(start_with(options).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn dose_reports_arrive_where_pages_are_small() {
    let site = limited(&["--page-size=2", "--max-page-size=2"]).await;
    doses::dose_reports_arrive_once_are_valid_and_go(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dose_reports_arrive_where_transactions_are_small() {
    let site = limited(&["--max-transaction-entries=6"]).await;
    doses::dose_reports_arrive_once_are_valid_and_go(site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dose_reports_arrive_where_ids_are_uuids() {
    let site = limited(&["--server-ids=UUID", "--client-ids=ANY"]).await;
    doses::dose_reports_arrive_once_are_valid_and_go(site).await;
}
