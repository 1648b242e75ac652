//! Which of several daemons this one is.

/// The name of this replica, as the platform tells it.
pub(super) fn replica() -> String {
    let names = ["CONTAINER_APP_REPLICA_NAME", "HOSTNAME"];
    let name = names.into_iter().find_map(environment);
    name.unwrap_or_else(|| "radcast".to_owned())
}

/// The value of an environment variable that is no setting.
fn environment(variable: &str) -> Option<String> {
    std::env::vars_os()
        .find(|(name, _)| name == variable)
        .map(|(_, value)| value.to_string_lossy().into_owned())
}
