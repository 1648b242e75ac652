//! What HAPI can be told to allow less of.

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
async fn dose_reports_arrive_where_what_is_referred_to_may_be_deleted() {
    let site = limited(&["--integrity-on-delete=false", "--server-ids=UUID"]).await;
    doses::dose_reports_arrive_once_are_valid_and_go(site).await;
}
