//! Which process it is that tells.

use std::ffi::OsString;

use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::Resource;

const SERVICE_NAME: &str = "service.name";

/// What the environment says of the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// `RUST_LOG`: which events are logged, rather than what the settings say.
    pub rust_log: Option<String>,
    /// The name of the container app.
    pub app: Option<String>,
    /// The name of the replica among those of the app.
    pub replica: Option<String>,
}

impl Process {
    /// Picks out what these environment variables say.
    pub fn of(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut process = Self::default();
        for (name, value) in environment {
            let place = match name.to_str() {
                Some("RUST_LOG") => &mut process.rust_log,
                Some("CONTAINER_APP_NAME") => &mut process.app,
                Some("CONTAINER_APP_REPLICA_NAME") => &mut process.replica,
                _ => continue,
            };
            *place = Some(value.to_string_lossy().into_owned());
        }
        process
    }

    /// The attributes that go with everything that is exported. `OTEL_SERVICE_NAME` and
    /// `OTEL_RESOURCE_ATTRIBUTES` win.
    pub(super) fn resource(&self) -> Resource {
        let given = Resource::builder().build();
        let name = given.get(&Key::new(SERVICE_NAME));
        let unnamed = |name: &Value| name.as_str().starts_with("unknown_service");
        let mut own = Vec::new();
        if name.as_ref().is_none_or(unnamed) {
            let app = self.app.clone().unwrap_or_else(|| "radcast".to_owned());
            own.push(KeyValue::new(SERVICE_NAME, app));
        }
        for (key, value) in [
            (
                "service.version",
                Some(env!("CARGO_PKG_VERSION").to_owned()),
            ),
            ("service.instance.id", self.replica.clone()),
        ] {
            if let Some(value) = value
                && given.get(&Key::new(key)).is_none()
            {
                own.push(KeyValue::new(key, value));
            }
        }
        Resource::builder().with_attributes(own).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_names_the_service_and_the_replica() {
        let pairs = [
            ("CONTAINER_APP_NAME", "cast"),
            ("CONTAINER_APP_REPLICA_NAME", "cast--1-x"),
            ("RUST_LOG", "debug"),
            ("PATH", "/bin"),
        ];
        let process = Process::of(pairs.map(|(name, value)| (name.into(), value.into())));
        assert_eq!(process.rust_log.as_deref(), Some("debug"));
        let get = |process: &Process, key| process.resource().get(&Key::new(key));
        assert_eq!(get(&process, SERVICE_NAME), Some("cast".into()));
        assert_eq!(
            get(&process, "service.instance.id"),
            Some("cast--1-x".into())
        );
        let elsewhere = Process::default();
        assert_eq!(get(&elsewhere, SERVICE_NAME), Some("radcast".into()));
    }
}
