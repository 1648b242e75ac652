//! The file of the embedded store, through the binary: whose it is, and what becomes of the daemon
//! when it goes.

use crate::support::daemon::{Daemon, ended, until};
use crate::support::instances::study;
use crate::support::services::Services;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_file_is_refused_at_its_start_and_commands_are_not() {
    let services = Services::start().await;
    let last = services.store(&study(1, 1, 1, 3));
    let first = Daemon::of(&services);
    let running = first.start();
    first.until_settled(last).await;
    let second = Daemon::of(&services).with("Store__Path", first.store_path().to_str().unwrap());
    let refused = ended(&mut second.command(&["run"]));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stdout.contains("store.conflict"), "{refused:?}");
    assert!(refused.stdout.contains("Store:Path"), "{refused:?}");
    for command in [&["failures", "list"][..], &["status"], &["check"]] {
        let shown = ended(&mut second.command(command));
        assert_eq!(shown.code, Some(0), "{command:?}: {shown:?}");
    }
    assert_eq!(running.terminate().await, Some(0));
    let running = second.start();
    let last = services.store(&study(2, 2, 1, 3));
    first.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_away_pauses_the_daemon_until_it_is_back() {
    let services = Services::start().await;
    let daemon = Daemon::of(&services);
    let running = daemon.start();
    daemon
        .until_settled(services.store(&study(1, 1, 1, 3)))
        .await;
    let (path, aside) = (
        daemon.store_path(),
        daemon.store_path().with_extension("aside"),
    );
    std::fs::rename(&path, &aside).unwrap();
    let last = services.store(&study(2, 2, 1, 3));
    until("the trouble", async || {
        let told = daemon.events("position_not_saved");
        told.iter()
            .any(|line| line["code"] == "store.file-replaced")
    })
    .await;
    assert!(!path.exists(), "nothing is made in its place");
    std::fs::rename(&aside, &path).unwrap();
    daemon.until_settled(last).await;
    assert_eq!(running.terminate().await, Some(0));
}
